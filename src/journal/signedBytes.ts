import type { Json } from '../runbook/json.ts';

/**
 * A journaled value as it is shown: without the bytes of signed transactions. On a nonce key of its own such a
 * transaction stays valid until it is mined, so whoever reads a shared report could broadcast it. Only the
 * journal keeps them.
 */
export function withoutSignedBytes(value: Json): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(withoutSignedBytes);
  const shown = Object.entries(value).filter(([name, item]) => !isSignedBytes(name, item));
  return Object.fromEntries(shown.map(([name, item]) => [name, withoutSignedBytes(item)]));
}

/** By its name and form: the field `raw` of a signed transaction, in hex. Longer than any address or hash. */
export function isSignedBytes(name: string, value: unknown): boolean {
  return name === 'raw' && typeof value === 'string' && /^0x[0-9a-f]{65,}$/i.test(value);
}
