import { onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { outsideText } from '../text/outsideText.ts';
import { quoteForShell } from '../text/shellLine.ts';
import counter from './countAccess.awk';
import script from './countAccess.sh';
import { lastLine } from './explainFailure.ts';

const dayMs = 86_400_000;
/** Of both windows, in days; as countAccess.awk has it. */
export const accessWindowDays = 30;
/** For reading two months of a log with its compressed parts, in milliseconds. */
const limitMs = 60_000;

/** Requests of 30 days. */
export interface AccessWindow {
  /** By the first digit of the status: `2`, `3`, `4`, `5`. */
  readonly byClass: Readonly<Record<string, number>>;
  readonly requests: number;
  /** Different addresses. */
  readonly sources: number;
}

export interface AccessLog {
  /** The last 30 days. */
  readonly current: AccessWindow;
  /** The 30 days before. */
  readonly before: AccessWindow;
  /** The sources with the most requests in the last 30 days, with those of the 30 days before. */
  readonly top: readonly { readonly source: string; readonly count: number; readonly before: number }[];
  /** The day of the oldest line; undefined where there is no line. */
  readonly oldest: Date | undefined;
  /** The day of the newest line, in the time zone of the log; undefined where there is no line. */
  readonly newest: Date | undefined;
  readonly lines: number;
  /** Lines that are not in the combined format. */
  readonly unparsed: number;
}

/**
 * Counts the requests in a log of nginx or Apache and in its rotated parts.
 * @throws TvError where there is no log, or a part of it cannot be read: a part says nothing of the whole
 */
export async function readAccessLog(
  host: Host,
  { path, now }: { readonly path: string; readonly now: Date },
): Promise<AccessLog> {
  const today = String(Math.floor(now.getTime() / dayMs));
  const { exitCode, stdout, stderr } = await host.run(['sh', '-c', script, 'sh', path, counter, today], {
    timeoutMs: limitMs,
  });
  const said = lastLine(stderr);
  const see = onHost(`ls -l ${quoteForShell(path)}*`);
  if (exitCode === 22 && /No such file/.test(stderr)) {
    throw new TvError('file.missing', `${path} does not exist on the host.`, {
      next: { when: 'set host.accessLog', tv: ['config', 'show'] },
    });
  }
  if (exitCode === 22 || exitCode === 23) {
    throw new TvError('file.unreadable', `${said || path} may not be read by this user.`, { next: see });
  }
  const log = exitCode === 0 && said === '' ? parseAccessCounts(stdout) : undefined;
  if (log !== undefined) return log;
  const why = said || `exit code ${exitCode}`;
  throw new TvError('host.unreadable-answer', `${path} cannot be read to its end: ${why}.`, {
    next: see,
  });
}

/** Undefined where the output is not that of a counter that came to its end. */
export function parseAccessCounts(output: string): AccessLog | undefined {
  const rows = output.trimEnd().split('\n');
  if (rows.pop() !== 'end') return undefined;
  const figures = (name: string, count: number): readonly number[][] =>
    rows
      .map((row) => row.split(' '))
      .filter(([first]) => first === name)
      .map((row) => row.slice(1, 1 + count).map(Number));
  const window = (index: number): AccessWindow => {
    const classes = figures('status', 3).filter(([of]) => of === index);
    return {
      byClass: Object.fromEntries(classes.map(([, name, count = 0]) => [String(name), count])),
      requests: classes.reduce((sum, [, , count = 0]) => sum + count, 0),
      sources: figures('sources', 2).find(([of]) => of === index)?.[1] ?? 0,
    };
  };
  const top = rows.flatMap((row) => {
    const [, count, before, source] = /^source (\d+) (\d+) (.*)$/.exec(row) ?? [];
    return source === undefined
      ? []
      : [{ source: outsideText(source), count: Number(count), before: Number(before) }];
  });
  const [lines, unparsed, oldest, newest] = ['lines', 'unparsed', 'oldest', 'newest'].map(
    (name) => figures(name, 1)[0]?.[0],
  );
  if (lines === undefined || unparsed === undefined) return undefined;
  if (oldest === undefined || newest === undefined) return undefined;
  return {
    ...{ current: window(0), before: window(1), top, lines, unparsed },
    oldest: oldest < 0 ? undefined : new Date(oldest * dayMs),
    newest: newest < 0 ? undefined : new Date(newest * dayMs),
  };
}
