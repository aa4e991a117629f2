import { type Answer, answer } from '../../errors/answer.ts';
import { readJournal } from '../../host/readJournal.ts';
import { errorsIn, type RelayError } from '../../host/readRelayError.ts';
import type { Context } from '../../runbook/context.ts';
import { ago } from '../../text/format.ts';

const journalLines = 100;

/** The newest error in the indexer's journal; undefined where its newest lines hold none. */
export async function readIndexerError(
  ctx: Pick<Context, 'host' | 'settings'>,
  since?: Date,
): Promise<Answer<RelayError | undefined>> {
  const { indexer: unit } = ctx.settings.host.units;
  const from = since === undefined ? {} : { since };
  const read = await answer((async () => readJournal(ctx.host(), { unit, lines: journalLines, ...from }))());
  if (!read.known) return read;
  const { available, reason = 'no journal', entries } = read.value;
  return available ? { known: true, value: errorsIn(entries).at(-1) } : { known: false, reason };
}

/** What the journal says, as a part of a sentence. */
export function quoteError(error: Answer<RelayError | undefined>, now: Date): string {
  if (!error.known) return `its journal cannot be read (${error.reason})`;
  if (error.value === undefined) return 'no error in its newest journal lines';
  return `last error in its journal, ${ago(error.value.at, now)}: ${error.value.message}`;
}
