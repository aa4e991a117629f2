import { decodeFunctionResult, encodeFunctionData, parseAbi } from 'viem';
import { TvError } from '../errors/TvError.ts';
import type { BrokenWorld, Fault } from './breakRecord.ts';
import { readFault } from './breakRecord.ts';
import type { DeployedPair, Deployment } from './chain/deployment.ts';
import type { NewOrder } from './chain/historyPlan.ts';
import { type Hex, rpc, send } from './chain/rpc.ts';
import { dexStrategy } from './contracts/artifacts/full/DexStrategy.ts';

/** Both ways in which builds give their lists out. */
const listsAbi = parseAbi([
  'function getActiveOrders(bytes32) view returns (uint128[])',
  'function activeOrderIds(bytes32, uint256) view returns (uint128)',
  'function nextOrderId() view returns (uint128)',
  'function getOrder(uint128) view returns (uint128)',
]);

/** In the first pair's base token, at least the DEX's smallest order. */
const hiddenOrder: NewOrder = { amount: 250_000_000n, tick: 30, isBid: false };

/** Orders of which the strategy's list and the DEX know different things. */
export const orderFaults: Readonly<Record<string, Fault>> = {
  'hidden-order': {
    summary: "an order of the strategy rests on the DEX and is not in the strategy's list",
    prepare: async (world) => ({ order: String(await nextOrder(urlOf(world), world.state.deployment)) }),
    impose: (world) =>
      placeUnlisted(urlOf(world), world.state.deployment, firstPair(world.state.deployment), [hiddenOrder]),
    mend: async (world) => {
      const { order } = readFault<{ order: string }>(world.paths, 'hidden-order');
      // One that an unwind has cancelled meanwhile needs no mending.
      if (await isOnDex(urlOf(world), world.state.deployment, BigInt(order))) {
        await cancelUnnoticed(urlOf(world), world.state.deployment, BigInt(order));
      }
    },
  },
  'vanished-order': {
    summary: "an order in the strategy's list is no longer on the DEX, and unwinding its pair reverts",
    prepare: async ({ state: { deployment, ports } }) => {
      const url = `http://127.0.0.1:${ports.chain}`;
      const orders = await listedOrders(url, deployment, firstPair(deployment));
      const [first] = orders;
      if (first === undefined)
        throw new TvError('sandbox.fault-failed', 'The first pair has no listed orders.');
      return { order: String(first) };
    },
    impose: async (world) => {
      const { order } = readFault<{ order: string }>(world.paths, 'vanished-order');
      await cancelUnnoticed(urlOf(world), world.state.deployment, BigInt(order));
    },
    mend: async (world) => {
      const { deployment } = world.state;
      const { order } = readFault<{ order: string }>(world.paths, 'vanished-order');
      const pair = firstPair(deployment);
      const rest = (await listedOrders(urlOf(world), deployment, pair)).filter((id) => String(id) !== order);
      await setListed(urlOf(world), deployment, pair, rest);
    },
  },
};

/** What the strategy says its orders are. */
export async function listedOrders(
  url: string,
  deployment: Deployment,
  pair: DeployedPair,
): Promise<bigint[]> {
  const to = deployment.addresses.dexStrategy;
  const read = async (data: Hex) => rpc<Hex>(url, 'eth_call', [{ to, data }, 'latest']);
  if (deployment.generation !== 'full') {
    const args = [pair.id] as const;
    const data = await read(encodeFunctionData({ abi: listsAbi, functionName: 'getActiveOrders', args }));
    return [...decodeFunctionResult({ abi: listsAbi, functionName: 'getActiveOrders', data })];
  }
  const orders: bigint[] = [];
  for (;;) {
    const args = [pair.id, BigInt(orders.length)] as const;
    const data = encodeFunctionData({ abi: listsAbi, functionName: 'activeOrderIds', args });
    const answer = await unlessReverted(read(data));
    if (answer === undefined) return orders;
    orders.push(BigInt(answer));
  }
}

/** Places orders that are in no list. */
export async function placeUnlisted(
  url: string,
  deployment: Deployment,
  pair: DeployedPair,
  orders: readonly NewOrder[],
): Promise<void> {
  await asStrategist(url, deployment, {
    abi: dexStrategy.abi,
    functionName: 'placeUnlisted',
    args: [pair.id, orders],
  });
}

/** Places an order for the first pair that the strategy's list names. */
export async function restOrder(url: string, deployment: Deployment): Promise<void> {
  const pair = firstPair(deployment);
  const order = await nextOrder(url, deployment);
  await placeUnlisted(url, deployment, pair, [hiddenOrder]);
  await setListed(url, deployment, pair, [...(await listedOrders(url, deployment, pair)), order]);
}

/** Takes an order off the DEX behind the back of the list. */
export async function cancelUnnoticed(url: string, deployment: Deployment, order: bigint): Promise<void> {
  await asStrategist(url, deployment, {
    abi: dexStrategy.abi,
    functionName: 'cancelUnnoticed',
    args: [order],
  });
}

async function setListed(
  url: string,
  deployment: Deployment,
  pair: DeployedPair,
  orders: readonly bigint[],
): Promise<void> {
  await asStrategist(url, deployment, {
    abi: dexStrategy.abi,
    functionName: 'setListed',
    args: [pair.id, orders],
  });
}

async function asStrategist(
  url: string,
  { accounts, addresses }: Deployment,
  call: Parameters<typeof encodeFunctionData<typeof dexStrategy.abi>>[0],
): Promise<void> {
  const data = encodeFunctionData(call);
  await send(url, { from: accounts.strategist.address, to: addresses.dexStrategy, data });
}

async function nextOrder(url: string, { dex: to }: Deployment): Promise<bigint> {
  const data = encodeFunctionData({ abi: listsAbi, functionName: 'nextOrderId' });
  return BigInt(await rpc<Hex>(url, 'eth_call', [{ to, data }, 'latest']));
}

function firstPair({ pairs }: Deployment): DeployedPair {
  const [pair] = pairs;
  if (pair === undefined) throw new TvError('sandbox.fault-failed', 'The sandbox has no pair.');
  return pair;
}

function urlOf({ state }: BrokenWorld): string {
  return `http://127.0.0.1:${state.ports.chain}`;
}

async function isOnDex(url: string, { dex: to }: Deployment, order: bigint): Promise<boolean> {
  const data = encodeFunctionData({ abi: listsAbi, functionName: 'getOrder', args: [order] });
  const answer = await unlessReverted(rpc<Hex>(url, 'eth_call', [{ to, data }, 'latest']));
  return answer !== undefined;
}

/** Undefined where the contract said no; a read that failed otherwise says nothing of a list's end. */
async function unlessReverted(read: Promise<Hex>): Promise<Hex | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof TvError && /\brevert/.test(error.facts['answer'] ?? '')) return undefined;
    throw error;
  }
}
