import {
  cursorAndHead,
  maskedJournal,
  pauseState,
  rightChain,
} from '../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'first, at any alert, before anything is changed; and again after every procedure.',
  checks: [
    {
      what: 'The units run.',
      run: 'systemctl is-active "$API_UNIT" "$INDEXER_UNIT" "$ORACLE_UNIT"',
      expect: '`active` three times. That is necessary and proves nothing: check progress below.',
      prints: /^(\w+\n){2}\w+$/,
    },
    {
      what: 'Since when, and how often systemd has restarted them.',
      run: 'systemctl show -p Id,ActiveState,SubState,NRestarts,ActiveEnterTimestamp "$API_UNIT" "$INDEXER_UNIT" "$ORACLE_UNIT"',
      expect: '`NRestarts=0`. A number that grows is a crash loop.',
      prints: /NRestarts=\d/,
    },
    {
      what: 'The last lines of their journals. URLs are masked, since the indexer writes its database password into the journal.',
      run: `journalctl -n 20 -u "$API_UNIT" -u "$INDEXER_UNIT" -u "$ORACLE_UNIT" ${maskedJournal}`,
      expect:
        'No errors. Empty output proves nothing: the journal may not be kept, or the relay buffers its output.',
    },
    {
      what: 'The API, and what it says of the RPC node and the database.',
      run: `curl -sS -m 10 "$API_URL/health"; echo; curl -sS -m 10 -w ' HTTP %{http_code}\\n' "$API_URL/ready"`,
      expect:
        '`"status": "healthy"`, `"ready": true` and HTTP 200. `/health` answers 200 also when it is degraded.',
      prints: /HTTP \d{3}$/,
    },
    rightChain,
    pauseState,
    cursorAndHead,
    {
      what: 'The database, its size, and the disk of the backups.',
      run: `psql -X -v ON_ERROR_STOP=1 -Atc 'SELECT version(), pg_size_pretty(pg_database_size(current_database()))'
df -h "$BACKUP_DIRECTORY"`,
      expect: 'Less than 80 % of the disk in use.',
      prints: /^PostgreSQL .*%/s,
    },
  ],
  steps: [],
  verify: [],
  never: [
    'Restart everything to see whether it helps: read the journal first, the reason is gone afterwards.',
    'Paste journal lines into a ticket without masking URLs.',
  ],
};
