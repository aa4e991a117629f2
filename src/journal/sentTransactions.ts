import type { Check } from '../runbook/check.ts';
import type { JournalLine, StepData, TransactionFate } from '../runbook/events.ts';
import type { Json } from '../runbook/json.ts';
import { isSignedBytes } from './signedBytes.ts';

/** A signed transaction that a step has noted before it was sent. */
export interface JournaledTransaction {
  readonly step: string;
  /** The name of the note. */
  readonly note: string;
  readonly hash: `0x${string}`;
  readonly signed: Json;
}

/** Every transaction that a journal has, also those that were signed anew later, in the order of their notes. */
export function journaledTransactions(lines: readonly JournalLine[]): readonly JournaledTransaction[] {
  const byHash = new Map<string, JournaledTransaction>();
  for (const line of lines) {
    if (line.type !== 'step.noted') continue;
    const hash = hashOf(line.value);
    if (hash !== undefined) byHash.set(hash, { step: line.step, note: line.note, hash, signed: line.value });
  }
  return [...byHash.values()];
}

function hashOf(value: Json): `0x${string}` | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const { hash, raw, from, nonce, nonceKey, chainId, calls } = value as Readonly<Record<string, Json>>;
  const isAddressed = [from, ...(Array.isArray(calls) ? calls.map((call) => call?.to) : [null])].every(isHex);
  const isNumbered = Number.isInteger(nonce) && Number.isInteger(chainId) && /^\d+$/.test(String(nonceKey));
  // Other values of a journal are not looked up on the chain.
  return isHex(hash) && isSignedBytes('raw', raw) && isAddressed && isNumbered ? hash : undefined;
}

function isHex(value: unknown): value is `0x${string}` {
  return typeof value === 'string' && /^0x[0-9a-f]+$/i.test(value);
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
