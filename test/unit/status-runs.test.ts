import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openProtocol } from '../../src/chain/readProtocol.ts';
import type { ServiceName } from '../../src/config/settings.ts';
import { abandonRun } from '../../src/engine/abandonRun.ts';
import { whileAsking } from '../../src/engine/locks.ts';
import { acquireFileLock } from '../../src/journal/fileLock.ts';
import { lockDirectory } from '../../src/journal/lockRecords.ts';
import { type RunsWorld, seeRuns } from '../../src/observe/runs.ts';
import type { Leaves } from '../../src/runbook/events.ts';
import { FakeWorld, fakeRunbook } from '../support/fakeRunbook.ts';
import { deadOperator, startScene, temporaryState } from '../support/fakes.ts';
import { noAnswers, play } from '../support/scenario.ts';

let state: ReturnType<typeof temporaryState>;
let stateDirectory: string;
let fake: FakeWorld;

beforeEach(() => {
  state = temporaryState();
  stateDirectory = state.directory;
  fake = new FakeWorld(`${state.directory}-world`);
});
afterEach(() => state.remove());

const engine = () => startScene(stateDirectory).engine;
const trap = (): never => {
  throw new Error('the world was asked');
};
const unasked: RunsWorld = { paused: trap, stopped: trap };
const world = (paused: boolean | undefined, stopped: readonly ServiceName[] | undefined): RunsWorld => ({
  paused: async () => paused,
  stopped: async () => stopped,
});

describe('locks and questions', () => {
  it('a lock that is held → what runs, who holds it and since when; once released, nothing', async () => {
    const { ctx, operator } = engine();
    const since = new Date(ctx.clock.now().getTime() - 120_000).toISOString();
    const held = acquireFileLock(lockDirectory(ctx.settings), {
      operator,
      what: 'reindex (reindex events)',
      since,
    });
    if (!held.held) throw new Error('not held');
    const { left, locks } = await seeRuns(ctx, unasked);
    expect(left).toEqual([]);
    expect(locks).toHaveLength(1);
    expect(locks[0]).toContain(
      `lock held: reindex (reindex events) by ${operator.user}@${operator.host}, process ${operator.pid}, since `,
    );
    expect(locks[0]).toMatch(/\(2 min ago\)$/);
    await held.release();
    expect((await seeRuns(ctx, unasked)).locks).toEqual([]);
  });

  it('a lock of a process that died → no line', async () => {
    const { ctx } = engine();
    const since = ctx.clock.now().toISOString();
    const operator = deadOperator();
    acquireFileLock(lockDirectory(ctx.settings), { operator, what: 'reindex', since });
    expect((await seeRuns(ctx, unasked)).locks).toEqual([]);
  });

  it('a question that is open → which, and who was asked; once it is answered, nothing', async () => {
    const other = engine();
    let answer = (_: string) => {};
    const asked = whileAsking(
      { ...other, operator: { ...other.operator, user: 'alice' } },
      'db restore',
      () =>
        new Promise<string>((resolve) => {
          answer = resolve;
        }),
    );
    const { ctx } = engine();
    expect((await seeRuns(ctx, unasked)).locks).toEqual([
      expect.stringMatching(/^question open: db restore by alice@\S+, process \d+, since .+ \(.*ago\)$/),
    ]);
    answer('yes');
    await asked;
    expect((await seeRuns(ctx, unasked)).locks).toEqual([]);
  });

  it('a question of a process that died → no line', async () => {
    const other = engine();
    let read: readonly string[] | undefined;
    await whileAsking({ ...other, operator: deadOperator() }, 'db restore', async () => {
      read = (await seeRuns(engine().ctx, unasked)).locks;
      return 'yes';
    });
    expect(read).toEqual([]);
  });
});

const services: Leaves = { subject: 'services', plural: true, state: 'STOPPED', until: 'd' };
const pause: Leaves = { subject: openProtocol, state: 'OPEN (not paused)', until: 'd' };

/** A run that was interrupted once its step had left something unusual. */
async function interrupted(leaves: Leaves): Promise<string> {
  const { run } = await play(
    fakeRunbook(fake, { steps: [{ id: 'a' }, { id: 'b', leaves }, { id: 'c' }, { id: 'd' }] }),
    {
      stateDirectory,
      cutOff: { world: fake, during: 'c' },
    },
  );
  return run ?? '';
}

describe('residual state of unfinished runs, by what chain and host say now', () => {
  const all = ['api', 'indexer', 'oracle'] as const;

  it.each<[string, Leaves, RunsWorld, string | undefined]>([
    ['services stopped', services, world(false, all), 'services are STOPPED'],
    ['services stopped, paused since', services, world(true, all), 'api, indexer, oracle not running'],
    ['some started by hand', services, world(false, ['oracle']), 'oracle not running'],
    ['all started by hand', services, world(false, []), undefined],
    [
      'host away',
      services,
      world(undefined, undefined),
      'by the journal services are STOPPED, and the host did not answer',
    ],
    ['not paused', pause, world(false, undefined), 'protocol is OPEN (not paused)'],
    ['paused by somebody else', pause, world(true, undefined), undefined],
    [
      'chain away',
      pause,
      world(undefined, undefined),
      'by the journal protocol is OPEN (not paused), and the chain did not answer',
    ],
  ])('%s', async (_, leaves, seen, words) => {
    const run = await interrupted(leaves);
    const { left, unusual } = await seeRuns(engine().ctx, seen);
    expect(left.map(({ started }) => started.run)).toEqual([run]);
    expect(unusual).toEqual(words === undefined ? [] : [words]);
  });

  it.each([
    ['services stopped', services],
    ['protocol open', pause],
  ] as const)('%s, run abandoned → the journal says nothing any more', async (_, leaves) => {
    const run = await interrupted(leaves);
    const scene = startScene(stateDirectory);
    const answers = { ...noAnswers, yes: true, confirm: 'production' };
    expect(await abandonRun(scene.engine, run, 'done by hand', answers)).toBe(0);
    // Services and pause have lines of their own, which ask host and chain.
    expect(await seeRuns(engine().ctx, unasked)).toMatchObject({ left: [], unverified: [], unusual: [] });
  });
});

it('a run that was not verified counts until a later one of its command is', async () => {
  const verified = fake.verification;
  const end = async () => (await play(fakeRunbook(fake, { steps: [{ id: 'a' }] }), { stateDirectory })).run;
  fake.verification = () => [
    { id: 'values', world: 'host', status: 'block', summary: 'another than planned' },
  ];
  const first = await end();
  expect((await seeRuns(engine().ctx, unasked)).unverified).toEqual([first]);
  fake.verification = verified;
  await end();
  expect((await seeRuns(engine().ctx, unasked)).unverified).toEqual([]);
});
