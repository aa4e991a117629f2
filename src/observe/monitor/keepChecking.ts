import type { ActionContext } from '../../runbook/define.ts';
import { type EventPlace, eventOf, type MonitorEvent } from './event.ts';
import type { History } from './history.ts';
import { keepDrawing, watchFoot } from './keepDrawing.ts';
import { checkOnce, type MonitorCheck } from './monitor.ts';
import { deliver, type Receiver } from './receivers.ts';
import { eventLine, renderMonitor, trendChecks, trendLines } from './render.ts';

export interface Monitoring {
  readonly history: History<MonitorEvent>;
  readonly place: EventPlace;
  readonly receivers: readonly Receiver[];
  /** A further action for each check, given the problems so far; returns its own problem as one sentence. */
  readonly outputs: readonly ((check: MonitorCheck, problems: readonly string[]) => string | undefined)[];
}

/** One check, reported to every receiver. */
export async function checkAndReport(
  ctx: ActionContext,
  { history, place, receivers, outputs }: Monitoring,
  { once }: { readonly once: boolean },
): Promise<{ readonly check: MonitorCheck; readonly problems: readonly string[] }> {
  const check = await checkOnce(ctx, history, place, { once });
  const firing = firingEvents(check, place);
  const kept =
    history.problem === undefined ? [] : [`nothing is kept in ${history.file}: ${history.problem}`];
  const undelivered = await deliver(receivers, history, { at: check.at, firing });
  const problems = [...kept, ...undelivered];
  for (const output of outputs) {
    const problem = output(check, problems);
    if (problem !== undefined) problems.push(problem);
  }
  return { check, problems };
}

/**
 * Repeats the check until a signal ends it. At a terminal the screen is drawn anew each time; elsewhere each
 * change is one line, as JSON with `--json`. Problems of its own are said when they begin, on stderr.
 * @returns the last check, undefined where there was none
 */
export async function keepChecking(
  ctx: ActionContext,
  monitoring: Monitoring,
  { everyMs, draws }: { readonly everyMs: number; readonly draws: boolean },
): Promise<MonitorCheck | undefined> {
  const { output } = ctx;
  const screen = draws && !output.json ? output.screen : undefined;
  const { environment, chain } = ctx.settings;
  let isFirst = true;
  let said: readonly string[] = [];
  const tell = (check: MonitorCheck, problems: readonly string[]) => {
    for (const problem of problems.filter((each) => !said.includes(each))) ctx.tell(`! ${problem}`);
    said = problems;
    // A reader who begins here has not seen what fires already.
    const resolved = check.events.filter(({ status }) => status === 'resolved');
    const events = isFirst ? [...resolved, ...firingEvents(check, monitoring.place)] : check.events;
    for (const event of events) output.print(`${output.json ? JSON.stringify(event) : eventLine(event)}\n`);
  };
  const last = await keepDrawing(ctx, {
    ...{ everyMs, screen },
    check: async () => {
      const done = await checkAndReport(ctx, monitoring, { once: false });
      if (screen === undefined) tell(done.check, done.problems);
      isFirst = false;
      return done;
    },
    text: ({ check, problems }, paint) => {
      const shown = { ...check, problems, environment, chainId: chain.id ?? null };
      const trends = trendLines(monitoring.history.checks(trendChecks), paint);
      return renderMonitor(shown, paint, [...trends, watchFoot(check.at, everyMs, paint)]);
    },
  });
  return last?.check;
}

/** What fires now, as if it had begun at this check. */
function firingEvents({ alerts, at }: MonitorCheck, place: EventPlace): readonly MonitorEvent[] {
  return alerts
    .filter(({ state }) => state === 'firing')
    .map((alert) => eventOf({ kind: 'firing', alert, was: 'ok' }, at.getTime(), place));
}
