import { pauseState, rightChain, signer } from '../../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

/** The three places of a token's capital, the book of the vault, and what is deployed by it. */
const places = `for token in "$TOKEN_A" "$TOKEN_B"; do echo "$token"
  echo "  vault holds    $(cast call "$token" 'balanceOf(address)(uint256)' "$TREASURY_VAULT_ADDRESS")"
  echo "  strategy holds $(cast call "$token" 'balanceOf(address)(uint256)' "$DEX_STRATEGY_ADDRESS")"
  echo "  DEX, no order  $(cast call "$DEX_STRATEGY_ADDRESS" 'getDexBalance(address)(uint128)' "$token")"
  echo "  vault's book   $(cast call "$TREASURY_VAULT_ADDRESS" 'tokenBalances(address)(uint256)' "$token")"
  echo "  deployed       $(cast call "$TREASURY_VAULT_ADDRESS" 'deployedCapital(address)(uint256)' "$token")"
done`;

/** The compact build has the list; the full one has a getter that reverts at the end of it. */
const orders = `listed_orders() {
  local list n order
  list=$(cast call "$DEX_STRATEGY_ADDRESS" 'getActiveOrders(bytes32)(uint128[])' "$PAIR_ID" 2>/dev/null)
  if [ -n "$list" ]; then echo "$list" | grep -oE '\\b[0-9]+\\b'; return 0; fi
  for n in $(seq 0 200); do
    order=$(cast call "$DEX_STRATEGY_ADDRESS" 'activeOrderIds(bytes32,uint256)(uint128)' "$PAIR_ID" "$n" 2>/dev/null)
    [ -n "$order" ] || break
    echo "\${order%% *}"
  done
}
echo "listed: $(listed_orders | wc -l)"`;

export const byHand: ByHand = {
  when: 'the strategy or a pair of it is compromised, or its orders on the DEX have to go. It works while paused.',
  variables: {
    PAIR_ID: 'the pair: one of the PAIR_… above, or its 32-byte id',
    SINCE_BLOCK: 'a block before the oldest order that may still rest',
  },
  checks: [
    rightChain,
    pauseState,
    {
      what: 'The tokens of the pair.',
      run: `{ read -r TOKEN_A; read -r TOKEN_B; } < <(cast call "$DEX_STRATEGY_ADDRESS" \\
  'pairConfigs(bytes32)(address,address,int16,uint256,uint16,uint16,bool,bool)' "$PAIR_ID"); echo "$TOKEN_A $TOKEN_B"`,
      expect: 'Two addresses. Zero addresses mean that the id is wrong.',
      prints: /^0x[0-9a-fA-F]{40} 0x[0-9a-fA-F]{40}$/,
    },
    ...signer('EMERGENCY_ACCOUNT', 'EMERGENCY_ROLE'),
    {
      what: 'Where the capital is now. Keep the output.',
      run: places,
      expect: 'Five figures for each token.',
      prints: /vault holds {4}\d/,
    },
    {
      what: "Orders in the strategy's own list. It is a hint, not a complete account.",
      run: orders,
      expect: 'A count. One build reverts if it is 0.',
      prints: /^listed: \d+$/,
    },
    {
      what: 'Try it without sending.',
      run: `cast call "$DEX_STRATEGY_ADDRESS" 'emergencyUnwind(bytes32)' "$PAIR_ID" --from "$SIGNER"`,
      expect: '`0x`. An error names the reason: one order that cannot be cancelled stops the whole unwind.',
      prints: /^0x$/,
    },
  ],
  steps: [
    {
      what: 'If you also want to withdraw, and the strategy is the full build (it has no `getActiveOrders`): do [the withdrawal](#emergency-withdrawal) first. After an unwind its book exceeds what the vault holds, and every withdrawal of that token reverts with `BalanceConsistencyViolation`. The next line says which build it is.',
      run: `if [ -n "$(cast call "$DEX_STRATEGY_ADDRESS" 'getActiveOrders(bytes32)(uint128[])' "$PAIR_ID" 2>/dev/null)" ]; then
  echo 'compact or original'; else echo 'full: withdraw first'; fi`,
    },
    {
      what: 'Unwind.',
      run: `cast send "$DEX_STRATEGY_ADDRESS" 'emergencyUnwind(bytes32)' "$PAIR_ID" --account "$EMERGENCY_ACCOUNT"`,
      expect: '`status 1 (success)`.',
    },
  ],
  verify: [
    {
      what: 'Where the capital is now.',
      run: places,
      expect:
        'The vault holds more, by what the strategy and the DEX hold less. What the strategy itself held stays there, and the book is not corrected: report those amounts.',
      prints: /strategy holds \d/,
    },
    {
      what: 'Orders that still rest on the DEX with the strategy as maker: id and token of each. It asks for one order after the other; where the node refuses so many blocks, begin later.',
      run: `DEX=$(cast call "$DEX_STRATEGY_ADDRESS" 'dex()(address)' 2>/dev/null); : "\${DEX:=$STABLECOIN_DEX}"
cast logs --address "$DEX" --from-block "$SINCE_BLOCK" \\
  'OrderPlaced(uint128 indexed,address indexed,address indexed,uint128,bool,int16,bool,int16)' '' "$DEX_STRATEGY_ADDRESS" |
  awk '/topics:/ { getline; getline; id = $1; getline; getline; print id, substr($1, 27) }' |
  while read -r id token; do
    cast call "$DEX" 'getOrder(uint128)' "$((id))" >/dev/null 2>&1 && echo "$((id)) $token"
  done; true`,
      expect:
        'Only orders of other pairs. One of this pair was not in the list of the strategy: only the strategist can cancel it.',
      prints: /^(\d+ [0-9a-f]{40}\n?)*$/,
    },
  ],
  never: [
    "Take the strategy's list for all orders.",
    'Count capital as back because the unwind succeeded: compare the places before and after.',
  ],
};
