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
      what: 'Events on the chain: transaction hash, log index and kind (the first topic) of every log of the four contracts.',
      run: `for address in "$GOVERNANCE_ROLES_ADDRESS" "$RISK_CONTROLLER_ADDRESS" "$TREASURY_VAULT_ADDRESS" \\
  "$DEX_STRATEGY_ADDRESS"; do
  cast logs --address "$address" --from-block "$FROM_BLOCK" --to-block "$TO_BLOCK" || echo "failed: $address" >&2
done | awk '/logIndex:/ { number = $2 } /topics:/ { getline; kind = $1 }
  /transactionHash:/ { print $2 "|" number " " kind }' | sort > "$WORK/on-chain"
wc -l < "$WORK/on-chain"`,
      expect: 'A count. With `failed` the comparison is worthless: use fewer blocks, or another node.',
      prints: /^\d+$/,
    },
    {
      what: 'Events in the database.',
      run: `${bySchema(
        `psql -X -v ON_ERROR_STOP=1 -At -v a="$FROM_BLOCK" -v b="$TO_BLOCK" <<< "SELECT transaction_hash, log_index
    FROM events WHERE block_number BETWEEN :'a' AND :'b'"`,
        `for_each_event_table "SELECT tx_hash, log_index FROM %s
    WHERE block_number BETWEEN $FROM_BLOCK AND $TO_BLOCK"`,
      )} | sort > "$WORK/in-database"
wc -l < "$WORK/in-database"`,
      expect: 'A count.',
      prints: /^\d+$/,
    },
    {
      what: 'Surplus rows: in the database, and not on the chain.',
      run: `cut -d' ' -f1 "$WORK/on-chain" | sort | comm -13 - "$WORK/in-database" | head -n 20`,
      expect: 'Nothing.',
    },
    {
      what: 'Kinds and contracts of the rows. The case of an address does not matter.',
      run: `${bySchema(
        `psql -X -v ON_ERROR_STOP=1 -At -v a="$FROM_BLOCK" -v b="$TO_BLOCK" <<< "SELECT lower(contract_address), event_type, count(*)
    FROM events WHERE block_number BETWEEN :'a' AND :'b' GROUP BY 1, 2 ORDER BY 1, 2"`,
        `echo 'these tables name no contract'`,
      )}`,
      expect:
        'Each kind with the one contract that emits it, of the four above. Tables without the column name none.',
    },
    {
      what: 'For each kind: how many are on the chain, and how many of them the database lacks.',
      run: `awk 'NR == FNR { stored[$1] = 1; next } { chain[$2]++; if (!($1 in stored)) lacks[$2]++ }
  END { for (kind in chain) print kind, "on chain", chain[kind], "missing", lacks[kind] + 0 }' "$WORK/in-database" "$WORK/on-chain"`,
      expect:
        'Missing 0, or as many as there are: this indexer cannot store that kind (the deployed one stores none with a `bytes32` or a tuple). A number between means skipped blocks: reindex from the first of them. `cast sig-event "Deposited(uint256,address,uint256,address,uint256)"` prints the topic of a name.',
      prints: /^(0x[0-9a-f]{64} on chain \d+ missing \d+\n?)*$/,
    },
  ],
  steps: [],
  verify: [],
  never: [
    'Delete a surplus row before a second node has confirmed that its transaction is not on the chain.',
  ],
};
