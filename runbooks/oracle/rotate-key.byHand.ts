import { byContracts } from '../../src/operations/documents/byHand.ts';
import { pauseState, rightChain, signer } from '../../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

/** The key goes from shell variable to file by the environment of awk: it is on no command line. */
const writeKey = (variable: string) => `(umask 077; KEY=$${variable} awk '
  /^ORACLE_PRIVATE_KEY=/ { print "ORACLE_PRIVATE_KEY=" ENVIRON["KEY"]; next } { print }' "$ENV_FILE" > "$ENV_FILE.new") &&
  chown --reference="$ENV_FILE" "$ENV_FILE.new" && chmod --reference="$ENV_FILE" "$ENV_FILE.new" &&
  mv "$ENV_FILE.new" "$ENV_FILE"`;

export const byHand: ByHand = {
  when: 'every 90 days, after a departure, or when the key may be in wrong hands. Run all of it on the host, in one terminal.',
  variables: {
    PAIR_ID: 'a pair of the relay: one of the PAIR_… above, or its 32-byte id',
    FUNDING: 'for fees, in the smallest unit: 10000000 is 10 of a 6-decimal token on Tempo',
  },
  checks: [
    rightChain,
    pauseState,
    ...signer('ADMIN_ACCOUNT', 'ADMIN_ROLE'),
    {
      what: 'The old address.',
      run: 'OLD_ORACLE_ADDRESS=$(last_oracle "$PAIR_ID"); echo "$OLD_ORACLE_ADDRESS"',
      expect: 'Empty: no signal in the last 5000 blocks; write the address in yourself.',
      prints: /^0x[0-9a-fA-F]{40}$/,
    },
    {
      what: '`.env` has exactly one line for the key.',
      run: `grep -c '^ORACLE_PRIVATE_KEY=' "$ENV_FILE"`,
      expect: '1.',
      prints: /^1$/,
    },
  ],
  steps: [
    {
      what: 'Make the new key in an encrypted keystore. cast asks for a password, and does not show the key.',
      run: `mkdir -p -m 700 ~/.foundry/keystores
cast wallet new ~/.foundry/keystores oracle-new && chmod 600 ~/.foundry/keystores/oracle-new
NEW_ORACLE_ADDRESS=$(cast wallet address --account oracle-new); echo "$NEW_ORACLE_ADDRESS"`,
      expect: 'The new address.',
    },
    {
      what: 'Fund it. On Tempo by a transfer of the fee token, and the new account then prefers that token.',
      run: `case $NETWORK in
  tempo)
    cast send "$FEE_TOKEN" 'transfer(address,uint256)' "$NEW_ORACLE_ADDRESS" "$FUNDING" --account "$ADMIN_ACCOUNT" &&
      cast send "$FEE_MANAGER" 'setUserToken(address)' "$FEE_TOKEN" --account oracle-new --tempo.fee-token "$FEE_TOKEN" ;;
  plain) cast send "$NEW_ORACLE_ADDRESS" --value "$FUNDING" --account "$ADMIN_ACCOUNT" ;;
esac
fee_balance "$NEW_ORACLE_ADDRESS"`,
      expect: '`status 1 (success)` for each, and a balance above 0.',
    },
    {
      what: 'Stop the relay.',
      run: 'systemctl stop "$ORACLE_UNIT"; systemctl is-active "$ORACLE_UNIT"',
      expect: '`inactive`.',
    },
    {
      what: 'Put the new key into `.env`. The old one stays in a variable of this shell, in case it has to be restored.',
      run: `OLD_KEY=$(env_value ORACLE_PRIVATE_KEY)
NEW_KEY=$(cast wallet decrypt-keystore oracle-new | grep -oE '0x[0-9a-fA-F]{64}' | tail -n 1)
[ -n "$NEW_KEY" ] && ${writeKey('NEW_KEY')} && echo written
unset NEW_KEY`,
      expect: '`written`. Without it `.env` is as before: start the relay again and stop here.',
    },
    {
      what: 'Authorise the new address. With original contracts the old one ends at this instant.',
      run: byContracts(
        `cast send "$GOVERNANCE_ROLES_ADDRESS" 'grantRole(bytes32,address)' "$ORACLE_ROLE" "$NEW_ORACLE_ADDRESS" --account "$ADMIN_ACCOUNT"`,
        `cast send "$RISK_CONTROLLER_ADDRESS" 'setOracleAddress(address)' "$NEW_ORACLE_ADDRESS" --account "$ADMIN_ACCOUNT"`,
      ),
      expect: '`status 1 (success)`.',
    },
    {
      what: 'Start the relay.',
      run: 'systemctl start "$ORACLE_UNIT"; systemctl is-active "$ORACLE_UNIT"',
      expect:
        '`active`. If no signal of the new address comes within minutes, restore the old key with the next step; otherwise skip it.',
    },
    {
      what: 'Only if that failed: restore the old key. With original contracts authorise `$OLD_ORACLE_ADDRESS` as in step 5.',
      run: `[ -n "$OLD_KEY" ] && ${writeKey('OLD_KEY')} && echo written
systemctl restart "$ORACLE_UNIT"`,
    },
  ],
  verify: [
    {
      what: 'The last signal was sent by the new address.',
      run: 'last_oracle "$PAIR_ID"',
      expect:
        '`$NEW_ORACLE_ADDRESS`. Then forget both keys here: `unset OLD_KEY; rm ~/.foundry/keystores/oracle-new`.',
      prints: /^0x[0-9a-fA-F]{40}$/,
    },
    {
      what: 'A day later: [Revoke the old oracle key](#revoke-the-old-oracle-key). Until then who may sign, on deployed contracts:',
      run: `for n in $(seq 0 $(($(cast call "$GOVERNANCE_ROLES_ADDRESS" 'getRoleMemberCount(bytes32)(uint256)' "$ORACLE_ROLE") - 1))); do
  cast call "$GOVERNANCE_ROLES_ADDRESS" 'getRoleMember(bytes32,uint256)(address)' "$ORACLE_ROLE" "$n"; done`,
      expect: 'The new address, and the old one until it is revoked.',
      prints: /^0x[0-9a-fA-F]{40}/,
    },
  ],
  never: [
    'Use `--private-key`, or `sed` with the key in it: both show it to every user of the host.',
    'Use `--value` on Tempo: the node refuses it ("value transfer not allowed").',
    'Copy `.env` beside itself: the copy keeps the old key.',
    'Rotate while the protocol is paused: no signal can then prove the new key.',
    'Wait a day when the key is compromised: revoke the old address right after step 5.',
  ],
};
