import { byContracts } from '../../src/operations/documents/byHand.ts';
import { pauseState, rightChain } from '../../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'deposits, withdrawals or deployments of a pair are refused, or before a breaker is tripped or reset.',
  variables: { PAIR_ID: 'the pair: one of the PAIR_… above, or its 32-byte id' },
  checks: [
    rightChain,
    {
      what: 'Whether the breaker is open.',
      run: byContracts(
        `cast call "$RISK_CONTROLLER_ADDRESS" 'pairCircuitBroken(bytes32)(bool)' "$PAIR_ID"`,
        `cast call "$RISK_CONTROLLER_ADDRESS" 'circuitBroken(bytes32)(bool)' "$PAIR_ID"`,
      ),
      expect: '`true`: open, the pair is stopped. A wrong id also answers `false`.',
      prints: /^(true|false)$/,
    },
    {
      what: 'The strategy knows this pair: its two tokens come first, whether it is active comes last.',
      run: `cast call "$DEX_STRATEGY_ADDRESS" \\
  'pairConfigs(bytes32)(address,address,int16,uint256,uint16,uint16,bool,bool)' "$PAIR_ID"`,
      expect: 'Two tokens. Two zero addresses mean that the id is wrong.',
      prints: /^0x[0-9a-fA-F]{40}\n0x[0-9a-fA-F]{40}\n[\s\S]*(true|false)$/,
    },
    pauseState,
  ],
  steps: [],
  verify: [],
  never: ['Take an error for `false`.'],
};
