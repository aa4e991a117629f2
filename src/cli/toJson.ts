import type { TvError } from '../errors/TvError.ts';
import type { RunEvent } from '../runbook/events.ts';

/** Big integers as decimal strings: JSON's numbers would round them. */
function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** One JSON document for a read. */
export function toJsonDocument(schema: string, data: unknown): string {
  const body = Array.isArray(data) ? { items: data } : (data as object);
  return `${JSON.stringify({ schema, ...body }, plain, 2)}\n`;
}

/** One line for an error, so that it can also end a run's lines of events. */
export function toJsonError(error: TvError): string {
  const { name, message, facts, next, exitCode } = error;
  return `${JSON.stringify({ schema: 'tv.error/1', name, message, facts, next, exitCode })}\n`;
}

/** One line for an event of a run. */
export function toJsonEvent(event: RunEvent, at: Date): string {
  return `${JSON.stringify({ schema: 'tv.event/1', at: at.toISOString(), ...event }, plain)}\n`;
}
