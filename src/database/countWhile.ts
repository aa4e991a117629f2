import type { Database } from '../runbook/context.ts';
import { cancelOnAbort } from './cancelOnAbort.ts';
import { countEveryTable } from './countEveryTable.ts';
import type { OpenTransaction } from './inSnapshot.ts';

/**
 * Counts every row in a snapshot while a dump of the same snapshot is made; where one of the two
 * fails the other is ended, and the first failure is the one that is reported.
 * @returns rows by `schema.table`
 */
export async function countWhile(
  database: Database,
  parameters: {
    readonly transaction: OpenTransaction;
    readonly signal: AbortSignal | undefined;
    dump(signal: AbortSignal): Promise<unknown>;
  },
): Promise<Readonly<Record<string, number>>> {
  const { transaction, dump } = parameters;
  const other = new AbortController();
  const signal =
    parameters.signal === undefined ? other.signal : AbortSignal.any([parameters.signal, other.signal]);
  const stopWatching = await cancelOnAbort(database, { transaction, signal });
  const dumping = dump(signal);
  const counting = countEveryTable(transaction, signal);
  try {
    const [counts] = await Promise.all([counting, dumping]);
    return counts;
  } catch (error) {
    other.abort(error);
    await Promise.allSettled([counting, dumping]);
    throw error;
  } finally {
    await stopWatching();
  }
}
