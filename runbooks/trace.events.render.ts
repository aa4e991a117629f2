import { type ContractName, contractTitles } from '../src/chain/intents/intent.ts';
import type { Paint } from '../src/runbook/paint.ts';
import { ago, count, howMany, localTime, shortened } from '../src/text/format.ts';
import { wrap } from '../src/text/layout.ts';
import { type EventTrace, type FollowedEvent, isComplete } from './trace.events.ts';

/** Events in order of time with their rows, then what was not searched. */
export function renderEventTrace(trace: EventTrace, paint: Paint): string {
  const { of, subject, blocks, none, events, next } = trace;
  const range = blocks === null ? '' : ` · blocks ${count(blocks.from)} to ${count(blocks.to)}`;
  const parts = [
    wrap(
      `${paint.bold(of === 'address' ? 'Address' : 'Deposit')} · ${shortened(subject, paint)}${range}`,
      paint.width,
      '  ',
    ),
    ...(none === null
      ? []
      : [`  ${paint.bad('✖')} ${wrap(`Nothing to follow: ${none}.`, paint.width - 4, '    ')}`]),
    ...events.map((event) => renderEvent(event, paint)),
    ...(none === null && events.length === 0 ? [nothingFound(trace, paint)] : []),
    ...unread(trace, paint),
    ...(next.length === 0 ? [] : [paint.next(next)]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function renderEvent(event: FollowedEvent, paint: Paint): string {
  const { block, at, transactionHash, logIndex, contract, name, as, words } = event;
  const time =
    at === null
      ? 'time unknown'
      : `${localTime(new Date(at * 1_000))} (${ago(new Date(at * 1_000), paint.now)})`;
  const lines = [
    `${markOf(event, paint)} ${wrap(`${name ?? 'unknown event'}${contract === null ? '' : ` of ${contractTitles[contract as ContractName] ?? contract}`}${as.length === 0 ? '' : ` (as ${as.join(', ')})`}`, paint.width - 4, '    ')}`,
    ...(words === '' ? [] : [`  ${wrap(shortened(words, paint), paint.width - 4, '    ')}`]),
    `  ${wrap(`${time}, block ${count(block)}`, paint.width - 4, '    ')}`,
    `  ${wrap(`transaction ${shortened(transactionHash, paint)}${logIndex === null ? '' : ` #${logIndex}`}: ${placeOf(event)}`, paint.width - 4, '    ')}`,
  ];
  return lines.map((line) => `  ${line}`).join('\n');
}

function markOf({ chain, stored, unstorable }: FollowedEvent, paint: Paint): string {
  if (chain === 'not-found') return paint.warn('!');
  if (chain === 'unread' || stored === null) return paint.warn('?');
  if (stored) return paint.ok('✔');
  return unstorable ? paint.dim('·') : paint.bad('✖');
}

function placeOf({ chain, stored, tables, why }: FollowedEvent): string {
  if (chain === 'not-found') return `row in ${tables.join(', ')}; no such event was found on the chain`;
  if (chain === 'unread') return `row in ${tables.join(', ')}; not read on the chain`;
  if (stored === null) return 'rows unknown';
  if (stored) return `row in ${tables.join(', ')}`;
  return tables.length > 0 ? (why ?? 'row differs') : `no row: ${why ?? 'reason unknown'}`;
}

function nothingFound(trace: EventTrace, paint: Paint): string {
  if (trace.blocks === null || !isComplete(trace)) {
    return `  ${paint.warn('?')} ${wrap('Unknown: nothing was found, and not everything could be read.', paint.width - 4, '    ')}`;
  }
  const { from, to } = trace.blocks;
  return `  ${wrap(`No event and no row names it in these ${howMany(to - from + 1, 'block')}.`, paint.width - 2, '  ')}`;
}

function unread({ gaps, rows, notes }: EventTrace, paint: Paint): readonly string[] {
  const lines = [
    ...[...Map.groupBy(gaps, ({ from, to, reason }) => `${from} ${to} ${reason}`).values()].flatMap(
      (same) => {
        const [gap] = same;
        if (gap === undefined) return [];
        const sources = same.map(({ of }) => of).join(' and ');
        return {
          mark: gap.isChosen ? paint.dim('·') : paint.warn('?'),
          text: `${sources}, blocks ${count(gap.from)} to ${count(gap.to)}: ${gap.reason}`,
        };
      },
    ),
    ...(rows.known ? [] : [{ mark: paint.warn('?'), text: `rows of the events: ${rows.reason}` }]),
    ...notes.map((text) => ({ mark: paint.dim('·'), text })),
  ];
  if (lines.length === 0) return [];
  const shown = lines.map(({ mark, text }) => `  ${mark} ${wrap(text, paint.width - 4, '    ')}`);
  return [`Not shown\n\n${shown.join('\n')}`];
}
