import { describe, expect, it } from 'vitest';
import { type Answer, known, unknown } from '../../src/errors/answer.ts';
import type { UnitEntry, UnitEvent } from '../../src/host/journal/entry.ts';
import type { UnitState } from '../../src/host/readUnits.ts';
import { UnitHistory } from '../../src/observe/incident/unitHistory.ts';

const start = Date.parse('2026-11-23T03:00:00.000Z');
const at = (seconds: number) => new Date(start + seconds * 1000);
const span = { since: at(0), until: at(2_400) };
type Line = readonly [seconds: number, event?: UnitEvent | undefined, message?: string, boot?: string];

function entry([seconds, event, message = 'Indexed 3 events', boot]: Line): UnitEntry {
  return {
    ...{ at: at(seconds), message, priority: 6, unit: 'tempovault-indexer', pid: 7, cursor: undefined },
    ...(event === undefined ? {} : { event }),
    ...(boot === undefined ? {} : { boot }),
  };
}

const state = (activeState: string, since: number | undefined, more: Partial<UnitState> = {}) =>
  known({
    ...{ unit: 'tempovault-indexer.service', loadState: 'loaded', activeState, subState: 'dead' },
    ...{ result: 'success', mainPid: 0, restarts: 0, memoryBytes: undefined },
    since: since === undefined ? undefined : at(since),
    ...more,
  });
const upSince = (seconds: number) => state('active', seconds);
const killed = 'tempovault-indexer.service: Main process exited, code=killed, status=9/KILL';

function story(lines: readonly Line[], now: Answer<UnitState>) {
  const history = new UnitHistory(span);
  for (const line of lines) history.add(entry(line));
  return history.finish('indexer', 'tempovault-indexer', now);
}
const outagesOf = (lines: readonly Line[], now: Answer<UnitState>) =>
  story(lines, now).outages.map(({ from, isSeen, to, failedStarts, downMs, reason }) => [
    from === null ? null : (from.getTime() - start) / 1000,
    isSeen ? 'seen' : 'unseen',
    to === null ? null : (to.getTime() - start) / 1000,
    failedStarts,
    downMs / 1000,
    reason,
  ]);

describe('when a service was down', () => {
  it.each<[string, readonly Line[], Answer<UnitState>, readonly unknown[]]>([
    ['never: entries, and systemd agrees', [[10], [2_000]], upSince(-9_000), []],
    [
      'killed and started again',
      [[100], [600, 'exited', killed], [600, 'failed', "Failed with result 'signal'."], [1_092, 'started']],
      upSince(1_092),
      [[600, 'seen', 1_092, 0, 492, 'Main process exited, code=killed, status=9/KILL']],
    ],
    [
      'restarted on request: down from the request on',
      [
        [60, 'stopping'],
        [62, 'succeeded'],
        [62, 'stopped'],
        [63, 'started'],
      ],
      upSince(63),
      [[60, 'seen', 63, 0, 3, 'stopped on request']],
    ],
    [
      'a stop that systemd had to enforce says so',
      [
        [60, 'stopping'],
        [150, 'exited', killed],
        [150, 'failed', "x.service: Failed with result 'timeout'."],
      ],
      state('failed', 150),
      [
        [
          ...[60, 'seen', null, 0, 2_340],
          "stopped on request; Main process exited, code=killed, status=9/KILL; Failed with result 'timeout'",
        ],
      ],
    ],
    [
      'out of memory, by what systemd said before',
      [
        [60, 'out-of-memory', 'x.service: A process was killed by the OOM killer.'],
        [61, 'exited', killed],
        [70, 'started'],
      ],
      upSince(70),
      [
        [
          ...[61, 'seen', 70, 0, 9],
          'A process was killed by the OOM killer; Main process exited, code=killed, status=9/KILL',
        ],
      ],
    ],
    [
      'down before: the first entry is its start',
      [[300, 'started'], [301]],
      upSince(300),
      [[null, 'seen', 300, 0, 300, 'down when the timeline begins']],
    ],
    [
      'output of its preparation is none of a running service',
      [[298], [300, 'started']],
      upSince(300),
      [[null, 'seen', 300, 0, 300, 'down when the timeline begins']],
    ],
    [
      'what could not be started was down before',
      [[300, 'start-failed', 'Failed to start the indexer.']],
      state('failed', 300),
      [[null, 'seen', null, 0, 2_400, 'Failed to start the indexer']],
    ],
    [
      'power loss: its end is in no journal',
      [
        [100, undefined, 'a', 'b1'],
        [500, undefined, 'a', 'b1'],
        [900, 'started', 'Started', 'b2'],
      ],
      upSince(900),
      [[500, 'unseen', 900, 0, 400, 'the machine was restarted; its journal does not hold the end']],
    ],
    [
      'still down at the end',
      [[2_000, 'exited', killed]],
      state('failed', 2_000),
      [[2_000, 'seen', null, 0, 400, 'Main process exited, code=killed, status=9/KILL']],
    ],
    [
      'the journal lacks the start that systemd knows of',
      [[2_000, 'exited', killed]],
      upSince(2_100),
      [[2_000, 'seen', 2_100, 0, 100, 'Main process exited, code=killed, status=9/KILL']],
    ],
    [
      'the journal lacks the stop that systemd knows of',
      [[10, 'started'], [1_000]],
      state('inactive', 1_500),
      [
        [null, 'seen', 10, 0, 10, 'down when the timeline begins'],
        [1_500, 'seen', null, 0, 900, 'systemd reports inactive (dead)'],
      ],
    ],
    [
      'no entry, and inactive since before: down all the time',
      [],
      state('inactive', -100),
      [[null, 'seen', null, 0, 2_400, 'systemd reports inactive (dead)']],
    ],
    [
      'two failures further apart are two outages',
      [
        [100, 'exited', killed],
        [110, 'started'],
        [200, 'exited', killed],
        [210, 'started'],
      ],
      upSince(210),
      [
        [100, 'seen', 110, 0, 10, expect.any(String)],
        [200, 'seen', 210, 0, 10, expect.any(String)],
      ],
    ],
    [
      'a restart on request soon after a failure is one of its own',
      [
        [100, 'exited', killed],
        [110, 'started'],
        [120, 'stopping'],
        [121, 'started'],
      ],
      upSince(121),
      [
        [100, 'seen', 110, 0, 10, expect.any(String)],
        [120, 'seen', 121, 0, 1, 'stopped on request'],
      ],
    ],
  ])('%s', (_, lines, now, expected) => {
    expect(outagesOf(lines, now)).toEqual(expected);
  });

  it('100 000 starts that fail → one outage, and the time in which it was down', () => {
    const history = new UnitHistory({ since: at(0), until: at(600_000) });
    for (let index = 0; index < 100_000; index++) {
      history.add(entry([index * 6, 'exited', killed]));
      history.add(entry([index * 6 + 5, 'started']));
    }
    const { outages, downMs, leftOut } = history.finish('indexer', 'tempovault-indexer', upSince(599_999));
    expect(outages).toMatchObject([{ from: at(0), to: at(599_999), failedStarts: 99_999 }]);
    expect([downMs, leftOut]).toEqual([500_000_000, 0]);
  });

  it('outages beyond the most that are kept → counted, with their time', () => {
    const history = new UnitHistory({ since: at(0), until: at(600_000) });
    for (let index = 0; index < 600; index++) {
      history.add(entry([index * 200, 'stopping']));
      history.add(entry([index * 200 + 1, 'started']));
    }
    const { outages, downMs, leftOut } = history.finish('indexer', 'tempovault-indexer', upSince(0));
    expect([outages.length, leftOut, downMs]).toEqual([500, 100, 600_000]);
  });
});

it('up in the journal and in systemd, since when is unknown → nothing is missing', () => {
  const now = state('active', undefined, { sinceUnknown: 'systemd reports "CET"' });
  expect(story([[10, 'started']], now)).toMatchObject({ state: 'up', why: null });
});

describe('what is not known is not said', () => {
  it.each<[string, readonly Line[], Answer<UnitState>, string, RegExp]>([
    [
      'neither journal nor systemd',
      [],
      unknown('systemd does not answer'),
      'unknown',
      /systemd does not answer/,
    ],
    ['started in this time, and no journal of before', [], upSince(500), 'up', /^before .* unknown/],
    ['down since a time, and no journal of before', [], state('failed', 500), 'down', /^before .* unknown/],
    [
      'up since a time that is unknown, and no journal',
      [],
      state('active', undefined, { sinceUnknown: 'systemd reports "CET"' }),
      'unknown',
      /^since when systemd reports active .* is unknown: systemd reports "CET"/,
    ],
    [
      'up in the journal, and failed since a time that is unknown',
      [[10, 'started']],
      state('failed', undefined, { sinceUnknown: 'systemd reports "CET"' }),
      'up',
      /^since when systemd reports failed .* is unknown/,
    ],
    ['changed after the end of the timeline', [], upSince(3_000), 'unknown', /changed its state since/],
    [
      'not installed',
      [[5]],
      state('inactive', undefined, { loadState: 'not-found' }),
      'unknown',
      /not installed/,
    ],
  ])('%s', (_, lines, now, expected, why) => {
    const told = story(lines, now);
    expect([told.state, told.why]).toEqual([expected, expect.stringMatching(why)]);
  });
});
