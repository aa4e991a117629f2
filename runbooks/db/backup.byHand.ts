import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'every day, and before anything that changes the database. The services keep running.',
  checks: [
    {
      what: 'pg_dump is not older than the server.',
      run: `pg_dump --version; psql -X -v ON_ERROR_STOP=1 -Atc 'SHOW server_version'`,
      expect: 'The first version is at least the second. An older pg_dump refuses.',
      prints: /^pg_dump .*\n\d+/,
    },
    {
      what: 'There is room: size of the database, and the disk.',
      run: `psql -X -v ON_ERROR_STOP=1 -Atc 'SELECT pg_size_pretty(pg_database_size(current_database()))'
df -h "$BACKUP_DIRECTORY"`,
      expect: 'More free than the database is large. The backup is smaller, being compressed.',
      prints: /^\d+ .*%/s,
    },
  ],
  steps: [
    {
      what: 'A name. Until the backup is proven the file ends in `.partial`.',
      run: 'BACKUP=$BACKUP_DIRECTORY/tempovault_$(date +%Y%m%d-%H%M%S).dump; echo "$BACKUP"',
    },
    {
      what: 'Dump, in one file that only root can read.',
      run: '(umask 077; pg_dump -Fc --no-subscriptions --lock-wait-timeout=10s -f "$BACKUP.partial") && echo dumped',
      expect: '`dumped`.',
    },
    {
      what: 'Read it to its last byte, and count the rows in it.',
      run: `(set -o pipefail; umask 077
 pg_restore -f - "$BACKUP.partial" | awk '
   /^COPY / { table = $2; rows = 0; inside = 1; next }
   inside && $0 == "\\\\." { print table "|" rows; inside = 0 }
   inside { rows++ }' | sort > "$BACKUP.rows") && echo read to the end`,
      expect: '`read to the end`.',
    },
    {
      what: 'Compare with the database.',
      run: 'diff <(table_rows "$PGDATABASE" | sort) "$BACKUP.rows" && echo same rows',
      expect:
        '`same rows`. While the indexer runs a table may have grown since: then the left count is a little larger. A missing table or a larger count on the right is a bad backup.',
    },
    {
      what: 'Flush it to the disk and give it its name.',
      run: 'sync "$BACKUP.partial" && mv -n -- "$BACKUP.partial" "$BACKUP" && ls -l "$BACKUP"',
    },
    {
      what: 'Write its checksum beside it.',
      run: 'sha256sum "$BACKUP" > "$BACKUP.sha256"; cat "$BACKUP.sha256"',
    },
  ],
  verify: [
    {
      what: 'The newest backups and their age.',
      run: `find "$BACKUP_DIRECTORY" -maxdepth 1 -name 'tempovault_*' -printf '%TY-%Tm-%Td %TH:%TM %s %f\\n' | sort | tail -n 6`,
      expect: 'The new one, with a size like those before.',
    },
    {
      what: 'Once a month prove that it can be restored: [Verify backups](#verify-backups).',
      run: 'test -d "$BACKUP_DIRECTORY" && echo there',
      expect: '`there`.',
      prints: /^there$/,
    },
  ],
  never: [
    '`pg_dump | gzip > file`: when pg_dump fails, gzip still leaves a small, valid-looking file.',
    'Take the exit of pg_dump for the proof.',
    'Keep the only copy on the disk of the database.',
  ],
};
