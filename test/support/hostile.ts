import fc from 'fast-check';
import { expect } from 'vitest';
import { renderError } from '../../src/cli/renderError.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { plainPaint } from './paint.ts';

/** Cases of each kind of input: `npm run hostile` takes 10 000. */
const cases = Number(process.env['TV_CASES'] ?? 300);
/** The same inputs in every run; `TV_SEED=N` makes others. */
const seed = Number(process.env['TV_SEED'] ?? 1);

/** Text that programs stumble over: control characters, names of object members, numbers at their limits. */
const token = fc.constantFrom(
  ...[
    '',
    ' ',
    '\0',
    '\u001b[2J',
    '\u001b]0;title\u0007',
    '\r',
    '\n',
    '\t',
    '\u202e',
    '\ufeff',
    '\ud800',
    '😀',
  ],
  ...['__proto__', 'constructor', 'toString', 'null', 'true', 'NaN', 'Infinity', '-0', '1e999', '-1'],
  ...[
    '9007199254740993',
    '0x',
    '0xg',
    `0x${'f'.repeat(64)}`,
    '1'.repeat(400),
    '[]',
    '{}',
    '[',
    '{',
    '"',
    "'",
  ],
  ...[
    '\\',
    '%',
    '$(id)',
    '`id`',
    ';',
    '../..',
    '/dev/zero',
    '--',
    '-',
    '=',
    ':',
    '#',
    '&a',
    '*a',
    '!!js/function x',
  ],
);
const anyText = fc.oneof(token, fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 200 }));

/** A document that is almost right: pieces of it deleted, doubled, moved, replaced. */
export function damaged(document: string): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.nat({ max: document.length }),
    length: fc.oneof(fc.constant(0), fc.nat({ max: 3 }), fc.nat({ max: document.length })),
    text: fc.oneof(
      anyText,
      fc.nat({ max: document.length }).map((from) => document.slice(from, from + 30)),
    ),
  });
  const almost = fc
    .array(change, { minLength: 1, maxLength: 4 })
    .map((changes) =>
      changes.reduce(
        (text, { at, length, text: put }) => text.slice(0, at) + put + text.slice(at + length),
        document,
      ),
    );
  return fc.oneof({ weight: 5, arbitrary: almost }, { weight: 1, arbitrary: anyText });
}

const anyValue = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>,
  anyText,
  fc.constantFrom(null, -1, 0, 1e308, 2 ** 53, Number.MIN_VALUE, [], {}, true),
);

/** A parsed JSON document with members removed, added and replaced, at any depth. */
export function damagedJson(document: unknown): fc.Arbitrary<unknown> {
  const paths = pathsOf(document);
  const change = fc.record({
    path: fc.constantFrom(...paths),
    act: fc.constantFrom('replace', 'replace', 'remove', 'add'),
    name: anyText,
    value: anyValue,
  });
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
        let copy: unknown = structuredClone(document);
        for (const one of changes) copy = changed(copy, one.path, one);
        return copy;
      }),
    },
    { weight: 1, arbitrary: anyValue },
  );
}

type Path = readonly string[];

function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, each]) => pathsOf(each, [...path, name]))];
}

function changed(
  root: unknown,
  path: Path,
  { act, name, value }: { readonly act: string; readonly name: string; readonly value: unknown },
): unknown {
  const [first, ...rest] = path;
  if (typeof root !== 'object' || root === null) return path.length === 0 ? value : root;
  if (first === undefined) {
    if (act !== 'add' || Array.isArray(root)) return value;
    return { ...root, [name]: value };
  }
  if (!(first in root)) return root;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(root) ? [...root] : { ...root };
  if (rest.length === 0 && act === 'remove') Reflect.deleteProperty(copy, first);
  else Reflect.set(copy, first, changed(Reflect.get(root, first), rest, { act, name, value }));
  return copy;
}

/** What may stand on a screen or in a pipe: no control character but a line break. */
const steering = /(?!\n)\p{Cc}/u;

/** @throws where a text could steer a terminal */
export function assertShowable(text: string): void {
  if (steering.test(text)) throw new Error(`a control character in ${JSON.stringify(text.slice(0, 400))}`);
}

/**
 * Reads one input. Whatever it is, there is a value, or an error of tv's own: no bug, with an exit code of the table,
 * shown without a control character.
 */
async function withstand(read: () => unknown): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    expect([error.code, error.exitCode]).not.toEqual(['tv.bug', 70]);
    assertShowable(renderError(error, plainPaint(80), false));
  }
}

/** The same over generated inputs; a failure prints the seed and the smallest input. */
export async function withstandAll<T>(inputs: fc.Arbitrary<T>, read: (input: T) => unknown): Promise<void> {
  await fc.assert(
    fc.asyncProperty(inputs, (input) => withstand(() => read(input))),
    { numRuns: cases, seed },
  );
}
