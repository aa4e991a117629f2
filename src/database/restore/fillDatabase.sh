# shellcheck shell=bash
# Restores a backup into an empty database. loadRanges.sh precedes it.
# $1 its form, $2 what psql or pg_restore reads, $3 parallel workers, $4 `all` or `definitions`, $5 the
# server's settings, $6 dumpReader.awk; the connection follows.
form=$1 archive=$2 jobs=$3 part=$4 known=$5 reader=$6
shift 6
# What of the archive the option $1 of pg_restore chooses, all of it where that is empty; the connection follows.
# pg_restore itself restores with several workers, but sets what its own version knows: where it is newer than
# the server its text goes to psql instead, without what the server does not know.
restore_archive() {
  local chosen=$1 restore
  shift
  restore=$(archive_reader "$archive")
  if [ -z "${server:-}" ] || [ "$(version_of "$restore")" -le "${server:-}" ]; then
    "$restore" --exit-on-error -j "$jobs" ${chosen:+"$chosen"} "$@" -- "$archive"
  else
    "$restore" ${chosen:+"$chosen"} -f - -- "$archive" | feed "$reader" "$known" "$part" "$@"
  fi
}
case $form-$part in
  sql-*) feed "$reader" "$known" "$part" "$@" < "$archive" ;;
  # Where gzip fails psql keeps what it has got: with pipefail the whole fails, and the caller drops it.
  sql.gz-*) gzip -dc -- "$archive" | feed "$reader" "$known" "$part" "$@" ;;
  *-definitions) restore_archive -s "$@" ;;
  ranges-*)
    export PGCLIENTENCODING=UTF8
    cd -- "$archive/.." || exit
    restore_archive --section=pre-data "$@"
    restore_archive --section=data "$@"
    load_ranges "$jobs" "$@"
    restore_archive --section=post-data "$@"
    ;;
  *) restore_archive '' "$@" ;;
esac
