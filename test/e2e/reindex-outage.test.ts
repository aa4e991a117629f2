import { describe, expect, it } from 'vitest';
import { until } from '../../src/sandbox/machine/until.ts';
import { readEventRows } from '../support/eventRows.ts';
import {
  expectAsBefore,
  expectEnd,
  expectReindexed,
  holdBackup,
  holdClearing,
  indexedTo,
  inEach,
  lastRun,
  launch,
  openGate,
  type ReindexWorld,
  rangesBefore,
  reindexArgs,
  resumeArgs,
  run,
  setFaults,
  undoArgs,
  untilHeldUp,
  untilStep,
  useWorlds,
} from '../support/reindexWorld.ts';

/** Enough blocks for the indexer to be on its way for a few seconds. */
const earlyBlock = 600;
const fromBlock = 780;

// The form of the tables decides nothing here; reindex-kill has both.
const worlds = useWorlds('deployed');

describe('an outage before rows are cleared: exit 1, and everything is as it was', () => {
  it('a lock on the event tables that is not released', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      const lock = await holdClearing(world);
      const text = await expectEnd(run(world, reindexArgs(world, fromBlock)), 1);
      expect(text).toContain('Another session holds a lock');
      await lock.release();
      await expectAsBefore(world, before, 'rolled-back');
    }),
  );

  it('PostgreSQL is stopped in the backup', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      const lock = await holdBackup(world);
      const tv = launch(world, reindexArgs(world, fromBlock));
      await untilHeldUp(world, 'pg_dump');
      await stopDatabase(world);
      await expectEnd(tv, 1);
      await lock.release();
      await startDatabase(world);
      await expectAsBefore(world, before, 'rolled-back');
    }),
  );
});

describe('an outage that leaves rows cleared, or may have: exit 1, and resume and undo work', () => {
  // An undo follows the node that has lost its history, below.
  it('PostgreSQL is stopped in the clearing, then resume', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      const lock = await holdClearing(world);
      const tv = launch(world, reindexArgs(world, fromBlock));
      await untilHeldUp(world, 'the DELETE');
      await stopDatabase(world);
      const text = await expectEnd(tv, 1);
      expect(text).toContain(` resume ${lastRun(world)}`);
      expect(text).toContain(` runs undo ${lastRun(world)}`);
      await lock.release();
      await startDatabase(world);
      await expectContinued(world, 'resume', before);
    }),
  );

  it.each([
    ['is away', 'cut', 'resume'],
    ['has lost its history', 'lose', 'undo'],
  ] as const)(
    'the node %s (%s) in the comparison, then %s',
    { timeout: 180_000 },
    (_what, fault, direction) =>
      inEach(worlds, async (world) => {
        const before = await readEventRows(world.sandbox);
        const earlier = lastRun(world);
        const { gate, through } = await openGate(world);
        await using _ = gate;
        const tv = launch(world, [...reindexArgs(world, fromBlock), ...through]);
        await untilStep(world, earlier, 'gaps');
        await gate.hold('ranges', rangesBefore(world));
        gate[fault]();
        await expectEnd(tv, 1);
        await expectContinued(world, direction, before);
      }),
  );
});

describe('an outage on the way to the head is waited for', () => {
  it(
    'the node is away; it answers 429; the indexer is killed, and systemd starts it again',
    {
      timeout: 180_000,
    },
    () =>
      inEach(worlds, async (world) => {
        const { before, tv } = await onItsWay(world);
        for (const mode of ['stop', 'rate-limit'] as const) {
          await faultFor(world, mode);
          expect(tv.child.exitCode).toBeNull();
        }
        const killed = await world.sandbox.systemctl('kill', '-s', 'KILL', 'tempovault-indexer');
        expect(killed.exitCode, killed.stderr).toBe(0);
        await expectEnd(tv, 0);
        await expectReindexed(world, { fromBlock: earlyBlock, before });
      }),
  );

  // The lock went with the server, and another run may have had it since.
  it(
    'PostgreSQL is stopped and started again → stops before the next step, then resume',
    {
      timeout: 180_000,
    },
    () =>
      inEach(worlds, async (world) => {
        const { before, tv } = await onItsWay(world);
        await stopDatabase(world);
        await startDatabase(world);
        setFaults(world, []);
        const text = await expectEnd(tv, 7);
        expect(text.replaceAll(/\s+/g, ' ')).toContain('The lock was lost, so another run may have begun');
        expect(text).toContain(` resume ${lastRun(world)}`);
        await expectEnd(run(world, resumeArgs(world)), 0);
        await expectReindexed(world, { fromBlock: earlyBlock, before });
      }),
  );
});

/** A reindex that is catching up, slowly enough to be met on its way whatever the machine. */
async function onItsWay(world: ReindexWorld) {
  const before = await readEventRows(world.sandbox);
  const earlier = lastRun(world);
  setFaults(world, [{ mode: 'slow', ms: 10 }]);
  const tv = launch(world, reindexArgs(world, earlyBlock));
  await untilStep(world, earlier, 'follow');
  await until(async () => (await indexedTo(world)) > earlyBlock + 50, {
    limitMs: 30_000,
    what: 'some blocks',
  });
  return { before, tv };
}

async function unit({ sandbox }: ReindexWorld, verb: 'stop' | 'start', name: string): Promise<void> {
  const { exitCode, stderr } = await sandbox.systemctl(verb, name);
  expect(exitCode, stderr).toBe(0);
}

async function stopDatabase(world: ReindexWorld): Promise<void> {
  await unit(world, 'stop', 'sandbox-database');
}

async function startDatabase(world: ReindexWorld): Promise<void> {
  await unit(world, 'start', 'sandbox-database');
  const answers = async () => (await world.sandbox.sql('SELECT 1')).length === 1;
  await until(answers, { limitMs: 20_000, what: 'PostgreSQL' });
}

/** Long enough for tv and the indexer to ask the node several times. */
async function faultFor(world: ReindexWorld, mode: 'stop' | 'rate-limit'): Promise<void> {
  setFaults(world, [{ mode }]);
  const asked = await requests(world);
  await until(async () => (await requests(world)) > asked + 5, {
    limitMs: 30_000,
    what: 'the node to be asked',
  });
  setFaults(world, []);
}

async function requests({ sandbox }: ReindexWorld): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${sandbox.info.ports.rpc}/_counts`);
  return ((await answer.json()) as { requests: number }).requests;
}

async function expectContinued(
  world: ReindexWorld,
  direction: 'resume' | 'undo',
  before: Awaited<ReturnType<typeof readEventRows>>,
): Promise<void> {
  if (direction === 'resume') {
    await expectEnd(run(world, resumeArgs(world)), 0);
    await expectReindexed(world, { fromBlock, before });
  } else {
    await expectEnd(run(world, undoArgs(world)), 0);
    await expectAsBefore(world, before, 'undone');
  }
}
