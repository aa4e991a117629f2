import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { setEnvValue, unsetEnvValue } from '../../src/host/editEnvFile.ts';
import { parseEnvFile, readEnvValue } from '../../src/host/envFile.ts';

const key = 'START_BLOCK';
const space = fc.constantFrom('', '', ' ', '\t', '  ');
const word = fc.stringMatching(/^[A-Za-z0-9_./:@%+-]{0,12}$/);
/** Anything that fits on a line, from ordinary words to emoji and control characters. */
const anyText = fc
  .oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.string({ maxLength: 20 }))
  .map((text) => text.replaceAll(/[\r\n\u2028\u2029\0\uFEFF]/g, ''));
const newValue = fc.oneof(
  fc.nat().map(String),
  word,
  anyText.map((text) => text.replace(/\\+$/, '')),
);
const otherKey = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,10}$/).filter((name) => name !== key);

interface Shape {
  readonly raw: string;
  readonly quote: string;
}

const unquoted = word.map((raw): Shape => ({ raw, quote: '' }));
const single = anyText.map((text): Shape => ({ raw: `'${text.replaceAll(/['\\]/g, '')}'`, quote: "'" }));
const double = anyText.map(
  (text): Shape => ({ raw: `"${text.replaceAll('\\', '').replaceAll('"', '\\"')}"`, quote: '"' }),
);
const multiLine = fc.tuple(word, word).map(([a, b]): Shape => ({ raw: `"${a}\n  ${b}"`, quote: '"' }));

const comment = fc.oneof(
  fc.constant(''),
  anyText.map((text) => ` # ${text}`),
);
const exportWord = fc.constantFrom('', '', 'export ', '  export\t');

/** A line as three parts, of which the middle one is the value as written. */
function assignment(name: fc.Arbitrary<string>, shape: fc.Arbitrary<Shape>) {
  return fc
    .tuple(space, exportWord, name, space, shape, space, comment)
    .map(([indent, word, written, gap, { raw, quote }, after, note]) => ({
      // A space before an empty value belongs to what follows it.
      head: `${indent}${word}${written}${gap}=${raw === '' ? '' : after}`,
      raw,
      quote,
      tail: `${raw === '' ? after : ''}${note}`,
    }));
}

const otherLine = fc.oneof(
  { weight: 4, arbitrary: assignment(otherKey, fc.oneof(unquoted, single, double, multiLine)) },
  { weight: 2, arbitrary: anyText.map((text) => ({ head: `#${text}`, raw: '', quote: '', tail: '' })) },
  { weight: 1, arbitrary: fc.constant({ head: `# ${key}=7`, raw: '', quote: '', tail: '' }) },
  { weight: 1, arbitrary: space.map((blank) => ({ head: blank, raw: '', quote: '', tail: '' })) },
);
const targetLine = assignment(fc.constant(key), fc.oneof(unquoted, single, double));

const envFile = fc.record({
  bom: fc.constantFrom('', '', '\uFEFF'),
  newline: fc.constantFrom('\n', '\n', '\r\n'),
  lines: fc.array(otherLine, { maxLength: 12 }),
  target: fc.option(targetLine, { nil: undefined, freq: 4 }),
  place: fc.nat(12),
  finalNewline: fc.boolean(),
});

type Generated = typeof envFile extends fc.Arbitrary<infer T> ? T : never;

/** The file before and after the target's value; without a target all of it is before. */
function write({ bom, newline, lines, target, place, finalNewline }: Generated) {
  const at = Math.min(place, lines.length);
  const written = lines.map(({ head, raw, tail }) => head + raw.replace('\n', newline) + tail);
  const end = finalNewline ? newline : '';
  if (target === undefined) {
    const text = bom + written.join(newline) + (written.length > 0 ? end : '');
    return { before: text, after: '', newline };
  }
  const before = bom + [...written.slice(0, at), target.head].join(newline);
  const after = [target.tail, ...written.slice(at)].join(newline) + end;
  return { before, after, newline };
}

function othersOf(text: string) {
  return parseEnvFile(text)
    .filter((entry) => entry.key !== key)
    .map((entry) => [entry.key, entry.value]);
}

describe('10 000 generated .env files', () => {
  it('are edited and read back with nothing else changed', () => {
    let replaced = 0;
    let added = 0;
    fc.assert(
      fc.property(envFile, newValue, (generated, value) => {
        const { before, after, newline } = write(generated);
        const { target } = generated;
        const text = before + (target?.raw ?? '') + after;

        const changed = setEnvValue(text, key, value);

        expect(readEnvValue(changed, key)).toBe(value);
        expect(othersOf(changed)).toEqual(othersOf(text));
        if (target === undefined) {
          added += 1;
          expect(changed.startsWith(text)).toBe(true);
          expect(changed.slice(text.length).replaceAll(/\r?\n/g, '')).toMatch(/^START_BLOCK=[^=]*/);
          expect(unsetEnvValue(changed, key)).toBe(text);
        } else {
          replaced += 1;
          expect(changed.startsWith(before)).toBe(true);
          expect(changed.endsWith(after)).toBe(true);
          const raw = changed.slice(before.length, changed.length - after.length);
          expect(raw).not.toContain('\n');
          if (/^\d+$/.test(value)) expect(raw).toBe(target.quote + value + target.quote);
        }
        // Ending lines differently would be a change too.
        const breaks = changed.match(/\r?\n/g) ?? [];
        if (newline === '\r\n' && target === undefined && text.includes('\r\n')) {
          expect(breaks.at(-1)).toBe('\r\n');
        }
      }),
      { seed: 2026, numRuns: 10_000 },
    );
    expect(replaced).toBeGreaterThan(5_000);
    expect(added).toBeGreaterThan(1_000);
  });

  it('set to what they hold already stay as they are', () => {
    fc.assert(
      fc.property(envFile, fc.nat().map(String), (generated, value) => {
        const { before, after } = write(generated);
        const once = setEnvValue(before + (generated.target?.raw ?? '') + after, key, value);
        expect(setEnvValue(once, key, value)).toBe(once);
      }),
      { seed: 2026, numRuns: 1_000 },
    );
  });
});

describe('simple .env files', () => {
  it('are read as Node itself reads them', () => {
    const plain = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9_./:@%+-]{1,12}$/),
      fc.stringMatching(/^[A-Za-z0-9 #=-]{1,12}$/).map((text) => `"${text}"`),
      fc.stringMatching(/^[A-Za-z0-9 #="-]{1,12}$/).map((text) => `'${text}'`),
    );
    const entries = fc.uniqueArray(fc.tuple(otherKey, fc.constantFrom('', 'export '), plain), {
      selector: ([name]) => name,
      maxLength: 8,
    });
    fc.assert(
      fc.property(entries, fc.constantFrom('\n', '\n# note\n', '\n\n'), (all, between) => {
        const text = all.map(([name, word, raw]) => `${word}${name}=${raw}`).join(between);
        const mine = Object.fromEntries(parseEnvFile(text).map(({ key: name, value }) => [name, value]));
        expect(mine).toEqual({ ...parseEnv(text) });
      }),
      { seed: 2026, numRuns: 2_000 },
    );
  });
});
