import { maskedJournal, rightChain } from '../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'users or alerts report a symptom, and its cause is not known yet. Begin with what others rest on: database and RPC node, then the service, then what it produces.',
  checks: [
    {
      what: 'The units, and how often systemd has restarted them.',
      run: 'systemctl show -p Id,ActiveState,SubState,NRestarts "$API_UNIT" "$INDEXER_UNIT" "$ORACLE_UNIT"',
      expect: '`ActiveState=active` and `SubState=running` for all three.',
      prints: /ActiveState=/,
    },
    {
      what: 'The database.',
      run: `psql -X -v ON_ERROR_STOP=1 -Atc 'SELECT 1'`,
      expect: '`1`.',
      prints: /^1$/,
    },
    rightChain,
    {
      what: 'What the API says of both.',
      run: `curl -sS -m 10 -w ' HTTP %{http_code}\\n' "$API_URL/ready"`,
      expect: '`"ready": true` and HTTP 200; otherwise its `checks` name what is away.',
      prints: /HTTP \d{3}/,
    },
    {
      what: 'Whether a page of another origin may read the answers of the API.',
      run: `curl -sS -m 10 -o /dev/null -D - -X OPTIONS -H 'Origin: https://app.tempovault.xyz' \\
  -H 'Access-Control-Request-Method: GET' "$API_URL/api/v1/stats" |
  grep -i -e '^HTTP/' -e '^access-control-allow-origin'`,
      expect:
        '`access-control-allow-origin` with that origin. Otherwise the origin is missing in `ALLOWED_ORIGINS` of `.env`.',
      prints: /HTTP\//i,
    },
    {
      what: 'The last errors of all three. URLs are masked.',
      run: `journalctl -n 200 -u "$API_UNIT" -u "$INDEXER_UNIT" -u "$ORACLE_UNIT" ${maskedJournal} | grep -i error | tail -n 20`,
      expect: 'Of a Python traceback only the last line says what happened.',
    },
  ],
  steps: [],
  verify: [],
  never: [
    'Restart services one after the other to see whether it helps: the evidence is lost.',
    'Start a second indexer or relay beside the first.',
  ],
};
