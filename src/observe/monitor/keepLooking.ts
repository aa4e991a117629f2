import { Interrupted } from '../../errors/Interrupted.ts';
import type { ActionContext } from '../../runbook/define.ts';
import { duration, localTime } from '../../text/format.ts';
import { type EventPlace, eventOf, type MonitorEvent } from './event.ts';
import type { History } from './history.ts';
import { type Looked, lookOnce } from './monitor.ts';
import { deliver, type Receiver } from './receivers.ts';
import { eventLine, renderMonitor, trendLines, trendLooks } from './render.ts';

export interface Monitoring {
  readonly history: History<MonitorEvent>;
  readonly place: EventPlace;
  readonly receivers: readonly Receiver[];
  /** What is done with each look besides, with what went wrong so far; what goes wrong here is one sentence. */
  readonly outputs: readonly ((looked: Looked, problems: readonly string[]) => string | undefined)[];
}

/** One look, and everybody told of it. */
export async function lookAndTell(
  ctx: ActionContext,
  { history, place, receivers, outputs }: Monitoring,
  { once }: { readonly once: boolean },
): Promise<{ readonly looked: Looked; readonly problems: readonly string[] }> {
  const looked = await lookOnce(ctx, history, place, { once });
  const firing = firingEvents(looked, place);
  const kept =
    history.problem === undefined ? [] : [`nothing is kept in ${history.file}: ${history.problem}`];
  const told = await deliver(receivers, history, { at: looked.at, firing });
  const problems = [...kept, ...told];
  for (const output of outputs) {
    const problem = output(looked, problems);
    if (problem !== undefined) problems.push(problem);
  }
  return { looked, problems };
}

/**
 * Looks again and again until a signal ends it. At a terminal the screen is drawn anew each time; elsewhere each
 * change is one line, as JSON with `--json`. Problems of its own are said when they begin, on stderr.
 * @returns the last look, undefined where there was none
 */
export async function keepLooking(
  ctx: ActionContext,
  monitoring: Monitoring,
  { everyMs, draws }: { readonly everyMs: number; readonly draws: boolean },
): Promise<Looked | undefined> {
  const { output } = ctx;
  const screen = draws && !output.json ? output.screen : undefined;
  let last: { readonly looked: Looked; readonly problems: readonly string[] } | undefined;
  let said: readonly string[] = [];
  const draw = () => {
    if (screen === undefined || last === undefined) return;
    const { looked, problems } = last;
    const paint = output.paint();
    const { environment, chain } = ctx.settings;
    const shown = { ...looked, problems, environment, chainId: chain.id ?? null };
    const trends = trendLines(monitoring.history.looks(trendLooks), paint);
    const foot = paint.dim(
      `looked at ${localTime(looked.at).slice('2026-11-23 '.length)}, every ${duration(everyMs)}; Ctrl-C ends`,
    );
    screen.draw(renderMonitor(shown, paint, [...trends, foot]));
  };
  screen?.onResize(draw);
  try {
    for (;;) {
      const first = last === undefined;
      last = await lookAndTell(ctx, monitoring, { once: false });
      const { looked, problems } = last;
      if (screen === undefined) {
        for (const problem of problems.filter((each) => !said.includes(each))) ctx.tell(`! ${problem}`);
        said = problems;
        // A reader who begins here has not seen what fires already.
        const resolved = looked.events.filter(({ status }) => status === 'resolved');
        const events = first ? [...resolved, ...firingEvents(looked, monitoring.place)] : looked.events;
        for (const event of events)
          output.print(`${output.json ? JSON.stringify(event) : eventLine(event)}\n`);
      }
      draw();
      await ctx.clock.sleep(everyMs, ctx.signal);
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    return last?.looked;
  } finally {
    screen?.close();
  }
}

/** What fires now, as if it had begun at this look. */
function firingEvents({ alerts, at }: Looked, place: EventPlace): readonly MonitorEvent[] {
  return alerts
    .filter(({ state }) => state === 'firing')
    .map((alert) => eventOf({ kind: 'firing', alert, was: 'ok' }, at.getTime(), place));
}
