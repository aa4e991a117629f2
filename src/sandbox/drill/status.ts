import { thisOperator } from '../../journal/operator.ts';
import type { Clock } from '../../runbook/context.ts';
import type { DrillEntry } from '../../runbook/drill.ts';
import { openHistory, ownDrillName, readDrill, sandboxOf } from './drill.ts';

/** How many of the operator's drills are shown. */
const mostShown = 5;

export interface PastDrill {
  readonly drill: string;
  readonly seed: number;
  readonly startedAt: string;
  readonly outcome: DrillEntry['outcome'];
  readonly points: number | null;
}

export interface DrillStatus {
  /**
   * - `none`: no drill
   * - `preparing`: its sandbox is being made, or the call that made it was cut off
   * - `running`: the clock runs
   * - `over`: the time is over
   * - `interrupted`: its sandbox has gone or has stopped
   */
  readonly state: 'none' | 'preparing' | 'running' | 'over' | 'interrupted';
  readonly drill: {
    readonly drill: string;
    readonly sandbox: string;
    readonly seed: number;
    readonly minutes: number;
    readonly startedAt: string | null;
    readonly endsAt: string | null;
    /** Seconds; 0 where the time is over. */
    readonly left: number | null;
  } | null;
  /** Of this operator, newest first. */
  readonly history: readonly PastDrill[];
  readonly historyProblem: string | null;
}

/** How much time is left; never which faults there are. @throws TvError where the drill's state cannot be read */
export function drillStatus(clock: Clock): DrillStatus {
  const sandbox = ownDrillName();
  const found = readDrill(sandbox);
  const past = pastDrills(clock);
  if (found === undefined) return { state: 'none', drill: null, ...past };
  const { id, seed, minutes, running } = found;
  const base = { drill: id, sandbox, seed, minutes };
  if (running === null) {
    return { state: 'preparing', drill: { ...base, startedAt: null, endsAt: null, left: null }, ...past };
  }
  const ends = Date.parse(running.startedAt) + minutes * 60_000;
  const left = Math.max(0, Math.ceil((ends - clock.now().getTime()) / 1000));
  return {
    state: sandboxOf(sandbox, found) === undefined ? 'interrupted' : left === 0 ? 'over' : 'running',
    drill: { ...base, startedAt: running.startedAt, endsAt: new Date(ends).toISOString(), left },
    ...past,
  };
}

/** @throws TvError where the history cannot be read */
function pastDrills(clock: Clock): Pick<DrillStatus, 'history' | 'historyProblem'> {
  const { user } = thisOperator();
  const log = openHistory(clock);
  const history = log
    .entries()
    .filter(({ operator }) => operator.user === user)
    .slice(-mostShown)
    .toReversed()
    .map(({ drill, seed, startedAt, outcome, score }) => ({
      ...{ drill, seed, startedAt, outcome },
      points: score?.points ?? null,
    }));
  return { history, historyProblem: log.verify().problems[0] ?? null };
}
