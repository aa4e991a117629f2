# shellcheck shell=bash
# Functions for the scripts that restore.
#
# `feed READER KNOWN PART CONNECTION…` gives the text of a dump on its standard input to psql, in one
# transaction, through dumpReader.awk. Where psql has \restrict (15.14, 16.10, 17.6 and newer:
# CVE-2025-8714), it refuses every psql command by itself too. `restrict_line CONNECTION…` prints that
# command, or nothing.
restrict_line() {
  local said
  said=$(printf '%s\n' '\restrict tv' '\unrestrict tv' | psql -X -q -v ON_ERROR_STOP=1 "$@" -f - 2>&1 >/dev/null) || {
    case $said in *"invalid command"*) return 0 ;; esac
    printf '%s\n' "$said" >&2
    return 1
  }
  printf '%s %s\n' '\restrict' "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
}
feed() {
  local reader=$1 known=$2 part=$3 restrict
  shift 3
  restrict=$(restrict_line "$@")
  {
    [ -z "$restrict" ] || printf '%s\n' "$restrict"
    case " $known " in *" transaction_timeout "*) echo 'SET transaction_timeout = 0;' ;; esac
    awk -v mode=feed -v part="$part" -v known="$known" "$reader"
  } | psql -X -q -1 -v ON_ERROR_STOP=1 -o /dev/null "$@" -f -
}
