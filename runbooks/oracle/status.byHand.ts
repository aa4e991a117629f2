import { maskedJournal, pauseState, rightChain } from '../../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'the oracle is reported stale or dead, strategies do not deploy, or risk signals are outdated.',
  variables: { PAIR_ID: 'the pair: one of the PAIR_… above, or its 32-byte id' },
  checks: [
    rightChain,
    {
      what: 'The last signal: six fields, of which the fifth is its time and the sixth its nonce.',
      run: `cast call "$RISK_CONTROLLER_ADDRESS" \\
  'latestSignals(bytes32)(int16,uint256,uint256,uint256,uint256,uint256)' "$PAIR_ID"`,
      expect: 'Six numbers. All 0: this pair never had a signal, or the id is wrong.',
      prints: /^(-?\d.*\n){5}\d/,
    },
    {
      what: 'Its age in seconds, and the age from which the contract calls it stale.',
      run: `echo "$(($(date +%s) - $(cast call "$RISK_CONTROLLER_ADDRESS" 'oracleLastTimestamp(bytes32)' "$PAIR_ID" | cast to-dec)))"
cast call "$RISK_CONTROLLER_ADDRESS" 'oracleStalenessThreshold()(uint32)'`,
      expect: 'The first below the second. Above 300 the oracle counts as dead.',
      prints: /^-?\d+\n\d+/,
    },
    {
      what: 'Whether it makes progress: the nonce, now and again after one interval of the relay.',
      run: `cast call "$RISK_CONTROLLER_ADDRESS" 'oracleNonces(bytes32)(uint256)' "$PAIR_ID"`,
      expect: 'A number that grows.',
      prints: /^\d+/,
    },
    {
      what: 'Who sent the last signal.',
      run: 'ORACLE_ADDRESS=$(last_oracle "$PAIR_ID"); echo "$ORACLE_ADDRESS"',
      expect:
        'The address of the relay. Empty: no signal in the last 5000 blocks; write the address in yourself.',
      prints: /^0x[0-9a-fA-F]{40}$/,
    },
    pauseState,
    {
      what: 'One process of the relay. Two with one key collide on nonces.',
      run: `systemctl is-active "$ORACLE_UNIT"; pgrep -fc oracle_relay`,
      expect: '`active` and 1.',
      prints: /^\w+\n\d+$/,
    },
    {
      what: 'Its last lines. Errors are Python tracebacks: the last line is the message.',
      run: `journalctl -u "$ORACLE_UNIT" -n 50 ${maskedJournal}`,
      expect: 'Accepted signals. Empty output proves nothing, since the relay buffers its output.',
    },
  ],
  steps: [],
  verify: [],
  never: [
    'Take a line in the log, or a unit that is `active`, for proof. The proof is on the chain: the nonce advances, in a transaction of the expected address.',
    'Derive the address with `cast wallet address --private-key …`: that puts the key on the command line.',
  ],
};
