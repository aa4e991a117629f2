import { describe, expect, it } from 'vitest';
import { faultCases, traps } from '../../scripts/faults/cases.ts';
import type { DrillFinding, DrillScreen } from '../../src/runbook/drill.ts';
import { listFaults } from '../../src/sandbox/break.ts';
import { drillName } from '../../src/sandbox/drill/drill.ts';
import { type DrillFault, drillFaults } from '../../src/sandbox/drill/faults.ts';
import { mixFaults } from '../../src/sandbox/drill/mix.ts';
import { type DrillFacts, scoreDrill } from '../../src/sandbox/drill/score.ts';

const startedAt = '2026-11-23T03:00:00.000Z';
const at = (seconds: number) => new Date(Date.parse(startedAt) + seconds * 1000).toISOString();

const finding = (id: string): DrillFinding => ({ id, next: `mend ${id}` });
const screen = (seconds: number, ...ids: readonly string[]): DrillScreen => ({
  ...{ at: at(seconds), command: 'status', findings: ids.map(finding) },
});
const report = (seconds: number, command: string): DrillScreen => ({
  at: at(seconds),
  command,
  findings: null,
});

function named(...names: readonly string[]): DrillFacts['faults'] {
  return names.map((name) => {
    const fault = drillFaults.find((each) => each.fault === name) as DrillFault;
    return { ...fault, summary: name };
  });
}

const facts = (more: Partial<DrillFacts>): DrillFacts => ({
  ...{ faults: named('kill-oracle'), startedAt, minutes: 10, screens: [], last: screen(600) },
  ...{ actions: [], rowsLost: 0, fundsLost: [] },
  ...more,
});

const points = (score: ReturnType<typeof scoreDrill>) => score.lines.map((line) => line.points);

describe('the faults of a drill', () => {
  it('can be made, and are named by the finding that the table of all faults has', () => {
    const known = new Map(faultCases.map((each) => [each.fault, each]));
    for (const { fault, findings } of drillFaults)
      expect([fault, known.get(fault)?.cause]).toEqual([fault, findings[0]]);
  });

  it('every other fault is a trap, waits for a third party, or is of the RPC node', () => {
    const drawn = drillFaults.map(({ fault }) => fault);
    const byOthers = faultCases.filter(({ by }) => by === 'others').map(({ fault }) => fault);
    const others = listFaults()
      .map(({ fault }) => fault)
      .filter((fault) => !drawn.includes(fault));
    const left = others.filter((fault) => !(fault in traps) && !byOthers.includes(fault));
    expect(left.toSorted()).toEqual([
      'cut-rpc',
      'hang-rpc',
      'html-rpc',
      'rate-limit-rpc',
      'slow-rpc',
      'stop-rpc',
      'wrong-chain',
    ]);
  });

  it('the same seed gives the same ones; one to three, no two of a part, the database last', () => {
    const all = Array.from({ length: 500 }, (_, seed) => mixFaults(seed));
    expect(mixFaults(6).map(({ fault }) => fault)).toEqual(['no-cors', 'corrupt-db']);
    expect(all.map((faults) => faults.map(({ fault }) => fault))).toEqual(
      all.map((_, seed) => mixFaults(seed).map(({ fault }) => fault)),
    );
    expect(new Set(all.map(({ length }) => length))).toEqual(new Set([1, 2, 3]));
    expect(new Set(all.flat().map(({ fault }) => fault)).size).toBe(drillFaults.length);
    for (const faults of all) {
      expect(new Set(faults.map(({ part }) => part)).size).toBe(faults.length);
      const stopped = faults.findIndex(({ fault }) => fault === 'stop-db');
      expect([-1, faults.length - 1]).toContain(stopped);
    }
  });
});

describe('the score', () => {
  it.each<readonly [string, Partial<DrillFacts>, readonly number[], string]>([
    ['nothing was done → 0', { last: screen(600, 'service-down:oracle') }, [0, 0, 0, 0, 0], 'no no'],
    [
      'seen and mended at once → 100',
      { screens: [screen(0, 'service-down:oracle'), screen(0)], last: screen(60) },
      [30, 70, 0, 0, 0],
      '0 0',
    ],
    [
      'seen and mended half-way → three quarters',
      { screens: [screen(300, 'service-down:oracle'), screen(300)] },
      [23, 53, 0, 0, 0],
      '300 300',
    ],
    [
      'seen and mended in the last second → half',
      { screens: [screen(600, 'service-down:oracle'), screen(600)] },
      [15, 35, 0, 0, 0],
      '600 600',
    ],
    ['mended and never seen → no diagnosis', { last: screen(0) }, [0, 70, 0, 0, 0], 'no 0'],
    [
      'another finding → no diagnosis',
      { screens: [screen(5, 'relay-stuck')], last: screen(600, 'service-down:oracle') },
      [0, 0, 0, 0, 0],
      'no no',
    ],
    [
      'mended, and back again → not mended',
      { screens: [screen(0, 'service-down:oracle'), screen(60)], last: screen(90, 'service-down:oracle') },
      [30, 0, 0, 0, 0],
      '0 no',
    ],
    [
      'not to be seen at the end → not mended',
      { screens: [screen(0, 'service-down:oracle')], last: screen(90, 'unknown-services') },
      [30, 0, 0, 0, 0],
      '0 no',
    ],
    [
      'a report without findings that shows it → diagnosed',
      { screens: [report(0, 'service status')], last: screen(90, 'service-down:oracle') },
      [30, 0, 0, 0, 0],
      '0 no',
    ],
    [
      'a report that does not show it → no diagnosis',
      { screens: [report(0, 'oracle status')], last: screen(90, 'service-down:oracle') },
      [0, 0, 0, 0, 0],
      'no no',
    ],
    [
      'a monitor that is quiet → no proof that it is mended',
      {
        screens: [screen(0, 'service-down:oracle'), { ...screen(10), command: 'monitor' }],
        last: screen(300),
      },
      [30, 53, 0, 0, 0],
      '0 300',
    ],
    [
      'the last look after the time → it does not count',
      { screens: [screen(0, 'service-down:oracle')], last: screen(601) },
      [30, 0, 0, 0, 0],
      '0 no',
    ],
    [
      'the database away, then the rows → each counts from when it could be seen',
      {
        faults: named('corrupt-db', 'stop-db'),
        screens: [screen(0, 'database-away'), screen(300, 'events-missing'), screen(600)],
      },
      [26, 44, 0, 0, 0],
      '300 600, 0 300',
    ],
    [
      'an unwind without a resume → not mended while the protocol is paused',
      {
        faults: named('orders-after-pause'),
        screens: [screen(0, 'orders-resting', 'paused'), screen(60, 'paused')],
        last: screen(90, 'paused'),
      },
      [30, 0, 0, 0, 0],
      '0 no',
    ],
  ])('%s', (_, more, expected, times) => {
    const score = scoreDrill(facts(more));
    expect(points(score)).toEqual(expected);
    expect(score.points).toBe(expected.reduce((a, b) => a + b, 0));
    expect(score.faults.map(({ diagnosed, safe }) => `${diagnosed ?? 'no'} ${safe ?? 'no'}`).join(', ')).toBe(
      times,
    );
  });

  it.each<readonly [string, Partial<DrillFacts>, readonly number[]]>([
    [
      'severe commands that mend nothing, each',
      {
        actions: [
          { at: at(1), command: 'emergency shutdown', severe: true },
          { at: at(2), command: 'reindex', severe: true },
          { at: at(3), command: 'service restart', severe: false },
        ],
      },
      [-30, 0, 0],
    ],
    [
      'a severe command that mends a fault → nothing',
      {
        faults: named('corrupt-db'),
        actions: [{ at: at(1), command: 'reindex', severe: true }],
      },
      [0, 0, 0],
    ],
    ['rows, one each', { rowsLost: 7 }, [0, -7, 0]],
    ['many rows, no more than 20', { rowsLost: 61 }, [0, -20, 0]],
    ['rows of which nothing is known → as if lost', { rowsLost: null }, [0, -20, 0]],
    ['funds', { fundsLost: [{ symbol: 'pathUSD', amount: '0.5' }] }, [0, 0, -20]],
    ['funds of which nothing is known → as if lost', { fundsLost: null }, [0, 0, -20]],
  ])('takes off for %s', (_, more, expected) => {
    expect(points(scoreDrill(facts(more))).slice(2)).toEqual(expected);
  });

  it('the shortest way is what the screens advised for the faults, also where only the last look shows them', () => {
    const faults = named('orders-after-pause', 'kill-oracle');
    const way = (more: Partial<DrillFacts>) =>
      scoreDrill(facts({ faults, ...more })).faults.map((each) => each.way);
    expect(
      way({ screens: [screen(1, 'orders-resting', 'paused')], last: screen(9, 'service-down:oracle') }),
    ).toEqual([['mend orders-resting', 'mend paused'], ['mend service-down:oracle']]);
    const rows = scoreDrill(facts({ faults: named('corrupt-db'), screens: [screen(1, 'events-missing')] }));
    expect(rows.faults[0]?.way).toEqual([
      'mend events-missing',
      'tv reindex --from-block BLOCK, as the check says',
    ]);
    expect(way({ screens: [], last: screen(9) })).toEqual([['tv emergency unwind'], ['tv oracle recover']]);
  });

  it('names what else was left, once every fault is mended', () => {
    const left = (...ids: readonly string[]) => scoreDrill(facts({ last: screen(9, ...ids) })).otherFindings;
    expect(left('breaker-open:x')).toEqual(['breaker-open:x']);
    expect(left('service-down:oracle', 'signals-late')).toEqual([]);
  });
});

it.each([
  ['anna', 'drill-anna'],
  ['Anna', expect.stringMatching(/^drill-anna-[0-9a-f]{8}$/)],
  ['anna.b', expect.stringMatching(/^drill-anna-b-[0-9a-f]{8}$/)],
  ['../../etc', expect.stringMatching(/^drill-etc-[0-9a-f]{8}$/)],
  ['a-very-long-name-of-a-person', expect.stringMatching(/^drill-a-very-long-na-[0-9a-f]{8}$/)],
])('the drill of %s has a name that a sandbox can have', (user, name) => {
  expect(drillName(user)).toEqual(name);
  expect(drillName(user)).toMatch(/^[a-z0-9][a-z0-9-]{0,30}$/);
});
