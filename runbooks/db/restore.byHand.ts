import { cursorAndHead } from '../../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

const swap = (from: string, aside: string) => `pg_admin psql -X -v ON_ERROR_STOP=1 -d postgres <<SQL
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname IN ('$PGDATABASE', '$${from}') AND pid <> pg_backend_pid();
BEGIN;
ALTER DATABASE "$PGDATABASE" RENAME TO "$${aside}";
ALTER DATABASE "$${from}" RENAME TO "$PGDATABASE";
COMMIT;
SQL`;

export const byHand: ByHand = {
  when: 'the database is lost or damaged. For damage to the event tables alone a [reindex](#reindex-events) loses less.',
  variables: { BACKUP: 'full path: a .dump file, or the folder data inside a backup of tv' },
  checks: [
    {
      what: 'What the live database has that no dump carries: owner, encoding, privileges; then settings.',
      run: `psql -X -v ON_ERROR_STOP=1 -c "\\\\l $PGDATABASE" -c '\\drds'`,
      expect: 'Keep the output. If the database is lost this fails: continue.',
      prints: /tempovault/,
    },
    {
      what: 'There is room for a second copy of the database.',
      run: 'df -h',
      expect:
        'More free than the database is large. Otherwise free some first: do not drop the live database.',
      prints: /%/,
    },
    {
      what: 'Who is connected.',
      run: `psql -X -v ON_ERROR_STOP=1 -Atc "SELECT usename, application_name, count(*)
  FROM pg_stat_activity WHERE datname = current_database() GROUP BY 1, 2"`,
      expect: 'Only the services and you.',
    },
  ],
  steps: [
    {
      what: 'Two names, and a new empty database beside the live one.',
      run: `STAMP=$(date +%Y%m%d%H%M%S)
NEW_DATABASE=$PGDATABASE"_restore_"$STAMP OLD_DATABASE=$PGDATABASE"_old_"$STAMP
pg_admin createdb --template template0 --owner "$PGUSER" "$NEW_DATABASE" && echo "$NEW_DATABASE"`,
      expect: 'Its name. The services still run.',
    },
    {
      what: 'Restore into it.',
      run: `if [ -d "$BACKUP" ]; then pg_admin pg_restore --exit-on-error -d "$NEW_DATABASE" "$BACKUP"
else pg_admin pg_restore --exit-on-error -d "$NEW_DATABASE" < "$BACKUP"; fi && echo restored`,
      expect:
        '`restored`. Otherwise drop it (`pg_admin dropdb "$NEW_DATABASE"`) and take another backup: nothing has changed.',
    },
    {
      what: 'Count its rows. Compare with `$BACKUP.rows`, with the manifest, or with the live database.',
      run: 'table_rows "$NEW_DATABASE"',
      expect: 'No table is empty that should not be.',
    },
    {
      what: 'Stop the services.',
      run: 'systemctl stop "$API_UNIT" "$INDEXER_UNIT" "$ORACLE_UNIT"',
    },
    {
      what: 'Swap the names, in one transaction. The present database stays, under another name.',
      run: swap('NEW_DATABASE', 'OLD_DATABASE'),
      expect: '`COMMIT`. "being accessed by other users": someone has connected again; repeat.',
    },
    {
      what: 'Renew the statistics, and set again by hand what check 1 showed and the new database lacks.',
      run: `pg_admin psql -X -v ON_ERROR_STOP=1 -d "$PGDATABASE" -c 'ANALYZE'
psql -X -v ON_ERROR_STOP=1 -c "\\\\l $PGDATABASE" -c '\\drds'`,
    },
    {
      what: 'Start the services. The indexer reads what came after the backup from the chain.',
      run: 'systemctl start "$API_UNIT" "$INDEXER_UNIT" "$ORACLE_UNIT"',
    },
    {
      what: 'Only to return to the old database: stop the services, swap the names again, start them.',
      run: `systemctl stop "$API_UNIT" "$INDEXER_UNIT" "$ORACLE_UNIT"
${swap('OLD_DATABASE', 'NEW_DATABASE')}
systemctl start "$API_UNIT" "$INDEXER_UNIT" "$ORACLE_UNIT"`,
    },
  ],
  verify: [
    cursorAndHead,
    { what: 'Rows of every table.', run: 'table_rows "$PGDATABASE"', expect: 'They grow.', prints: /\|\d+/ },
    {
      what: 'The API sees the database.',
      run: `curl -sS -m 10 --retry 20 --retry-delay 1 --retry-connrefused -w ' HTTP %{http_code}\\n' "$API_URL/ready"`,
      expect: '`"ready": true` and HTTP 200.',
      prints: /HTTP \d{3}$/,
    },
  ],
  never: [
    'Drop the live database first, as the original runbook does: with a bad dump everything is gone.',
    'Drop `$OLD_DATABASE` the same day.',
    'Restore while the indexer runs: it writes into the database that you put aside.',
  ],
};
