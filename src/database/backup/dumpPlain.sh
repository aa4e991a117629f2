# shellcheck shell=bash
# Dumps into a compressed file of SQL, $1, from the snapshot $2; the connection follows. With pipefail,
# so that a pg_dump that fails is not hidden behind a gzip that succeeds.
umask 077
partial=$1
snapshot=$2
shift 2
rm -rf -- "$partial"
pg_dump --no-subscriptions --lock-wait-timeout=10s --snapshot="$snapshot" "$@" | gzip -6 > "$partial"
