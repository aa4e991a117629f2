# shellcheck shell=sh
# Makes or replaces the file $1 with standard input, mode $3.
# $2 bytes to come: a connection that breaks is read as the end of the input.
set -eu
new=
trap '[ -z "$new" ] || rm -f -- "$new"' EXIT
trap 'exit 1' HUP INT TERM PIPE
[ ! -d "$1" ] || { echo "it is a directory" >&2; exit 1; }
new=$(mktemp -- "$(dirname -- "$1")/.tv-XXXXXXXXXX")
cat >"$new"
[ "$(stat -c %s -- "$new")" = "$2" ] || { echo "the new content arrived incomplete" >&2; exit 1; }
chmod "$3" -- "$new"
sync -- "$new"
mv -fT -- "$new" "$1"
new=
sync -- "$(dirname -- "$1")"
