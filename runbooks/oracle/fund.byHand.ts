import { rightChain } from '../../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'the relay has less than the fees of a few days, or its journal says "insufficient funds" or "insufficient fee token balance". The original runbook: below 0.01 of the native token.',
  variables: {
    PAIR_ID: 'a pair of the relay: one of the PAIR_… above, or its 32-byte id',
    AMOUNT: 'in the smallest unit: 25000000 is 25 of a token with 6 decimals',
  },
  checks: [
    rightChain,
    {
      what: 'The address of the relay.',
      run: 'ORACLE_ADDRESS=$(last_oracle "$PAIR_ID"); echo "$ORACLE_ADDRESS"',
      expect: 'Empty: no signal in the last 5000 blocks; write the address in yourself.',
      prints: /^0x[0-9a-fA-F]{40}$/,
    },
    {
      what: 'It is an account, not a contract.',
      run: 'cast code "$ORACLE_ADDRESS"',
      expect: '`0x`.',
      prints: /^0x/,
    },
    {
      what: 'What it has (smallest unit of the fee token).',
      run: 'fee_balance "$ORACLE_ADDRESS"',
      prints: /^\d+/,
    },
    {
      what: 'The account that pays, and what it has.',
      run: `SIGNER=$(cast wallet address --account "$TREASURY_MANAGER_ACCOUNT"); echo "$SIGNER"; fee_balance "$SIGNER"`,
      expect: 'An address, and more than the amount and a fee.',
      prints: /^0x[0-9a-fA-F]{40}\n\d+/,
    },
  ],
  steps: [
    {
      what: 'Send it: on Tempo as a transfer of the fee token, elsewhere as a value.',
      run: `case $NETWORK in
  tempo) cast send "$FEE_TOKEN" 'transfer(address,uint256)' "$ORACLE_ADDRESS" "$AMOUNT" \\
    --tempo.fee-token "$FEE_TOKEN" --account "$TREASURY_MANAGER_ACCOUNT" ;;
  plain) cast send "$ORACLE_ADDRESS" --value "$AMOUNT" --account "$TREASURY_MANAGER_ACCOUNT" ;;
esac`,
      expect: '`status` 1 (success), or `true`.',
    },
  ],
  verify: [
    {
      what: 'The relay has it.',
      run: 'fee_balance "$ORACLE_ADDRESS"',
      expect: 'More than before by about the amount.',
      prints: /^\d+/,
    },
  ],
  never: [
    'Send a transaction with `--value` on Tempo: the node refuses it.',
    'Send again when no receipt came: look for the hash first with `cast receipt HASH`.',
    'Send another token than the one that the relay pays with: it cannot use it.',
  ],
};
