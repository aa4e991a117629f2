import { maskedJournal } from '../../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'answers are slow, a service logs errors, or one transaction has to be found.',
  checks: [
    {
      what: 'Errors of the last hour, of each service.',
      run: `for unit in "$API_UNIT" "$INDEXER_UNIT" "$ORACLE_UNIT"; do echo "== $unit"
  journalctl -u "$unit" --since '-1h' ${maskedJournal} | grep -iE 'error|exception|traceback' | tail -n 20; done`,
      expect: 'Nothing under each name. In a Python traceback the last line is the message.',
      prints: /^== /,
    },
    {
      what: 'One transaction: fill in its hash. `$TX_HASH` is empty here, which finds nothing.',
      run: `TX_HASH=
case $SCHEMA in
  deployed) psql -X -v ON_ERROR_STOP=1 -v hash="$TX_HASH" <<< "SELECT * FROM events WHERE transaction_hash = lower(:'hash')" ;;
  original) for_each_event_table "SELECT '%s', t.* FROM %1\\$s t WHERE tx_hash = lower('$TX_HASH')" ;;
esac`,
      expect:
        'One row for each event of it that the indexer has stored. On the deployed schema hash and block are in `events` alone.',
    },
    {
      what: 'Statements that run longer than a second now.',
      run: `psql -X -v ON_ERROR_STOP=1 -c "SELECT pid, usename, state, now() - query_start AS runs_for, left(query, 80) AS query
  FROM pg_stat_activity WHERE state <> 'idle' AND now() - query_start > '1 s' ORDER BY query_start"`,
      expect: 'Nothing, or the one to blame. End one with `SELECT pg_cancel_backend(PID)`.',
      prints: /runs_for/,
    },
    {
      what: 'Whether statements are recorded at all.',
      run: `psql -X -v ON_ERROR_STOP=1 -Atc "SELECT count(*) FROM pg_extension WHERE extname = 'pg_stat_statements'"`,
      expect:
        '1. With 0 the next line is empty: the extension needs `shared_preload_libraries`, a restart, and `CREATE EXTENSION`.',
      prints: /^[01]$/,
    },
    {
      what: 'The most expensive statements.',
      run: `psql -X -v ON_ERROR_STOP=1 <<'SQL'
SELECT 'SELECT calls, round(total_exec_time) AS total_ms, round(mean_exec_time::numeric, 1) AS mean_ms, left(query, 80) AS query
  FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 10'
WHERE EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements') \\gexec
SQL`,
      expect: 'At most ten lines.',
    },
  ],
  steps: [],
  verify: [],
  never: ['Share statements with values in them: they may hold addresses and amounts that are not public.'],
};
