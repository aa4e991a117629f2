import { cursorAndHead } from '../../src/operations/documents/byHandLines.ts';
import { processList } from '../../src/operations/service/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'after a resize or a move, and before another API server is added. On every host.',
  checks: [
    {
      what: 'State of the units, and whether they start at boot.',
      run: `systemctl show -p Id,LoadState,ActiveState,NRestarts,UnitFileState "$API_UNIT" "$INDEXER_UNIT" "$ORACLE_UNIT"`,
      expect:
        '`active` and `enabled` on the host that a unit belongs to. Indexer and relay: on one host only, and `disabled` on all others.',
      prints: /UnitFileState=/,
    },
    processList,
    {
      what: 'Size of the machine, and the workers that the API should have.',
      run: `cores=$(nproc)
echo "$cores cores, $(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo) MiB, $((2 * cores + 1)) workers"
systemctl show -p ExecStart "$API_UNIT" | grep -oE -- '(--workers|-w)[ =]?[0-9]+' || true`,
      expect: 'The second line, where there is one, names the same number of workers.',
      prints: /^\d+ cores, \d+ MiB, \d+ workers/,
    },
    {
      what: 'Memory settings of PostgreSQL: a quarter, three quarters and a sixteenth of the memory.',
      run: `psql -X -v ON_ERROR_STOP=1 -Atc "SELECT name, current_setting(name) FROM pg_settings
  WHERE name IN ('shared_buffers', 'effective_cache_size', 'maintenance_work_mem')"`,
      expect: 'Otherwise see [Performance tuning](#performance-tuning).',
      prints: /shared_buffers\|/,
    },
    {
      what: 'Sessions of the database, with the address of each: those of an indexer come from one host.',
      run: `psql -X -v ON_ERROR_STOP=1 -Atc "SELECT pid, usename, application_name, client_addr, left(query, 60)
  FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"`,
      expect: 'Statements that write event tables come from one address.',
    },
    cursorAndHead,
  ],
  steps: [],
  verify: [],
  never: [
    'Run a second indexer: two write the same cursor, and blocks are lost.',
    'Run a second relay with the same key: two sign the same nonce, and one of them fails.',
    'Take `active` for working: check progress.',
  ],
};
