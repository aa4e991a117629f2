import {
  type Content,
  type DifferingRow,
  describeDifferences,
  type EventRow,
} from '../chain/compareContents.ts';
import {
  compareEvents,
  type EventComparison,
  type Listed,
  merge,
  type UnkeptKind,
} from '../chain/compareEvents.ts';
import { assertPlaced, confirmSurplus, readTopics, type SurplusRow } from '../chain/confirmSurplus.ts';
import { eventName, hasOpaqueArgument, indexedEvents } from '../chain/events.ts';
import { type ChainLog, readLogs } from '../chain/readLogs.ts';
import { testLogIndex } from '../chain/testLogIndex.ts';
import type { Address } from '../config/settings.ts';
import type { EventSchema } from '../database/eventSchema.ts';
import { findUnpairedRows, type UnpairedRows } from '../database/findUnpairedRows.ts';
import { type EventKind, readEventKinds } from '../database/readEventKinds.ts';
import { readEvents } from '../database/readEvents.ts';
import { type Answer, answer, known, unknown } from '../errors/answer.ts';
import { type Journal, readJournal } from '../host/readJournal.ts';
import type { Context } from '../runbook/context.ts';
import type { Progress } from '../runbook/events.ts';
import { count, howMany } from '../text/format.ts';

export interface CompareParameters {
  readonly schema: EventSchema;
  readonly contracts: readonly Address[];
  readonly fromBlock: number;
  readonly toBlock: number;
  /** Whether to search the indexer's journal for why it does not store a kind; default true. */
  readonly explain?: boolean;
  /** Kinds of which the database held rows earlier: they are stored, even if none is there now. */
  readonly before?: readonly EventKind[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** A kind that this indexer has never stored, and cannot. */
export type UnstorableKind = {
  readonly kind: string;
  /** Its logs on the chain, in the blocks compared. */
  readonly logs: number;
  /** The line of the indexer's journal, or what else shows it. */
  readonly reason: string;
};

export interface ChainComparison {
  readonly matched: number;
  /** Rows that hold the place of a log, and are not as it is: of another contract, kind, block or time. */
  readonly differing: Listed<DifferingRow>;
  /** What was compared of the rows, beside transaction hash and log index: what they keep, and the node returned. */
  readonly compared: readonly Content[];
  /** On the chain, not in the database, and this indexer stores such events as far as is known. */
  readonly missing: Listed<ChainLog>;
  readonly missingBlocks: EventComparison['missingBlocks'];
  /** In the database, not on the chain: the receipts, or the blocks, say so. */
  readonly surplus: Listed<SurplusRow>;
  /** On the chain by their receipts, though `eth_getLogs` left them out. */
  readonly leftOut: Listed<EventRow>;
  /** Rows without a log, whose transactions could not be read. */
  readonly unconfirmed: Listed<EventRow>;
  readonly unconfirmedReason: string | null;
  /** Why logs may be missing on both sides: an indexer that reads from this node would not have them either. */
  readonly logIndexDoubt: string | null;
  /** Events whose row in the table of their kind is not there. */
  readonly unpaired: readonly UnpairedRows[];
  readonly unstorable: readonly UnstorableKind[];
  /** Logs of kinds that have no table here and were never stored. */
  readonly ignored: number;
}

/**
 * The protocol's logs on the chain against the rows in the database, over the same blocks.
 * @throws TvError where a source is away, or the RPC node contradicts itself about where logs are
 */
export async function compareWithChain(
  ctx: Context,
  parameters: CompareParameters,
): Promise<ChainComparison> {
  const { schema, contracts, fromBlock, toBlock, onProgress, signal = ctx.signal } = parameters;
  const { before = [], explain = true } = parameters;
  const kinds = await readEventKinds(ctx.database(), { schema, fromBlock, toBlock });
  const stored = new Set([...kinds, ...before].filter(({ all }) => all > 0).map(({ kind }) => kind));
  const comparison = await compareEvents({
    chain: readLogs(ctx.chain(), {
      fromBlock,
      toBlock,
      addresses: contracts,
      signal,
      ...(onProgress === undefined ? {} : { onProgress }),
    }),
    database: readEvents(ctx.database(), { schema, fromBlock, toBlock }),
    keeps: keepsKinds(schema, stored),
  });
  const rows = await confirmSurplus(ctx.chain(), {
    rows: comparison.unlisted,
    addresses: contracts,
    signal,
  });
  const sorted = await sortUnkept(ctx, {
    schema,
    unkept: comparison.unkept,
    kinds: [...kinds, ...before],
    explain,
  });
  const missing = merge([comparison.missing, ...sorted.missing]);
  const { total: differing, first: differ } = comparison.differing;
  await assertPlaced(ctx.chain(), missing.first, signal);
  await assertPlaced(
    ctx.chain(),
    differ.map(({ log }) => log),
    signal,
  );
  const verdict = await testLogIndex(ctx.chain(), { fromBlock, toBlock });
  const none = comparison.matched + differing + comparison.missing.total + comparison.unkept.length === 0;
  const isDoubtful = verdict.is === 'broken' || (verdict.is === 'untested' && none);
  return {
    matched: comparison.matched + rows.leftOut.total,
    differing: { total: differing, first: differ.map(({ row }) => row) },
    compared: [...comparison.compared],
    missing,
    missingBlocks: comparison.missingBlocks,
    surplus: rows.surplus,
    leftOut: rows.leftOut,
    unconfirmed: rows.unconfirmed,
    unconfirmedReason: rows.reason ?? null,
    logIndexDoubt: isDoubtful ? verdict.reason : null,
    unpaired: await unpairedRows(ctx, { schema, fromBlock, toBlock }),
    unstorable: sorted.unstorable,
    ignored: sorted.ignored,
  };
}

/** Events whose row in the table of their kind is not there, with the kinds as this project's indexer names them. */
export async function unpairedRows(
  ctx: Pick<Context, 'database'>,
  range: { readonly schema: EventSchema; readonly fromBlock: number; readonly toBlock: number },
): Promise<readonly UnpairedRows[]> {
  const kindsOf = (name: string) =>
    indexedEvents.filter(({ table }) => table === name).map((event) => event.name);
  return findUnpairedRows(ctx.database(), { ...range, kindsOf });
}

/** `12 of deposits (from block 4 711), 3 of losses` */
export function describeUnpaired(unpaired: readonly UnpairedRows[]): string {
  return unpaired
    .map(
      ({ table, missing, firstBlock }) =>
        `${count(missing)} of ${table} (from block ${count(firstBlock ?? 0)})`,
    )
    .join(', ');
}

/** `transaction, log index, contract, kind`: what was compared of each row. */
export function describeCompared({ compared }: Pick<ChainComparison, 'compared'>): string {
  return ['transaction', 'log index', ...compared].join(', ');
}

/** Of the first row that is not as its log. */
export function firstDifference({ differing }: Pick<ChainComparison, 'differing'>): string | undefined {
  const [first] = differing.first;
  return first === undefined
    ? undefined
    : `block ${count(first.block)}, ${describeDifferences(first.differences)}`;
}

/** Which logs the indexer is meant to keep: those of a kind that has a table here. */
export function keeps(schema: EventSchema): (log: ChainLog) => boolean {
  const tables = new Set(schema.tables.map(({ name }) => name));
  const kept = new Set(
    indexedEvents.filter(({ table }) => schema.raw !== null || tables.has(table)).map(({ topic }) => topic),
  );
  return ({ topic }) => topic !== undefined && kept.has(topic);
}

/** Which logs the indexer is known to keep. Where the raw table names no kinds, those with a table. */
function keepsKinds(schema: EventSchema, stored: ReadonlySet<string>): (log: ChainLog) => boolean {
  const intended = keeps(schema);
  if (!namesKinds(schema)) return intended;
  return (log) => {
    if (schema.raw !== null) return stored.has(eventName(log.topic) ?? '');
    return intended(log) && stored.has(tableOf(log.topic) ?? '');
  };
}

function namesKinds(schema: EventSchema): boolean {
  return schema.raw === null || schema.tables.some(({ kindColumn }) => kindColumn !== null);
}

function tableOf(topic: ChainLog['topic']): string | undefined {
  return indexedEvents.find((event) => event.topic === topic)?.table;
}

/**
 * Kinds without any row: missing, unless this indexer cannot store them. That takes a line of its
 * journal, or all such kinds behaving alike.
 */
async function sortUnkept(
  ctx: Context,
  parameters: {
    readonly schema: EventSchema;
    readonly unkept: EventComparison['unkept'];
    readonly kinds: readonly EventKind[];
    readonly explain: boolean;
  },
) {
  const { schema, unkept, kinds, explain } = parameters;
  const missing: Listed<ChainLog>[] = [];
  const unstorable: UnstorableKind[] = [];
  let ignored = 0;
  const intended = keeps(schema);
  const judged = unkept.filter(({ logs }) => schema.raw !== null || logs.first.some(intended));
  ignored += unkept.reduce((sum, kind) => sum + (judged.includes(kind) ? 0 : kind.logs.total), 0);
  const topics = await topicsOfKinds(ctx, judged, kinds);
  const storesOpaque = kinds.some(({ kind, all }) => all > 0 && isOpaque(kind));
  const storesAny = kinds.some(({ all }) => all > 0);
  const isAlike = ({ topic }: UnkeptKind) => storesAny && !storesOpaque && hasOpaqueArgument(topic);
  // The others are not expected here; for them a line is not worth a search through the journal.
  const expected = judged.filter(({ logs }) => logs.first.some(intended));
  const doubtful = expected.filter((kind) => !isAlike(kind)).flatMap(({ topic }) => eventName(topic) ?? []);
  const lines =
    explain && (expected.length > 0 || judged.some(isAlike))
      ? await findStoringError(ctx, doubtful)
      : { of: () => undefined, any: known(undefined) };
  for (const unkeptKind of judged) {
    const { topic, logs } = unkeptKind;
    const name = eventName(topic);
    const kind = name ?? (topic === undefined ? 'anonymous' : `topic ${topic}`);
    if (topic !== undefined && topics.has(topic)) {
      missing.push(logs);
      continue;
    }
    const line = name === undefined ? undefined : lines.of(name);
    if (line !== undefined) unstorable.push({ kind, logs: logs.total, reason: line });
    else if (isAlike(unkeptKind)) unstorable.push({ kind, logs: logs.total, reason: unquoted(lines.any) });
    else if (logs.first.some(intended)) missing.push(logs);
    else ignored += logs.total;
  }
  return { missing, unstorable: unstorable.toSorted((a, b) => a.kind.localeCompare(b.kind)), ignored };
}

function unquoted(any: Answer<string | undefined>): string {
  const inferred = 'no kind with a bytes32 or struct argument is stored here';
  if (!any.known) return `${inferred}; the indexer's journal could not be read: ${any.reason}`;
  return any.value === undefined
    ? `${inferred}; the indexer's journal has no line about it`
    : `${inferred}; for example: ${any.value}`;
}

/** Whether a kind, by its name or its table's, has an argument that Python's `json` cannot serialise. */
function isOpaque(kind: string): boolean {
  return indexedEvents.some(
    ({ name, table, topic }) => (name === kind || table === kind) && hasOpaqueArgument(topic),
  );
}

/** Topics of stored kinds under names that are not known here, by the receipt of one row each. */
async function topicsOfKinds(
  ctx: Context,
  unkept: readonly UnkeptKind[],
  kinds: readonly EventKind[],
): Promise<ReadonlySet<string>> {
  if (unkept.every(({ topic }) => eventName(topic) !== undefined)) return new Set();
  const examples = kinds.flatMap(({ example }) => example ?? []);
  return readTopics(ctx.chain(), examples);
}

/** Unstorable kinds by their reason, those with the most logs first: `OrderPlaced (252), RoleRevoked (1)`. */
export function groupUnstorable(
  unstorable: readonly UnstorableKind[],
): readonly { readonly kinds: string; readonly reason: string }[] {
  const byReason = new Map<string, string[]>();
  for (const { kind, logs, reason } of unstorable.toSorted((a, b) => b.logs - a.logs)) {
    byReason.set(reason, [...(byReason.get(reason) ?? []), `${kind} (${count(logs)})`]);
  }
  return [...byReason].map(([reason, kinds]) => ({ kinds: kinds.join(', '), reason }));
}

/** Rows that could not be judged, and signs that the node does not return every log. */
export function doubtsOf(comparison: ChainComparison): readonly string[] {
  const { unconfirmed, unconfirmedReason, leftOut, logIndexDoubt, unpaired } = comparison;
  return [
    ...unpaired
      .filter(({ filled }) => !filled)
      .map(
        ({ table: name, missing }) =>
          `${name} is empty, and events holds ${howMany(missing, 'row')} of its kind: this indexer does not fill the table, or its rows are lost`,
      ),
    ...(unconfirmed.total === 0
      ? []
      : [
          `${howMany(unconfirmed.total, 'row')} could not be confirmed: the RPC node returned no log for ${unconfirmed.total === 1 ? 'it' : 'them'}, and the transactions could not be read (${unconfirmedReason ?? 'no reason given'})`,
        ]),
    ...(leftOut.total === 0
      ? []
      : [
          `the RPC node's eth_getLogs left out ${howMany(leftOut.total, 'log')} that the receipts hold, the first in block ${count(leftOut.first[0]?.block ?? 0)}: its log index is incomplete, and more may be missing than it shows`,
        ]),
    ...(logIndexDoubt === null || leftOut.total > 0 ? [] : [logIndexDoubt]),
  ];
}

/** Newest lines with a kind's name that are looked through for one that is an error. */
const linesEach = 100;
/** Longest line that is quoted, in characters. */
const longestQuote = 200;

/**
 * The event itself cannot be stored: `json` of Python, psycopg and web3.py in their own words. An error
 * that passes (a lost connection) explains nothing.
 */
const lastingError = /serializ|can't adapt|decod|unsupported|TypeError|no matching ABI/i;

export interface StoringErrors {
  /** The line of the indexer's journal that says why it did not store this kind. */
  of(kind: string): string | undefined;
  /** Such a line that names no kind; unknown where the journal cannot be read. */
  readonly any: Answer<string | undefined>;
}

/**
 * What the indexer's journal says about kinds of events that it did not store. One search finds the
 * newest such lines of any kind; `oneByOne` are searched for by name where those do not name them.
 */
async function findStoringError(ctx: Context, oneByOne: readonly string[]): Promise<StoringErrors> {
  const unit = ctx.settings.host.units.indexer;
  const read = (containing: string) =>
    answer(readJournal(ctx.host(), { unit, lines: linesEach, containing }));
  const newest = await read('serializ');
  const found = new Map<string, string>();
  // A journal that cannot be read does not get readable by asking for the next kind.
  for (const kind of newest.known && newest.value.available ? new Set(oneByOne) : []) {
    const own = await read(kind);
    const line = lineOf(own, kind);
    if (line !== undefined) found.set(kind, line);
  }
  return { of: (kind) => found.get(kind) ?? lineOf(newest, kind), any: quote(newest) };
}

function lineOf(journal: Answer<Journal>, kind: string): string | undefined {
  const line = quote(journal, new RegExp(`\\b${kind}\\b`));
  return line.known ? line.value : undefined;
}

function quote(journal: Answer<Journal>, names = /(?:)/): Answer<string | undefined> {
  if (!journal.known) return journal;
  const { available, reason, entries } = journal.value;
  if (!available) return unknown(reason ?? 'no reason given');
  const line = entries.findLast(({ message }) => names.test(message) && lastingError.test(message))?.message;
  return known(line === undefined ? undefined : shorten(line));
}

function shorten(line: string): string {
  const flat = line.replaceAll(/\s+/g, ' ').trim();
  return flat.length > longestQuote ? `${flat.slice(0, longestQuote - 1)}…` : flat;
}
