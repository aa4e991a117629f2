# shellcheck shell=bash
# What every script of libpq programs begins with. $1 the server's major version, or empty where it is
# unknown; the arguments of the script follow.
#
# The client programs of the server's own major version come first, where they are installed: Debian's
# pg_dump on the PATH is the newest, and what it writes may hold settings that an older server does not
# know.
set -euo pipefail
export LC_ALL=C
server=$1
shift
version_of() { "$1" --version 2>/dev/null | sed -n 's/.*(PostgreSQL) \([0-9]*\).*/\1/p'; }
# shellcheck disable=SC2012 # sort -V keeps to the version, and these names hold no line breaks
release_folders() { ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin 2>/dev/null | sort -V || true; }
choose_programs() {
  local own folder major tool
  [ -n "$server" ] || return 0
  # Debian's own programs on the PATH take the newest version; asking them which is slow, too.
  own=0
  for tool in pg_dump pg_restore psql; do
    case $(readlink -f "$(command -v "$tool")") in
      */pg_wrapper) ;;
      *) own=$(version_of pg_dump || true) ;;
    esac
  done
  [ -n "$own" ] || own=0
  [ "$own" != "$server" ] || return 0
  for folder in $(release_folders); do
    for tool in pg_dump pg_restore psql; do [ -x "$folder/$tool" ] || continue 2; done
    major=$(version_of "$folder/pg_dump")
    if [ "$major" = "$server" ]; then PATH=$folder:$PATH; return; fi
    if [ "$major" -gt "$server" ] && [ "$own" -lt "$server" ]; then PATH=$folder:$PATH; own=$major; fi
  done
}
# Prints the first pg_restore that can read the archive $1: an older one says "unsupported version" of
# what a newer pg_dump has written.
archive_reader() {
  local program said
  while read -r program; do
    said=$("$program" -l -- "$1" 2>&1 >/dev/null) && { printf '%s\n' "$program"; return; }
    case $said in *"unsupported version"*) ;; *) break ;; esac
  done < <(type -aP pg_restore; release_folders | sed 's,$,/pg_restore,')
  command -v pg_restore || { echo 'error: pg_restore is not installed on the host' >&2; return 127; }
}
choose_programs
