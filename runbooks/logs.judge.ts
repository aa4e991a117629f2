import { type Advice, distinctAdvice, onHost } from '../src/errors/advice.ts';
import { readCoverage, type UnitCoverage } from '../src/host/journal/coverage.ts';
import type { JournalError } from '../src/host/journal/streamJournal.ts';
import type { Context } from '../src/runbook/context.ts';
import { ago, count, duration, howMany, localTime } from '../src/text/format.ts';
import { quoteForShell } from '../src/text/shellLine.ts';
import type { LogRequest, LogService } from './logs.choose.ts';

/** What was counted while reading. */
export interface Tally {
  /** Journal entries, before tracebacks were folded. */
  read: number;
  matched: number;
  shown: number;
  /** Lines of journalctl that are no entry. */
  unreadable: number;
  /** Entries of `--group` whose pattern came after the most that are kept. */
  leftOut: number;
  /** Groups that `--lines` left out. */
  hiddenGroups: number;
  readonly newestRead: Map<string, Date>;
  /** Of the last entry. */
  cursor: string | undefined;
}

/** About one service, or about all. */
export interface Remark {
  readonly service: LogService | null;
  readonly text: string;
}

/** What there is to say about the whole. */
export interface LogReport {
  readonly services: readonly {
    readonly service: LogService;
    readonly unit: string;
    readonly state: string | null;
    readonly newest: Date | null;
  }[];
  readonly since: Date | null;
  readonly until: Date | null;
  readonly read: number;
  readonly matched: number;
  readonly shown: number;
  readonly rule: string | null;
  readonly grouped: boolean;
  /** A signal terminated it after that line. */
  readonly followed: boolean;
  readonly hiddenGroups: number;
  /** What could not be read. */
  readonly problems: readonly Remark[];
  /** What has to be known to judge what was read. */
  readonly notes: readonly Remark[];
  readonly next: readonly Advice[];
}

/** A service that works at an interval and writes nothing for so long is worth a note. In milliseconds. */
const silentMs = 10 * 60_000;
const working: readonly LogService[] = ['indexer', 'oracle'];

/** `1 entry`, `2 entries`. */
export function entryCount(value: number): string {
  return `${count(value)} ${value === 1 ? 'entry' : 'entries'}`;
}

/** What was not read, and what an absence of entries means. */
export async function judgeCoverage(
  ctx: Pick<Context, 'host' | 'clock'>,
  request: LogRequest,
  tally: Tally,
  { start, failure }: { readonly start: Date | undefined; readonly failure: JournalError | undefined },
): Promise<LogReport> {
  // A search for a transaction has read no other entries.
  const newestRead = request.containing === undefined ? tally.newestRead : new Map<string, Date>();
  const coverage = await readCoverage(ctx.host(), { units: request.units, newestRead });
  return judge(request, tally, { coverage, start, failure, now: ctx.clock.now() });
}

export interface Circumstances {
  readonly coverage: readonly UnitCoverage[];
  readonly start: Date | undefined;
  readonly failure: JournalError | undefined;
  readonly now: Date;
}

export function judge(
  request: LogRequest,
  tally: Tally,
  { coverage, start, failure, now }: Circumstances,
): LogReport {
  const problems: Remark[] = [];
  const notes: Remark[] = [];
  const next: Advice[] = [...(failure?.next ?? [])];
  if (failure !== undefined)
    problems.push({ service: null, text: `${failure.message.replace(/\.$/, '')}: ${failure.reason}` });
  if (tally.unreadable > 0)
    problems.push({
      service: null,
      text: `${howMany(tally.unreadable, 'line')} of journalctl could not be read: torn, or longer than 1 MiB`,
    });
  if (start !== undefined && start.getTime() - (request.since?.getTime() ?? start.getTime()) > 1_000)
    notes.push({
      service: null,
      text: `the journal begins ${localTime(start)} (${ago(start, now)}): what is older was rotated away or never kept`,
    });
  if (start !== undefined && request.since === undefined)
    notes.push({ service: null, text: `the journal begins ${localTime(start)} (${ago(start, now)})` });

  const services = request.services.map(({ service, unit }) => {
    const found = coverage.find((each) => each.unit === unit);
    const state = found?.state.known === true ? found.state.value : undefined;
    const newest = found?.newest.known === true ? found.newest.value : undefined;
    const age = newest === undefined ? undefined : Math.max(0, now.getTime() - newest.getTime());
    const newestIs = age === undefined ? '' : `; its newest entry is ${duration(age)} old`;
    if (state?.loadState === 'not-found') {
      problems.push({ service, text: `${unit} is not installed on this host${newestIs}` });
      next.push(onHost('systemctl list-units --all --type=service'), { tv: ['config', 'show'] });
    } else if (age === undefined) {
      const reason = found?.newest.known === false ? found.newest.reason : 'nothing was read';
      problems.push({ service, text: reason });
      next.push(onHost(`systemctl status ${quoteForShell(unit)}`));
    } else if (state === undefined) {
      const reason = found?.state.known === false ? found.state.reason : 'systemd did not return it';
      notes.push({ service, text: `state unknown: ${reason}` });
    } else if (state.activeState !== 'active') {
      notes.push({ service, text: `${state.activeState}${newestIs}` });
    } else if (working.includes(service) && age > silentMs && request.until === undefined) {
      const evidence =
        service === 'oracle' ? 'the chain shows whether it works' : 'its progress shows whether it works';
      notes.push({
        service,
        text: `active, but it has written nothing for ${duration(age)}. Python buffers its output, so the journal may lag: ${evidence}`,
      });
      next.push({ tv: service === 'oracle' ? ['oracle', 'status'] : ['status'] });
    }
    if (service === 'nginx')
      notes.push({
        service,
        text: 'by default it writes requests and errors to /var/log/nginx; the journal has its starts and stops',
      });
    return { service, unit, state: state?.activeState ?? null, newest: newest ?? null };
  });
  if (tally.leftOut > 0)
    notes.push({
      service: null,
      text: `${entryCount(tally.leftOut)} of further kinds are counted here alone: there are too many kinds`,
    });
  return {
    services,
    since: request.since ?? null,
    until: request.until ?? null,
    read: tally.read,
    matched: tally.matched,
    shown: tally.shown,
    rule: request.rule ?? null,
    grouped: request.group,
    followed: false,
    hiddenGroups: tally.hiddenGroups,
    problems,
    notes,
    next: distinctAdvice(next),
  };
}
