import { describe, expect, it } from 'vitest';
import { renderIncident } from '../../runbooks/incident.render.ts';
import { chooseSpan } from '../../runbooks/incident.ts';
import { UnavailableError } from '../../src/errors/TvError.ts';
import { readClocks, widened } from '../../src/observe/incident/clocks.ts';
import type { ClockReading, Incident } from '../../src/observe/incident/incident.ts';
import { incidentHtml } from '../../src/observe/incident/incidentHtml.ts';
import { incidentMarkdown } from '../../src/observe/incident/incidentMarkdown.ts';
import { clockWords, serviceWords } from '../../src/observe/incident/words.ts';
import { visibleWidth } from '../../src/text/layout.ts';
import { DrivenClock } from '../support/fakes.ts';
import { plainPaint } from '../support/paint.ts';

const start = Date.parse('2026-11-23T03:00:00.000Z');
const at = (seconds: number) => new Date(start + seconds * 1000);
const hostile = '<img src=x onerror=alert(1)> "q" | `code` **bold** [link](http://evil)';

const incident: Incident = {
  environment: 'production',
  since: at(0),
  until: at(2_400),
  madeAt: at(2_500),
  madeBy: 'ann@vault-1',
  entries: [
    {
      ...{
        at: at(0),
        until: at(600),
        of: 'missing',
        level: 'unknown',
        details: ['the journal begins later'],
      },
      what: 'not in this timeline: journals of the services',
    },
    { at: at(700), until: null, of: 'indexer', level: 'bad', what: `down: ${hostile}`, details: [hostile] },
    {
      ...{ at: at(800), of: 'chain', level: 'warn', details: [], about: true },
      what: `role ADMIN granted to 0x${'c'.repeat(40)} by 0x${'d'.repeat(40)}`,
    },
  ],
  services: [
    {
      ...{
        service: 'indexer',
        unit: 'tempovault-indexer',
        state: 'down',
        why: null,
        downMs: 1_700_000,
        leftOut: 0,
      },
      outages: [
        { from: at(700), isSeen: true, to: null, failedStarts: 0, downMs: 1_700_000, reason: 'killed' },
      ],
    },
    {
      ...{ service: 'api', unit: 'tempovault-api', state: 'unknown', why: 'systemd does not answer' },
      ...{ downMs: 0, leftOut: 0, outages: [] },
    },
  ],
  errors: {
    total: 3,
    leftOut: 1,
    groups: [
      {
        ...{
          unit: 'tempovault-indexer',
          service: 'indexer',
          level: 'error',
          pattern: hostile,
          newest: hostile,
        },
        ...{ count: 2, first: at(650), last: at(690) },
      },
    ],
  },
  clocks: [{ clock: 'database', offsetMs: null, withinMs: 0, reason: 'no answer' }],
  sources: [
    { source: 'journal', state: 'partly', summary: '12 entries' },
    { source: 'monitor', state: 'absent', summary: 'no look' },
  ],
  missing: [{ source: 'journal', from: at(0), to: at(600), reason: 'the journal begins later' }],
  remarks: ['the order is uncertain'],
};

describe('the screen', () => {
  it.each([60, 80, 140])('%i columns: no line is wider, what is missing is at the end too', (width) => {
    const screen = renderIncident(incident, plainPaint(width));
    const wide = screen.split('\n').filter((line) => visibleWidth(line) > width && !/[^\s]{30}/.test(line));
    expect(wide).toEqual([]);
    const flat = screen.replace(/\s+/g, ' ');
    expect(flat).toContain('indexer down once, 28 min 20 s, still down at the end');
    expect(flat).toContain('api unknown whether it was up; systemd does not answer');
    expect(flat).toContain('3 errors in 1 kind, 1 of further kinds');
    expect(flat).toContain('at about this time');
    expect(flat).toMatch(
      /Missing from this timeline \? journals of the services, .*the journal begins later/,
    );
    expect(flat).toContain('0xcccc…cccc');
  });

  it('nothing recorded: calm only where every source was read', () => {
    const empty = { ...incident, entries: [], services: [] };
    expect(renderIncident({ ...empty, missing: [] }, plainPaint(100))).toContain('every source was read');
    expect(renderIncident(empty, plainPaint(100))).not.toContain('every source was read');
  });
});

describe('text of others', () => {
  it('HTML → never markup', () => {
    const html = incidentHtml(incident);
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt; &quot;q&quot;');
    expect(html).not.toContain('<img');
    expect(html).toContain(`0x${'c'.repeat(40)}`);
  });

  it('Markdown → shown as it is', () => {
    const markdown = incidentMarkdown(incident);
    expect(markdown).toContain(
      '&lt;img src=x onerror=alert(1)&gt; "q" \\| \\`code\\` \\*\\*bold\\*\\* \\[link\\](http://evil)',
    );
    // Each row of the table has its five cells.
    const rows = markdown
      .split('\n')
      .filter((line) => line.startsWith('| 2026-') || line.startsWith('| about'));
    expect(rows.map((row) => row.match(/(?<!\\)\|/g)?.length)).toEqual([6, 6, 6]);
  });
});

describe('clocks', () => {
  const reading = (clock: ClockReading['clock'], offsetMs: number | null): ClockReading => ({
    ...{ clock, offsetMs, withinMs: 500, reason: offsetMs === null ? 'no answer' : null },
  });
  it.each<[string, ClockReading, string, number, number]>([
    ['as this one', reading('host', 400), "as this machine's (± 0.5 s)", 0, 0],
    ['ahead', reading('host', 90_000), "1 min 30 s ahead of this machine's (± 0.5 s)", 0, 90],
    ['behind', reading('host', -90_000), "1 min 30 s behind this machine's (± 0.5 s)", -90, 0],
    [
      'a newest block that is old',
      reading('chain', -4_000),
      "newest block 4.0 s old by this machine's clock (± 0.5 s)",
      0,
      0,
    ],
    [
      'a newest block of the future',
      reading('chain', 13_000),
      "newest block 13 s ahead of this machine's clock (± 0.5 s)",
      0,
      13,
    ],
    ['not read', reading('host', null), 'unknown: no answer', 0, 0],
  ])('%s', (_, clock, words, earlier, later) => {
    expect(clockWords(clock)).toBe(words);
    // What happened in the time has the times of that clock.
    expect(widened({ since: at(0), until: at(60) }, clock)).toEqual({
      since: at(earlier),
      until: at(60 + later),
    });
  });

  it('each by itself: one that is away is unknown with its reason', async () => {
    const away = () => {
      throw new UnavailableError('db.unreachable', 'The database cannot be reached.');
    };
    const clock = new DrivenClock(start);
    const run = async () => ({ exitCode: 0, stdout: `${start / 1000 + 100}\n`, stderr: '' });
    const { host, database, chain } = readClocks({
      host: () => ({ prefix: [], run }),
      database: away,
      chain: away,
      clock,
    });
    expect(await host).toEqual({ clock: 'host', offsetMs: 100_500, withinMs: 500, reason: null });
    for (const one of [await database, await chain])
      expect(one).toMatchObject({ offsetMs: null, reason: 'The database cannot be reached' });
  });
});

describe('a service, in words', () => {
  const story = (more: object) =>
    serviceWords({
      ...{ service: 'api', unit: 'a', state: 'up', why: null, outages: [], downMs: 0, leftOut: 0 },
      ...more,
    });
  const outage = { from: at(0), isSeen: true, to: at(1), failedStarts: 0, downMs: 24, reason: '' };
  it.each<[string, object, string]>([
    ['never', {}, 'no stop or failure recorded'],
    ['a restart', { outages: [outage], downMs: 24 }, 'down once, less than 0.1 s'],
    ['before, too', { outages: [{ ...outage, from: null }], downMs: 5_000 }, 'down once, at least 5.0 s'],
    ['several', { outages: [outage, outage], leftOut: 1, downMs: 60_000 }, 'down 3 times, 1 min'],
    ['only its present state', { why: 'before 03:00 unknown' }, 'up at the end; before 03:00 unknown'],
  ])('%s', (_, more, words) => {
    expect(story(more)).toBe(words);
  });
});

describe('the time asked for', () => {
  it('an end in the future is now; a clock time is the last one', () => {
    expect(chooseSpan({ since: '40m', until: '2999-01-01' }, at(2_400))).toEqual({
      since: at(0),
      until: at(2_400),
    });
    expect(chooseSpan({ since: '1h', until: '20m' }, at(3_600))).toEqual({ since: at(0), until: at(2_400) });
  });
});
