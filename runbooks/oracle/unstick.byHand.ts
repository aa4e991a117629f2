import { rightChain } from '../../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'a transaction of the relay has been pending for minutes. The relay signs the same nonce again, and the node refuses it.',
  variables: { PAIR_ID: 'a pair of the relay: one of the PAIR_… above, or its 32-byte id' },
  checks: [
    rightChain,
    {
      what: 'The address of the relay.',
      run: 'ORACLE_ADDRESS=$(last_oracle "$PAIR_ID"); echo "$ORACLE_ADDRESS"',
      expect: 'Empty: no signal in the last 5000 blocks; write the address in yourself.',
      prints: /^0x[0-9a-fA-F]{40}$/,
    },
    {
      what: 'Nonce of the chain, and nonce with pending ones. Repeat after a minute.',
      run: 'echo "$(cast nonce "$ORACLE_ADDRESS") $(cast nonce "$ORACLE_ADDRESS" --block pending)"',
      expect: 'The second is larger, and the first does not grow. Otherwise nothing is stuck: stop here.',
      prints: /^\d+ \d+$/,
    },
    {
      what: 'What the node asks for now.',
      run: 'GAS_PRICE=$(cast gas-price); echo "$GAS_PRICE"',
      expect: 'The new transaction has to offer at least a tenth more than the stuck one did, and this.',
      prints: /^\d+$/,
    },
  ],
  steps: [
    {
      what: 'Stop the relay, so that it does not use the nonce meanwhile.',
      run: 'systemctl stop "$ORACLE_UNIT"; systemctl is-active "$ORACLE_UNIT"',
      expect: '`inactive`.',
    },
    {
      what: 'Import its key into a keystore. cast asks for key and password; read the key in an editor, not with `cat`.',
      run: 'cast wallet import oracle --interactive',
      expect: 'The address is `$ORACLE_ADDRESS`.',
    },
    {
      what: 'Use the nonce up with a call of the account to itself that does nothing, at twice the price of before.',
      run: `NONCE=$(cast nonce "$ORACLE_ADDRESS")
GAS_PRICE=$((GAS_PRICE * 2)) PAY=()
[ "$NETWORK" = tempo ] && PAY=(--tempo.fee-token "$FEE_TOKEN")
cast send "$ORACLE_ADDRESS" --nonce "$NONCE" --gas-price "$GAS_PRICE" --priority-gas-price "$GAS_PRICE" \\
  --gas-limit 100000 "\${PAY[@]}" --account oracle`,
      expect:
        '`status 1 (success)`. "nonce too low": the stuck one was mined meanwhile, which is as good. "underpriced": paste the step again, which doubles the price each time.',
    },
    {
      what: 'Repeat step 3 while the pending nonce is larger. Then remove the keystore and start the relay.',
      run: 'rm ~/.foundry/keystores/oracle; systemctl start "$ORACLE_UNIT"; systemctl is-active "$ORACLE_UNIT"',
      expect: '`active`.',
    },
  ],
  verify: [
    {
      what: 'Nothing is pending.',
      run: 'echo "$(cast nonce "$ORACLE_ADDRESS") $(cast nonce "$ORACLE_ADDRESS" --block pending)"',
      expect: 'Equal numbers, or one apart for a moment while a signal is sent.',
      prints: /^\d+ \d+$/,
    },
    {
      what: 'Signals arrive again: the nonce of the pair grows.',
      run: `cast call "$RISK_CONTROLLER_ADDRESS" 'oracleNonces(bytes32)(uint256)' "$PAIR_ID"`,
      expect: 'A number that grows with every interval.',
      prints: /^\d+/,
    },
  ],
  never: [
    'Send another signal as the replacement: it may be mined beside the old one.',
    'Send with a later nonce: it waits behind the stuck one.',
  ],
};
