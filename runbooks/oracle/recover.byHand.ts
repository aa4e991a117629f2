import { maskedJournal, pauseState, rightChain } from '../../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'the checks of [the oracle](#oracle) show that signals have stopped. A restart helps only if all checks below pass.',
  variables: { PAIR_ID: 'a pair of the relay: one of the PAIR_… above, or its 32-byte id' },
  checks: [
    rightChain,
    {
      what: 'The relay uses the same node as you.',
      run: 'env_value RPC_URL | sed -E "s|//[^@/]*@|//***@|"',
      expect: 'The node of `$RPC_URL`.',
      prints: /:\/\//,
    },
    pauseState,
    {
      what: 'The address of the relay.',
      run: 'ORACLE_ADDRESS=$(last_oracle "$PAIR_ID"); echo "$ORACLE_ADDRESS"',
      expect: 'Empty: no signal in the last 5000 blocks; write the address in yourself.',
      prints: /^0x[0-9a-fA-F]{40}$/,
    },
    {
      what: 'It is authorised.',
      run: `case $CONTRACTS in
  deployed) cast call "$GOVERNANCE_ROLES_ADDRESS" 'hasRole(bytes32,address)(bool)' "$ORACLE_ROLE" "$ORACLE_ADDRESS" ;;
  original) cast call "$RISK_CONTROLLER_ADDRESS" 'oracleAddress()(address)' ;;
esac`,
      expect:
        '`true`; with original contracts the address itself. Otherwise see [4](#4-rotating-the-oracle-key).',
      prints: /^(true|false|0x[0-9a-fA-F]{40})$/,
    },
    {
      what: 'It can pay fees (smallest unit).',
      run: 'fee_balance "$ORACLE_ADDRESS"',
      expect: 'Well above 0. Otherwise send it the fee token; on Tempo never with `--value`.',
      prints: /^\d+/,
    },
    {
      what: 'No transaction of it is stuck: nonce of the chain, and nonce with pending ones.',
      run: 'echo "$(cast nonce "$ORACLE_ADDRESS") $(cast nonce "$ORACLE_ADDRESS" --block pending)"',
      expect:
        'Equal numbers. If the second stays larger, see [Replace a stuck transaction](#replace-a-stuck-transaction-of-the-oracle).',
      prints: /^\d+ \d+$/,
    },
  ],
  steps: [
    {
      what: 'Note the nonce of the last signal.',
      run: `NONCE_BEFORE=$(cast call "$RISK_CONTROLLER_ADDRESS" 'oracleNonces(bytes32)(uint256)' "$PAIR_ID"); echo "$NONCE_BEFORE"`,
    },
    {
      what: 'Restart the relay.',
      run: 'systemctl restart "$ORACLE_UNIT"; systemctl is-active "$ORACLE_UNIT"',
      expect: '`active`.',
    },
  ],
  verify: [
    {
      what: 'After one interval of the relay the nonce is higher than before.',
      run: `cast call "$RISK_CONTROLLER_ADDRESS" 'oracleNonces(bytes32)(uint256)' "$PAIR_ID"`,
      expect: 'More than `$NONCE_BEFORE`.',
      prints: /^\d+/,
    },
    {
      what: 'It was sent by the expected address.',
      run: 'last_oracle "$PAIR_ID"',
      expect: 'The address of the relay.',
      prints: /^0x[0-9a-fA-F]{40}$/,
    },
    { what: 'If not: the reason.', run: `journalctl -u "$ORACLE_UNIT" -n 50 ${maskedJournal}` },
  ],
  never: [
    'Restart while the protocol is paused: the deployed contracts refuse signals then, so nothing can prove the restart.',
    'Start a second relay beside the first.',
    'Show, copy or log the key.',
  ],
};
