# shellcheck shell=sh
# `load_ranges JOBS CONNECTION…` fills the large tables from the backup in the current folder, with as many
# workers. Tables and columns by name; no index and no constraint may be there yet. For any sh.
decompress() {
  case $1 in
    *.zst) zstd -dcq -- "$1" ;;
    *) gzip -dc -- "$1" ;;
  esac
}
# $1 file, $2 table, $3 columns. Not every sh has pipefail: without the exit code of `decompress`, half of a
# damaged file would be loaded without an error. From 126 on it is the program that is missing or was killed.
load_range() {
  file=$1 table=$2 columns=$3
  shift 3
  failed=$({
    { decompress "large-tables/$file" 3>&- || echo $? >&3; } |
      psql -X -q -v ON_ERROR_STOP=1 "$@" -c "COPY $table ($columns) FROM STDIN" 3>&- >&2
  } 3>&1) || return
  [ -n "$failed" ] || return 0
  [ "$failed" -lt 126 ] || { echo "error: what uncompresses large-tables/$file ended with exit code $failed" >&2; return "$failed"; }
  echo "error: large-tables/$file cannot be uncompressed to its end" >&2
  return 1
}
# Takes every range whose number is $1 modulo $2.
load_worker() {
  own=$1 jobs=$2 number=0
  shift 2
  while IFS='	' read -r file table columns _; do
    if [ $((number % jobs)) -eq "$own" ]; then load_range "$file" "$table" "$columns" "$@" || return; fi
    number=$((number + 1))
  done < large-tables/ranges.tsv
}
load_ranges() {
  jobs=$1 own=0 pids='' status=0
  shift
  while [ "$own" -lt "$jobs" ]; do
    load_worker "$own" "$jobs" "$@" &
    pids="$pids $!" own=$((own + 1))
  done
  for pid in $pids; do wait "$pid" || status=$?; done
  return "$status"
}
