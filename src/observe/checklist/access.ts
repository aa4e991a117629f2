import { answer } from '../../errors/answer.ts';
import { type AccessLog, accessWindowDays, readAccessLog } from '../../host/readAccessLog.ts';
import { type FailedLogins, readFailedLogins } from '../../host/readFailedLogins.ts';
import type { Context } from '../../runbook/context.ts';
import { count, howMany } from '../../text/format.ts';
import type { Evidence } from './items.ts';

const dayMs = 86_400_000;
/** Fewer requests than this are not called unusual, whatever the month before had. */
const fewRequests = 100;
/** A log whose newest line is of a day this long ago may be written elsewhere by now. In milliseconds. */
const silentMs = 3 * dayMs;
/** Of all requests, for a source that is new. */
const newShare = 0.01;
const day = (date: Date) => date.toISOString().slice(0, 10);

/** What the access log and the journal of sshd hold for the person who reviews them. They prove nothing. */
export async function accessLogs(ctx: Pick<Context, 'host' | 'settings' | 'clock'>): Promise<Evidence> {
  const now = ctx.clock.now();
  const since = new Date(now.getTime() - accessWindowDays * dayMs);
  const [log, logins] = await Promise.all([
    answer((async () => readAccessLog(ctx.host(), { path: ctx.settings.host.accessLog, now }))()),
    answer((async () => readFailedLogins(ctx.host(), { since }))()),
  ]);
  const loginWords = logins.known ? describeLogins(logins.value, since) : `unknown: ${logins.reason}`;
  if (!log.known) {
    return {
      kind: 'unknown',
      words: `the access log cannot be compared: ${log.reason}`,
      facts: { 'failed logins': loginWords },
    };
  }
  const { words, known, facts } = describeAccess(log.value, now);
  return { kind: known ? 'shown' : 'unknown', words, facts: { ...facts, 'failed logins': loginWords } };
}

function describeLogins({ failed, sources, top, begins }: FailedLogins, since: Date): string {
  const from =
    begins > since ? `since ${day(begins)}, where the journal begins` : `in ${accessWindowDays} days`;
  const most = top.map(({ source, count: times }) => `${source} (${count(times)})`).join(', ');
  return `${count(failed)} ${from}${failed === 0 ? '' : `, from ${count(sources)} ${sources === 1 ? 'address' : 'addresses'}`}${most === '' ? '' : `; most from ${most}`}`;
}

/** The counts of 30 days against those of the 30 days before, and what is unusual. */
export function describeAccess(
  log: AccessLog,
  now: Date,
): { readonly known: boolean; readonly words: string; readonly facts: Readonly<Record<string, string>> } {
  const { current, before, oldest, newest, lines, unparsed, top } = log;
  if (oldest === undefined || newest === undefined || unparsed > lines / 2) {
    const words =
      lines === 0
        ? 'the access log is empty'
        : `${count(unparsed)} of ${howMany(lines, 'line')} of the access log are not in the combined format`;
    return { known: false, words, facts: {} };
  }
  const begins = new Date(now.getTime() - 2 * accessWindowDays * dayMs);
  const comparable = oldest.getTime() <= begins.getTime() + dayMs;
  const classes = [...new Set([...Object.keys(current.byClass), ...Object.keys(before.byClass)])].toSorted();
  const pair = (now: number, then: number) => (comparable ? `${count(now)} (${count(then)})` : count(now));
  const facts = {
    requests: `${pair(current.requests, before.requests)} from ${pair(current.sources, before.sources)} addresses`,
    status: classes
      .map((name) => `${name}xx ${pair(current.byClass[name] ?? 0, before.byClass[name] ?? 0)}`)
      .join(', '),
    'most from': top.map(({ source, count: own, before: then }) => `${source} ${pair(own, then)}`).join(', '),
    ...(unparsed === 0 ? {} : { 'not understood': howMany(unparsed, 'line') }),
  };
  if (!comparable) {
    const words = `the access log begins ${day(oldest)}: it cannot be compared with the month before`;
    return { known: false, words, facts };
  }
  if (now.getTime() - newest.getTime() > silentMs) {
    const words = `the access log has no line after ${day(newest)}: no request came, or they are logged elsewhere`;
    return { known: false, words, facts: { ...facts, 'in brackets': 'the 30 days before' } };
  }
  const found = unusual(log);
  const words = found.length === 0 ? 'no count is unusual compared with the month before' : found.join('; ');
  return { known: true, words, facts: { ...facts, 'in brackets': 'the 30 days before' } };
}

function unusual({ current, before, top }: AccessLog): readonly string[] {
  const grown = (name: string, own: number, then: number) =>
    own > 2 * then && own - then >= fewRequests ? [`${name} grew from ${count(then)} to ${count(own)}`] : [];
  const fallen = (name: string, own: number, then: number) =>
    then > 2 * own && then - own >= fewRequests ? [`${name} fell from ${count(then)} to ${count(own)}`] : [];
  return [
    ...grown('requests', current.requests, before.requests),
    ...fallen('requests', current.requests, before.requests),
    ...['4', '5'].flatMap((name) =>
      grown(`${name}xx answers`, current.byClass[name] ?? 0, before.byClass[name] ?? 0),
    ),
    ...top
      .filter(
        ({ count: own, before: then }) =>
          then === 0 && own >= fewRequests && own >= newShare * current.requests,
      )
      .map(({ source, count: own }) => `${source} is new, with ${howMany(own, 'request')}`),
  ];
}
