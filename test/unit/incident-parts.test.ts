import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProtocolEvent } from '../../src/chain/readProtocolEvents.ts';
import { addNote, cleanNote, notesFile, readNotes } from '../../src/journal/notes.ts';
import { thisOperator } from '../../src/journal/operator.ts';
import { CursorStalls } from '../../src/observe/incident/cursorStalls.ts';
import { isComplete, mergeEntries, unreadPart } from '../../src/observe/incident/incident.ts';
import { readMonitorParts } from '../../src/observe/incident/monitorPart.ts';
import { SignalPauses } from '../../src/observe/incident/signalPauses.ts';
import { History } from '../../src/observe/monitor/history.ts';
import { historyFile } from '../../src/observe/monitor/monitor.ts';
import { RedactingWriter } from '../../src/output/redactingWriter.ts';
import { Secrets } from '../../src/output/secrets.ts';
import { DrivenClock } from '../support/fakes.ts';

const start = Date.parse('2026-11-23T03:00:00.000Z');
const at = (seconds: number) => new Date(start + seconds * 1000);
const span = { since: at(0), until: at(2_400) };
const secondsOf = (date: Date | null | undefined) => (date == null ? date : (date.getTime() - start) / 1000);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tv-incident-'));
  chmodSync(directory, 0o700);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('a stalled cursor, from the checks of a monitor', () => {
  type Seen = readonly [seconds: number, block?: number, head?: number];
  const stalls = (looks: readonly Seen[]) => {
    const folded = new CursorStalls();
    for (const [seconds, block, head] of looks) {
      const figures = {
        ...(block === undefined ? {} : { tempovault_indexer_block: block }),
        ...(head === undefined ? {} : { tempovault_chain_head_block: head }),
      };
      folded.add({ at: at(seconds).getTime(), level: 'ok', figures });
    }
    return {
      entries: folded.finish().map((entry) => [secondsOf(entry.at), secondsOf(entry.until), entry.what]),
      unseen: folded.unseen().map(({ from, to }) => [secondsOf(from), secondsOf(to)]),
    };
  };

  it.each<[string, readonly Seen[], readonly unknown[]]>([
    [
      'moves',
      [
        [0, 1, 1],
        [60, 60, 61],
        [120, 119, 121],
      ],
      [],
    ],
    [
      'stands for less than a minute',
      [
        [0, 5, 9],
        [45, 5, 50],
        [60, 60, 61],
      ],
      [],
    ],
    [
      'stands, then moves',
      [
        [0, 5, 5],
        [15, 6, 20],
        [30, 6, 35],
        [90, 6, 95],
        [105, 100, 110],
      ],
      [[15, 90, 'cursor stood at block 6 for at least 1 min 15 s, head at 95']],
    ],
    [
      'stands to the end',
      [
        [0, 6, 6],
        [300, 6, 306],
      ],
      [[0, null, 'cursor stood at block 6 for at least 5 min, head at 306']],
    ],
    [
      'stands because the chain does',
      [
        [0, 6, 6],
        [300, 6, 6],
      ],
      [],
    ],
    [
      'goes back: a reindex',
      [
        [0, 900, 901],
        [30, 10, 931],
      ],
      [[30, undefined, 'cursor went back from block 900 to 10']],
    ],
    [
      'two checks far apart prove nothing',
      [
        [0, 6, 6],
        [2_000, 6, 2_006],
      ],
      [],
    ],
    [
      'a check that did not read it does not end it',
      [[0, 6, 6], [60], [120, 6, 126], [140, 140, 146]],
      [[0, 120, 'cursor stood at block 6 for at least 2 min, head at 126']],
    ],
  ])('%s', (_, looks, expected) => {
    expect(stalls(looks).entries).toEqual(expected);
  });

  it('checks that could not read it → a missing stretch', () => {
    expect(stalls([[0, 5, 5], [60], [300], [360, 360, 361]]).unseen).toEqual([[60, 360]]);
    expect(stalls([[0, 5, 5], [60], [300]]).unseen).toEqual([[60, 300]]);
    expect(stalls([[0, 5, 5], [60], [75, 60, 61]]).unseen).toEqual([]);
  });
});

describe('signals', () => {
  const signal = (seconds: number, pair = '0xaa', isExact = true) =>
    ({
      at: at(seconds).getTime(),
      isExact,
      name: 'OracleSignalUpdated',
      args: { pairId: pair },
    }) as unknown as ProtocolEvent;
  const pauses = (signals: readonly ProtocolEvent[], named: readonly string[] = []) => {
    const folded = new SignalPauses(span, 300_000);
    for (const one of signals) folded.add(one);
    return folded
      .entries(span.until, (pair) => pair, named)
      .map((entry) => [secondsOf(entry.at), secondsOf(entry.until), entry.what]);
  };
  const every = (from: number, to: number, pair?: string) =>
    Array.from({ length: Math.floor((to - from) / 60) + 1 }, (_, index) => signal(from + index * 60, pair));

  it.each<[string, readonly ProtocolEvent[], readonly string[], readonly unknown[]]>([
    ['none missing', every(0, 2_400), [], []],
    [
      'a pause',
      [...every(0, 600), ...every(1_200, 2_400)],
      [],
      [[600, 1_200, 'no signal of 0xaa for 10 min']],
    ],
    [
      'none from the beginning',
      every(500, 2_400),
      [],
      [[0, 500, 'no signal of 0xaa for at least 8 min 20 s']],
    ],
    ['none to the end', every(0, 1_800), [], [[1_800, null, 'no signal of 0xaa for at least 10 min']]],
    ['none at all', [], ['0xaa', '0xbb'], [[0, null, 'no signal of any pair for at least 40 min']]],
    [
      'none of one pair of the settings',
      every(0, 2_400),
      ['0xaa', '0xbb'],
      [[0, null, 'no signal of 0xbb for at least 40 min']],
    ],
  ])('%s', (_, signals, named, expected) => {
    expect(pauses(signals, named)).toEqual(expected);
  });
});

describe('what tv monitor has recorded', () => {
  const settings = (environment = 'production') =>
    ({ settings: { environment, stateDirectory: directory } }) as never;
  const event = (seconds: number, status: string, id: string, more: object = {}) => ({
    ...{
      schema: 'tv.monitor-event/1',
      at: at(seconds).toISOString(),
      status,
      id,
      level: 'critical',
      was: 'ok',
    },
    ...{ sentence: `${id} is bad`, startsAt: at(seconds).toISOString(), ...more },
  });
  const record = async (
    looks: readonly (readonly [number, readonly unknown[]])[],
    environment = 'production',
  ) => {
    const history = await History.open<unknown>(historyFile(directory), environment, (text) => text);
    for (const [seconds, events] of looks) {
      const figures = { tempovault_indexer_block: seconds + 100, tempovault_chain_head_block: seconds + 100 };
      history.record(() => ({ at: at(seconds).getTime(), level: 'ok', figures, alerts: [], events }));
    }
    history.close();
  };
  const every = (from: number, to: number) =>
    Array.from({ length: Math.floor((to - from) / 60) + 1 }, (_, index) => [from + index * 60, []] as const);

  it('changes of state, what fired before, and the stretch without a check', async () => {
    await record([
      [-600, [event(-600, 'firing', 'disk-full'), event(-600, 'firing', 'old-key')]],
      [-500, [event(-500, 'resolved', 'old-key')]],
      ...every(0, 600),
      [660, [event(660, 'firing', 'service-down:api', { sentence: 'down\u001b[31m' })]],
      [720, [event(720, 'resolved', 'service-down:api', { startsAt: at(660).toISOString() })]],
      ...every(1_500, 2_400),
    ]);
    await record([[700, [event(700, 'firing', 'of-staging')]]], 'staging');
    const { alerts, cursor } = await readMonitorParts(settings(), span);
    expect(alerts.entries.map((entry) => [secondsOf(entry.at), entry.level, entry.what])).toEqual([
      [0, 'bad', 'alert disk-full, critical: disk-full is bad'],
      [660, 'bad', 'alert service-down:api, critical: down\\u{1b}[31m'],
      [720, 'good', 'alert service-down:api resolved after 1 min'],
    ]);
    expect(alerts.entries[0]?.details[0]).toMatch(/^it fires since 2026-11-2/);
    for (const part of [alerts, cursor]) {
      expect(part.report.state).toBe('read');
      expect(part.missing).toMatchObject([
        { from: at(720), to: at(1_500), reason: 'tv monitor ran no check' },
      ]);
    }
  });

  it('no file → absent, and all of the time is missing', async () => {
    const { alerts, cursor } = await readMonitorParts(settings(), span);
    for (const part of [alerts, cursor]) {
      expect(part.report.state).toBe('absent');
      expect(part.missing).toMatchObject([{ from: span.since, to: span.until }]);
    }
  });

  it('checks of another environment only → absent', async () => {
    await record([[100, []]], 'staging');
    const { alerts } = await readMonitorParts(settings(), span);
    expect(alerts.report.state).toBe('absent');
  });

  it.each<[string, number, RegExp]>([
    ['stopped before this time', -3_600, /^1 change of state in 0 checks, the newest one 2026-/],
    ['was started after it, or keeps no older checks', 9_000, /, the oldest that is kept 2026-/],
  ])('the monitor %s → in use, and all of the time is missing', async (_, seconds, summary) => {
    await record([[seconds, seconds < 0 ? [event(seconds, 'firing', 'disk-full')] : []]]);
    const { alerts, cursor } = await readMonitorParts(settings(), span);
    for (const part of [alerts, cursor]) {
      expect(part.report.state).toBe('partly');
      expect(part.missing).toMatchObject([
        { from: span.since, to: span.until, reason: 'tv monitor ran no check' },
      ]);
    }
    expect(alerts.report.summary).toMatch(summary);
    expect(isComplete({ sources: [alerts.report] })).toBe(false);
    // What fired when it stopped is not known to have ended.
    expect(alerts.entries.map(({ what }) => what)).toEqual(
      seconds < 0 ? ['alert disk-full, critical: disk-full is bad'] : [],
    );
  });

  it.each<[string, () => Promise<void> | void, RegExp]>([
    ['no database', () => writeFileSync(historyFile(directory), 'x'.repeat(4_096)), /not a database/],
    ['a folder', () => mkdirSync(historyFile(directory)), /cannot be read/],
  ])('%s in its place → unread, with the reason', async (_, make, reason) => {
    await make();
    const { alerts, cursor } = await readMonitorParts(settings(), span);
    for (const part of [alerts, cursor]) {
      expect(part.report).toMatchObject({ state: 'unread', summary: expect.stringMatching(reason) });
      expect(part.missing).toMatchObject([{ from: span.since, to: span.until }]);
    }
  });

  it('a record that is no event → partly, and counted', async () => {
    await record([...every(0, 600), [660, ['nonsense', event(660, 'firing', 'x')]], ...every(720, 2_400)]);
    const { alerts } = await readMonitorParts(settings(), span);
    expect(alerts.report).toMatchObject({ state: 'partly', summary: expect.stringContaining('1 record') });
    expect(alerts.entries).toHaveLength(1);
  });
});

describe('notes', () => {
  const add = (text: string, environment = 'production', secrets: readonly string[] = []) => {
    const kept = new Secrets();
    for (const secret of secrets) kept.add(secret);
    const writer = new RedactingWriter(kept);
    const clock = new DrivenClock(start);
    return addNote(directory, {
      ...{ text: cleanNote(text), environment, operator: thisOperator(), clock },
      appendLine: (file, line) => writer.appendLine(file, line),
    });
  };
  const { user, host } = thisOperator();

  it('what is added is read, in its order, with who and when', async () => {
    await add('first\nline');
    await add('second', 'staging');
    expect(readNotes(directory)).toEqual({
      file: notesFile(directory),
      unreadable: 0,
      notes: [
        { at: at(0).toISOString(), environment: 'production', by: `${user}@${host}`, text: 'first line' },
        { at: at(0).toISOString(), environment: 'staging', by: `${user}@${host}`, text: 'second' },
      ],
    });
  });

  it('20 at once → 20 whole lines', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => add(`note ${index} ${'x'.repeat(1_500)}`)));
    const { notes, unreadable } = readNotes(directory);
    expect([notes.length, unreadable]).toEqual([20, 0]);
  });

  it.each([
    ['a key', `took ${'ab'.repeat(32)}`, [], 'took (64 hex digits, not shown)'],
    ['a password in a URL', 'at postgres://u:hunter2@db/x', [], 'at postgres://***@db/x'],
    ['a secret of the settings', 'it is hunter2-hunter2', ['hunter2-hunter2'], 'it is ***'],
    ['control characters', 'red \u001b[31m\u202e', [], 'red \\u{1b}[31m\\u{202e}'],
  ])('%s is not kept', async (_, text, secrets, expected) => {
    await add(text, 'production', secrets);
    const [note] = readNotes(directory).notes;
    expect(note?.text.replace(/\*\*\*|•+|\[redacted\]/g, '***')).toBe(expected);
  });

  it('a line that is none, and a line that was cut off → counted; the next note is whole', async () => {
    await add('one');
    const file = notesFile(directory);
    writeFileSync(file, 'nonsense\n{"at":"x"}\n{"at":"2026', { flag: 'a' });
    expect(readNotes(directory)).toMatchObject({ notes: [{ text: 'one' }], unreadable: 3 });
    await add('two');
    expect(readNotes(directory)).toMatchObject({ notes: [{ text: 'one' }, { text: 'two' }], unreadable: 2 });
  });

  it('a link, or a file that others may write → refused', async () => {
    const other = join(directory, 'other');
    writeFileSync(other, '');
    symlinkSync(other, notesFile(directory));
    await expect(add('x')).rejects.toMatchObject({ code: 'file.not-written' });
    rmSync(notesFile(directory));
    writeFileSync(notesFile(directory), '');
    chmodSync(notesFile(directory), 0o666);
    expect(() => readNotes(directory)).toThrow(expect.objectContaining({ code: 'notes.unusable' }));
  });
});

describe('the order of the timeline', () => {
  it('what is missing first; an event of a block after what its second holds', () => {
    const part = (entries: readonly [number, 'chain' | 'runs', string][]) => ({
      ...unreadPart('chain', span, 'x', 'absent'),
      missing: [],
      entries: entries.map(([seconds, of, what]) => ({
        ...{ at: at(seconds), of, level: 'info' as const, what, details: [] },
      })),
    });
    const merged = mergeEntries([
      part([
        [60, 'chain', 'tripped'],
        [61, 'chain', 'later'],
      ]),
      part([
        [0, 'runs', 'first'],
        [60.7, 'runs', 'sent'],
        [61.2, 'runs', 'ended'],
      ]),
      unreadPart('monitor', span, 'away', 'absent'),
      unreadPart('cursor', span, 'away', 'absent'),
    ]);
    expect(merged.map(({ what }) => what)).toEqual([
      "not in this timeline: alerts of tv monitor, the indexer's cursor",
      ...['first', 'sent', 'tripped', 'ended', 'later'],
    ]);
  });
});
