import type { TracedLog, TracedTransaction } from '../src/chain/transactions/describeTransaction.ts';
import type { TransactionRow } from '../src/database/readTransactionRows.ts';
import type { Advice } from '../src/errors/advice.ts';
import type { Answer } from '../src/errors/answer.ts';
import type { Paint } from '../src/runbook/paint.ts';
import { ago, count, localTime, shortened } from '../src/text/format.ts';
import { aligned, table, wrap } from '../src/text/layout.ts';

/** A log of the protocol's contracts, and what became of it in the database. */
export interface Indexed extends TracedLog {
  readonly stored: boolean;
  /** Tables of kinds with its row. */
  readonly tables: readonly string[];
  /** Why it is not there, as far as that is known. */
  readonly why: string | null;
}

export interface Trace {
  readonly of: 'transaction';
  readonly hash: `0x${string}`;
  /** Undefined inside: no node that was asked knows it. */
  readonly transaction: Answer<TracedTransaction | null>;
  readonly roles: Answer<readonly string[]>;
  readonly rows: Answer<readonly TransactionRow[]>;
  readonly events: readonly Indexed[];
  /** Rows of a log that the chain does not have. */
  readonly surplus: readonly TransactionRow[];
  readonly lines: Answer<readonly { readonly at: string; readonly unit: string; readonly message: string }[]>;
  /** More lines name it than these. */
  readonly isCut: boolean;
  /** When the journal begins that was searched; null where it begins before the transaction could be named. */
  readonly journalBegins: Answer<string | null>;
  readonly run: string | null;
  /** Why another run may have sent it; null where all journals were read, or one has it. */
  readonly runUnknown: string | null;
  readonly next: readonly Advice[];
}

/** A transaction as the chain has it, then its events with their rows, then who named it. */
export function renderTrace(trace: Trace, paint: Paint): string {
  const { transaction, events, surplus, next } = trace;
  const parts = [
    `${paint.bold('Trace')} · ${shortened(trace.hash, paint)}`,
    onChain(trace, paint),
    ...(transaction.known && transaction.value === null
      ? rowsPart(trace, paint)
      : [eventsPart(trace, events, paint)]),
    ...(surplus.length === 0
      ? []
      : [
          `  ${paint.warn('!')} ${wrap(`rows without a log on the chain: ${surplus.map((row) => `${row.table} #${row.logIndex}`).join(', ')}`, paint.width - 4, '    ')}`,
        ]),
    logPart(trace, paint),
    runPart(trace, paint),
    ...(next.length === 0 ? [] : [paint.next(next)]),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** What no node knows; with rows or a run of tv it was sent all the same. */
function notFound({ rows, run }: Trace): readonly ['bad' | 'warn', string] {
  const lost = 'No RPC node that was asked knows it';
  const behind = 'the node is behind or has pruned it';
  if (rows.known && rows.value.length > 0) {
    return [
      'warn',
      `${lost}, and the database has its rows: it was in a block. Either ${behind}, or the block was replaced.`,
    ];
  }
  if (run !== null) {
    return [
      'warn',
      `${lost}, and a run of tv has signed it: pending, dropped from the pool, replaced, or ${behind}.`,
    ];
  }
  return ['bad', `${lost}: not sent to this chain, dropped from the pool, or replaced; or ${behind}.`];
}

function onChain(trace: Trace, paint: Paint): string {
  const { transaction, roles } = trace;
  if (!transaction.known) return `  ${paint.warn('?')} unknown: ${transaction.reason}`;
  const found = transaction.value;
  if (found === null) {
    const [mark, words] = notFound(trace);
    return `  ${paint[mark](mark === 'bad' ? '✖' : '?')} ${wrap(words, paint.width - 4, '    ')}`;
  }
  const held = !roles.known
    ? ` (roles unknown: ${roles.reason})`
    : roles.value.length === 0
      ? ''
      : ` (${roles.value.join(', ')} now)`;
  const status = !found.status.known
    ? paint.warn(`unknown: ${found.status.reason}`)
    : found.status.value === 'success'
      ? paint.ok('success')
      : paint.bad('reverted');
  const made = found.at === null ? undefined : new Date(found.at * 1_000);
  const rows: readonly (readonly [string, string])[] = [
    ['status', status],
    ...(found.revert === null
      ? []
      : [['reason', found.revert.known ? found.revert.value : `unknown: ${found.revert.reason}`] as const]),
    ...(found.block === null || made === undefined
      ? []
      : [['block', `${count(found.block)}, ${localTime(made)} (${ago(made, paint.now)})`] as const]),
    ['sender', `${found.from}${held}, nonce ${count(found.nonce)}`],
    ...found.calls.map(
      ({ to, contract, call }) => ['call', `${contract ?? to ?? 'a new contract'}: ${call}`] as const,
    ),
  ];
  return aligned(
    rows.map(([name, value]) => [name, shortened(value, paint)]),
    paint.width,
  );
}

function eventsPart({ rows, transaction }: Trace, events: readonly Indexed[], paint: Paint): string {
  const logs = transaction.known && transaction.value !== null ? transaction.value.logs : undefined;
  if (logs !== undefined && !logs.known) return `Events\n\n  ${paint.warn('?')} unknown: ${logs.reason}`;
  if (events.length === 0) return 'Events\n\n  none of the protocol’s contracts';
  const lines = events.map(({ name, contract, logIndex, args, stored, tables, why, unstorable }) => {
    const mark = !rows.known
      ? paint.warn('?')
      : stored
        ? paint.ok('✔')
        : unstorable
          ? paint.dim('·')
          : paint.bad('✖');
    const place = !rows.known ? 'rows unknown' : stored ? tables.join(', ') : (why ?? '');
    return [`${mark} #${logIndex}`, name ?? 'unknown event', place, shortened(args ?? contract ?? '', paint)];
  });
  const unread = rows.known ? '' : `\n\n  ${paint.warn('?')} rows unknown: ${rows.reason}`;
  return `Events and their rows\n\n${table(lines, '  ', paint.width)}${unread}`;
}

/** Rows of a transaction that no node knows: without its logs they are compared with nothing. */
function rowsPart({ rows }: Trace, paint: Paint): readonly string[] {
  if (!rows.known) return [`Rows\n\n  ${paint.warn('?')} unknown: ${rows.reason}`];
  if (rows.value.length === 0) return [];
  const lines = rows.value.map(({ table: name, logIndex, kind, contract, children }) => [
    `${paint.warn('?')} ${logIndex === null ? '' : `#${logIndex}`}`,
    kind ?? 'unknown kind',
    [name, ...children].join(', '),
    shortened(contract ?? '', paint),
  ]);
  return [`Rows, not compared with the chain\n\n${table(lines, '  ', paint.width)}`];
}

function logPart({ lines, isCut, journalBegins }: Trace, paint: Paint): string {
  if (!lines.known) return `Journals\n\n  ${paint.warn('?')} unknown: ${lines.reason}`;
  const shown = lines.value.map(({ at, unit, message }) =>
    wrap(shortened(`  ${localTime(new Date(at))} ${unit}: ${message}`, paint), paint.width, '    '),
  );
  const from = journalBegins.known ? journalBegins.value : undefined;
  const older = !journalBegins.known
    ? `when the journal begins is unknown: ${journalBegins.reason}`
    : from === null || from === undefined
      ? undefined
      : `the journal begins ${localTime(new Date(from))} (${ago(new Date(from), paint.now)}): what is older was rotated away or never kept`;
  const notes = [
    ...(shown.length === 0
      ? [
          older === undefined
            ? 'no line of the services names it'
            : 'no line that the journal still has names it',
        ]
      : []),
    ...(isCut ? [`the first ${shown.length} lines; more name it`] : []),
  ];
  return `Journals\n\n${[
    ...shown,
    ...notes.map((text) => `  ${wrap(text, paint.width - 2, '  ')}`),
    ...(older === undefined ? [] : [`  ${paint.warn('?')} ${wrap(older, paint.width - 4, '    ')}`]),
  ].join('\n')}`;
}

function runPart({ run, runUnknown }: Trace, paint: Paint): string {
  if (run !== null) return `Run of tv\n\n  ${run}`;
  if (runUnknown === null) return 'Run of tv\n\n  none: the journals of this machine do not have it';
  return `Run of tv\n\n  ${paint.warn('?')} ${wrap(`unknown: ${runUnknown}`, paint.width - 4, '    ')}`;
}
