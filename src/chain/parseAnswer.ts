import { UnavailableError } from '../errors/TvError.ts';
import { firstWords } from '../text/firstWords.ts';

/**
 * A JSON-RPC quantity (`0x1b4`) as a number.
 * @throws UnavailableError where it is none, or above 2^53 - 1
 */
export function parseQuantity(value: unknown, what: string): number {
  const number = quantityOf(value);
  if (number === undefined) throw misfit(value, what);
  return number;
}

/** The same; undefined where it is none. `Number` itself takes null for 0, and throws for some objects. */
export function quantityOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^0x[0-9a-f]+$/i.test(value) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

/** A text; empty where it is none. `String` itself throws for some objects. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A JSON-RPC quantity of any size up to 256 bits. @throws UnavailableError where it is none */
export function parseWei(value: unknown, what: string): bigint {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{1,64}$/i.test(value)) throw misfit(value, what);
  return BigInt(value);
}

/** @throws UnavailableError where it is not `0x` and hex digits (`bytes` of them, where given) */
export function parseHex(value: unknown, what: string, bytes?: number): `0x${string}` {
  const isHex = typeof value === 'string' && /^0x([0-9a-f]{2})*$/i.test(value);
  if (!isHex || (bytes !== undefined && value.length !== 2 + 2 * bytes)) throw misfit(value, what);
  return value.toLowerCase() as `0x${string}`;
}

/** @throws UnavailableError where it is not a JSON object */
export function parseObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw misfit(value, what);
  return value as Readonly<Record<string, unknown>>;
}

export function misfit(value: unknown, what: string): UnavailableError {
  return new UnavailableError(
    'chain.malformed-answer',
    `The RPC node answered something that is no ${what}.`,
    {
      facts: { answer: firstWords(JSON.stringify(value) ?? 'nothing') },
      next: { when: 'see which RPC URLs are set, and from where', tv: ['config', 'show'] },
    },
  );
}
