import { processList, unitState, unitVariable } from '../../src/operations/service/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'a service does harm while it runs, or has to be out of the way for other work. To stop all of them, see [7](#7-emergency-procedures).',
  variables: unitVariable,
  checks: [unitState],
  steps: [
    {
      what: 'Stop it.',
      run: 'systemctl stop "$UNIT"; systemctl is-active "$UNIT"',
      expect: '`inactive`. A unit that does not end is killed after `TimeoutStopUSec`: wait for it.',
    },
  ],
  verify: [
    {
      what: 'It is inactive, not failed, and no main process is left.',
      run: 'systemctl show -p ActiveState,Result,MainPID "$UNIT"',
      expect: '`ActiveState=inactive` and `MainPID=0`. `failed` with `Result=timeout`: it was killed.',
      prints: /MainPID=\d/,
    },
    processList,
  ],
  never: ['Leave the relay stopped for longer than the staleness threshold while trading continues.'],
};
