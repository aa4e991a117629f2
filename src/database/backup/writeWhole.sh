# shellcheck shell=sh
# Replaces the file $1 by standard input; a reader sees the old or the new one. $2 bytes to come: a connection that
# breaks is read as the end of the input.
set -eu
umask 077
cat > "$1.new"
[ "$(stat -c %s -- "$1.new")" = "$2" ] || { rm -f -- "$1.new"; echo "the content arrived incomplete" >&2; exit 1; }
sync -- "$1.new"
mv -T -- "$1.new" "$1"
