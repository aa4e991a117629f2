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
import { auditEntries } from '../support/witness.ts';

/** Early enough for 1 500 events, late enough for some to stay. That one undisturbed rebuilds them is shown by `reindex`. */
const earlyBlock = 100;
/** Kills at a boundary play a smaller part of the history. */
const lateBlock = 780;

const worlds = useWorlds();

describe('reindex, killed and resumed', () => {
  it('on the way to the head, with 1 500 events to read', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      expect(countEvents(before, (block) => block >= earlyBlock)).toBeGreaterThan(1_500);
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

  // What a step's probe answers after a kill is the runbook's part; the boundaries themselves are the
  // engine's. One run meets all of them, so that the history need not be read again for each.
  const boundaries = [
    ...['stop:acted', 'backup:acted', 'clear:started', 'clear:acted', 'env:acted', 'start:acted'],
    ...['follow:started', 'follow:acted', 'gaps:acted'],
  ];
  it('killed at each boundary in turn, resumed each time → as undisturbed', { timeout: 180_000 }, () =>
    inEach(worlds, async (world) => {
      const before = await readEventRows(world.sandbox);
      const [first = '', ...others] = boundaries;
      await expectEnd(run(world, reindexArgs(world, lateBlock), { TV_FAILPOINT: first }), 'SIGKILL');
      const started = lastRun(world);
      const audited = { outcome: 'started', exitCode: null, run: started };
      expect(auditEntries(world.sandbox).at(-1)).toMatchObject(audited);
      expect((await run(world, ['audit', 'list'])).text).toContain('started, no end on record');
      for (const boundary of others) {
        await expectEnd(run(world, resumeArgs(world), { TV_FAILPOINT: boundary }), 'SIGKILL');
      }
      await expectEnd(run(world, resumeArgs(world)), 0);
      expect(lastRun(world), 'the one run').toBe(started);
      await expectReindexed(world, { fromBlock: lateBlock, before });
    }),
  );
});
