import { onHost } from '../../errors/advice.ts';
import { answer } from '../../errors/answer.ts';
import { listProcesses } from '../../host/listProcesses.ts';
import { type JournalEntry, readJournal } from '../../host/readJournal.ts';
import { errorsIn } from '../../host/readRelayError.ts';
import { readUnit } from '../../host/readUnit.ts';
import type { Context } from '../../runbook/context.ts';
import { ago, duration, howMany } from '../../text/format.ts';
import type { SampleValue } from '../sample.ts';
import type { SignalFreshness } from './signalFreshness.ts';

const logLines = 100;

const shownLines = 3;

export async function relayService(ctx: Context): Promise<SampleValue> {
  const { units, programs } = ctx.settings.host;
  const [state, listed] = await Promise.all([
    readUnit(ctx.host(), { unit: units.oracle }),
    answer((async () => listProcesses(ctx.host(), { program: programs.oracle }))()),
  ]);
  const since =
    state.since === undefined
      ? ''
      : ` for ${duration(Math.max(0, ctx.clock.now().getTime() - state.since.getTime()))}`;
  const words =
    state.subState === state.activeState ? state.activeState : `${state.activeState} (${state.subState})`;
  if (!listed.known) {
    const isUp = state.activeState === 'active';
    return {
      level: isUp ? 'unknown' : 'critical',
      summary: `${units.oracle} ${words}${since}; its processes are unknown: ${listed.reason}`,
      data: { state: state.activeState },
      next: isUp ? [{ tv: ['config', 'show'] }] : [{ tv: ['oracle', 'recover'] }],
    };
  }
  const processes = listed.value;
  const summary = `${units.oracle} ${words}${since}, ${processes.length === 1 ? `process ${processes[0]?.pid}` : `${processes.length} processes`}`;
  const data = { state: state.activeState, processes: processes.map(({ pid }) => pid) };
  if (state.activeState !== 'active' || processes.length === 0) {
    return { level: 'critical', summary, data, next: [{ tv: ['oracle', 'recover'] }] };
  }
  if (processes.length > 1) {
    return {
      level: 'critical',
      summary: `${summary}: two relays with one key collide on nonces`,
      data,
      next: [onHost(`systemctl status ${units.oracle}`, `end what does not belong to ${units.oracle}`)],
    };
  }
  return { level: processes[0]?.stopped === true ? 'critical' : 'ok', summary, data };
}

export async function relayLog(ctx: Context, freshness: SignalFreshness | undefined): Promise<SampleValue> {
  const unit = ctx.settings.host.units.oracle;
  const { available, reason, entries } = await readJournal(ctx.host(), { unit, lines: logLines });
  if (!available)
    return { level: 'unknown', summary: `the journal could not be read: ${reason ?? 'no reason given'}` };
  return judgeLog(entries, { freshness, now: ctx.clock.now(), unit });
}

/** Errors in the relay's log matter only where signals are late and none came after the error. */
export function judgeLog(
  entries: readonly JournalEntry[],
  context: { readonly freshness: SignalFreshness | undefined; readonly now: Date; readonly unit: string },
): SampleValue {
  const { freshness, now, unit } = context;
  if (entries.length === 0) {
    return { level: 'unknown', summary: 'the journal holds no line of it, so its errors are unknown' };
  }
  const errors = errorsIn(entries);
  const newest = errors.at(-1);
  if (newest === undefined)
    return { level: 'ok', summary: `no error in the last ${howMany(entries.length, 'line')}` };
  const lines = errors.slice(-shownLines).map(({ at, message }) => `${ago(at, now)}: ${message}`);
  const wrong = freshness?.late === true && newest.at > freshness.newest;
  return {
    level: wrong ? 'warning' : 'ok',
    summary: `${howMany(errors.length, 'error')} in the last ${howMany(entries.length, 'line')}${wrong ? ', and no signal since' : ''}; newest ${lines.at(-1)}`,
    data: { errors: lines },
    next: [onHost(`journalctl -u ${unit} -n 50 --no-pager`)],
  };
}
