import { byContracts } from '../../src/operations/documents/byHand.ts';
import { breakerSigner, breakerState, rightChain } from '../../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'a peg breaks, the book runs dry, or the oracle of a pair cannot be trusted.',
  variables: { PAIR_ID: 'the pair: one of the PAIR_… above, or its 32-byte id' },
  checks: [
    rightChain,
    ...breakerSigner,
    {
      what: 'The breaker is closed.',
      run: breakerState,
      expect: '`false`. With `true` it is open already.',
      prints: /^(true|false)$/,
    },
  ],
  steps: [
    {
      what: 'Trip it.',
      run: byContracts(
        `cast send "$RISK_CONTROLLER_ADDRESS" 'triggerCircuitBreaker(bytes32)' "$PAIR_ID" --account "$ACCOUNT"`,
        `cast send "$RISK_CONTROLLER_ADDRESS" 'setCircuitBreaker(bytes32,bool)' "$PAIR_ID" true --account "$ACCOUNT"`,
      ),
      expect: '`status 1 (success)`.',
    },
  ],
  verify: [{ what: 'It is open.', run: breakerState, expect: '`true`.', prints: /^(true|false)$/ }],
  never: [
    'Take it for a stop of everything: orders that rest on the DEX stay and can still be filled. [Unwind](#emergency-unwind) cancels them.',
    'Send a second time because the first has no receipt yet: look for its hash first.',
  ],
};
