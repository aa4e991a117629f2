import { type Answer, answer } from '../errors/answer.ts';
import type { Context } from '../runbook/context.ts';
import { cutTraceback, TracebackFolder } from './journal/tracebacks.ts';
import { type JournalEntry, readJournal } from './readJournal.ts';

export interface RelayError {
  readonly at: Date;
  /** One line. */
  readonly message: string;
}

const journalLines = 100;
/** In characters: a line of a journal can be of any length. */
const longestMessage = 300;

/**
 * The newest error in the relay's journal. Of a Python traceback that is its last line: those before it say
 * where, and only the last one says what.
 * @returns undefined where its newest lines hold none; its standard output is buffered and may come late
 */
export async function readRelayError(
  ctx: Pick<Context, 'host' | 'settings'>,
): Promise<Answer<RelayError | undefined>> {
  const { oracle: unit } = ctx.settings.host.units;
  const read = await answer((async () => readJournal(ctx.host(), { unit, lines: journalLines }))());
  if (!read.known) return read;
  const { available, reason = 'no journal', entries } = read.value;
  return available ? { known: true, value: newestError(entries) } : { known: false, reason };
}

/** Oldest first, as the journal has them. */
function newestError(entries: readonly JournalEntry[]): RelayError | undefined {
  return errorsIn(entries).at(-1);
}

/** Errors as single lines, oldest first: each traceback as its last line. */
export function errorsIn(entries: readonly JournalEntry[]): readonly RelayError[] {
  const folder = new TracebackFolder();
  const folded = entries.flatMap((entry) =>
    entry.message
      .split('\n')
      .flatMap((message) => folder.push({ ...entry, message, unit: '', pid: undefined, cursor: undefined })),
  );
  return [...folded, ...folder.end()]
    .filter(
      ({ message, priority, frames }) =>
        !message.startsWith(cutTraceback) &&
        (frames.length > 0 || priority <= 3 || /\b(ERROR|CRITICAL)\b/.test(message)),
    )
    .map(({ endedAt, message }) => ({ at: endedAt, message: message.trim().slice(0, longestMessage) }));
}
