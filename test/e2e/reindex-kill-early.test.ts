import { describe, expect, it } from 'vitest';
import { countEvents, readEventRows } from '../support/eventRows.ts';
import {
  expectEnd,
  expectReindexed,
  inEach,
  reindexArgs,
  resumeArgs,
  run,
  useWorlds,
} from '../support/reindexWorld.ts';

/** Early enough for 5 000 events, late enough for some to stay. */
const earlyBlock = 300;
/** Each kill plays a smaller part of the history, so that all of them fit into two minutes. */
const lateBlock = 2_350;

const worlds = useWorlds();

/** The part before the indexer runs again; the rest is in reindex-kill-late. */
describe('reindex, killed at a boundary of a step and resumed', () => {
  it('undisturbed, rebuilds 5 000 events', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      expect(countEvents(before, (block) => block >= earlyBlock)).toBeGreaterThan(5_000);
      expect(countEvents(before, (block) => block < earlyBlock)).toBeGreaterThan(100);
      await expectEnd(run(world, reindexArgs(world, earlyBlock)), 0);
      await expectReindexed(world, { fromBlock: earlyBlock, before });
    }),
  );

  const places = ['stop', 'backup', 'clear', 'env'].flatMap((step) =>
    ['started', 'acted', 'done'].map((moment) => `${step}:${moment}`),
  );
  it.each(places)('at %s', { timeout: 180_000 }, (place) =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      await expectEnd(run(world, reindexArgs(world, lateBlock), { TV_FAILPOINT: place }), 'SIGKILL');
      await expectEnd(run(world, resumeArgs(world)), 0);
      await expectReindexed(world, { fromBlock: lateBlock, before });
    }),
  );
});
