import { byContracts } from '../../src/operations/documents/byHand.ts';
import { rightChain, signer } from '../../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

const state = byContracts(
  `cast call "$RISK_CONTROLLER_ADDRESS" 'pairCircuitBroken(bytes32)(bool)' "$PAIR_ID"`,
  `cast call "$RISK_CONTROLLER_ADDRESS" 'circuitBroken(bytes32)(bool)' "$PAIR_ID"`,
);

export const byHand: ByHand = {
  when: 'a peg breaks, the book runs dry, or the oracle of a pair cannot be trusted.',
  variables: { PAIR_ID: 'the pair: one of the PAIR_… above, or its 32-byte id' },
  checks: [
    rightChain,
    {
      what: 'Who signs: RISK_OFFICER on deployed contracts, ADMIN on original ones.',
      run: `case $CONTRACTS in
  deployed) ACCOUNT=$RISK_OFFICER_ACCOUNT ROLE=$RISK_OFFICER_ROLE ;;
  original) ACCOUNT=$ADMIN_ACCOUNT ROLE=$ADMIN_ROLE ;;
esac; echo "$ACCOUNT"`,
      expect: 'The name of a keystore.',
      prints: /^[\w-]+$/,
    },
    ...signer('ACCOUNT', 'ROLE'),
    {
      what: 'The breaker is closed.',
      run: state,
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
  verify: [{ what: 'It is open.', run: state, expect: '`true`.', prints: /^(true|false)$/ }],
  never: [
    'Take it for a stop of everything: orders that rest on the DEX stay and can still be filled. [Unwind](#emergency-unwind) cancels them.',
    'Send a second time because the first has no receipt yet: look for its hash first.',
  ],
};
