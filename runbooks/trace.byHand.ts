import { bySchema } from '../src/operations/documents/byHand.ts';
import { maskedJournal, rightChain } from '../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'a user asks what became of a transaction, or an event seems to be missing.',
  variables: { TX_HASH: 'the hash of the transaction' },
  checks: [
    rightChain,
    {
      what: 'The transaction on the chain: `status` 1 is success, 0 is reverted.',
      run: 'cast receipt "$TX_HASH"',
      expect: 'A receipt. An error says that this node does not have it: ask another.',
    },
    {
      what: 'The rows that the indexer has made of it.',
      run: bySchema(
        `psql -X -v ON_ERROR_STOP=1 -v hash="$TX_HASH" <<< "SELECT block_number, log_index, event_type
      FROM events WHERE transaction_hash = lower(:'hash') ORDER BY log_index"`,
        `psql -X -v ON_ERROR_STOP=1 -v hash="$TX_HASH" <<< "SELECT * FROM deposits WHERE tx_hash = lower(:'hash')"`,
      ),
      expect:
        'One row for each event that the indexer can store; none of an event with a `bytes32` or struct argument.',
    },
    {
      what: 'The lines of the journals that name it. URLs are masked.',
      run: `journalctl --since '1 day ago' -u "$API_UNIT" -u "$INDEXER_UNIT" -u "$ORACLE_UNIT" ${maskedJournal} |
  grep -iF "\${TX_HASH#0x}" | tail -n 20`,
      expect: 'Empty output proves nothing: the relay buffers its output.',
    },
  ],
  steps: [],
  verify: [],
  never: ['Conclude from a missing row that the transaction failed: ask the chain.'],
};
