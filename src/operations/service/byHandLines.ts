import type { ByHandLine } from '../../runbook/define.ts';
import { maskedJournal } from '../documents/byHandLines.ts';

/** The variable that every procedure of a service asks for. */
export const unitVariable = { UNIT: 'the unit: what $API_UNIT, $INDEXER_UNIT or $ORACLE_UNIT holds' };

export const unitState: ByHandLine = {
  what: 'The unit, and how long systemd waits for it to end.',
  run: 'systemctl show -p LoadState,ActiveState,SubState,Result,MainPID,NRestarts,TimeoutStopUSec "$UNIT"',
  expect:
    '`LoadState=loaded`. `masked` needs `systemctl unmask` first. `SubState=auto-restart` is a crash loop: read the journal before anything else.',
  prints: /LoadState=\w/,
};

export const unitJournal: ByHandLine = {
  what: 'Why it does not work: its last lines.',
  run: `journalctl -u "$UNIT" -n 50 ${maskedJournal}`,
};

/** Of the command line only the program: arguments may hold secrets. */
export const processList: ByHandLine = {
  what: 'Processes of the three programs, with the control group that each belongs to.',
  run: `for program in api_server event_indexer oracle_relay; do
  for pid in $(pgrep -f "$program"); do echo "$program $pid $(tail -n 1 "/proc/$pid/cgroup")"; done
done`,
  expect:
    'Each group ends in the service’s own unit. Anything else is a second process: of the indexer and the relay there must be one only.',
};

export const proof: readonly ByHandLine[] = [
  {
    what: 'API: it answers, and reaches the RPC node and the database.',
    run: `curl -sS -m 10 -w ' HTTP %{http_code}\\n' "$API_URL/ready"`,
    expect: '`"ready": true` and HTTP 200.',
    prints: /HTTP \d{3}$/,
  },
  {
    what: 'Indexer: how far it is, and the chain.',
    run: 'echo "$(indexed_block) $(cast block-number)"',
    expect: 'Two numbers. Repeat after a minute: the first one grows and stays close to the second.',
    prints: /^\d+ \d+$/,
  },
  {
    what: 'Oracle relay: see [2. Oracle recovery](#2-oracle-recovery). Its unit is active, and one process runs.',
    run: 'systemctl is-active "$ORACLE_UNIT"; pgrep -fc oracle_relay',
    expect: '`active`, `1`. That proves nothing yet: a new signal does.',
    prints: /^\w+\n\d+$/,
  },
];
