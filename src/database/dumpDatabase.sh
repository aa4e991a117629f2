# shellcheck shell=bash
# Dumps into one compressed archive. $1 the name that it will get, $2 the file, $3 the snapshot; the
# connection follows.
umask 077
[ ! -e "$1" ] || { echo "cannot write: $1 exists" >&2; exit 1; }
rm -f -- "$2"
file=$2
snapshot=$3
shift 3
exec pg_dump -Fc --no-subscriptions --lock-wait-timeout=10s --snapshot="$snapshot" -f "$file" "$@"
