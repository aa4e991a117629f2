import { readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { until } from '../../src/sandbox/machine/until.ts';
import { readEventRows } from '../support/eventRows.ts';
import {
  expectAsBefore,
  expectEnd,
  expectReindexed,
  heldUp,
  holdBackup,
  holdClearing,
  indexerState,
  inEach,
  lastRun,
  launch,
  type ReindexWorld,
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

// The form of the tables decides nothing here; reindex-kill has both.
const worlds = useWorlds('deployed');

describe('reindex, killed inside a step and resumed', () => {
  it('in the backup, whose pg_dump lives on', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      const lock = await holdBackup(world);
      const tv = launch(world, reindexArgs(world, fromBlock));
      const orphans = await untilHeldUp(world, 'pg_dump');
      const partial = readdirSync(world.sandbox.info.files.backups).filter((file) => /\.partial$/.test(file));
      expect(partial).toEqual([`tempovault_${lastRun(world).replace('-reindex', '')}.partial`]);
      tv.child.kill('SIGKILL');
      await expectEnd(tv, 'SIGKILL');
      expect(await heldUp(world)).toEqual(orphans);
      await resumePastOrphans(world, orphans, lock);
      await expectReindexed(world, { fromBlock, before });
    }),
  );

  it('during the clearing, which the server continues', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      const lock = await holdClearing(world);
      const tv = launch(world, reindexArgs(world, fromBlock));
      const orphans = await untilHeldUp(world, 'the DELETE');
      tv.child.kill('SIGKILL');
      await expectEnd(tv, 'SIGKILL');
      expect(await heldUp(world)).toEqual(orphans);
      await resumePastOrphans(world, orphans, lock);
      await expectReindexed(world, { fromBlock, before });
    }),
  );

  it.each(['once the new file is there', 'before its text has come'] as const)(
    'while .env is replaced, %s',
    { timeout: 180_000 },
    (moment) =>
      inEach(worlds, async (world) => {
        const before = await readEventRows(world.sandbox);
        const prefix = killingPrefix(world, moment);
        const tv = launch(world, [...reindexArgs(world, fromBlock), '--set', `host.prefix=${prefix}`]);
        await expectEnd(tv, 'SIGKILL');
        expect([times(world, 'step.started', 'env'), times(world, 'step.done', 'env')]).toEqual([1, 0]);
        await expectEnd(run(world, resumeArgs(world)), 0);
        await expectReindexed(world, { fromBlock, before });
      }),
  );

  it(
    'between stopping the indexer and starting it, for blocks that it had skipped',
    { timeout: 180_000 },
    () =>
      inEach(worlds, async (world) => {
        const before = await readEventRows(world.sandbox);
        const blocks = Array.from({ length: 40 }, (_, index) => fromBlock + 20 + index);
        setFaults(world, [{ mode: 'skip-logs', blocks }]);
        const earlier = lastRun(world);
        const tv = launch(world, reindexArgs(world, fromBlock));
        await untilStep(world, earlier, 'gaps', 60_000);
        await until(async () => (await indexerState(world)) === 'inactive', {
          limitMs: 90_000,
          what: 'the indexer to be set back',
        });
        tv.child.kill('SIGKILL');
        await expectEnd(tv, 'SIGKILL');
        expect(await indexerState(world)).toBe('inactive');
        setFaults(world, []);
        await expectEnd(run(world, resumeArgs(world)), 0);
        await expectReindexed(world, { fromBlock, before });
      }),
  );
});

describe('undo of a reindex', () => {
  const places = ['start', 'env', 'clear', 'stop'].flatMap((step) =>
    ['started', 'acted'].map((moment) => `undo-${step}:${moment}`),
  );

  it('killed at each step boundary → everything undone', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      await expectEnd(run(world, reindexArgs(world, fromBlock), { TV_FAILPOINT: 'follow:done' }), 'SIGKILL');
      for (const place of places) {
        await expectEnd(run(world, undoArgs(world), { TV_FAILPOINT: place }), 'SIGKILL');
      }
      await expectEnd(run(world, undoArgs(world)), 0);
      await expectAsBefore(world, before, 'undone');
    }),
  );

  it('killed while rows are restored → resume continues', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      await expectEnd(run(world, reindexArgs(world, fromBlock)), 0);
      const lock = await holdClearing(world);
      const tv = launch(world, undoArgs(world));
      const orphans = await untilHeldUp(world, 'the restore');
      tv.child.kill('SIGKILL');
      await expectEnd(tv, 'SIGKILL');
      expect(await heldUp(world)).toEqual(orphans);
      const resume = launch(world, ['resume', lastRun(world), '--confirm', world.sandbox.info.name]);
      await untilGone(world, orphans);
      await lock.release();
      await expectEnd(resume, 0);
      await expectAsBefore(world, before, 'undone');
    }),
  );
});

/**
 * A host prefix that kills tv while the new `.env` is beside the old one, under a name of its own, or before
 * tv has handed over what is to be in it. The program that replaces it lives on; tv never hears how it ended.
 */
function killingPrefix(
  { sandbox }: ReindexWorld,
  moment: 'once the new file is there' | 'before its text has come',
): string {
  const path = join(sandbox.dir, 'killing-prefix');
  const folder = dirname(sandbox.info.files.envFile);
  const inside = sandbox.info.machine.prefix.map((word) => `'${word}'`).join(' ');
  const kill =
    moment === 'before its text has come'
      ? `kill -KILL $PPID
exec ${inside} "$@" </dev/null`
      : `{ ${inside} "$@"; : > "$0.done"; } <&0 &
until [ -e "$0.done" ] || ls -A '${folder}' | grep -q '^\\.tv-'; do :; done
kill -KILL $PPID
wait`;
  // The same program with the path alone only tries whether the file can be replaced.
  const other = `case "$#:$*" in 7:*.tv-XXXXXXXXXX*) ;; *) exec ${inside} "$@" ;; esac`;
  writeFileSync(path, `#!/bin/sh\n${other}\nrm -f "$0.done"\n${kill}\n`, { mode: 0o755 });
  return path;
}

/** Resumes while what the killed tv had begun is still running; only then lets it through. */
async function resumePastOrphans(
  world: ReindexWorld,
  orphans: readonly number[],
  lock: Awaited<ReturnType<typeof holdBackup>>,
): Promise<void> {
  const resume = launch(world, resumeArgs(world));
  await untilGone(world, orphans);
  await lock.release();
  await expectEnd(resume, 0);
}

async function untilGone(world: ReindexWorld, pids: readonly number[]): Promise<void> {
  await until(
    async () => {
      const left = await world.sandbox.sql('SELECT 1 FROM pg_stat_activity WHERE pid = ANY($1)', [pids]);
      return left.length === 0;
    },
    { limitMs: 30_000, what: 'the orphans to be ended' },
  );
}
