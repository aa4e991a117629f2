import { byContracts } from '../../src/operations/documents/byHand.ts';
import { breakerSigner, breakerState, rightChain } from '../../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'the cause of the trip is known and gone.',
  variables: { PAIR_ID: 'the pair: one of the PAIR_… above, or its 32-byte id' },
  checks: [
    rightChain,
    ...breakerSigner,
    {
      what: 'The breaker is open.',
      run: breakerState,
      expect: '`true`. With `false` it is closed already.',
      prints: /^(true|false)$/,
    },
    {
      what: 'The signal: age in seconds, then tick, deviation, depth of bids and asks, time, nonce.',
      run: `echo "$(($(date +%s) - $(cast call "$RISK_CONTROLLER_ADDRESS" 'oracleLastTimestamp(bytes32)' "$PAIR_ID" | cast to-dec)))"
cast call "$RISK_CONTROLLER_ADDRESS" \\
  'latestSignals(bytes32)(int16,uint256,uint256,uint256,uint256,uint256)' "$PAIR_ID"`,
      expect: 'A fresh signal, and figures as in quiet times. Otherwise leave the breaker open.',
      prints: /^(-?\d.*\n){6}\d/,
    },
  ],
  steps: [
    {
      what: 'Reset it.',
      run: byContracts(
        `cast send "$RISK_CONTROLLER_ADDRESS" 'resetCircuitBreaker(bytes32)' "$PAIR_ID" --account "$ACCOUNT"`,
        `cast send "$RISK_CONTROLLER_ADDRESS" 'setCircuitBreaker(bytes32,bool)' "$PAIR_ID" false --account "$ACCOUNT"`,
      ),
      expect: '`status 1 (success)`.',
    },
  ],
  verify: [{ what: 'It is closed.', run: breakerState, expect: '`false`.', prints: /^(true|false)$/ }],
  never: ['Reset to make an error message go away: the breaker is the protection, not the fault.'],
};
