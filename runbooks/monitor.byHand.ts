import { cursorAndHead, pauseState } from '../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'while `tv monitor` itself does not run: check these every few minutes.',
  checks: [
    {
      what: 'The API is healthy and ready, and how long it takes.',
      run: `curl -sS -m 10 -w ' %{time_total} s\\n' "$API_URL/health"; curl -sS -m 10 -w ' HTTP %{http_code}\\n' "$API_URL/ready"`,
      expect: '`"status": "healthy"`, less than 2 s, and HTTP 200.',
      prints: /HTTP \d{3}$/,
    },
    cursorAndHead,
    pauseState,
    {
      what: 'Memory of the host, and the disk of the backups.',
      run: `free -m
df -h "$BACKUP_DIRECTORY"`,
      expect: 'Less than 85 % of the memory and less than 80 % of the disk in use.',
      prints: /%/,
    },
    {
      what: 'Connections of the database in use, and how many there may be.',
      run: `psql -X -v ON_ERROR_STOP=1 -Atc "SELECT (SELECT count(*) FROM pg_stat_activity), current_setting('max_connections')"`,
      expect: 'The first number is below 80 % of the second.',
      prints: /^\d+\|\d+$/,
    },
  ],
  steps: [],
  verify: [],
  never: ['Call a unit healthy because it is `active`: check that its cursor or its signals advance.'],
};
