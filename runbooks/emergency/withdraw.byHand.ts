import { pauseState, rightChain, signer } from '../../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

const balance = (holder: string) => `cast call "$TOKEN" 'balanceOf(address)(uint256)' "$${holder}"`;
const withdraw = `"$TREASURY_VAULT_ADDRESS" 'withdraw(address,uint256,address)' "$TOKEN" "$AMOUNT" "$RECIPIENT"`;

export const byHand: ByHand = {
  when: 'capital in the vault has to leave it for a safe address.',
  variables: {
    TOKEN: 'the address of the token',
    AMOUNT: 'in the smallest unit: 1000000 is 1 of a 6-decimal token',
    RECIPIENT: 'the address that gets it; have a second person read it to you',
  },
  checks: [
    rightChain,
    ...signer('TREASURY_MANAGER_ACCOUNT', 'TREASURY_MANAGER_ROLE'),
    {
      what: 'Symbol and decimals of the token.',
      run: `cast call "$TOKEN" 'symbol()(string)'; cast call "$TOKEN" 'decimals()(uint8)'`,
      expect: 'The token that you mean.',
      prints: /^.+\n\d+$/,
    },
    {
      what: 'What can be withdrawn: book less deployed less both fees. It shrinks with every second, by the management fee.',
      run: `figure() { cast call "$TREASURY_VAULT_ADDRESS" "$1(address)" "$TOKEN" | cast to-dec; }
for name in tokenBalances deployedCapital accruedPerformanceFees accruedManagementFees; do echo "$name $(figure $name)"; done
echo "$(figure tokenBalances) - $(figure deployedCapital) - $(figure accruedPerformanceFees) - $(figure accruedManagementFees)" | bc`,
      expect: 'The last line is at least `$AMOUNT`, with some room.',
      prints: /\n-?\d+$/,
    },
    {
      what: 'What the vault really holds.',
      run: balance('TREASURY_VAULT_ADDRESS'),
      expect:
        'At least the book less what is deployed. Less: withdrawals revert with `BalanceConsistencyViolation`.',
      prints: /^\d+/,
    },
    { ...pauseState, expect: '`false`. With `true` and deployed contracts steps 1 and 3 are needed.' },
    {
      what: 'What the recipient has now.',
      run: `BEFORE=$(${balance('RECIPIENT')}); echo "$BEFORE"`,
      expect: 'A number. Keep it.',
      prints: /^\d+/,
    },
    {
      what: 'Try it without sending.',
      run: `cast call ${withdraw} --from "$SIGNER"`,
      expect:
        '`0x`. While paused a deployed vault answers `ProtocolPaused()`: then only step 1 comes before.',
      prints: /^0x$/,
    },
  ],
  steps: [
    {
      what: 'Only while paused, deployed contracts: end the pause. Have steps 2 and 3 ready: until step 3 the protocol is open.',
      run: `cast send "$RISK_CONTROLLER_ADDRESS" 'toggleGlobalPause(bool)' false --account "$EMERGENCY_ACCOUNT"`,
      expect: '`status 1 (success)`.',
    },
    {
      what: 'Withdraw.',
      run: `cast send ${withdraw} \\
  --account "$TREASURY_MANAGER_ACCOUNT"`,
      expect: '`status 1 (success)`.',
    },
    {
      what: 'Only after step 1, also when step 2 failed: pause again.',
      run: `cast send "$RISK_CONTROLLER_ADDRESS" 'toggleGlobalPause(bool)' true --account "$EMERGENCY_ACCOUNT"`,
      expect: '`status 1 (success)`.',
    },
  ],
  verify: [
    {
      what: 'What the recipient has now.',
      run: balance('RECIPIENT'),
      expect: '`$BEFORE` and `$AMOUNT` together.',
      prints: /^\d+/,
    },
    pauseState,
  ],
  never: [
    'Give an amount in whole tokens: the contract takes the smallest unit.',
    'Leave the protocol unpaused after a failed withdrawal.',
    'Send again because there is no receipt yet: look for the hash first, or you pay twice.',
  ],
};
