import { byContracts } from '../../src/operations/documents/byHand.ts';
import { pauseState, signer } from '../../src/operations/documents/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'something is badly wrong and the cause is not known yet. Pause first, then stop the services. If one part fails, do the others.',
  checks: [
    pauseState,
    {
      what: 'Who signs: EMERGENCY on deployed contracts, ADMIN on original ones.',
      run: `case $CONTRACTS in
  deployed) ACCOUNT=$EMERGENCY_ACCOUNT ROLE=$EMERGENCY_ROLE ;;
  original) ACCOUNT=$ADMIN_ACCOUNT ROLE=$ADMIN_ROLE ;;
esac; echo "$ACCOUNT"`,
      expect:
        'The name of a keystore. In a hurry leave out the next three checks: the contract checks the role too.',
      prints: /^[\w-]+$/,
    },
    ...signer('ACCOUNT', 'ROLE'),
  ],
  steps: [
    {
      what: 'Pause the protocol.',
      run: byContracts(
        `cast send "$RISK_CONTROLLER_ADDRESS" 'toggleGlobalPause(bool)' true --account "$ACCOUNT"`,
        `cast send "$TREASURY_VAULT_ADDRESS" 'pause()' --account "$ACCOUNT"`,
      ),
      expect:
        '`status 1 (success)`. Without an answer do not wait: go to step 2, then check the pause again.',
    },
    {
      what: 'Stop the services.',
      run: 'systemctl stop "$ORACLE_UNIT" "$INDEXER_UNIT" "$API_UNIT"',
      expect: 'No output.',
    },
    {
      what: 'Only to keep everyone out: stop nginx.',
      run: 'systemctl stop nginx',
    },
    {
      what: 'Only for a unit that does not end: kill it.',
      run: 'systemctl kill -s KILL "$ORACLE_UNIT"',
    },
  ],
  verify: [
    {
      ...pauseState,
      expect: '`true`. Everything else means: not paused, or unknown. Send it from another node or account.',
    },
    {
      what: 'The services are stopped.',
      run: 'systemctl is-active "$ORACLE_UNIT" "$INDEXER_UNIT" "$API_UNIT"; true',
      expect: '`inactive` or `failed` three times.',
      prints: /^(\w+\n){2}\w+$/,
    },
    {
      what: 'No process of theirs runs outside of systemd.',
      run: `pgrep -fa 'api_server|event_indexer|oracle_relay'; true`,
      expect: 'Nothing.',
    },
  ],
  never: [
    'Believe that the pause stops everything: orders that rest on the DEX can still be filled. [Unwind](#emergency-unwind) cancels them, also while paused.',
    'Plan a withdrawal for afterwards without reading [Emergency withdrawal](#emergency-withdrawal): deployed vaults refuse it while paused.',
    'Stop the services first: the pause is what protects capital.',
  ],
};
