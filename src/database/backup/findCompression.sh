# shellcheck shell=bash
# Prints `zstd` where the host can write and read it, else `gzip`. Before pg_dump 16 the program zstd
# compresses; from 16 on pg_dump does so itself, where it was built with zstd. It says whether before it
# connects, and there is no server in that folder.
command -v zstd >/dev/null || { echo gzip; exit; }
[ "$(version_of pg_dump)" -ge 16 ] || { echo zstd; exit; }
case $(pg_dump -w -Fc -Z zstd:1 -h /nonexistent -f /dev/null 2>&1) in
  *ZSTD*) echo gzip ;;
  *) echo zstd ;;
esac
