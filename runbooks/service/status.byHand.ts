import { processList } from '../../src/operations/service/byHandLines.ts';
import type { ByHand } from '../../src/runbook/define.ts';

export const byHand: ByHand = {
  when: 'before a service is started, stopped or restarted.',
  checks: [
    {
      what: 'State, since when, main process, memory, restarts, and whether it starts at boot.',
      run: `systemctl show -p Id,LoadState,ActiveState,SubState,Result,MainPID,MemoryCurrent,NRestarts,UnitFileState \\
  -p ActiveEnterTimestamp,InactiveEnterTimestamp "$API_UNIT" "$INDEXER_UNIT" "$ORACLE_UNIT"`,
      expect: '`active` three times, `NRestarts=0`. `UnitFileState=enabled` starts at boot.',
      prints: /NRestarts=\d/,
    },
    processList,
  ],
  steps: [],
  verify: [],
  never: ['Take `active` for working: check progress.'],
};
