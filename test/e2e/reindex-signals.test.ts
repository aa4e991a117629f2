import { describe, expect, it } from 'vitest';
import { until } from '../../src/sandbox/machine/until.ts';
import { readEventRows } from '../support/eventRows.ts';
import {
  expectAsBefore,
  expectEnd,
  expectReindexed,
  holdBackup,
  holdClearing,
  inEach,
  journal,
  type Launched,
  lastRun,
  launch,
  openGate,
  type ReindexWorld,
  rangesBefore,
  reindexArgs,
  resumeArgs,
  run,
  setFaults,
  times,
  undoArgs,
  untilHeldUp,
  untilStep,
  useWorlds,
} from '../support/reindexWorld.ts';

const fromBlock = 780;
/** "At once", on a machine that has other things to do. */
const atOnceMs = 5_000;

// The form of the tables decides nothing here; reindex-kill has both.
const worlds = useWorlds('deployed');

describe('a signal to a reindex', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s in the checks: exit 4, and nothing was changed',
    { timeout: 120_000 },
    (signal) =>
      inEach(worlds, async (world) => {
        const before = await state(world);
        setFaults(world, [{ mode: 'slow', ms: 2_000 }]);
        const tv = launch(world, reindexArgs(world, fromBlock));
        await until(() => tv.output.stderr.includes('Preflight') || tv.output.stderr.includes('§1'), {
          limitMs: 20_000,
          what: 'the checks to begin',
        });
        tv.child.kill(signal);
        await expectEnd(tv, 4);
        setFaults(world, []);
        expect(await state(world)).toEqual(before);
      }),
  );

  it('SIGTERM in the clearing: that is finished, and the run can be undone', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      const lock = await holdClearing(world);
      const tv = launch(world, reindexArgs(world, fromBlock));
      await untilHeldUp(world, 'the DELETE');
      tv.child.kill('SIGTERM');
      await lock.release();
      await expectEnd(tv, 7);
      expectStoppedAfter(world, 'clear', 'SIGTERM');
      await expectEnd(run(world, undoArgs(world)), 0);
      await expectAsBefore(world, before, 'undone');
    }),
  );

  it('SIGHUP with the terminal gone: the step is finished all the same', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      const lock = await holdBackup(world);
      const tv = launch(world, reindexArgs(world, fromBlock));
      await untilHeldUp(world, 'pg_dump');
      tv.child.stdout?.destroy();
      tv.child.stderr?.destroy();
      tv.child.kill('SIGHUP');
      await lock.release();
      await expectEnd(tv, 7);
      expectStoppedAfter(world, 'backup', 'SIGHUP');
      await expectEnd(run(world, resumeArgs(world)), 0);
      await expectReindexed(world, { fromBlock, before });
    }),
  );

  it('twice in the backup: it ends at once, and takes pg_dump with it', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      const lock = await holdBackup(world);
      const tv = launch(world, reindexArgs(world, fromBlock));
      const [dump] = await untilHeldUp(world, 'pg_dump');
      tv.child.kill('SIGINT');
      // Two that come at the same instant are one to a process.
      await until(() => tv.output.stderr.includes('SIGINT: '), {
        limitMs: 5_000,
        what: 'a word on the first',
      });
      tv.child.kill('SIGINT');
      await expectEndAtOnce(tv);
      expect(times(world, 'step.done', 'backup')).toBe(0);
      const left = await world.sandbox.sql('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [dump]);
      expect(left).toEqual([]);
      await lock.release();
      await expectEnd(run(world, resumeArgs(world)), 0);
      await expectReindexed(world, { fromBlock, before });
    }),
  );

  it('SIGINT on the way to the head: it ends at once, also while the node hangs', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      const earlier = lastRun(world);
      const { gate, through } = await openGate(world);
      await using _ = gate;
      const tv = launch(world, [...reindexArgs(world, fromBlock), ...through]);
      await untilStep(world, earlier, 'start');
      await gate.hold('all');
      tv.child.kill('SIGINT');
      await expectEndAtOnce(tv);
      expect(times(world, 'step.started', 'follow')).toBe(1);
      expect(times(world, 'step.failed')).toBe(0);
      await expectEnd(run(world, resumeArgs(world)), 0);
      await expectReindexed(world, { fromBlock, before });
    }),
  );

  it('SIGINT in the verification: it ends at once, and resume verifies', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      const earlier = lastRun(world);
      const { gate, through } = await openGate(world);
      await using _ = gate;
      const tv = launch(world, [...reindexArgs(world, fromBlock), ...through]);
      await untilStep(world, earlier, 'gaps');
      await gate.hold('ranges', rangesBefore(world) + 1);
      expect(times(world, 'step.done', 'gaps')).toBe(1);
      tv.child.kill('SIGINT');
      await expectEndAtOnce(tv);
      expect(times(world, 'run.checked')).toBe(0);
      await expectEnd(run(world, resumeArgs(world)), 0);
      await expectReindexed(world, { fromBlock, before });
    }),
  );

  it('SIGINT during an undo → current step finished, resume continues', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      await expectEnd(run(world, reindexArgs(world, fromBlock), { TV_FAILPOINT: 'env:done' }), 'SIGKILL');
      const lock = await holdClearing(world);
      const tv = launch(world, undoArgs(world));
      await untilHeldUp(world, 'the restore');
      tv.child.kill('SIGINT');
      await lock.release();
      await expectEnd(tv, 7);
      expect(times(world, 'undo.done', 'clear')).toBe(1);
      expect(times(world, 'undo.started', 'stop')).toBe(0);
      await expectEnd(run(world, resumeArgs(world)), 0);
      await expectAsBefore(world, before, 'undone');
    }),
  );
});

/** What no refused run may touch. */
async function state(world: ReindexWorld) {
  const { sandbox, lastBlock, env } = world;
  const rows = await readEventRows(sandbox);
  const { stdout } = await sandbox.systemctl('show', 'tempovault-indexer', '-p', 'MainPID,ActiveState');
  return {
    unit: stdout,
    run: lastRun(world),
    env: env.text,
    rows: Object.values(rows).flatMap((list) =>
      list.filter(({ block }) => block <= lastBlock).map(({ whole }) => whole),
    ).length,
  };
}

async function expectEndAtOnce(tv: Launched): Promise<void> {
  const start = performance.now();
  await expectEnd(tv, 7);
  expect(performance.now() - start).toBeLessThan(atOnceMs);
}

/** The step is done, the next one was not begun, and the journal says who ended it. */
function expectStoppedAfter(world: ReindexWorld, step: string, signal: NodeJS.Signals): void {
  expect(journal(world).slice(-3)).toMatchObject([
    { type: 'step.done', step },
    { type: 'run.signalled', signal },
    { type: 'run.ended', outcome: 'interrupted', exitCode: 7 },
  ]);
}
