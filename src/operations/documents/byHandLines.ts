import type { ByHandLine } from '../../runbook/define.ts';
import { byContracts } from './byHand.ts';

/** Checks that several procedures have in common. */
export const rightChain: ByHandLine = {
  what: 'The RPC node is on the right chain, and its newest block is fresh (age in seconds).',
  run: 'echo "$(cast chain-id) $CHAIN_ID $(($(date +%s) - $(cast block latest --field timestamp)))"',
  expect: 'The same number twice, then a small one. Otherwise stop: use another `RPC_URL`.',
  prints: /^(\d+) \1 -?\d+$/,
};

export const pauseState: ByHandLine = {
  what: 'Whether the protocol is paused.',
  run: 'is_paused',
  expect: '`true` or `false`. Anything else is unknown, not `false`.',
  prints: /^(true|false)$/,
};

/** The account that signs, its role, and what it can pay. */
export function signer(account: string, role: string): readonly ByHandLine[] {
  return [
    {
      what: `The address that signs, from the keystore \`$${account}\`.`,
      run: `SIGNER=$(cast wallet address --account "$${account}"); echo "$SIGNER"`,
      expect: 'An address.',
      prints: /^0x[0-9a-fA-F]{40}$/,
    },
    {
      what: 'It holds the role that the contract asks for.',
      run: `cast call "$GOVERNANCE_ROLES_ADDRESS" 'hasRole(bytes32,address)(bool)' "$${role}" "$SIGNER"`,
      expect: '`true`. With `false` the transaction reverts: another account has to sign.',
      prints: /^true$/,
    },
    {
      what: 'It can pay the fee (smallest unit).',
      run: 'fee_balance "$SIGNER"',
      expect: 'More than 0.',
      prints: /^[1-9]\d*( \[.*\])?$/,
    },
  ];
}

export const cursorAndHead: ByHandLine = {
  what: 'How far the indexer is, and the chain.',
  run: 'echo "$(indexed_block) $(cast block-number)"',
  expect: 'Two numbers. Repeat after a minute: the first one grows and stays close to the second.',
  prints: /^\d+ \d+$/,
};

/** The indexer prints its database URL, with the password, at every start. */
export const maskedJournal = '--no-pager | masked';

/** Shell lines that print whether the breaker of `$PAIR_ID` is open. */
export const breakerState = byContracts(
  `cast call "$RISK_CONTROLLER_ADDRESS" 'pairCircuitBroken(bytes32)(bool)' "$PAIR_ID"`,
  `cast call "$RISK_CONTROLLER_ADDRESS" 'circuitBroken(bytes32)(bool)' "$PAIR_ID"`,
);

/** The account that trips and resets a breaker. */
export const breakerSigner: readonly ByHandLine[] = [
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
];
