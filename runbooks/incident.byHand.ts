import { maskedJournal } from '../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../src/runbook/define.ts';

const units = '-u "$API_UNIT" -u "$INDEXER_UNIT" -u "$ORACLE_UNIT"';

export const byHand: ByHand = {
  when: 'something went wrong, and the order of events is wanted: while it lasts, or for the review.',
  checks: [
    {
      what: 'The clocks: of this shell, of the database, of the newest block.',
      run: `date +%s
psql -X -v ON_ERROR_STOP=1 -Atc "SELECT extract(epoch FROM clock_timestamp())::bigint"
cast block latest --field timestamp`,
      expect:
        'Three numbers that differ by a few seconds at most. Else the times below are not in one order.',
      prints: /^\d{10}\n\d{10}\n\d{10}/,
    },
    {
      what: 'Starts, stops and failures of the services in the last hour.',
      run: `journalctl --since '1 hour ago' ${units} ${maskedJournal} |
  grep -E 'Started|Stopp|exited|Failed' | tail -n 50`,
      expect:
        'A pair of lines for each restart. Empty output proves nothing: see whether the journal goes back that far.',
    },
  ],
  steps: [],
  verify: [],
  never: ['Take silence of a source for calm: see first whether it was read at all.'],
};
