# shellcheck shell=sh
# Restores this backup without tv. Make an empty database first, then name it:
#   createdb NAME && sh restore.sh -d NAME
# -h, -p, -U and -d are those of psql and pg_restore, and so are PGPASSWORD and the like. JOBS: workers,
# as many as cores where it is not set. Where it fails drop the database: it is restored in part.
set -eu
case " $* " in
  *' -d '* | *' --dbname='*) ;;
  *) echo 'usage: [JOBS=N] sh restore.sh -d DATABASE [-h HOST] [-p PORT] [-U USER]' >&2; exit 2 ;;
esac
cd -- "$(dirname -- "$0")"
workers=${JOBS:-$(nproc)}
export PGCLIENTENCODING=UTF8
export PGOPTIONS="${PGOPTIONS:-} -c synchronous_commit=off -c maintenance_work_mem=256MB"
section() {
  name=$1
  shift
  pg_restore --exit-on-error -j "$workers" --section="$name" "$@" without-large-tables
}
section pre-data "$@"
section data "$@"
load_ranges "$workers" "$@"
section post-data "$@"
psql -X -q -v ON_ERROR_STOP=1 "$@" -c ANALYZE
echo restored
