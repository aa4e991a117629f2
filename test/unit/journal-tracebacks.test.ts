import { describe, expect, it } from 'vitest';
import type { UnitEntry } from '../../src/host/journal/entry.ts';
import { LogGroups, withoutOwnTime } from '../../src/host/journal/groups.ts';
import { foldTracebacks, type LogEntry, TracebackFolder } from '../../src/host/journal/tracebacks.ts';

const start = Date.parse('2026-11-23T03:12:00.000Z');
const begin = 'Traceback (most recent call last):';
const frame = ['  File "/opt/oracle_relay.py", line 187, in relay_loop', '    submit(signal)'];

function entry(message: string, more: Partial<UnitEntry> & { readonly ms?: number } = {}): UnitEntry {
  const { ms = 0, ...rest } = more;
  return {
    at: new Date(start + ms),
    message,
    priority: 6,
    unit: 'relay',
    pid: 7,
    cursor: undefined,
    ...rest,
  };
}

function fold(entries: readonly UnitEntry[]): readonly LogEntry[] {
  const folder = new TracebackFolder();
  return [...entries.flatMap((each) => folder.push(each)), ...folder.end()];
}

const short = (entries: readonly LogEntry[]) =>
  entries.map(({ message, frames }) => [message, frames.length]);

describe('tracebacks', () => {
  it('an entry a line → one entry, headed by its last line, at the time of its first', () => {
    const lines = ['before', begin, ...frame, 'ValueError: no', 'after'];
    const found = fold(lines.map((line, index) => entry(line, { ms: index })));
    expect(short(found)).toEqual([
      ['before', 0],
      ['ValueError: no', 3],
      ['after', 0],
    ]);
    expect(found[1]).toMatchObject({
      level: 'error',
      at: new Date(start + 1),
      endedAt: new Date(start + 4),
      frames: [begin, ...frame],
    });
  });

  it.each<[string, readonly UnitEntry[], readonly (readonly [string, number])[]]>([
    [
      'all in one entry',
      [entry(['ERROR: failed', begin, ...frame, 'E: no'].join('\n'))],
      [
        ['ERROR: failed', 0],
        ['E: no', 3],
      ],
    ],
    [
      'chained: the last of both messages',
      [
        ...[
          begin,
          ...frame,
          'KeyError: 1',
          '',
          'During handling of the above exception, another exception occurred:',
          '',
        ],
        ...[begin, ...frame, 'ValueError: no'],
      ].map((line) => entry(line)),
      [['ValueError: no', 10]],
    ],
    [
      'chained without the blank lines, which journald drops',
      [
        ...[begin, ...frame, 'KeyError: 1'],
        'The above exception was the direct cause of the following exception:',
        ...[begin, ...frame, 'ValueError: no'],
      ].map((line) => entry(line)),
      [['ValueError: no', 8]],
    ],
    [
      'a message of several lines, indented from the second on',
      [begin, ...frame, 'OperationalError: connection failed', '\tIs the server running?', 'next'].map(
        (line) => entry(line),
      ),
      [
        ['OperationalError: connection failed', 4],
        ['next', 0],
      ],
    ],
    [
      'two processes at once',
      [
        entry(begin),
        entry(begin, { unit: 'indexer', pid: 8 }),
        entry(frame[0] ?? ''),
        entry('plain', { unit: 'api', pid: 9 }),
        entry(frame[0] ?? '', { unit: 'indexer', pid: 8 }),
        entry('KeyError: indexer', { unit: 'indexer', pid: 8 }),
        entry('ValueError: relay'),
      ],
      [
        ['ValueError: relay', 2],
        ['KeyError: indexer', 2],
        ['plain', 0],
      ],
    ],
    [
      'an exception group, every line of which is indented',
      [
        '  + Exception Group Traceback (most recent call last):',
        '  |   File "x.py", line 1, in <module>',
        '  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)',
        '  +-+---------------- 1 ----------------',
        `    | ${begin}`,
        '    | ValueError: no',
        '    +------------------------------------',
        'next',
      ].map((line) => entry(line)),
      [
        ['ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)', 7],
        ['next', 0],
      ],
    ],
    [
      'two in a row',
      [begin, ...frame, 'E: 1', begin, ...frame, 'E: 2'].map((line) => entry(line)),
      [
        ['E: 1', 3],
        ['E: 2', 3],
      ],
    ],
    [
      'the process died before its last line',
      [...[begin, ...frame].map((line) => entry(line)), entry('Started relay.', { ms: 5_000 })],
      [
        ['Traceback without its last line: submit(signal)', 3],
        ['Started relay.', 0],
      ],
    ],
    [
      'begun before the window',
      [...frame, 'ValueError: no'].map((line) => entry(line)),
      [
        [frame[0] ?? '', 0],
        [frame[1] ?? '', 0],
        ['ValueError: no', 0],
      ],
    ],
  ])('%s', (_, entries, expected) => {
    expect(short(fold(entries))).toEqual(expected);
  });

  it('endless → bounded, and what waits behind it comes out', () => {
    const folder = new TracebackFolder();
    folder.push(entry(begin));
    let out = 0;
    for (let index = 0; index < 20_000; index++) {
      out += folder.push(entry('  frame')).length;
      out += folder.push(entry('other', { pid: 8 })).length;
    }
    expect(out).toBeGreaterThan(14_000);
    const [first] = fold(
      [begin, ...Array.from({ length: 2_000 }, () => '  frame')].map((line) => entry(line)),
    );
    expect(first?.frames).toHaveLength(501);
    expect(first?.frames.at(-1)).toBe('… 1501 lines left out …');
  });

  it('while following: a traceback comes out once nothing follows it; a failure after what came before it', async () => {
    let fail = (_: Error) => {};
    async function* live(): AsyncGenerator<UnitEntry, void, void> {
      for (const line of [begin, ...frame, 'ValueError: no']) yield entry(line);
      await new Promise((_, reject) => {
        fail = reject;
      });
    }
    const log = foldTracebacks(live(), 20);
    expect((await log.next()).value).toMatchObject({ message: 'ValueError: no' });
    const rest = log.next();
    fail(new Error('cut off'));
    await expect(rest).rejects.toThrow('cut off');
  });
});

describe('groups', () => {
  const groups = (most: number | undefined, ...messages: readonly string[]) => {
    const made = new LogGroups(most);
    for (const [index, message] of messages.entries())
      made.add(fold([entry(message, { ms: index * 1_000 })])[0] as LogEntry);
    return made;
  };

  it.each([
    ['block 12345678 of 7', 'block N of N'],
    ['tx 0x3fcB875f56beddC4 failed', 'tx 0x… failed'],
    [`hash ${'ab12'.repeat(16)} failed`, 'hash … failed'],
    ['request 6f1c1d3e-8a0b-4c3d-9e2f-0a1b2c3d4e5f', 'request …'],
    ['10.0.0.1:5432 after 1.5 s', 'N after N s'],
    ['2026-11-23 03:12:00,123 - INFO - up', 'INFO - up'],
    ['facade of a decade', 'facade of a decade'],
  ])('%s → %s', (message, pattern) => {
    expect(groups(undefined, message).list()[0]?.pattern).toBe(pattern);
  });

  it('counts, with first, last and newest; the most frequent first', () => {
    expect(groups(undefined, 'up', 'block 1', 'block 2', 'block 3').list()).toMatchObject([
      {
        pattern: 'block N',
        count: 3,
        first: new Date(start + 1_000),
        last: new Date(start + 3_000),
        newest: 'block 3',
      },
      { pattern: 'up', count: 1 },
    ]);
  });

  it('too many kinds → the first ones with exact counts, and how many entries are left out', () => {
    const made = groups(2, 'a', 'b', 'c', 'a', 'd', 'c');
    expect(made.list().map(({ pattern, count }) => [pattern, count])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(made.leftOut).toBe(3);
  });

  it.each([
    ['the same time', '2026-11-23 03:12:01,500 - x', 'x'],
    ['the same in another zone', '2026-11-23 08:42:01,500 - x', 'x'],
    ['in brackets', '[2026-11-23T03:12:00Z] x', 'x'],
    ['another time: buffered output', '2026-11-23 02:34:00,500 - x', '2026-11-23 02:34:00,500 - x'],
    ['none', 'x', 'x'],
  ])("the program's own time: %s", (_, message, shown) => {
    expect(withoutOwnTime(message, new Date(start))).toBe(shown);
  });
});
