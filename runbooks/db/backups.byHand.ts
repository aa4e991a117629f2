import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'you need to know what there is to restore, before you need it.',
  checks: [
    {
      what: 'All backups, oldest first: time, size, name. Those of tv are folders with a manifest, those by hand single files.',
      run: `find "$BACKUP_DIRECTORY" -maxdepth 1 -name 'tempovault_*' -printf '%TY-%Tm-%Td %TH:%TM %s %f\\n' | sort`,
      expect: 'The newest is at most a day old. `.partial` is not a backup.',
    },
    {
      what: 'Databases that a restore has put aside.',
      run: `psql -X -v ON_ERROR_STOP=1 -Atc "SELECT datname, pg_size_pretty(pg_database_size(oid))
  FROM pg_database WHERE datallowconn AND datname ~ '_(old|restore)_' AND has_database_privilege(oid, 'CONNECT')"`,
      expect: 'Nothing, or databases to drop once the restore has proven itself.',
    },
  ],
  steps: [],
  verify: [],
  never: ['Judge a backup by its size or its name.'],
};
