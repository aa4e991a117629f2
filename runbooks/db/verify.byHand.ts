import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'once a month, and before a restore. Only a restore into a scratch database proves a backup.',
  variables: { BACKUP: 'full path: a .dump file, or the folder data inside a backup of tv' },
  checks: [
    {
      what: 'There is room for a second copy of the database, where the server keeps its data.',
      run: `psql -X -v ON_ERROR_STOP=1 -Atc 'SELECT pg_size_pretty(pg_database_size(current_database()))'
df -h`,
      expect: 'More free than the database is large.',
      prints: /^\d+ .*%/s,
    },
  ],
  steps: [
    {
      what: 'What it is: name of the database, time, versions.',
      run: 'pg_restore -l "$BACKUP" | head -n 15',
      expect:
        'The database that you expect. A `.sql.gz` of the original runbook is no such archive: `gzip -t FILE`, and its last lines say "database dump complete".',
    },
    {
      what: 'The checksum, where there is one.',
      run: 'sha256sum -c "$BACKUP.sha256"',
      expect: '`OK`.',
    },
    {
      what: 'A scratch database.',
      run: 'SCRATCH=$PGDATABASE"_check_"$(date +%s); pg_admin createdb --template template0 --owner "$PGUSER" "$SCRATCH" && echo "$SCRATCH"',
    },
    {
      what: 'Restore into it.',
      run: `if [ -d "$BACKUP" ]; then pg_admin pg_restore --exit-on-error -d "$SCRATCH" "$BACKUP"
else pg_admin pg_restore --exit-on-error -d "$SCRATCH" < "$BACKUP"; fi && echo restored`,
      expect: '`restored`.',
    },
    {
      what: 'Count its rows, and compare with those noted when the backup was made.',
      run: 'table_rows "$SCRATCH" | sort > "$WORK/scratch.rows"; diff "$WORK/scratch.rows" "$BACKUP.rows" && echo same rows',
      expect: '`same rows`. For a backup of tv compare with the counts in its `manifest.json`.',
    },
    {
      what: 'Drop the scratch database. Read the name before you press Enter.',
      run: 'pg_admin dropdb "$SCRATCH"',
    },
  ],
  verify: [
    {
      what: 'No scratch database is left.',
      run: `psql -X -v ON_ERROR_STOP=1 -Atc "SELECT count(*) FROM pg_database WHERE datname ~ '_check_'"`,
      expect: '0.',
      prints: /^\d+$/,
    },
  ],
  never: [
    'Restore a dump that you do not trust as administrator: functions in it can run.',
    'Restore into `$PGDATABASE` to try it.',
  ],
};
