import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseLog, type LogInput } from '../../runbooks/logs.choose.ts';
import { type Circumstances, judge, type Tally } from '../../runbooks/logs.judge.ts';
import { type LogItem, renderItem, renderReport } from '../../runbooks/logs.render.ts';
import { type Answer, known, unknown } from '../../src/errors/answer.ts';
import { UsageError } from '../../src/errors/TvError.ts';
import type { UnitCoverage } from '../../src/host/journal/coverage.ts';
import { JournalError } from '../../src/host/journal/streamJournal.ts';
import type { LogEntry } from '../../src/host/journal/tracebacks.ts';
import { colourPaint, plainPaint } from '../support/paint.ts';

const units = { api: 'tempovault-api', indexer: 'tv-indexer', oracle: 'tempovault-oracle' };
const now = new Date('2026-11-23T03:12:00.000Z');
const minutesAgo = (minutes: number) => new Date(now.getTime() - minutes * 60_000);
const asked = (input: Partial<LogInput> = {}): LogInput => ({
  ...{ service: [], follow: false, since: undefined, until: undefined, lines: undefined },
  ...{ errors: false, grep: undefined, tx: undefined, group: false, ...input },
});
const choose = (input: Partial<LogInput> = {}) => chooseLog(asked(input), units, now);
const hash = `0x${'aB'.repeat(32)}`;

function entry(message: string, more: Partial<LogEntry> = {}): LogEntry {
  const at = minutesAgo(1);
  return {
    at,
    endedAt: at,
    unit: 'tv-indexer',
    pid: 7,
    priority: 6,
    level: 'info',
    message,
    frames: [],
    ...more,
  };
}

describe('what is asked for', () => {
  it.each<[string, Partial<LogInput>, readonly string[]]>([
    ['nothing: the three', {}, ['tempovault-api', 'tv-indexer', 'tempovault-oracle']],
    ['by name', { service: ['oracle', 'API'] }, ['tempovault-oracle', 'tempovault-api']],
    ['by unit', { service: ['tv-indexer', 'tempovault-api.service'] }, ['tv-indexer', 'tempovault-api']],
    ['twice', { service: ['indexer', 'tv-indexer'] }, ['tv-indexer']],
    ['nginx', { service: ['nginx'] }, ['nginx']],
  ])('services: %s', (_, input, expected) => {
    expect(choose(input).units).toEqual(expected);
  });

  it.each<[string, Partial<LogInput>, number | undefined, Date | undefined, Date | undefined]>([
    ['the newest 50', {}, 50, undefined, undefined],
    ['a time: all of it', { since: '2h' }, undefined, minutesAgo(120), undefined],
    ['both', { since: '2h', lines: '5' }, 5, minutesAgo(120), undefined],
    ['an end', { until: '5m' }, undefined, undefined, minutesAgo(5)],
    ['errors: of the last hour', { errors: true }, 50, minutesAgo(60), undefined],
    [
      'a group with an end: the hour before it',
      { group: true, until: '5m' },
      undefined,
      minutesAgo(65),
      minutesAgo(5),
    ],
    ['a transaction: the whole journal', { tx: hash, errors: true }, undefined, undefined, undefined],
    ['all', { lines: 'all' }, undefined, undefined, undefined],
  ])('window: %s', (_, input, lines, since, until) => {
    expect(choose(input)).toMatchObject({ lines, since, until });
  });

  it.each<[string, Partial<LogInput>, RegExp]>([
    ['another name', { service: ['indxer'] }, /no service "indxer"/],
    ['the future', { since: '2026-11-24' }, /--since lies in the future/],
    ['an end before the begin', { since: '10m', until: '20m' }, /--until has to be later/],
    ['follow and an end', { follow: true, until: '1m' }, /--follow has no end, and --until/],
    ['follow and group', { follow: true, group: true }, /--follow has no end, and --group/],
    ['no regular expression', { grep: '(' }, /--grep is not a regular expression/],
  ])('refused: %s', (_, input, message) => {
    expect(() => choose(input)).toThrow(UsageError);
    expect(() => choose(input)).toThrow(message);
  });

  it('another name → the known ones are listed, with the nearest', () => {
    try {
      choose({ service: ['indxer'] });
    } catch (error) {
      expect((error as UsageError).facts).toEqual({
        'did you mean': 'indexer',
        services: 'api, indexer, oracle, nginx',
        units: 'tempovault-api, tv-indexer, tempovault-oracle',
      });
    }
    expect.assertions(1);
  });

  it.each<[string, Partial<LogInput>, LogEntry, boolean]>([
    ['everything', {}, entry('x'), true],
    ['errors, not an error', { errors: true }, entry('x'), false],
    ['errors, by text', { errors: true }, entry('an error came up'), true],
    ['errors, by level', { errors: true }, entry('x', { level: 'critical' }), true],
    ['errors, a traceback', { errors: true }, entry('KeyboardInterrupt', { frames: ['  File'] }), true],
    ['a pattern in another case', { grep: 'BLOCK'.toLowerCase() }, entry('Block 7'), true],
    ['a pattern with a capital', { grep: 'Block' }, entry('block 7'), false],
    ['a pattern in a frame', { grep: 'relay_loop' }, entry('E', { frames: ['in relay_loop'] }), true],
    ['both, one does not fit', { errors: true, grep: 'x' }, entry('error y'), false],
  ])('shown: %s', (_, input, given, expected) => {
    expect(choose(input).matches(given)).toBe(expected);
  });

  it('a transaction → its digits, since some releases write no 0x', () => {
    expect(choose({ tx: hash }).containing).toBe('ab'.repeat(32));
  });
});

describe('what an answer means', () => {
  const active = known({ loadState: 'loaded', activeState: 'active' });
  const unit = (name: keyof typeof units, newest: Answer<Date>, state: UnitCoverage['state'] = active) => ({
    ...{ unit: units[name], state, newest },
  });
  const well = [
    unit('api', known(minutesAgo(1))),
    unit('indexer', known(minutesAgo(1))),
    unit('oracle', known(minutesAgo(9))),
  ];
  const tally = (more: Partial<Tally> = {}): Tally => ({
    ...{ read: 0, matched: 0, shown: 0, unreadable: 0, leftOut: 0, hiddenGroups: 0 },
    ...{ newestRead: new Map(), cursor: undefined, ...more },
  });
  const judged = (
    more: Partial<Circumstances>,
    input: Partial<LogInput> = {},
    counted: Partial<Tally> = {},
  ) => {
    const circumstances = { coverage: well, start: undefined, failure: undefined, now, ...more };
    const { problems, notes, next } = judge(choose(input), tally(counted), circumstances);
    const lines = (list: typeof problems) => list.map(({ service, text }) => `${service ?? 'all'}: ${text}`);
    return { problems: lines(problems), notes: lines(notes), next };
  };
  const replaced = (other: UnitCoverage) => ({
    coverage: well.map((each) => (each.unit === other.unit ? other : each)),
  });

  it('all well → nothing to say', () => {
    expect(judged({}, { since: '2h' })).toEqual({ problems: [], notes: [], next: [] });
  });

  it.each<[string, Partial<Circumstances>, RegExp]>([
    [
      'no such unit',
      replaced(
        unit(
          'api',
          unknown('no journal lines of tempovault-api'),
          known({ loadState: 'not-found', activeState: 'inactive' }),
        ),
      ),
      /^api: tempovault-api is not installed on this host$/,
    ],
    [
      'a unit that was removed',
      replaced(
        unit('api', known(minutesAgo(90)), known({ loadState: 'not-found', activeState: 'inactive' })),
      ),
      /not installed on this host; its newest entry is 1h 30min old/,
    ],
    [
      'not a line of a unit that is there',
      replaced(unit('oracle', unknown('no journal lines of tempovault-oracle'))),
      /^oracle: no journal lines of tempovault-oracle$/,
    ],
    [
      'the journal did not answer the second time',
      replaced(unit('oracle', unknown('journalctl did not finish within 10 s'))),
      /^oracle: journalctl did not finish/,
    ],
    [
      'no permission for a part',
      { failure: new JournalError('Hint: You are currently not seeing messages from other users.', []) },
      /^all: No permission to read the whole journal: Hint:/,
    ],
    [
      'a damaged file',
      { failure: new JournalError('Journal file x is truncated, ignoring file.', []) },
      /^all: The journal cannot be read: Journal file x is truncated/,
    ],
  ])('%s → could not be read', (_, circumstances, problem) => {
    const { problems, next } = judged(circumstances);
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(next.length).toBeGreaterThan(0);
  });

  it('lines that are no entries → could not be read', () => {
    expect(judged({}, {}, { unreadable: 2 }).problems).toEqual([
      expect.stringMatching(/^all: 2 lines of journalctl/),
    ]);
  });

  it.each<[string, Partial<Circumstances>, Partial<LogInput>, readonly RegExp[]]>([
    [
      'rotated away before --since',
      { start: minutesAgo(9) },
      { since: '2h' },
      [/^all: the journal begins 2026-11-23 .*\(9 min ago\): what is older was rotated away or never kept$/],
    ],
    ['the journal reaches further back', { start: minutesAgo(500) }, { since: '2h' }, []],
    [
      'a search of the whole journal',
      { start: minutesAgo(60) },
      { tx: hash },
      [/^all: the journal begins .* \(1h 0min ago\)$/],
    ],
    [
      'the relay runs and writes nothing',
      replaced(unit('oracle', known(minutesAgo(130)))),
      {},
      [/^oracle: active, but it has written nothing for 2h 10min\. Python buffers .*: the chain shows/],
    ],
    [
      'the same, of a time that is past',
      replaced(unit('oracle', known(minutesAgo(130)))),
      { until: '100m' },
      [],
    ],
    ['an API that nobody asks', replaced(unit('api', known(minutesAgo(130)))), {}, []],
    [
      'a service that does not run',
      replaced(
        unit('indexer', known(minutesAgo(130)), known({ loadState: 'loaded', activeState: 'failed' })),
      ),
      {},
      [/^indexer: failed; its newest entry is 2h 10min old$/],
    ],
    [
      'systemd does not answer',
      replaced(unit('indexer', known(minutesAgo(1)), unknown('systemctl is not installed on the host'))),
      {},
      [/^indexer: state unknown: systemctl is not installed/],
    ],
    [
      'nginx, whose own logs are files',
      { coverage: [{ unit: 'nginx', state: active, newest: known(minutesAgo(999)) }] },
      { service: ['nginx'] },
      [/\/var\/log\/nginx/],
    ],
  ])('%s', (_, circumstances, input, notes) => {
    expect(judged(circumstances, input)).toMatchObject({
      problems: [],
      notes: notes.map((note) => expect.stringMatching(note)),
    });
  });

  it('too many kinds to fold → said', () => {
    expect(judged({}, { group: true }, { leftOut: 7 }).notes).toEqual([
      expect.stringMatching(/^all: 7 entries of further kinds/),
    ]);
  });

  const summary = (input: Partial<LogInput>, counted: Partial<Tally>, more: Partial<Circumstances> = {}) => {
    const circumstances = { coverage: well, start: undefined, failure: undefined, now, ...more };
    return renderReport(judge(choose(input), tally(counted), circumstances), plainPaint(400))
      .trim()
      .split('\n')[0];
  };

  it('no errors is said of what was read, and only as far as it was', () => {
    expect(summary({ errors: true, since: '2h' }, { read: 1_204 })).toMatch(
      /^None of the 1 204 journal entries of api, indexer, oracle since .* \(2h 0min ago\) matches: errors \(by level, or by "error"/,
    );
    const broken = replaced(unit('oracle', unknown('no journal lines of tempovault-oracle')));
    expect(summary({ errors: true, since: '2h' }, { read: 1_204 }, broken)).toContain(
      'that could be read matches',
    );
    expect(summary({ service: ['api'], since: '2h' }, {})).toMatch(/^No entries of api since/);
    expect(summary({ since: '2h' }, { read: 3, matched: 3, shown: 3 })).toBe('');
    expect(summary({ grep: 'x' }, { read: 900, matched: 80, shown: 50 })).toMatch(
      /^the newest 50 of 80 entries: entries that match "x"/,
    );
    expect(summary({ group: true }, { read: 90, matched: 80, shown: 50, hiddenGroups: 3 })).toMatch(
      /^80 entries in 50 kinds, 3 more kinds \(-n all\): api, indexer, oracle since/,
    );
  });
});

describe('the screen', () => {
  const zone = process.env['TZ'];
  beforeAll(() => {
    process.env['TZ'] = 'UTC';
  });
  afterAll(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });

  const items = [
    {
      ...entry('2026-11-22 23:59:59,900 - INFO - Indexed block 15204118', {
        at: new Date('2026-11-22T23:59:59.950Z'),
      }),
      service: 'indexer',
    },
    {
      ...entry("ValueError: {'code': -32003, 'message': 'replacement transaction underpriced'}", {
        ...{
          unit: 'tempovault-oracle',
          level: 'error',
          frames: ['Traceback (most recent call last):', '  File "x.py"'],
        },
      }),
      service: 'oracle',
    },
    { ...entry('slow\nvery', { level: 'warning', unit: 'tempovault-api' }), service: 'api' },
    { ...entry(''), service: null },
  ] as const;
  const screen = (paint: ReturnType<typeof plainPaint>, frames = false) =>
    items.map((item, index) => renderItem(item, paint, { frames }, items[index - 1])).join('');

  it('60 columns: a line a day, errors marked without colour too, tracebacks folded', () => {
    expect(screen(plainPaint(60))).toMatchInlineSnapshot(`
      "2026-11-22 +00:00
      23:59:59   indexer  INFO - Indexed block 15204118
      2026-11-23 +00:00
      03:11:00 ✖ oracle   ValueError: {'code': -32003, 'message':
                          'replacement transaction underpriced'}
                          traceback, 2 more lines: --frames
      03:11:00 ! api      slow
                          very
      03:11:00   ?        (no text)
      "
    `);
    const tooLong = screen(plainPaint(60))
      .split('\n')
      .filter((line) => line.length > 60);
    expect(tooLong).toEqual([]);
  });

  it('a pipe: one line an entry, with all that is needed on it', () => {
    expect(screen({ ...plainPaint(60), piped: true })).toMatchInlineSnapshot(`
      "2026-11-22 23:59:59 +00:00 indexer info 2026-11-22 23:59:59,900 - INFO - Indexed block 15204118
      2026-11-23 03:11:00 +00:00 oracle error ValueError: {'code': -32003, 'message': 'replacement transaction underpriced'} [traceback, 2 lines]
      2026-11-23 03:11:00 +00:00 api warning slow | very
      2026-11-23 03:11:00 +00:00 ? info 
      "
    `);
  });

  it('--frames → the frames as they are', () => {
    expect(screen(plainPaint(80), true)).toContain('\n                      File "x.py"\n');
  });

  it('colours: services apart, errors red', () => {
    const coloured = screen(colourPaint(80));
    expect(coloured).toContain('\u001b[35mindexer\u001b[39m');
    expect(coloured).toContain('\u001b[94moracle \u001b[39m');
    expect(coloured).toContain('\u001b[31mValueError');
  });

  it('groups', () => {
    const group: LogItem = {
      ...{
        unit: 'tv-indexer',
        service: 'indexer',
        level: 'error',
        pattern: 'block N: N Too Many Requests for url',
      },
      ...{ count: 12_345, first: minutesAgo(1_500), last: minutesAgo(2), newest: 'block 7' },
    };
    expect(renderItem(group, plainPaint(60), { frames: false }, undefined)).toMatchInlineSnapshot(`
      " 12 345 × ✖ indexer  block N: N Too Many Requests for url
                           2026-11-22 02:12:00 to 03:10:00, 2 min ago
      "
    `);
    expect(
      renderItem({ ...group, count: 1 }, plainPaint(60), { frames: false }, undefined),
    ).toMatchInlineSnapshot(`
      "      1 × ✖ indexer  block 7
                           03:10:00, 2 min ago
      "
    `);
  });
});
