import { bySchema } from '../../src/operations/documents/byHand.ts';
import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'after a reindex, and whenever figures of the frontend differ from the chain.',
  variables: {
    FROM_BLOCK: 'the first block to compare',
    TO_BLOCK: 'the last one, not above the cursor; at most some thousand blocks at once',
  },
  checks: [
    {
      what: 'Events on the chain: transaction hash and log index of every log of the four contracts.',
      run: `for address in "$GOVERNANCE_ROLES_ADDRESS" "$RISK_CONTROLLER_ADDRESS" "$TREASURY_VAULT_ADDRESS" "$DEX_STRATEGY_ADDRESS"; do
  cast logs --address "$address" --from-block "$FROM_BLOCK" --to-block "$TO_BLOCK"
done | awk '/logIndex:/ { index_ = $2 } /transactionHash:/ { print $2 "|" index_ }' | sort > /tmp/on-chain
wc -l < /tmp/on-chain`,
      expect: 'A count. An error of the node makes the comparison worthless: use fewer blocks.',
      prints: /^\d+$/,
    },
    {
      what: 'Events in the database.',
      run: `${bySchema(
        `psql -X -v ON_ERROR_STOP=1 -At -v a="$FROM_BLOCK" -v b="$TO_BLOCK" <<< "SELECT transaction_hash, log_index
    FROM events WHERE block_number BETWEEN :'a' AND :'b'"`,
        `for_each_event_table "SELECT tx_hash, log_index FROM %s
    WHERE block_number BETWEEN $FROM_BLOCK AND $TO_BLOCK"`,
      )} | sort > /tmp/in-database
wc -l < /tmp/in-database`,
      expect: 'A count.',
      prints: /^\d+$/,
    },
    {
      what: 'The difference.',
      run: `echo missing: "$(comm -23 /tmp/on-chain /tmp/in-database | wc -l)" surplus: "$(comm -13 /tmp/on-chain /tmp/in-database | wc -l)"`,
      expect:
        'Surplus 0. Missing 0, or only kinds that this indexer cannot store: the next line shows which kind a missing one is.',
      prints: /^missing: \d+ surplus: \d+$/,
    },
    {
      what: 'The first missing events: hash and log index, then the topic that says which kind it is.',
      run: `comm -23 /tmp/on-chain /tmp/in-database | head -n 5 | while IFS='|' read -r hash number; do
  echo "$hash $number"; cast receipt "$hash" logs | grep -m 1 -A 1 topics; done`,
      expect:
        'Events with a `bytes32` or tuple argument (`CircuitBreaker…`, `CapitalDeployed`, `OracleSignalUpdated`) cannot be stored by the deployed indexer. Any other kind is a skipped block: reindex from there.',
    },
  ],
  steps: [],
  verify: [],
  never: [
    'Delete a surplus row before a second node has confirmed that its transaction is not on the chain.',
  ],
};
