# shellcheck shell=sh
# Paths of the PostgreSQL program $1: the one on the PATH, then those where Debian, PostgreSQL's own
# RPM packages and Homebrew put the programs of each major version.
command -v -- "$1" || true
for file in /usr/lib/postgresql/*/bin/"$1" /usr/pgsql-*/bin/"$1" /opt/homebrew/opt/postgresql@*/bin/"$1"; do
  [ ! -x "$file" ] || echo "$file"
done
