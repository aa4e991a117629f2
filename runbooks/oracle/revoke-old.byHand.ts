import { rightChain, signer } from '../../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'a day after a rotation; at once when the old key is compromised.',
  variables: {
    PAIR_ID: 'a pair of the relay: one of the PAIR_… above, or its 32-byte id',
    OLD_ORACLE_ADDRESS: 'the address to revoke',
  },
  checks: [
    rightChain,
    ...signer('ADMIN_ACCOUNT', 'ADMIN_ROLE'),
    {
      what: 'The last signal was sent by the new address.',
      run: 'last_oracle "$PAIR_ID"',
      expect: 'The new address. If it is the old one, stop: revoking it stops the oracle.',
      prints: /^0x[0-9a-fA-F]{40}$/,
    },
    {
      what: 'The old address still holds the role.',
      run: `cast call "$GOVERNANCE_ROLES_ADDRESS" 'hasRole(bytes32,address)(bool)' "$ORACLE_ROLE" "$OLD_ORACLE_ADDRESS"`,
      expect: '`true`; with `false` there is nothing to revoke.',
      prints: /^(true|false)$/,
    },
  ],
  steps: [
    {
      what: 'Revoke it. The same with both forms of the contracts.',
      run: `cast send "$GOVERNANCE_ROLES_ADDRESS" 'revokeRole(bytes32,address)' "$ORACLE_ROLE" "$OLD_ORACLE_ADDRESS" \\
  --account "$ADMIN_ACCOUNT"`,
      expect: '`status 1 (success)`.',
    },
    {
      what: 'Find copies of `.env` that still hold an oracle key, and remove each that you do not need.',
      run: `grep -lsE '^(export )?ORACLE_PRIVATE_KEY=' "$(dirname "$ENV_FILE")"/* "$(dirname "$ENV_FILE")"/.env?*`,
      expect: 'No file. Remove one with `shred -u FILE`. `.env` itself stays.',
    },
  ],
  verify: [
    {
      what: 'The old address holds the role no more.',
      run: `cast call "$GOVERNANCE_ROLES_ADDRESS" 'hasRole(bytes32,address)(bool)' "$ORACLE_ROLE" "$OLD_ORACLE_ADDRESS"`,
      expect: '`false`.',
      prints: /^(true|false)$/,
    },
    {
      what: 'Signals continue: the nonce grows.',
      run: `cast call "$RISK_CONTROLLER_ADDRESS" 'oracleNonces(bytes32)(uint256)' "$PAIR_ID"`,
      expect: 'A number that grows with every interval.',
      prints: /^\d+/,
    },
  ],
  never: [
    'Revoke before the new key has sent a signal.',
    'Revoke `$ADMIN_ROLE` by mistake: it is 0x00…00. Check the role in the command.',
  ],
};
