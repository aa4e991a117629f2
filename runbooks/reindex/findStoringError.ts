import { type Answer, answer, known, unknown } from '../../src/errors/answer.ts';
import { type Journal, readJournal } from '../../src/host/readJournal.ts';
import type { Context } from '../../src/runbook/context.ts';

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
export async function findStoringError(ctx: Context, oneByOne: readonly string[]): Promise<StoringErrors> {
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
