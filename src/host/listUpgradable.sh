# shellcheck shell=sh
# Prints `lists` and the time (seconds since 1970) of the oldest package list of a security archive, which apt sets to
# that of its publication; `lists none` where only other archives have lists, and nothing where none has. Then
# `apt list --upgradable`. apt writes no cache: this only reads. Exit code 22: there is no apt.
# $1: the folder of the lists, in place of apt's own.
command -v apt >/dev/null || exit 22
lists() { find "$1" -maxdepth 1 -name "$2" -printf '%T@\n' | sort -n | head -n 1; }
folder=${1:-/var/lib/apt/lists}
oldest=$(lists "$folder" '*security*Release')
[ -n "$oldest" ] || [ -z "$(lists "$folder" '*Release')" ] || oldest=none
printf 'lists %s\n' "${oldest%.*}"
LC_ALL=C apt list --upgradable -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= 2>/dev/null
