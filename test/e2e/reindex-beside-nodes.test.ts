import { describe, expect, it } from 'vitest';
import { rpc } from '../../src/sandbox/chain/rpc.ts';
import { readEventRows } from '../support/eventRows.ts';
import { type FaultMode, faultyNode } from '../support/faultyNode.ts';
import {
  besideArgs,
  expectEnd,
  expectReindexedBeside,
  headOf,
  indexedTo,
  inEach,
  journal,
  lastRun,
  launch,
  type ReindexWorld,
  resumeArgs,
  run,
  times,
  untilStep,
  useWorlds,
} from '../support/reindexWorld.ts';
import { closeGate, gateTable } from '../support/restoreGate.ts';
import { until } from '../support/until.ts';
import { flat } from '../support/witness.ts';

const earlyBlock = 100;
const limitMs = 60_000;
const runLimitMs = 240_000;
/** One request in so many meets a fault. */
const every = 7;
const second = 'tempovault-indexer-beside';

// The form of the tables decides nothing here; reindex-beside has both.
const worlds = useWorlds('deployed');

/** Refusals that pass, and answers that leave something out. */
const faults: readonly FaultMode[] = ['rate429', 'nobackend', 'logsEmpty', 'batchgeth', 'batchempty'];

describe('reindex beside the live database, behind a node with faults while the copy is filled', () => {
  it(
    'one request in seven fails, or is answered in part, each time in another way → same rows',
    {
      timeout: runLimitMs,
    },
    () =>
      inEach(worlds, async (world) => {
        const before = await readEventRows(world.sandbox);
        const earlier = lastRun(world);
        let asked = 0;
        const met = new Set<FaultMode>();
        await using node = await faultyNode(chainUrl(world), 'healthy', {
          choose: () => {
            if (!isFilling(world, earlier)) return 'healthy';
            // Ten blocks at a time: so many requests that each fault is met.
            if (++asked % every !== 0) return 'alchemy10';
            const fault = faults[(asked / every) % faults.length] ?? 'rate429';
            met.add(fault);
            return fault;
          },
        });
        const through = ['--set', `chain.rpcUrls=${node.url}`];
        await expectEnd(run(world, [...besideArgs(world, earlyBlock), ...through]), 0);
        expect([...met].toSorted()).toEqual([...faults].toSorted());
        await expectReindexedBeside(world, { fromBlock: earlyBlock, before });
      }),
  );

  it(
    'killed inside pg_restore of the copy, which lives on → resume ends it and begins again',
    {
      timeout: runLimitMs,
    },
    () =>
      inEach(worlds, async (world) => {
        const { sandbox } = world;
        const before = await readEventRows(sandbox);
        await sandbox.sql(gateTable);
        await using gate = await closeGate(sandbox);
        const earlier = lastRun(world);
        const tv = launch(world, besideArgs(world, earlyBlock));
        // The backup reads the table, too.
        await untilStep(world, earlier, 'copy', limitMs);
        const orphan = await gate.waiting();
        tv.child.kill('SIGKILL');
        await expectEnd(tv, 'SIGKILL');
        expect(times(world, 'step.started', 'copy')).toBe(1);
        expect(times(world, 'step.done', 'copy')).toBe(0);
        const resumed = launch(world, resumeArgs(world));
        await gate.waiting(orphan);
        expect(
          await sandbox.sql('SELECT FROM pg_stat_activity WHERE pid = $1', [orphan], 'postgres'),
        ).toEqual([]);
        await gate.open();
        await expectEnd(resumed, 0);
        await sandbox.sql('DROP TABLE public.gate; DROP FUNCTION public.gate_is_open');
        await expectReindexedBeside(world, { fromBlock: earlyBlock, before });
      }),
  );

  it(
    'blocks that the second indexer has read are replaced by others → read again',
    {
      timeout: runLimitMs,
    },
    () =>
      inEach(worlds, async (world) => {
        const depth = 40;
        // anvil keeps the states of the blocks since its own start alone; what is compared below stays as it is.
        const start = Math.max(world.lastBlock, await headOf(world));
        await until(async () => (await headOf(world)) > start + 2 * depth, {
          limitMs,
          what: 'blocks to replace',
        });
        await until(async () => (await indexedTo(world)) > start + depth, {
          limitMs,
          what: 'the live indexer',
        });
        const fromBlock = start + 1;
        const earlier = lastRun(world);
        const since = new Date();
        let replaced = false;
        await using node = await faultyNode(chainUrl(world), 'healthy', {
          choose: async (methods): Promise<FaultMode> => {
            const mayBe = !replaced && methods.includes('eth_getLogs') && isFilling(world, earlier);
            // The comparison asks, once the second indexer has read all.
            if (mayBe && (await hasLogged(world, /Indexed blocks \d+/, since))) {
              replaced = true;
              await rpc(chainUrl(world), 'anvil_reorg', [depth, []]);
              await rpc(chainUrl(world), 'evm_setTime', [Date.now()]);
            }
            return 'healthy';
          },
        });
        const through = ['--set', `chain.rpcUrls=${node.url}`];
        // Rows that were there before are not on the chain any more: that is said, and for a person to judge.
        const text = await expectEnd(run(world, [...besideArgs(world, fromBlock), ...through]), 5);
        expect(text).toContain('fewer rows than before');
        expect(replaced).toBe(true);
        const [filled] = journal(world).flatMap((line) =>
          line.type === 'step.done' && line.step === 'fill' ? [line.result as { refills: number }] : [],
        );
        expect(filled?.refills, text).toBeGreaterThan(0);
        const check = await expectEnd(run(world, ['reindex', 'check', '--from-block', String(fromBlock)]), 0);
        expect(flat(check)).toContain('the same on the chain and in the database');
      }),
  );
});

function chainUrl({ sandbox }: ReindexWorld): string {
  return `http://127.0.0.1:${sandbox.info.ports.chain}`;
}

/** Whether a run that is newer than `earlier` fills its copy. */
function isFilling(world: ReindexWorld, earlier: string): boolean {
  return (
    lastRun(world) !== earlier &&
    times(world, 'step.started', 'fill') > 0 &&
    times(world, 'step.done', 'fill') === 0
  );
}

async function hasLogged({ sandbox }: ReindexWorld, line: RegExp, since: Date): Promise<boolean> {
  const words = ['-u', second, '-n', '500', '--no-pager', `--since=@${since.getTime() / 1000}`];
  return line.test((await sandbox.inside('journalctl', ...words)).stdout);
}
