import { byContracts } from '../../src/operations/documents/byHand.ts';
import { cursorAndHead, pauseState, rightChain, signer } from '../../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'after a shutdown, once the cause is known and gone.',
  variables: { PAIR_ID: 'a pair of the relay: one of the PAIR_… above, or its 32-byte id' },
  checks: [
    rightChain,
    { ...pauseState, expect: '`true`. With `false` skip step 2.' },
    {
      what: 'Who signs: EMERGENCY on deployed contracts, ADMIN on original ones.',
      run: `case $CONTRACTS in
  deployed) ACCOUNT=$EMERGENCY_ACCOUNT ROLE=$EMERGENCY_ROLE ;;
  original) ACCOUNT=$ADMIN_ACCOUNT ROLE=$ADMIN_ROLE ;;
esac; echo "$ACCOUNT"`,
      expect: 'The name of a keystore.',
      prints: /^[\w-]+$/,
    },
    ...signer('ACCOUNT', 'ROLE'),
    {
      what: 'No transaction of that account is pending: an old pause could follow.',
      run: 'echo "$(cast nonce "$SIGNER") $(cast nonce "$SIGNER" --block pending)"',
      expect: 'Equal numbers.',
      prints: /^\d+ \d+$/,
    },
    {
      what: 'The database answers.',
      run: `psql -X -v ON_ERROR_STOP=1 -Atc 'SELECT 1'`,
      expect: '1.',
      prints: /^1$/,
    },
  ],
  steps: [
    {
      what: 'Start indexer and API, which only watch.',
      run: 'systemctl start "$INDEXER_UNIT" "$API_UNIT"; systemctl is-active "$INDEXER_UNIT" "$API_UNIT"',
      expect: '`active` twice.',
    },
    {
      what: 'End the pause.',
      run: byContracts(
        `cast send "$RISK_CONTROLLER_ADDRESS" 'toggleGlobalPause(bool)' false --account "$ACCOUNT"`,
        `cast send "$TREASURY_VAULT_ADDRESS" 'unpause()' --account "$ACCOUNT"`,
      ),
      expect: '`status 1 (success)`.',
    },
    {
      what: 'Start the oracle. Deployed contracts refuse its signals while paused, hence after step 2.',
      run: 'systemctl start "$ORACLE_UNIT"; systemctl is-active "$ORACLE_UNIT"',
      expect: '`active`.',
    },
    { what: 'Only if you had stopped it: start nginx.', run: 'systemctl start nginx' },
  ],
  verify: [
    { ...pauseState, expect: '`false`.' },
    {
      what: 'A new signal is on the chain: the nonce grows.',
      run: `cast call "$RISK_CONTROLLER_ADDRESS" 'oracleNonces(bytes32)(uint256)' "$PAIR_ID"`,
      expect: 'A number that grows with every interval of the relay.',
      prints: /^\d+/,
    },
    cursorAndHead,
  ],
  never: ['Start the oracle while the protocol is paused: every signal reverts and costs fees.'],
};
