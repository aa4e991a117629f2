import { TvError } from '../errors/TvError.ts';
import type { Check } from './check.ts';
import type { Engine } from './engine.ts';
import type { JournalLine, StepData, TransactionFate } from './events.ts';
import type { Json } from './json.ts';
import { isSignedBytes } from './signedBytes.ts';

/** A signed transaction that a step has noted before it was sent. */
export interface JournaledTransaction {
  readonly step: string;
  readonly hash: string;
  readonly signed: Json;
}

/** Every transaction that a journal has, also those that were signed anew later, in the order of their notes. */
export function journaledTransactions(lines: readonly JournalLine[]): readonly JournaledTransaction[] {
  const byHash = new Map<string, JournaledTransaction>();
  for (const line of lines) {
    if (line.type !== 'step.noted') continue;
    const hash = hashOf(line.value);
    if (hash !== undefined) byHash.set(hash, { step: line.step, hash, signed: line.value });
  }
  return [...byHash.values()];
}

function hashOf(value: Json): string | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const { hash, raw, from, nonce, nonceKey, chainId, calls } = value as Readonly<Record<string, Json>>;
  const isAddressed = [from, ...(Array.isArray(calls) ? calls.map((call) => call?.to) : [null])].every(isHex);
  const isNumbered = Number.isInteger(nonce) && Number.isInteger(chainId) && /^\d+$/.test(String(nonceKey));
  // Whatever else a journal holds is not looked up.
  return isHex(hash) && isSignedBytes('raw', raw) && isAddressed && isNumbered ? hash : undefined;
}

function isHex(value: unknown): value is string {
  return typeof value === 'string' && /^0x[0-9a-f]+$/i.test(value);
}

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

/** Proven: it has no effect, and will never have one. Everything else took effect, or still may. */
export function isWithoutEffect({ fate }: TransactionFate): boolean {
  return fate === 'no-effect';
}

/** Each as a line of checks, under the step that sent it. */
export function fateChecks(fates: readonly TransactionFate[], steps: readonly StepData[]): readonly Check[] {
  return fates.map((one): Check => {
    const index = steps.findIndex(({ id }) => id === one.step);
    const status = isWithoutEffect(one) ? 'pass' : 'warn';
    const summary = `${steps[index]?.title ?? one.step}: transaction ${one.hash} ${one.words}`;
    return { id: index < 0 ? 'transaction' : `step ${index + 1}`, world: 'chain', status, summary };
  });
}

/** What of a step must not be done twice unknowingly, one line each. */
export function onceOf({ once, command }: Pick<StepData, 'once' | 'command'>): readonly string[] {
  return once ?? [command];
}
