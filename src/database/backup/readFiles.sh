# shellcheck shell=bash
# Sum and size of each file in the folder $1, or of its file $3 alone (`.`: all), $2 files at once.
# Of compressed ones and of a folder's also the number of lines, unless $4 is `no`; `damaged` where what
# uncompresses a file says so. A file that cannot be read, or a program that is not there or was killed,
# says nothing about the backup: it ends in an error.
cd -- "$1" || exit
jobs=$2
export lines_too=$4
# Uncompresses the file $2 with the program $1. Exit codes: 1 the data are damaged, 66 anything else, with the
# reason on stderr. What is wrong with the data gzip and zstd say with 1 or 2, but also what is wrong with the host.
uncompress() {
  local said code=0
  command -v "$1" >/dev/null || { echo "error: $1 is not installed on the host" >&2; return 66; }
  { said=$("$1" -dcq -- "$2" 2>&1 >&3) || code=$?; } 3>&1
  [ "$code" != 0 ] || return 0
  if [ "$code" -le 2 ]; then
    case $said in
      *[Mm]emory* | *"ermission denied"* | *"nput/output error"* | *"o such file"*) ;;
      *) return 1 ;;
    esac
  fi
  echo "error: $1 ended with exit code $code: $said" >&2
  return 66
}
# The number of lines of what the program $1 makes of the file $2.
lines_of() {
  uncompress "$1" "$2" | wc -l || {
    case ${PIPESTATUS[*]} in '1 0') echo damaged ;; *) return 66 ;; esac
  }
}
look() {
  local sum size lines=-
  sum=$(sha256sum < "$1") || return 66
  size=$(stat -c %s -- "$1") || return 66
  [ "$lines_too" = no ] || case $1 in
    *.gz) lines=$(lines_of gzip "$1") || return ;;
    *.zst) lines=$(lines_of zstd "$1") || return ;;
    *.dat) lines=$(wc -l < "$1") || return ;;
  esac
  printf '%s\t%s\t%s\t%s\n' "${sum%% *}" "$size" "${lines##*$'\n'}" "$1"
}
export -f uncompress lines_of look
list() {
  if [ "$3" = . ]; then find . -type f ! -path ./manifest.json ! -path './marks.json*' -printf '%P\0'
  else printf '%s\0' "$3"; fi
}
# shellcheck disable=SC2016 # it belongs to the inner bash
list "$@" | xargs -0 -r -P "$jobs" -I{} bash -c 'set -uo pipefail; look "$1"' tv {} | sort -t "$(printf '\t')" -k 4
