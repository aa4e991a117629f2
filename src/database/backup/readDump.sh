# shellcheck shell=bash
# Reads the text of a backup with dumpReader.awk, $3. $2 what psql or pg_restore reads, and $1 what that
# is: sql, sql.gz, archive, or the definitions alone of an archive.
text() {
  local restore
  case $1 in archive | definitions) restore=$(archive_reader "$2") ;; esac
  case $1 in
    sql) cat -- "$2" ;;
    sql.gz) gzip -dc -- "$2" ;;
    archive) "$restore" -f - -- "$2" ;;
    definitions) "$restore" -s -f - -- "$2" ;;
  esac
}
text "$1" "$2" | awk -v mode=read "$3"
