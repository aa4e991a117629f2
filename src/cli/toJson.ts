import type { TvError } from '../errors/TvError.ts';
import type { RunEvent } from '../runbook/events.ts';
import { isSignedBytes } from '../runbook/signedBytes.ts';

/** Big integers as decimal strings: JSON's numbers would round them. */
function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** The same, without the bytes of signed transactions: only the journal keeps them. */
function shown(key: string, value: unknown): unknown {
  return isSignedBytes(key, value) ? undefined : plain(key, value);
}

/** One JSON document for a read. */
export function toJsonDocument(schema: string, data: unknown): string {
  const body = Array.isArray(data) ? { items: data } : (data as object);
  return `${JSON.stringify({ schema, ...body }, shown, 2)}\n`;
}

/** One line for an error, so that it can also end a run's lines of events. */
export function toJsonError(error: TvError): string {
  const { name, message, facts, next, exitCode } = error;
  return `${JSON.stringify({ schema: 'tv.error/1', name, message, facts, next, exitCode })}\n`;
}

/**
 * One line for an event of a run.
 * @param options.unwritten the journal is not in the state directory: the bytes of signed transactions are
 * then kept here
 */
export function toJsonEvent(
  event: RunEvent,
  at: Date,
  { unwritten = false }: { readonly unwritten?: boolean } = {},
): string {
  const replacer = unwritten ? plain : shown;
  return `${JSON.stringify({ schema: 'tv.event/1', at: at.toISOString(), ...event }, replacer)}\n`;
}
