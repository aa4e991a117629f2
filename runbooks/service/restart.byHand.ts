import { pauseState, rightChain } from '../../src/operations/documents/byHandLines.ts';
import {
  processList,
  proof,
  unitJournal,
  unitState,
  unitVariable,
} from '../../src/operations/service/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'a service runs and does not work (no progress, no answer), or has failed, and its RPC node and the database answer.',
  variables: unitVariable,
  checks: [unitState, unitJournal, processList, rightChain, pauseState],
  steps: [
    {
      what: 'Restart it. The failure of a unit that has failed too often is reset first; otherwise that changes nothing.',
      run: 'systemctl reset-failed "$UNIT" 2>/dev/null; systemctl restart "$UNIT"; systemctl is-active "$UNIT"',
      expect: '`active`. A unit that does not end is killed after `TimeoutStopUSec`: wait for it.',
    },
  ],
  verify: [...proof, unitState],
  never: [
    'Restart while the RPC node is away: the indexer skips each block that it cannot read, for good.',
    'Start the indexer or the relay while another process does the same work, on this host or another one.',
    'Restart a service that a shutdown or another procedure has stopped on purpose: finish that one.',
  ],
};
