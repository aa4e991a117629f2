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
  readonly run: string | null;
  readonly next: readonly Advice[];
}

/** A transaction as the chain has it, then its events with their rows, then who named it. */
export function renderTrace(trace: Trace, paint: Paint): string {
  const { transaction, events, surplus, lines, run, next } = trace;
  const parts = [
    `${paint.bold('Trace')} · ${shortened(trace.hash, paint)}`,
    onChain(trace, paint),
    ...(transaction.known && transaction.value === null ? [] : [eventsPart(trace, events, paint)]),
    ...(surplus.length === 0
      ? []
      : [
          `  ${paint.warn('!')} ${wrap(`rows without a log on the chain: ${surplus.map((row) => `${row.table} #${row.logIndex}`).join(', ')}`, paint.width - 4, '    ')}`,
        ]),
    logPart(lines, paint),
    `Run of tv\n\n  ${run ?? 'none: the journals of this machine do not have it'}`,
    ...(next.length === 0 ? [] : [paint.next(next)]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function onChain({ transaction, roles }: Trace, paint: Paint): string {
  if (!transaction.known) return `  ${paint.warn('?')} unknown: ${transaction.reason}`;
  const found = transaction.value;
  if (found === null) {
    return `  ${paint.bad('✖')} ${wrap('No RPC node that was asked knows it: not sent to this chain, dropped from the pool, or replaced.', paint.width - 4, '    ')}`;
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

function logPart(lines: Trace['lines'], paint: Paint): string {
  if (!lines.known) return `Journals\n\n  ${paint.warn('?')} unknown: ${lines.reason}`;
  if (lines.value.length === 0) return 'Journals\n\n  no line of the services names it';
  const shown = lines.value.map(({ at, unit, message }) =>
    wrap(shortened(`  ${localTime(new Date(at))} ${unit}: ${message}`, paint), paint.width, '    '),
  );
  return `Journals\n\n${shown.join('\n')}`;
}
