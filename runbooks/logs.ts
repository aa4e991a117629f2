import * as z from 'zod';
import { TvError, UnavailableError } from '../src/errors/TvError.ts';
import { detectSystemd } from '../src/host/detectSystemd.ts';
import { LogGroups } from '../src/host/journal/groups.ts';
import {
  JournalError,
  type JournalQuery,
  readJournalStart,
  streamJournal,
} from '../src/host/journal/streamJournal.ts';
import { foldTracebacks, type LogEntry } from '../src/host/journal/tracebacks.ts';
import { defineStream, field, type StreamContext } from '../src/runbook/define.ts';
import { moment } from '../src/runbook/inputs.ts';
import { byHand } from './logs.byHand.ts';
import { chooseLog, type LogRequest } from './logs.choose.ts';
import { judgeCoverage, type LogReport, type Remark, type Tally } from './logs.judge.ts';
import { type LogItem, renderItem, renderRemarks, renderReport } from './logs.render.ts';

/** Lines read besides those shown, so that the traceback that the first one belongs to is whole. */
const tracebackLines = 200;

const input = {
  service: field(
    '[service...]',
    'api, indexer, oracle (default: these three) or nginx; units by their names too',
    z.array(z.string()).default([]),
  ),
  follow: field('-f, --follow', 'show new entries as they come; Ctrl-C ends it', z.boolean().default(false)),
  since: field('--since <time>', 'from this time on: 40m, 2h, "1 hour ago", 03:12, ISO', moment.optional()),
  until: field('--until <time>', 'up to this time', moment.optional()),
  lines: field(
    '-n, --lines <count>',
    'the newest so many, or all (default: 50, or all with a time)',
    z
      .string()
      .regex(/^(\d{1,5}|all)$/, 'expected a number up to 99999, or all')
      .optional(),
  ),
  errors: field('--errors', 'errors only, by level or by their text', z.boolean().default(false)),
  grep: field(
    '--grep <pattern>',
    'only what matches; in either case, unless it has capitals',
    z.string().min(1, 'expected a pattern').optional(),
  ),
  tx: field(
    '--tx <hash>',
    'only what names this transaction, in the whole journal',
    z
      .string()
      .regex(/^0x[0-9a-f]{64}$/i, 'expected a transaction hash: 0x and 64 hex digits')
      .optional(),
  ),
  group: field('--group', 'fold like messages: how often, first and last', z.boolean().default(false)),
  frames: field('--frames', 'show the frames of Python tracebacks too', z.boolean().default(false)),
};

/** `tv logs`: the journals of the services as one. */
export default defineStream({
  title: 'Logs',
  summary: 'Show the journals of the services, merged by time',
  section: '9',
  order: 3,
  // Logs are needed most when something is wrong, be it a setting.
  settings: 'as-found',
  description: `Shows what the services have written to the systemd journal, merged in the order of time. A Python traceback is one entry, headed by its last line. Passwords in URLs are masked: the indexer writes its own at every start.

Without --since it shows the newest 50 entries; with --errors, --grep or --group those of the last hour. --errors shows what has the level error or worse, or error, exception, traceback, critical or fatal in its text: Python services write everything with the same priority. --group counts messages that differ only in numbers, hashes and addresses.

What could not be read is said, and exit code 1: no journal, no permission, no such unit. A service that runs and writes nothing is named too: Python buffers its output.`,
  byHand,
  examples: [
    { what: 'The newest entries of API, indexer and oracle', line: 'tv logs' },
    { what: 'Errors of the last two hours, like ones folded', line: 'tv logs --since 2h --errors --group' },
    { what: 'Follow the oracle', line: 'tv logs oracle -f' },
    {
      what: 'What names a transaction',
      line: 'tv logs --tx $TX_HASH',
    },
  ],
  input,
  read: async function* (ctx, given) {
    const request = chooseLog(given, ctx.settings.host.units, ctx.clock.now());
    const tally: Tally = {
      ...{ read: 0, matched: 0, shown: 0, unreadable: 0, leftOut: 0 },
      ...{ hiddenGroups: 0, newestRead: new Map(), cursor: undefined },
    };
    let report: LogReport | undefined;
    try {
      const start = journalStart(ctx, request);
      const groups = new LogGroups();
      const kept: LogEntry[] = [];
      let failure: JournalError | undefined;
      try {
        for await (const entry of openLog(ctx, request, tally, {})) {
          if (!request.matches(entry)) continue;
          tally.matched += 1;
          if (request.group) groups.add(entry);
          else if (request.lines === undefined) yield show(request, tally, entry);
          else if (kept.push(entry) > request.lines * 2 + tracebackLines)
            kept.splice(0, kept.length - request.lines);
        }
      } catch (error) {
        if (!(error instanceof JournalError)) throw error;
        failure = error;
      }
      if (tally.read === 0) await assertJournal(ctx, failure);
      const list = groups.list();
      tally.leftOut = groups.leftOut;
      for (const group of list.slice(0, request.lines)) {
        yield { ...group, service: request.nameOf(group.unit) };
        tally.shown += 1;
      }
      tally.hiddenGroups = list.length - Math.min(list.length, request.lines ?? list.length);
      const newest = kept.slice(Math.max(0, kept.length - (request.lines ?? 0)));
      for (const entry of newest) yield show(request, tally, entry);

      report = await judgeCoverage(ctx, request, tally, { start: await start, failure });
      if (!request.follow || failure !== undefined) return report;
      for (const line of renderRemarks(report)) ctx.tell(line);
      const place = { follow: true, afterCursor: tally.cursor };
      for await (const entry of openLog(ctx, request, tally, place)) {
        if (request.matches(entry)) yield show(request, tally, entry);
      }
      return { ...report, problems: [...report.problems, stoppedEarly] };
    } catch (error) {
      // A signal is how following ends.
      if (!request.follow || !ctx.signal.aborted) throw error;
      const { read, matched, shown } = tally;
      return report === undefined ? undefined : { ...report, read, matched, shown, followed: true };
    }
  },
  renderItem,
  // What there was to say was said before following began.
  render: (report, paint) => (report === undefined || report.followed ? '' : renderReport(report, paint)),
  endless: ({ follow }) => follow,
  exitCode: (report) => (report === undefined || report.followed || report.problems.length === 0 ? 0 : 1),
});

const stoppedEarly: Remark = { service: null, text: 'journalctl ended although it should have followed' };

/** The entries of the window, tracebacks folded. */
function openLog(
  ctx: StreamContext,
  request: LogRequest,
  tally: Tally,
  place: Pick<JournalQuery, 'follow' | 'afterCursor'>,
): AsyncGenerator<LogEntry, void, void> {
  const { units, since, until, lines, containing } = request;
  const newestOnly =
    lines !== undefined && !request.filtered && !request.group && place.follow !== true
      ? { lines: lines + tracebackLines }
      : {};
  const entries = streamJournal(ctx.host(), {
    ...{ units, since, until, containing, signal: ctx.signal, ...newestOnly, ...place },
    onEntry: ({ unit, at, cursor }) => {
      tally.read += 1;
      tally.newestRead.set(unit, at);
      tally.cursor = cursor ?? tally.cursor;
    },
    onUnreadable: () => {
      tally.unreadable += 1;
    },
  });
  return foldTracebacks(entries);
}

function show(request: LogRequest, tally: Tally, entry: LogEntry): LogItem {
  tally.shown += 1;
  return { service: request.nameOf(entry.unit), ...entry };
}

/** When the journal begins; asked for only where that decides whether the whole window was seen. */
async function journalStart(ctx: StreamContext, request: LogRequest): Promise<Date | undefined> {
  if (request.since === undefined && request.containing === undefined) return undefined;
  try {
    return await readJournalStart(ctx.host(), { signal: ctx.signal });
  } catch (error) {
    // Reading the entries fails in the same way, and says so.
    if (error instanceof TvError || ctx.signal.aborted) return undefined;
    throw error;
  }
}

/** Nothing at all was read. Without systemd there is no journal, whatever journalctl says. */
async function assertJournal(ctx: StreamContext, failure: JournalError | undefined): Promise<void> {
  const systemd = await detectSystemd(ctx.host());
  if (!systemd.available) {
    const message = 'There is no systemd on the host, and so no journal of the services.';
    throw new UnavailableError('host.journal-unreadable', message, {
      facts: { systemd: systemd.reason, journalctl: failure?.reason },
      next: { tv: ['config', 'show'] },
    });
  }
  if (failure !== undefined) throw failure;
}
