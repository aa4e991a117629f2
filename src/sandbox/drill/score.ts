import type { DrillFaultScore, DrillPoints, DrillScore, DrillScreen } from '../../runbook/drill.ts';
import { count } from '../../text/format.ts';
import { type DrillFault, isAmong } from './faults.ts';

/** What a whole drill is worth; half of each for the thing itself, half for its time. */
const worth = { diagnosis: 30, safe: 70 } as const;
/** What is taken off. */
const penalty = { severe: 15, row: 1, mostRows: 20, funds: 20 } as const;

/** The rules as `tv drill end` prints them beneath the points. */
export const scoreRules = `Diagnosis is worth ${worth.diagnosis}, mending ${worth.safe}, shared equally by the faults. Half of a share is for the thing itself; the other half falls evenly to nothing at the end of the time. Taken off: ${penalty.severe} for each severe command that mends none of the faults, ${penalty.row} for each row lost, at most ${penalty.mostRows}, and ${penalty.funds} for funds. What is unknown counts as lost.`;

/** A command of the drill that changed something, or tried to. */
export interface DrillAction {
  /** ISO 8601. */
  readonly at: string;
  readonly command: string;
  readonly severe: boolean;
}

export interface DrillFacts {
  readonly faults: readonly (DrillFault & { readonly summary: string })[];
  /** ISO 8601. */
  readonly startedAt: string;
  readonly minutes: number;
  /** Of the operator, oldest first, within the time of the drill. */
  readonly screens: readonly DrillScreen[];
  /** What `tv status` shows at the end. */
  readonly last: DrillScreen;
  readonly actions: readonly DrillAction[];
  readonly rowsLost: number | null;
  readonly fundsLost: DrillScore['fundsLost'];
}

/** Whether the time was over at that moment. */
export function isLate(
  at: string,
  { startedAt, minutes }: Pick<DrillFacts, 'startedAt' | 'minutes'>,
): boolean {
  return Date.parse(at) - Date.parse(startedAt) > minutes * 60_000;
}

/** How well a drill went. Pure: the rules are `scoreRules`. */
export function scoreDrill(facts: DrillFacts): DrillScore {
  const { faults, minutes, actions, rowsLost, fundsLost, last } = facts;
  const judged = faults.map((fault) => judgeFault(fault, facts));
  const share = (whole: number, at: number | null) =>
    at === null ? 0 : (whole / faults.length) * (1 - at / (2 * minutes * 60));
  const right = faults.flatMap(({ mendedBy }) => mendedBy);
  const wrongSevere = actions
    .filter(({ severe, command }) => severe && !right.includes(command))
    .map(({ at, command }) => ({ at, command }));
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  const number = (part: 'diagnosed' | 'safe') => judged.filter((each) => each[part] !== null).length;
  const lines: readonly DrillPoints[] = [
    {
      rule: 'diagnosed',
      value: `${number('diagnosed')} of ${faults.length}`,
      points: Math.round(sum(judged.map(({ diagnosed }) => share(worth.diagnosis, diagnosed)))),
    },
    {
      rule: 'mended',
      value: `${number('safe')} of ${faults.length}`,
      points: Math.round(sum(judged.map(({ safe }) => share(worth.safe, safe)))),
    },
    {
      rule: 'wrong severe commands',
      value: count(wrongSevere.length),
      points: minus(penalty.severe * wrongSevere.length),
    },
    {
      rule: 'rows lost',
      value: rowsLost === null ? 'unknown' : count(rowsLost),
      points: minus(
        rowsLost === null ? penalty.mostRows : Math.min(penalty.mostRows, penalty.row * rowsLost),
      ),
    },
    {
      rule: 'funds lost',
      value:
        fundsLost === null
          ? 'unknown'
          : fundsLost.length === 0
            ? 'none'
            : fundsLost.map(({ symbol, amount }) => `${amount} ${symbol}`).join(', '),
      points: minus(fundsLost === null || fundsLost.length > 0 ? penalty.funds : 0),
    },
  ];
  const known = faults.flatMap(({ findings }) => findings);
  const left = judged.some(({ safe }) => safe === null);
  const otherFindings = (last.findings ?? [])
    .map(({ id }) => id)
    // With a fault still there, what it explains is no news.
    .filter((id) => !left && !isAmong([id], known));
  return {
    ...{ faults: judged, wrongSevere, rowsLost, fundsLost, otherFindings, lines },
    points: sum(lines.map(({ points }) => points)),
  };
}

/** Not -0. */
function minus(points: number): number {
  return points === 0 ? 0 : -points;
}

function judgeFault(
  fault: DrillFault & { readonly summary: string },
  { screens, last, startedAt, minutes }: DrillFacts,
): DrillFaultScore {
  const seconds = (at: string) => Math.max(0, (Date.parse(at) - Date.parse(startedAt)) / 1000);
  const [finding] = fault.findings;
  const all = isLate(last.at, { startedAt, minutes }) ? screens : [...screens, last];
  // A monitor finds some things only after several checks: that it does not show a fault proves nothing.
  const looks = all.filter(({ command, findings }) => findings !== null && isWhole(command));
  const shows = ({ findings }: DrillScreen) => {
    const ids = idsOf(findings);
    return isAmong(ids, fault.findings) || isAmong(ids, fault.hiddenBy);
  };
  // The first look after the last one at which it was there, or could not be seen.
  const clear = looks[looks.findLastIndex(shows) + 1];
  const safe = clear === undefined ? null : seconds(clear.at);
  const first = screens.find(({ at, command, findings }) => {
    if (safe !== null && seconds(at) > safe) return false;
    return isAmong(idsOf(findings), [finding]) || fault.shownBy?.includes(command) === true;
  });
  const advised = fault.findings.flatMap((name) => {
    const seen = [...screens, last].flatMap(({ findings }) => findings ?? []);
    return seen.find(({ id, next }) => next !== null && isAmong([id], [name]))?.next ?? [];
  });
  return {
    ...{ fault: fault.fault, summary: fault.summary, finding, safe },
    diagnosed: first === undefined ? null : seconds(first.at),
    diagnosedBy: first === undefined ? null : first.command,
    way: [
      ...(advised.length > 0 ? advised : fault.mendedBy.slice(0, 1).map((command) => `tv ${command}`)),
      ...(advised.length > 0 && fault.afterwards !== undefined ? [fault.afterwards] : []),
    ],
  };
}

/** Whether it shows every finding of the moment; `tv doctor SYMPTOM` shows those of its symptom. */
function isWhole(command: string): boolean {
  return command === 'status';
}

function idsOf(findings: DrillScreen['findings']): readonly string[] {
  return (findings ?? []).map(({ id }) => id);
}
