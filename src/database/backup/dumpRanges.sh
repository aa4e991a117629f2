# shellcheck shell=bash
# Dumps the snapshot $2 into the folder $1 with $3 workers. Standard input is ranges.tsv: the rows of each
# of its ranges are a file of COPY's text, compressed with $4 (zstd or gzip). pg_dump dumps all else.
# $5 is the script with which the backup can be restored without tv; the connection follows.
umask 077
partial=$1 snapshot=$2 jobs=$3 compression=$4 restore=$5
shift 5
rm -rf -- "$partial"
mkdir -p -- "$partial/large-tables"
cat > "$partial/large-tables/ranges.tsv"
printf '%s' "$restore" > "$partial/restore.sh"
cd -- "$partial" || exit
compress() { if [ "$compression" = zstd ]; then zstd -q -1; else gzip -6; fi; }
# $1 file, $2 table, $3 columns, $4 first page, $5 the page after the last or nothing; the connection follows.
dump_range() {
  local file=$1 table=$2 columns=$3 from=$4 to=$5
  local end=
  shift 5
  [ -z "$to" ] || end=" AND ctid < '($to,0)'"
  psql -X -q -v ON_ERROR_STOP=1 "$@" \
    -c 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' \
    -c "SET TRANSACTION SNAPSHOT '$snapshot'" \
    -c "COPY (SELECT $columns FROM ONLY $table WHERE ctid >= '($from,0)'$end) TO STDOUT" |
    compress > "large-tables/$file"
}
# Takes every range whose number is $1 modulo the number of workers.
worker() {
  local own=$1 number=0 file table columns from to
  shift
  while IFS=$'\t' read -r file table columns from to; do
    [ $((number++ % jobs)) = "$own" ] || continue
    dump_range "$file" "$table" "$columns" "$from" "$to" "$@" < /dev/null
  done < large-tables/ranges.tsv
}
exclude=()
while read -r table; do exclude+=("--exclude-table-data=$table"); done < <(cut -f 2 large-tables/ranges.tsv | sort -u)
# Not `wait -n`, which says 127 of a program that had ended before it was called (bash 5.2). One that fails ends the
# others at once; each is then waited for by its id, which keeps the status.
trap 'kill $(jobs -p) 2>/dev/null || true; exit 1' USR1
begin() {
  { trap '[ $? = 0 ] || kill -USR1 $$' EXIT; "$@"; } &
  ids+=($!)
}
ids=()
begin pg_dump -Fd --no-subscriptions -j "$jobs" -Z 1 --lock-wait-timeout=10s --snapshot="$snapshot" "${exclude[@]}" \
  -f without-large-tables "$@"
for ((own = 0; own < jobs; own++)); do begin worker "$own" "$@"; done
for id in "${ids[@]}"; do wait "$id"; done
