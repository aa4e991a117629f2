# shellcheck shell=sh
# Replaces the content of the file $1 by standard input.
# $2 bytes to come, $3 SHA-256 that the old content must have, or nothing. With $1 alone it only
# tries: a temporary file is made beside the file and removed.
# Exit codes: 21 missing, 22 not a regular file, 23 with the reason on stderr.
#
# rename(2) refuses to replace a mount point (EBUSY) and an immutable or append-only file (EPERM).
# access(2) denies writing to an immutable one; append-only takes lsattr(1), where there is one.
# mountinfo writes blanks and backslashes of a path as octal escapes (proc(5)).
set -eu
refuse() { new=; echo "$1" >&2; exit 23; }
make() { new=$(mktemp -- "$folder/$1" 2>&1) || refuse "its folder is not writable: ${new##*: }"; }
target=$(readlink -e -- "$1") || { echo "No such file" >&2; exit 21; }
[ -f "$target" ] || exit 22
written=$(printf '%s' "$target" | sed -e 's/\\/\\134/g' -e 's/ /\\040/g')
if cut -d ' ' -f 5 /proc/self/mountinfo 2>/dev/null | grep -Fqx -e "$written"; then
  refuse "it is a mount point (bind mount): Device or resource busy"
fi
case $(lsattr -d -- "$target" 2>/dev/null | cut -d ' ' -f 1) in
  *i*) refuse "it is immutable (chattr +i)" ;;
  *a*) refuse "it is append-only (chattr +a)" ;;
esac
folder=$(dirname -- "$target")
if [ ! -w "$target" ]; then
  [ "$(id -u)" != 0 ] || [ -w "$folder" ] || refuse "its folder is not writable: read-only or immutable"
  refuse "no permission to write"
fi
if [ "$#" = 1 ]; then
  make .tv-probe-XXXXXX
  rm -f -- "$new"
  exit
fi

# The new file is opened while it is only ours, then gets owner, mode and access list of the old
# one, and only then its content. The byte count is compared because a connection that breaks
# is read as the end of the input.
umask 077
new=
trap '[ -z "$new" ] || rm -f -- "$new"' EXIT
# PIPE: where tv is gone, saying so would end the shell before its EXIT.
trap 'exit 1' HUP INT TERM PIPE
make .tv-XXXXXXXXXX
exec 3>"$new"
cp --attributes-only --preserve=all -- "$target" "$new"
[ "$(stat -c '%a %u %g' -- "$target")" = "$(stat -c '%a %u %g' -- "$new")" ] ||
  { echo "owner and mode cannot be kept" >&2; exit 23; }
cat >&3
exec 3>&-
[ "$(stat -c %s -- "$new")" = "$2" ] || { echo "the new content arrived incomplete" >&2; exit 23; }
sync -- "$new"
[ -z "$3" ] || [ "$(sha256sum <"$target")" = "$3  -" ] ||
  { echo "it has been changed meanwhile" >&2; exit 23; }
mv -fT -- "$new" "$target"
new=
sync -- "$folder"
