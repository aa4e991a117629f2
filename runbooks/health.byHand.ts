import { rightChain } from '../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'users report that the API does not answer, or is slow; and to find out whether the fault is on the host or in front of it.',
  checks: [
    {
      what: 'The API from the host itself.',
      run: `curl -sS -m 10 -w ' HTTP %{http_code} in %{time_total} s\\n' "$API_URL/health"
curl -sS -m 10 -w ' HTTP %{http_code} in %{time_total} s\\n' "$API_URL/ready"`,
      expect:
        '`healthy`, `"ready": true` and HTTP 200, below 2 s. `/health` answers 200 also when it is degraded.',
      prints: /HTTP \d{3} in/,
    },
    {
      what: 'The database.',
      run: `psql -X -v ON_ERROR_STOP=1 -Atc 'SELECT 1'`,
      expect: '`1`.',
      prints: /^1$/,
    },
    rightChain,
  ],
  steps: [],
  verify: [],
  never: ['Conclude from HTTP 200 of `/health` that all is well: it is 200 too when the RPC node is away.'],
};
