# shellcheck shell=bash
# Sum and size of each file in the folder $1, or of its file $3 alone (`.`: all), $2 files at once.
# Of compressed ones and of a folder's also the number of lines, unless $4 is `no`.
cd -- "$1" || exit
jobs=$2
export lines_too=$4
look() {
  sum=$(sha256sum < "$1") size=$(stat -c %s -- "$1") lines=-
  [ "$lines_too" = no ] || case $1 in
    *.gz) lines=$(gzip -dc -- "$1" 2>/dev/null | wc -l) || lines=damaged ;;
    *.zst) lines=$(zstd -dc -- "$1" 2>/dev/null | wc -l) || lines=damaged ;;
    *.dat) lines=$(wc -l < "$1") ;;
  esac
  printf '%s\t%s\t%s\t%s\n' "${sum%% *}" "$size" "$lines" "$1"
}
export -f look
list() {
  if [ "$3" = . ]; then find . -type f ! -path ./manifest.json ! -path './marks.json*' -printf '%P\0'
  else printf '%s\0' "$3"; fi
}
# shellcheck disable=SC2016 # it belongs to the inner bash
list "$@" | xargs -0 -r -P "$jobs" -I{} bash -c 'set -uo pipefail; look "$1"' tv {} | sort -t "$(printf '\t')" -k 4
