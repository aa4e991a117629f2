# shellcheck shell=bash
# Restores a backup into an empty database.
# $1 its form, $2 what psql or pg_restore reads, $3 parallel workers, $4 `all` or `definitions`, $5 the
# server's settings, $6 dumpReader.awk; the connection follows.
form=$1 archive=$2 jobs=$3 part=$4 known=$5 reader=$6 only=
shift 6
case $form in
  sql) feed "$reader" "$known" "$part" "$@" < "$archive" ;;
  # Where gzip fails psql keeps what it has got: with pipefail the whole fails, and the caller drops it.
  sql.gz) gzip -dc -- "$archive" | feed "$reader" "$known" "$part" "$@" ;;
  *)
    # pg_restore itself restores with several workers, but sets what its own version knows: where it is
    # newer than the server its text goes to psql instead, without what the server does not know.
    restore=$(archive_reader "$archive")
    if [ -z "${server:-}" ] || [ "$(version_of "$restore")" -le "${server:-}" ]; then
      [ "$part" = all ] || set -- -s "$@"
      exec "$restore" --exit-on-error -j "$jobs" "$@" -- "$archive"
    fi
    [ "$part" = all ] || only=-s
    "$restore" ${only:+-s} -f - -- "$archive" | feed "$reader" "$known" "$part" "$@"
    ;;
esac
