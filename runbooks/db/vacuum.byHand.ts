import type { ByHand } from '../../src/runbook/define.ts';

const state = `psql -X -v ON_ERROR_STOP=1 -c "SELECT relname, n_live_tup, n_dead_tup,
  greatest(last_vacuum, last_autovacuum) AS vacuumed, greatest(last_analyze, last_autoanalyze) AS analyzed
  FROM pg_stat_user_tables ORDER BY n_dead_tup DESC"`;

export const byHand: ByHand = {
  when: 'weekly, and after a reindex. The services keep running.',
  checks: [
    {
      what: 'Dead rows, and when each table was last vacuumed.',
      run: state,
      expect: 'Many dead rows beside live ones: vacuum.',
      prints: /n_dead_tup/,
    },
  ],
  steps: [
    {
      what: 'Vacuum and analyze all tables.',
      run: `pg_admin psql -X -v ON_ERROR_STOP=1 -d "$PGDATABASE" -c 'VACUUM (ANALYZE)'`,
      expect: '`VACUUM`. It takes minutes on large tables.',
    },
  ],
  verify: [
    {
      what: 'The times are new.',
      run: state,
      expect: 'The event tables, vacuumed and analyzed just now.',
      prints: /n_dead_tup/,
    },
  ],
  never: ['`VACUUM FULL` while the services run: it locks each table against everything, also reading.'],
};
