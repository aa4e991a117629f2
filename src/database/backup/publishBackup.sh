# shellcheck shell=bash
# Gives the backup $2 (a file or a folder) its name, $1, at once. All of it is on disk.
[ ! -e "$1" ] || { echo "cannot rename: $1 exists" >&2; exit 1; }
mv -T -- "$2" "$1"
sync -- "$(dirname -- "$1")"
