import { isAdviceCommand } from '../errors/advice.ts';
import type { TvError } from '../errors/TvError.ts';
import { isSignedBytes } from '../journal/signedBytes.ts';
import type { RunEvent } from '../runbook/events.ts';
import { type AdvicePlace, adviceLine } from './advice.ts';

/** Big integers as decimal strings, which JSON's numbers would round; advice as the line to paste. */
function plain(place: AdvicePlace) {
  return (_key: string, value: unknown): unknown => {
    if (typeof value === 'bigint') return value.toString();
    return isAdviceCommand(value) ? adviceLine(value, place) : value;
  };
}

/** The same, without the bytes of signed transactions: only the journal keeps them. */
function shown(place: AdvicePlace) {
  const replace = plain(place);
  return (key: string, value: unknown) => (isSignedBytes(key, value) ? undefined : replace(key, value));
}

/** One JSON document for a read. */
export function toJsonDocument(schema: string, data: unknown, place: AdvicePlace): string {
  const body = Array.isArray(data) ? { items: data } : (data as object);
  return `${JSON.stringify({ schema, ...body }, shown(place), 2)}\n`;
}

/** One JSON document whose list of items is written before its end is known. */
export function toJsonStream(schema: string, place: AdvicePlace) {
  const replace = shown(place);
  let separator = '';
  return {
    begin: `{"schema": ${JSON.stringify(schema)}, "items": [`,
    item: (item: unknown) => {
      const text = `${separator}\n${JSON.stringify(item, replace)}`;
      separator = ',';
      return text;
    },
    /** @param data what there is to say about the whole, an error included */
    end: (data: object) => {
      const [, fields = '}'] = /^\{(.*)$/s.exec(JSON.stringify(data, replace)) ?? [];
      return `\n]${fields === '}' ? '' : ', '}${fields}\n`;
    },
  };
}

/** One line for an item of an endless stream, or for its end. */
export function toJsonLine(schema: string, data: unknown, place: AdvicePlace): string {
  return `${JSON.stringify({ schema, ...(data as object) }, shown(place))}\n`;
}

/** One line for an error, so that it can also end a run's lines of events. */
export function toJsonError(error: TvError, place: AdvicePlace): string {
  return `${JSON.stringify({ schema: 'tv.error/1', ...errorFields(error) }, plain(place))}\n`;
}

/** What JSON holds of an error. */
export function errorFields({ name, code, message, facts, next, exitCode }: TvError): object {
  return { name, code, message, facts, next, exitCode };
}

/**
 * One line for an event of a run.
 * @param options.unwritten the journal is not in the state directory: the bytes of signed transactions are
 * then kept here
 */
export function toJsonEvent(
  event: RunEvent,
  at: Date,
  place: AdvicePlace,
  { unwritten = false }: { readonly unwritten?: boolean } = {},
): string {
  const replacer = unwritten ? plain(place) : shown(place);
  return `${JSON.stringify({ schema: 'tv.event/1', at: at.toISOString(), ...event }, replacer)}\n`;
}
