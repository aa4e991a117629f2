import { TvError } from './TvError.ts';

/**
 * What a source said, or why it said nothing. "No", "none" and "not any more" are values that a
 * source returned; a source that failed, was cut off or returned nonsense is *unknown*, and the type
 * makes the caller handle both. Plain data, so that it can go to a journal or a JSON document.
 */
export type Answer<T> = Known<T> | Unknown;

export type Known<T> = {
  readonly known: true;
  readonly value: T;
};

export type Unknown = {
  readonly known: false;
  /** One sentence without a full stop, for an operator: `the RPC node did not answer in time`. */
  readonly reason: string;
};

export function known<T>(value: T): Known<T> {
  return { known: true, value };
}

export function unknown(reason: string): Unknown {
  return { known: false, reason };
}

/**
 * Awaits a read and keeps its failure as a value.
 * @throws what is no TvError: a bug, or the reason of an abort
 */
export async function answer<T>(read: Promise<T>): Promise<Answer<T>> {
  try {
    return known(await read);
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    return unknown(error.message.replace(/\.$/, ''));
  }
}
