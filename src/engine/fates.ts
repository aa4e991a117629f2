import { TvError } from '../errors/TvError.ts';
import type { JournaledTransaction } from '../journal/sentTransactions.ts';
import type { TransactionFate } from '../runbook/events.ts';
import type { Engine } from './engine.ts';

/** What became of each, as the nodes answer now. Where none can be asked, that is the answer. */
export async function lookUpFates(
  engine: Engine,
  transactions: readonly JournaledTransaction[],
): Promise<readonly TransactionFate[]> {
  if (transactions.length === 0) return [];
  const fates = await lookUp(engine, transactions);
  return transactions.flatMap(({ step, hash }, index) => {
    const fate = fates[index];
    return fate === undefined ? [] : [{ step, hash, ...fate }];
  });
}

async function lookUp(engine: Engine, transactions: readonly JournaledTransaction[]) {
  try {
    return await engine.lookUpTransactions(transactions.map(({ signed }) => signed));
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    const words = `could not be looked up: ${error.message.replace(/\.$/, '')}`;
    return transactions.map(() => ({ fate: 'unknown' as const, block: null, words }));
  }
}
