import * as fc from 'fast-check';
import stringWidth from 'string-width';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ago, bytes, count, duration, localTime, short } from '../../src/text/format.ts';
import { aligned, padEnd, table, visibleWidth, wrap } from '../../src/text/layout.ts';
import { colourPaint } from '../support/paint.ts';

describe('figures', () => {
  it.each<[number | bigint, string]>([
    [0, '0'],
    [999, '999'],
    [1000, '1 000'],
    [1204332, '1 204 332'],
    [-1234, '-1 234'],
    [12345678901234567890n, '12 345 678 901 234 567 890'],
  ])('count(%s) is "%s"', (value, text) => {
    expect(count(value)).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1181116006, '1.1 GiB'],
    [150 * 1024 ** 2, '150 MiB'],
    [5000 * 1024 ** 4, '5000 TiB'],
  ])('bytes(%i) is "%s"', (value, text) => {
    expect(bytes(value)).toBe(text);
  });

  it.each([
    [0, '0.0 s'],
    [400, '0.4 s'],
    [9_940, '9.9 s'],
    [9_960, '10 s'],
    [12_400, '12 s'],
    [59_700, '1 min'],
    [60_000, '1 min'],
    [119_700, '2 min'],
    [200_000, '3 min 20 s'],
    [3_599_900, '1h 0min'],
    [3_600_000, '1h 0min'],
    [86_399_000, '23h 59min'],
    [273_600_000, '3d 4h'],
  ])('duration(%i) is "%s"', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it.each([
    [0, 'just now'],
    [999, 'just now'],
    [5_000, '5.0 s ago'],
    [12_000, '12 s ago'],
    [200_000, '3 min ago'],
    [7_260_000, '2h 1min ago'],
    [-20_000, 'in 20 s'],
  ])('ago, %i ms later, is "%s"', (ms, text) => {
    const then = new Date('2026-11-23T03:12:00Z');
    expect(ago(then, new Date(then.getTime() + ms))).toBe(text);
  });

  it('an address is shortened unless the whole is asked for', () => {
    const address = '0x1234567890abcdef1234567890abcdef12345678';
    expect(short(address, false)).toBe('0x1234…5678');
    expect(short(address, true)).toBe(address);
    expect(short('0x12345678', false)).toBe('0x12345678');
  });
});

describe('local time', () => {
  afterEach(() => vi.unstubAllEnvs());
  const date = new Date('2026-11-23T21:15:00.500Z');

  it.each([
    ['UTC', '2026-11-23 21:15:00 +00:00'],
    ['Europe/Berlin', '2026-11-23 22:15:00 +01:00'],
    ['America/New_York', '2026-11-23 16:15:00 -05:00'],
    ['Asia/Kolkata', '2026-11-24 02:45:00 +05:30'],
    ['America/St_Johns', '2026-11-23 17:45:00 -03:30'],
    ['Pacific/Chatham', '2026-11-24 11:00:00 +13:45'],
  ])('in %s is %s', (zone, text) => {
    vi.stubEnv('TZ', zone);
    expect(localTime(date)).toBe(text);
  });

  it('keeps to summer time of the date itself', () => {
    vi.stubEnv('TZ', 'Europe/Berlin');
    expect(localTime(new Date('2026-07-01T12:00:00Z'))).toBe('2026-07-01 14:00:00 +02:00');
  });
});

describe('wrapping', () => {
  const text = 'the quick brown fox jumps over the lazy dog and goes home';

  it.each([10, 20, 33, 100])('keeps to %i columns and loses nothing', (width) => {
    const lines = wrap(text, width).split('\n');
    expect(lines.every((line) => line.length <= width)).toBe(true);
    expect(lines.join(' ')).toBe(text);
  });

  it('puts the indent before later lines, on top of the width', () => {
    expect(wrap('aa bb cc', 5, '> ')).toBe('aa bb\n> cc');
    // A number with spaces in it is one word; two numbers are two.
    expect(wrap('has 12 047 rows', 6)).toBe('has\n12 047\nrows');
    expect(wrap('12 47 1', 3)).toBe('12\n47\n1');
  });

  it('keeps a word whole that is too long, so that it can be copied', () => {
    const path = '/var/backups/tempovault_20261123T0312Z.dump';
    expect(wrap(`see ${path} there`, 20)).toBe(`see\n${path}\nthere`);
  });

  it('counts no colour codes', () => {
    const { bad } = colourPaint(80);
    expect(visibleWidth(bad('four'))).toBe(4);
    expect(padEnd(bad('four'), 6)).toBe(`${bad('four')}  `);
    expect(wrap(`${bad('four')} five`, 9)).not.toContain('\n');
  });

  it.each([
    ['金库', 4],
    ['🚨', 2],
    ['👩‍🚒', 2],
    ['e\u0301', 1],
    ['한글', 4],
    ['ｶﾞ', 2],
    ['…', 1],
    ['✔', 1],
    ['⚠', 1],
    ['→', 1],
  ])('%s takes %i columns', (text, columns) => {
    const { warn } = colourPaint(80);
    expect(visibleWidth(text)).toBe(columns);
    expect(visibleWidth(warn(text))).toBe(columns);
    expect(visibleWidth(padEnd(warn(text), 6))).toBe(6);
  });

  it('takes as many columns as string-width says, whatever is beside what', () => {
    const piece = fc.constantFrom(
      ...['a', '§', '·', '…', '’', '–', '→', '−', '×', '✔', '✖', '↩', '●', '█', 'ÿ', '\u00ad', '\u00a0'],
      ...[
        '\u0301',
        '\ufe0f',
        '\ufe0e',
        '\u200d',
        '金',
        '한',
        '🚨',
        '👩',
        'ﾞ',
        '\n',
        '\x1b[31m',
        '\x1b[0m',
        '\x1b[K',
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('');
        expect(visibleWidth(text)).toBe(stringWidth(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('aligns cells of wide characters, combining marks and colours with those of ASCII', () => {
    const { bad } = colourPaint(80);
    const names = ['金库', 'cafe\u0301', bad('alpha'), '🚨', 'plain-name'];
    const lines = table(names.map((name) => [name, '|'])).split('\n');
    const columns = lines.map((line) => visibleWidth(line.slice(0, line.indexOf('|'))));
    expect(new Set(columns)).toEqual(new Set([2 + 'plain-name'.length + 2]));
  });

  it('wraps wide characters by their columns', () => {
    expect(wrap('金库 金库 金库', 9)).toBe('金库 金库\n金库');
  });

  it('keeps a name in decomposed form as it is, so that it can be copied', () => {
    const name = 'cafe\u0301.dump';
    expect(wrap(`see ${name} there`, 10)).toBe(`see\n${name}\nthere`);
  });

  it('aligns values under themselves', () => {
    expect(
      aligned(
        [
          ['a', 'one two three'],
          ['long', 'x'],
        ],
        16,
      ),
    ).toBe(['  a     one two', '        three', '  long  x'].join('\n'));
  });

  it('keeps the groups of a number together', () => {
    expect(wrap('from 606 235.399996 to 12 345 678', 14)).toBe('from\n606 235.399996\nto 12 345 678');
    expect(wrap('3 of 1000 block 7 12', 7)).toBe('3 of\n1000\nblock 7\n12');
  });
});
