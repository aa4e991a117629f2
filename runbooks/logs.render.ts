import { type LogGroup, withoutOwnTime } from '../src/host/journal/groups.ts';
import type { Level } from '../src/host/journal/levels.ts';
import type { LogEntry } from '../src/host/journal/tracebacks.ts';
import type { Paint } from '../src/runbook/paint.ts';
import { ago, count, localTime, shortened } from '../src/text/format.ts';
import { padEnd, wrap } from '../src/text/layout.ts';
import type { LogService } from './logs.choose.ts';
import { entryCount, type LogReport, type Remark } from './logs.judge.ts';

export type LogItem = (LogEntry | LogGroup) & { readonly service: LogService | null };

const order: readonly (LogService | null)[] = ['api', 'indexer', 'oracle', 'nginx'];
/** Columns of the longest name. */
const nameWidth = 7;

export function renderItem(
  item: LogItem,
  paint: Paint,
  { frames }: { readonly frames: boolean },
  previous: LogItem | undefined,
): string {
  if ('count' in item) return renderGroup(item, paint);
  if (paint.piped === true) return renderPiped(item, frames);
  const [day, time, zone] = partsOf(item.at);
  const before = previous !== undefined && 'at' in previous ? partsOf(previous.at) : [];
  const header = day === before[0] && zone === before[2] ? '' : `${paint.dim(`${day} ${zone}`)}\n`;
  const start = `${paint.dim(time)} ${markOf(item.level, paint)} ${nameOf(item, paint)}  `;
  const indent = ' '.repeat(time.length + 3 + nameWidth + 2);
  const message = textOf(withoutOwnTime(item.message, item.at), paint, indent);
  return `${header}${start}${inkOf(item.level, paint)(message)}\n${renderFrames(item, frames, paint, indent)}`;
}

/** One line an entry, with everything on it, for grep and the like. */
function renderPiped(
  { at, service, level, message, frames }: LogEntry & LogItem,
  withFrames: boolean,
): string {
  const folded = frames.length === 0 || withFrames ? '' : ` [traceback, ${frames.length} lines]`;
  const line = `${localTime(at)} ${service ?? '?'} ${level} ${message.replaceAll('\n', ' | ')}${folded}\n`;
  return withFrames ? `${line}${frames.map((frame) => `    ${frame}\n`).join('')}` : line;
}

function renderFrames({ frames }: LogEntry, shown: boolean, paint: Paint, indent: string): string {
  if (frames.length === 0) return '';
  if (!shown) return `${indent}${paint.dim(`traceback, ${frames.length} more lines: --frames`)}\n`;
  return frames.map((frame) => `${indent}${paint.dim(frame)}\n`).join('');
}

function renderGroup(group: LogGroup & LogItem, paint: Paint): string {
  const { level, pattern, newest, first, last, count: times } = group;
  const start = `${count(times).padStart(7)} × ${markOf(level, paint)} ${nameOf(group, paint)}  `;
  const indent = ' '.repeat(7 + 5 + nameWidth + 2);
  const message = textOf(times === 1 ? withoutOwnTime(newest) : pattern, paint, indent);
  const when =
    times === 1
      ? `${timeOf(last, paint)}, ${ago(last, paint.now)}`
      : `${timeOf(first, paint)} to ${timeOf(last, paint)}, ${ago(last, paint.now)}`;
  return `${start}${inkOf(level, paint)(message)}\n${indent}${paint.dim(when)}\n`;
}

/** Where it is read at a terminal, within its width. */
function textOf(message: string, paint: Paint, indent: string): string {
  if (message === '') return '(no text)';
  return message
    .split('\n')
    .map((line) => wrap(line, paint.width - indent.length, indent))
    .join(`\n${indent}`);
}

function nameOf({ service }: LogItem, paint: Paint): string {
  return paint.tint(Math.max(0, order.indexOf(service)), padEnd(service ?? '?', nameWidth));
}

function markOf(level: Level, paint: Paint): string {
  if (level === 'error' || level === 'critical') return paint.bad('✖');
  return level === 'warning' ? paint.warn('!') : ' ';
}

function inkOf(level: Level, paint: Paint): (text: string) => string {
  const ink = { critical: paint.bad, error: paint.bad, warning: paint.warn, debug: paint.dim };
  return level in ink ? (text) => ink[level as keyof typeof ink](text) : (text) => text;
}

/** Day, time and offset, in the local zone. */
function partsOf(at: Date): readonly [string, string, string] {
  const [day = '', time = '', zone = ''] = localTime(at).split(' ');
  return [day, time, zone];
}

/** The time of today, or day and time. */
function timeOf(at: Date, paint: Paint): string {
  const [day, time] = partsOf(at);
  return day === partsOf(paint.now)[0] ? time : `${day} ${time}`;
}

/** What is to be known before new entries are waited for. */
export function renderRemarks({ problems, notes }: LogReport): readonly string[] {
  return [...problems, ...notes].map(
    ({ service, text }) => `  ! ${service === null ? '' : `${service}: `}${text}`,
  );
}

export function renderReport(report: LogReport, paint: Paint): string {
  const remark = (mark: string, { service, text }: Remark) => {
    const name = service === null ? '' : `${service}: `;
    return `  ${mark} ${wrap(`${name}${text}`, paint.width - 4, '    ')}`;
  };
  const sum = sumOf(report, paint);
  const lines = [
    ...(sum === undefined ? [] : [wrap(sum, paint.width, '  ')]),
    ...report.problems.map((each) => remark(paint.bad('✖'), each)),
    ...report.notes.map((each) => remark(paint.warn('!'), each)),
    ...(report.next.length === 0 ? [] : [paint.next(report.next)]),
  ];
  return lines.length === 0 ? '' : `\n${lines.join('\n')}\n`;
}

/** How much was read and shown; undefined where the screen says enough. */
function sumOf(report: LogReport, paint: Paint): string | undefined {
  const { read, matched, shown, since, until, services, problems, grouped, hiddenGroups } = report;
  const rule = report.rule === null ? null : shortened(report.rule, paint);
  const names = services.map(({ service }) => service).join(', ');
  const from = since === null ? '' : ` since ${timeOf(since, paint)} (${ago(since, paint.now)})`;
  const to = until === null ? '' : ` until ${timeOf(until, paint)}`;
  const among = problems.length > 0 ? ' that could be read' : '';
  const where = `${names}${from}${to}`;
  if (read === 0) return `No entries of ${where}${among}${rule === null ? '' : `: ${rule}`}.`;
  if (shown === 0 && matched === 0)
    return `None of the ${count(read)} journal entries of ${where}${among} matches: ${rule ?? 'all'}.`;
  if (grouped) {
    const hidden = hiddenGroups === 0 ? '' : `, ${count(hiddenGroups)} more kinds (-n all)`;
    return paint.dim(
      `${entryCount(matched)} in ${count(shown)} kinds${hidden}: ${rule === null ? '' : `${rule}, `}${where}${among}`,
    );
  }
  const shownOf =
    matched > shown ? `the newest ${count(shown)} of ${entryCount(matched)}` : entryCount(shown);
  return rule === null ? undefined : paint.dim(`${shownOf}: ${rule}, ${where}${among}`);
}
