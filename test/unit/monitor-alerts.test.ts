import { describe, expect, it } from 'vitest';
import { UnavailableError } from '../../src/errors/TvError.ts';
import { judge } from '../../src/observe/findings.ts';
import { type Alert, advance, levelOf } from '../../src/observe/monitor/alerts.ts';
import type { ValueOf, World } from '../../src/observe/world.ts';
import { away, late, worldNow, worldSettings, worldWith } from '../support/observedWorld.ts';

const start = worldNow.getTime();
const well = worldWith();
const lagging = (blocks: number) => worldWith({ indexer: (value) => ({ ...value, block: 5_000 - blocks }) });
const down = worldWith({
  services: (all) => ({ ...all, api: { ...all.api, activeState: 'failed', subState: 'failed' } }),
});
const diskUsed = (percent: number) =>
  worldWith({ disk: (disk) => ({ ...disk, freeBytes: (disk.totalBytes * (100 - percent)) / 100 }) });
const databaseAway = worldWith({}, { database: away(), indexer: away() });
const databaseLate = worldWith({}, { database: late() });
const headless = worldWith({
  indexer: (value) => ({ ...value, block: 0, head: { known: false, reason: 'late' } }),
});

/** What each check reports: changes, then what fires. */
function follow(looks: readonly (readonly [atSeconds: number, world: World])[], final = false) {
  let alerts: readonly Alert[] = [];
  let before: number | undefined;
  return looks.map(([seconds, world]) => {
    const at = start + seconds * 1000;
    const { findings } = judge({ world, settings: worldSettings, now: worldNow });
    const next = advance(alerts, { findings, world, at, before, final });
    alerts = next.alerts;
    before = at;
    const fires = alerts.filter(({ state }) => state === 'firing').map(({ id, level }) => `${id} ${level}`);
    return [next.changes.map(({ kind, alert, was }) => `${kind} ${alert.id} ${was}>${alert.level}`), fires];
  });
}
const lag = 'indexer-lag warning';

describe('what fires, and when', () => {
  it('a service that is down: at once; resolved after two checks', () => {
    expect(
      follow([
        [0, well],
        [15, down],
        [30, well],
        [45, well],
      ]),
    ).toEqual([
      [[], []],
      [['firing service-down:api ok>critical'], ['service-down:api critical']],
      [[], ['service-down:api critical']],
      [['resolved service-down:api critical>critical'], []],
    ]);
  });

  it('a lag of 60 s: fires at the check 60 s after the first', () => {
    expect(
      follow([
        [0, lagging(500)],
        [15, lagging(500)],
        [59, lagging(500)],
        [60, lagging(500)],
      ]),
    ).toEqual([
      [[], []],
      [[], []],
      [[], []],
      [['firing indexer-lag ok>warning'], [lag]],
    ]);
  });

  it('a lag that comes and goes never fires', () => {
    const looks = [0, 30, 60, 90, 120, 150].map(
      (seconds) => [seconds, seconds % 60 === 0 ? lagging(500) : well] as const,
    );
    expect(follow(looks).flat(2)).toEqual([]);
  });

  it('two checks an hour apart both find a lag → fires', () => {
    expect(
      follow([
        [0, lagging(500)],
        [3_600, lagging(500)],
      ])[1],
    ).toEqual([['firing indexer-lag ok>warning'], [lag]]);
  });

  it('no second check will know the first → fires at once', () => {
    expect(follow([[0, lagging(500)]], true)[0]?.[1]).toEqual([lag]);
  });

  it('after a long gap one check proves that it is gone', () => {
    expect(
      follow([
        [0, down],
        [3_600, well],
      ])[1],
    ).toEqual([['resolved service-down:api critical>critical'], []]);
  });

  it('a level rises at once and falls at the second check', () => {
    expect(
      follow([
        [0, diskUsed(85)],
        [15, diskUsed(97)],
        [30, diskUsed(85)],
        [45, diskUsed(85)],
      ]).map(([changes]) => changes),
    ).toEqual([
      ['firing disk-full ok>warning'],
      ['level disk-full warning>critical'],
      [],
      ['level disk-full critical>warning'],
    ]);
  });
});

describe('a check that could not read proves nothing', () => {
  it('the database is away while the lag fires → the lag still fires, however long', () => {
    const looks = follow([
      [0, lagging(500)],
      [60, lagging(500)],
      [75, databaseAway],
      [90, databaseAway],
      [105, databaseAway],
    ]);
    expect(looks.at(-1)?.[1]).toContain(lag);
  });

  it('the head is unknown while the lag fires → it still fires', () => {
    const looks = follow([
      [0, lagging(500)],
      [60, lagging(500)],
      [75, headless],
      [90, headless],
    ]);
    expect(looks.at(-1)?.[1]).toContain(lag);
  });

  it('a database that did not answer is only late → not back', () => {
    const looks = follow([
      [0, databaseAway],
      [15, databaseLate],
      [30, databaseLate],
      [45, databaseLate],
    ]);
    expect(looks.at(-1)?.[1]).toContain('database-away critical');
    expect(
      follow([
        [0, databaseAway],
        [15, well],
        [30, well],
      ]).at(-1)?.[1],
    ).toEqual([]);
  });

  it('late once → no alert, and the check is not ok; late twice → unknown fires', () => {
    const { findings } = judge({ world: databaseLate, settings: worldSettings, now: worldNow });
    const first = advance([], { findings, world: databaseLate, at: start, before: undefined, final: false });
    expect(first.changes).toEqual([]);
    expect(levelOf(first.alerts)).toBe('unknown');
    expect(
      follow([
        [0, databaseLate],
        [15, databaseLate],
      ])[1]?.[1],
    ).toContain('unknown-database unknown');
  });
});

it('the level is the worst that fires; a lag that does not fire yet does not count', () => {
  const world = lagging(500);
  const { findings } = judge({ world, settings: worldSettings, now: worldNow });
  const { alerts } = advance([], { findings, world, at: start, before: undefined, final: false });
  expect(alerts.map(({ id, state }) => [id, state])).toEqual([['indexer-lag', 'pending']]);
  expect(levelOf(alerts)).toBe('ok');
});

describe('what was found is not gone because it cannot be seen any more', () => {
  type Node = ValueOf<'nodes'>[number];
  const refused = new UnavailableError('chain.node-unreachable', 'connection refused');
  const timedOut = new UnavailableError('chain.node-timeout', 'no answer in time');
  const nodes = (...changes: readonly Partial<Node>[]) =>
    worldWith({ nodes: (all) => all.map((node, index) => ({ ...node, ...changes[index] })) });
  const gone = { id: undefined, head: undefined, behind: undefined } as Partial<Node>;
  const noFees = { id: 'no-fees', summary: 'has nothing', next: [] };
  const unread = { id: 'fees', summary: 'fees unknown' };
  const relay = (change: object) => worldWith({ relay: (value) => ({ ...value, ...change }) });
  const poor = worldWith({
    relay: (value) => ({
      ...value,
      payer: { known: true, value: { ...(value.payer.known ? value.payer.value : {}), balance: 1_728_000n } },
    }),
  });
  const signal = (...healths: readonly string[]) =>
    worldWith({
      signals: (value) => ({
        ...value,
        signals: healths.map((health) => ({
          ...value.signals[0],
          health,
          ageSeconds: 500,
          at: start / 1000 - 500,
        })),
      }),
    });
  const missing = { total: 1, first: [{ block: 5, logIndex: 0, transactionHash: '0xb', topic: undefined }] };
  const sampled = (change: object) => worldWith({ events: (value) => value && { ...value, ...change } });
  const skipped = [{ from: 1, to: 10, reason: 'rate limit' }];
  const items = (...states: readonly string[]) =>
    worldWith({
      checklist: (value) => ({
        ...value,
        items: states.map((state) => ({
          ...value.items[0],
          state,
          reason: state === 'unknown' ? 'host' : null,
        })),
      }),
    });
  const health = (status: string) =>
    worldWith({ api: (value) => ({ ...value, health: { ...value.health, status } }) });
  const b = 'https://b.example';

  it.each([
    [
      'rpc-away',
      nodes({ error: refused }, { error: refused }),
      nodes({ error: timedOut }, { error: timedOut }),
    ],
    [
      'rpc-silent',
      nodes({ error: timedOut }, { error: timedOut }),
      nodes({ error: refused }, { error: refused }),
    ],
    [`rpc-node-away:${b}`, nodes({}, { error: refused }), nodes({ error: refused }, { error: refused })],
    [`rpc-wrong-chain:${b}`, nodes({}, { id: 1 }), nodes({}, { ...gone, error: refused })],
    [`rpc-slow:${b}`, nodes({}, { durationMs: 60_000 }), nodes({}, { ...gone, error: refused })],
    ['rpc-lagging', nodes({}, { head: 4_000, behind: 1_000 }), nodes({}, { ...gone, error: refused })],
    ['relay-no-fees', relay({ troubles: [noFees] }), relay({ unknown: [unread] })],
    ['relay-funds-low', poor, relay({ payer: { known: false, reason: 'late' } })],
    ['relay-funds-low', poor, relay({ activity: { known: false, reason: 'late' } })],
    ['signals-dead', signal('dead'), signal()],
    ['signals-stale', signal('stale'), signal('dead')],
    ['signals-late', signal('healthy'), signal('stale')],
    ['events-missing', sampled({ missing }), sampled({ skipped })],
    ['events-missing', sampled({ missing }), sampled({ doubt: 'logs are left out' })],
    ['checklist-due', items('due'), items('unknown')],
    ['api-degraded', health('degraded'), health('unhealthy')],
  ] as const)('%s', (id, found, unseen) => {
    const seconds = [0, 100, 200, 300];
    const worlds = [found, found, unseen, unseen];
    const looks = follow(seconds.map((at, index) => [at, worlds[index] ?? well] as const));
    const fires = (look: (typeof looks)[number] | undefined) =>
      (look?.[1] ?? []).map((line) => line.split(' ')[0]);
    expect(fires(looks[1])).toContain(id);
    expect(fires(looks[3])).toContain(id);
    const cured = follow([
      ...seconds.slice(0, 2).map((at) => [at, found] as const),
      [200, well],
      [300, well],
    ]);
    expect(fires(cured[3])).not.toContain(id);
  });
});
