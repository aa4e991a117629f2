# shellcheck shell=sh
# Prints `lists` and the time (seconds since 1970) of the newest package list, then `apt list --upgradable`.
# apt writes no cache: this only reads. Exit code 22: there is no apt.
command -v apt >/dev/null || exit 22
newest=$(find /var/lib/apt/lists -maxdepth 1 -name '*InRelease' -printf '%T@\n' | sort -n | tail -n 1)
printf 'lists %s\n' "${newest%.*}"
LC_ALL=C apt list --upgradable -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= 2>/dev/null
