import { encodeFunctionData, parseAbi } from 'viem';
import { TvError } from '../errors/TvError.ts';
import { inDatabase } from './breakDatabase.ts';
import { listedOrders, restOrder } from './breakOrders.ts';
import type { BrokenWorld, Fault } from './breakRecord.ts';
import { readFault } from './breakRecord.ts';
import { inside } from './breakServices.ts';
import { type Hex, head, rpc, send } from './chain/rpc.ts';
import { until } from './machine/until.ts';

/** Some rounds of signals. anvil keeps 256 states. */
const reorgDepth = 25;

const pauseAbi = parseAbi([
  'function toggleGlobalPause(bool)',
  'function pause()',
  'function unpause()',
  'function paused() view returns (bool)',
]);

/** What happens on the chain itself. */
export const chainFaults: Readonly<Record<string, Fault>> = {
  reorg: {
    summary: 'the newest 25 blocks were replaced by others, after the indexer had read them',
    prepare: async (world): Promise<{ readonly from: number }> => {
      return { from: (await head(chainOf(world).url)).number - reorgDepth + 1 };
    },
    impose: async (world) => {
      const { url } = chainOf(world);
      // anvil keeps the states of the blocks since its start alone: a sandbox that has just come up has too few.
      const replace = async () => {
        await rpc(url, 'anvil_reorg', [reorgDepth, []]);
        return true;
      };
      const what = `${reorgDepth} blocks since the start of the chain`;
      await until(replace, { limitMs: 60_000, everyMs: 500, what });
      // Its clock continues from the last remaining block.
      await rpc(url, 'evm_setTime', [Date.now()]);
    },
    mend: async (world) => {
      const { from } = readFault<{ from: number }>(world.paths, 'reorg');
      await forgetRows(world, from);
    },
  },
  'orders-after-pause': {
    summary: 'the protocol is paused while orders rest on the DEX',
    impose: async (world) => {
      const { url, deployment } = chainOf(world);
      const resting = await Promise.all(deployment.pairs.map((pair) => listedOrders(url, deployment, pair)));
      if (resting.flat().length === 0) await restOrder(url, deployment);
      await setPaused(world, true);
    },
    mend: (world) => setPaused(world, false),
  },
};

function chainOf({ state: { ports, deployment } }: BrokenWorld) {
  return { url: `http://127.0.0.1:${ports.chain}`, deployment };
}

async function setPaused(world: BrokenWorld, paused: boolean): Promise<void> {
  const { url, deployment } = chainOf(world);
  const { accounts, addresses, generation } = deployment;
  if (generation === 'runbook') {
    const call = { from: accounts.admin.address, to: addresses.treasuryVault };
    await sendUnlessSo(url, call, paused ? 'pause' : 'unpause');
    return;
  }
  const data = encodeFunctionData({ abi: pauseAbi, functionName: 'toggleGlobalPause', args: [paused] });
  await send(url, { from: accounts.emergency.address, to: addresses.riskController, data });
}

/** The older vault refuses what is so already. */
async function sendUnlessSo(
  url: string,
  { from, to }: { readonly from: Hex; readonly to: Hex },
  functionName: 'pause' | 'unpause',
): Promise<void> {
  const data = encodeFunctionData({ abi: pauseAbi, functionName: 'paused' });
  const is = BigInt(await rpc<Hex>(url, 'eth_call', [{ to, data }, 'latest'])) === 1n;
  if (is === (functionName === 'pause')) return;
  await send(url, { from, to, data: encodeFunctionData({ abi: pauseAbi, functionName }) });
}

/** Takes the rows from a block on away, and has the indexer read these blocks again. */
async function forgetRows(world: BrokenWorld, from: number): Promise<void> {
  if (world.state.databaseSchema !== 'deployed') {
    throw new TvError('sandbox.fault-failed', 'Only the deployed schema can be mended.');
  }
  await inside(world, ['systemctl', 'stop', 'tempovault-indexer']);
  await inDatabase(world, async (client) => {
    const { rows: children } = await client.query<{ name: string }>(
      `SELECT DISTINCT table_name AS name FROM information_schema.columns
         JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND column_name = 'event_id'`,
    );
    for (const { name } of children) {
      await client.query(
        `DELETE FROM ${name} WHERE event_id IN (SELECT id FROM events WHERE block_number >= $1)`,
        [from],
      );
    }
    await client.query('DELETE FROM events WHERE block_number >= $1', [from]);
    await client.query('UPDATE indexer_state SET last_indexed_block = least(last_indexed_block, $1)', [
      from - 1,
    ]);
  });
  await inside(world, ['systemctl', 'start', 'tempovault-indexer']);
}
