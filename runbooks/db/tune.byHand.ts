import type { ByHand } from '../../src/runbook/define.ts';

const state = `psql -X -v ON_ERROR_STOP=1 -c "SELECT name, setting, unit, source, pending_restart FROM pg_settings
  WHERE name IN ('shared_buffers', 'effective_cache_size', 'maintenance_work_mem', 'checkpoint_completion_target',
  'wal_buffers', 'default_statistics_target', 'random_page_cost', 'effective_io_concurrency', 'work_mem',
  'min_wal_size', 'max_wal_size') ORDER BY 1"`;

export const byHand: ByHand = {
  when: 'a new server, or more memory than before. At a quiet hour: shared_buffers needs a restart.',
  checks: [
    {
      what: 'The settings now, and where each comes from.',
      run: state,
      expect: 'Keep the output.',
      prints: /shared_buffers/,
    },
    {
      what: "The server's memory and cores.",
      run: 'free -g; nproc',
      expect: 'The figures below are for 16 GB and SSD.',
      prints: /Mem:/,
    },
  ],
  steps: [
    {
      what: 'Set them, here for 16 GB. For other sizes: shared_buffers a quarter of the memory, effective_cache_size three quarters, maintenance_work_mem a sixteenth (at most 2GB), work_mem in proportion.',
      run: `pg_admin psql -X -v ON_ERROR_STOP=1 -d postgres <<'SQL'
ALTER SYSTEM SET shared_buffers = '4GB';
ALTER SYSTEM SET effective_cache_size = '12GB';
ALTER SYSTEM SET maintenance_work_mem = '1GB';
ALTER SYSTEM SET checkpoint_completion_target = 0.9;
ALTER SYSTEM SET wal_buffers = '16MB';
ALTER SYSTEM SET default_statistics_target = 100;
ALTER SYSTEM SET random_page_cost = 1.1;
ALTER SYSTEM SET effective_io_concurrency = 200;
ALTER SYSTEM SET work_mem = '10485kB';
ALTER SYSTEM SET min_wal_size = '1GB';
ALTER SYSTEM SET max_wal_size = '4GB';
SELECT pg_reload_conf();
SQL`,
      expect: '`ALTER SYSTEM` for each, then `t`. Undo one with `ALTER SYSTEM RESET name`.',
    },
  ],
  verify: [
    {
      what: 'In force, or waiting for a restart (`pending_restart`).',
      run: state,
      expect: 'The new values.',
      prints: /shared_buffers/,
    },
  ],
  never: [
    'Use the figures for 16 GB on a smaller machine: PostgreSQL then may not start.',
    'Edit `postgresql.conf` beside `ALTER SYSTEM`: the latter wins.',
  ],
};
