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
  when: 'a service does not run and nothing has stopped it on purpose.',
  variables: unitVariable,
  checks: [
    unitState,
    unitJournal,
    processList,
    rightChain,
    pauseState,
    {
      what: 'Indexer: no session writes the event tables.',
      run: `psql -X -v ON_ERROR_STOP=1 -Atc "SELECT pid, usename, application_name, client_addr, left(query, 60)
  FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"`,
      expect: 'No line with an `INSERT` or the name of an indexer.',
    },
  ],
  steps: [
    {
      what: 'Start it.',
      run: 'systemctl reset-failed "$UNIT" 2>/dev/null; systemctl start "$UNIT"; systemctl is-active "$UNIT"',
      expect: '`active`.',
    },
  ],
  verify: [...proof, unitState],
  never: [
    'Start a second indexer: two write the same cursor, and blocks are lost.',
    'Start a second relay with the same key: two sign the same nonce, and one of them fails.',
    'Start the relay while the protocol is paused: the deployed contracts refuse its signals, and it pays for each.',
  ],
};
