# shellcheck shell=bash
# Restores rows from an archive into tables that are there, in one transaction.
# loadRanges.sh precedes it. $1 archive, $2 what to restore in order: lines of its contents, or `COPY`, file,
# table and columns of a range with tabs between them, $3 statements before them, $4 the end mark, $5 the
# statement that checks it, $6 the server's settings, $7 dumpReader.awk; the connection follows.
#
# The end mark is written only after pg_restore has succeeded. Where it dies in mid-table psql sees an
# ordinary end of input: without the mark the last statement fails and all is rolled back.
file=$1 list=$2 before=$3 mark=$4 check=$5 known=$6 reader=$7
shift 7
restore=$(archive_reader "$file")
restrict=$(restrict_line "$@")
export PGCLIENTENCODING=UTF8
lines=()
feed_lines() {
  [ "${#lines[@]}" = 0 ] || "$restore" --data-only -L <(printf '%s\n' "${lines[@]}") -f - -- "$file" |
    awk -v mode=feed -v known="$known" "$reader"
  lines=()
}
feed_range() {
  { printf 'COPY %s (%s) FROM stdin;\n' "$2" "$3"; decompress "$file/../large-tables/$1"; printf '\\.\n'; } |
    awk -v mode=feed -v known="$known" "$reader"
}
{
  printf '%s\n' "$before" "$restrict"
  while IFS= read -r line; do
    case $line in
      COPY$'\t'*)
        feed_lines
        IFS=$'\t' read -r _ part table columns <<< "$line"
        feed_range "$part" "$table" "$columns"
        ;;
      *) lines+=("$line") ;;
    esac
  done <<< "$list"
  feed_lines
  printf '%s\n' "$mark"
} | psql -X -q -1 -v ON_ERROR_STOP=1 -o /dev/null "$@" -f - -c "$check"
