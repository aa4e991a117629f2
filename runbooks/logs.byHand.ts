import { maskedJournal } from '../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../src/runbook/define.ts';

const eachUnit = 'for unit in "$API_UNIT" "$INDEXER_UNIT" "$ORACLE_UNIT"; do echo "== $unit"';

export const byHand: ByHand = {
  when: 'a service fails or does nothing, and the reason is wanted; or one transaction has to be found in the logs.',
  variables: { TX_HASH: 'the hash of the transaction that is looked for' },
  checks: [
    {
      what: 'The journal can be read, and how far back it goes.',
      run: 'journalctl --list-boots --no-pager; journalctl --no-pager -o short-iso 2>&1 | head -n 1',
      expect:
        'The time of its oldest entry. `No journal files were found`, or a hint about the groups `adm` and `systemd-journal`, means that an empty answer below proves nothing.',
    },
    {
      what: 'The newest lines of all three, merged.',
      run: `journalctl -n 50 -u "$API_UNIT" -u "$INDEXER_UNIT" -u "$ORACLE_UNIT" ${maskedJournal}`,
      expect:
        'Lines of each. To follow them, add `-f`. The relay buffers its output: silence proves nothing.',
    },
    {
      what: 'Errors of the last hour, of each service.',
      run: `${eachUnit}
  journalctl -u "$unit" --since '-1h' ${maskedJournal} | grep -iE 'error|exception|traceback|critical|fatal' | tail -n 20; done`,
      expect: 'Nothing under each name. In a Python traceback the last line is the message.',
      prints: /^== /,
    },
    {
      what: 'The same, folded: how often each message comes, with its numbers blanked.',
      run: `${eachUnit}
  journalctl -u "$unit" --since '-1h' -o cat ${maskedJournal} | sed -E 's/0x[0-9a-fA-F]+/0x…/g; s/[0-9]+/N/g' |
    sort | uniq -c | sort -rn | head -n 20; done`,
      expect: 'The most frequent messages first.',
      prints: /^== /,
    },
    {
      what: 'What names one transaction, also where a release writes its hash without `0x`.',
      run: `journalctl -u "$API_UNIT" -u "$INDEXER_UNIT" -u "$ORACLE_UNIT" ${maskedJournal} |
  grep -iF "\${TX_HASH#0x}" | tail -n 20`,
      expect: 'The lines that name it. Empty output proves nothing: the relay buffers its output.',
    },
  ],
  steps: [],
  verify: [],
  never: [
    'Conclude that there are no errors from an empty answer: check first that the journal can be read.',
    'Paste journal lines into a ticket without masking URLs: the indexer writes its database password at each start.',
  ],
};
