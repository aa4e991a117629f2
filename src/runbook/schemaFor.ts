import type * as z from 'zod';
import type { Advice } from '../errors/advice.ts';
import type { Json } from './json.ts';

/** In the place of a value that may be left out, so that a field which a schema does not have is noticed, too. */
declare const absent: unique symbol;

/**
 * A value of type T as `--json` writes it: advice as the line to paste, big integers and times as strings; what is
 * undefined is left out, as functions are. A text of a known form (`0x…`) counts as any text.
 */
type JsonOf<T> = [Json] extends [T]
  ? unknown
  : T extends Exclude<Advice, string> | bigint | Date
    ? string
    : T extends string
      ? Literal<T>
      : T extends number | boolean | null | undefined
        ? T
        : T extends readonly unknown[]
          ? { -readonly [K in keyof T]: JsonOf<T[K]> }
          : {
              -readonly [K in keyof T as Kept<K, T[K]>]-?:
                | JsonOf<Exclude<T[K], undefined>>
                | (undefined extends T[K] ? typeof absent : never);
            };

/** A union of literals stays one; a template is a text like any other. */
type Literal<T extends string> = Record<never, never> extends Readonly<Record<T, unknown>> ? string : T;

/** The key, unless its value never is in the JSON. */
type Kept<K, V> = unknown extends V
  ? K
  : [V] extends [((...words: never) => unknown) | undefined]
    ? never
    : K;

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

/** What a command of this type returns; of a runbook, what it prints instead of acting. */
export type DataOf<C> = C extends { collect(...words: never): Promise<infer D> }
  ? D
  : C extends { run(...words: never): Promise<infer D> }
    ? Exclude<D, undefined>
    : C extends { read(...words: never): AsyncGenerator<unknown, infer D> }
      ? Exclude<D, undefined>
      : C extends { printout?(...words: never): Promise<{ readonly data: infer D } | undefined> }
        ? D
        : never;

/** An item of a stream. */
export type ItemOf<C> = C extends { read(...words: never): AsyncGenerator<infer T> } ? T : never;

/**
 * The schema of what `--json` prints of a value of type T. One that says more, less or something else than the type
 * does not compile: the two cannot drift apart.
 */
export function schemaFor<T>() {
  return <S extends z.ZodType>(
    schema: S,
    // Apart from the schema, or the compiler would look for a schema that fits.
    ..._: Same<JsonOf<z.output<S>>, JsonOf<T>> extends true
      ? []
      : [differs: { readonly schema: JsonOf<z.output<S>>; readonly type: JsonOf<T> }]
  ): S => schema;
}
