# shellcheck shell=bash
# Dumps into a folder, $1, with $3 workers, from the snapshot $2; the connection follows $4.
# pg_dump writes the folder `data` itself, compressed with $4 (zstd or gzip), and keeps its files apart
# from the manifest. A higher level of zstd takes longer for a few percent less.
umask 077
partial=$1
snapshot=$2
jobs=$3
compress=$4
shift 4
rm -rf -- "$partial"
mkdir -- "$partial"
case $compress in zstd) compress=zstd:1 ;; *) compress=6 ;; esac
exec pg_dump -Fd --no-subscriptions -j "$jobs" -Z "$compress" --lock-wait-timeout=10s --snapshot="$snapshot" -f "$partial/data" "$@"
