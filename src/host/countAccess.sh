# shellcheck shell=sh
# Counts the requests in the access log $1 and its rotated parts with the awk program $2, which gets $3 as the
# number of today's day. Exit code 22: there is no such log, or it cannot be seen; 23: a part of it may not be
# read. stderr then names it.
directory=${1%/*}/
[ -e "$1" ] || { LC_ALL=C ls -ld -- "$1" >&2; exit 22; }
[ -r "$directory" ] || { printf '%s\n' "$directory" >&2; exit 23; }
set -- "$2" "$3" "$1" "$1".*
program=$1 today=$2
shift 2
for part; do
  [ ! -f "$part" ] || [ -r "$part" ] || { printf '%s\n' "$part" >&2; exit 23; }
done
for part; do
  case $part in
    *.gz) gzip -dc -- "$part" ;;
    *) [ ! -f "$part" ] || cat -- "$part" ;;
  esac
done | LC_ALL=C awk -v today="$today" "$program"
