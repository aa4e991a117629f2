import { describe, expect, it } from 'vitest';
import { until } from '../../src/sandbox/machine/until.ts';
import { countEvents, readEventRows } from '../support/eventRows.ts';
import {
  expectEnd,
  expectReindexed,
  headOf,
  indexedTo,
  inEach,
  lastRun,
  launch,
  openGate,
  rangesBefore,
  reindexArgs,
  resumeArgs,
  run,
  times,
  untilStep,
  useWorlds,
} from '../support/reindexWorld.ts';

/** Early enough for 5 000 events, late enough for some to stay. */
const earlyBlock = 300;
/** Kills at a boundary play a smaller part of the history. */
const lateBlock = 2_350;

const worlds = useWorlds();

describe('reindex, killed and resumed', () => {
  it('undisturbed, rebuilds 5 000 events', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      expect(countEvents(before, (block) => block >= earlyBlock)).toBeGreaterThan(5_000);
      expect(countEvents(before, (block) => block < earlyBlock)).toBeGreaterThan(100);
      await expectEnd(run(world, reindexArgs(world, earlyBlock)), 0);
      await expectReindexed(world, { fromBlock: earlyBlock, before });
    }),
  );

  it('on the way to the head, with 5 000 events to read', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      expect(countEvents(before, (block) => block >= earlyBlock)).toBeGreaterThan(5_000);
      const earlier = lastRun(world);
      const tv = launch(world, reindexArgs(world, earlyBlock));
      await untilStep(world, earlier, 'follow');
      const someWay = earlyBlock + 200;
      await until(async () => (await indexedTo(world)) > someWay, { limitMs: 30_000, what: 'some blocks' });
      tv.child.kill('SIGKILL');
      await expectEnd(tv, 'SIGKILL');
      expect(times(world, 'step.done', 'follow')).toBe(0);
      expect(await indexedTo(world)).toBeLessThan(await headOf(world));
      await expectEnd(run(world, resumeArgs(world)), 0);
      await expectReindexed(world, { fromBlock: earlyBlock, before });
    }),
  );

  it('in the comparison with the chain', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      const earlier = lastRun(world);
      const { gate, through } = await openGate(world);
      await using _ = gate;
      const tv = launch(world, [...reindexArgs(world, lateBlock), ...through]);
      await untilStep(world, earlier, 'gaps');
      await gate.hold('ranges', rangesBefore(world));
      tv.child.kill('SIGKILL');
      await expectEnd(tv, 'SIGKILL');
      expect(times(world, 'step.done', 'gaps')).toBe(0);
      await expectEnd(run(world, resumeArgs(world)), 0);
      await expectReindexed(world, { fromBlock: lateBlock, before });
    }),
  );

  // Other boundaries are the engine's, which has tests of its own for each: before an effect, after it, noted.
  const places = [
    ...['stop', 'backup', 'clear', 'env', 'start', 'follow', 'gaps'].map((step) => `${step}:acted`),
    ...['clear:started', 'follow:started'],
  ];
  it.each(places)('at %s', { timeout: 180_000 }, (place) =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      await expectEnd(run(world, reindexArgs(world, lateBlock), { TV_FAILPOINT: place }), 'SIGKILL');
      await expectEnd(run(world, resumeArgs(world)), 0);
      await expectReindexed(world, { fromBlock: lateBlock, before });
    }),
  );
});
