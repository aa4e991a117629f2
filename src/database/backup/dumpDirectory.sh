# shellcheck shell=bash
# Dumps into a folder, $1, with $3 workers, from the snapshot $2; the connection follows.
# pg_dump writes the folder `data` itself, from version 16 on with zstd; it keeps its files apart from
# the manifest.
umask 077
partial=$1
snapshot=$2
jobs=$3
shift 3
rm -rf -- "$partial"
mkdir -- "$partial"
major=$(version_of pg_dump)
compress=gzip:6
[ "$major" -lt 16 ] || ! command -v zstd >/dev/null || compress=zstd:3
[ "$major" -ge 16 ] || compress=6
exec pg_dump -Fd --no-subscriptions -j "$jobs" -Z "$compress" --lock-wait-timeout=10s --snapshot="$snapshot" -f "$partial/data" "$@"
