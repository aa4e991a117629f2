import { encodeFunctionData } from 'viem';
import { TvError } from '../../errors/TvError.ts';
import { batch } from '../contracts/artifacts/shared/Batch.ts';
import type { Deployment } from './deployment.ts';
import { planHistory, type Slot } from './historyPlan.ts';
import { operationTransaction, oracleTransaction } from './historyTransactions.ts';
import { indexedEvents } from './indexedEvents.ts';
import { enqueue, type Hex, head, nonceOf, rpc, send, type Transaction } from './rpc.ts';
import { SignalSource } from './signalSource.ts';

export interface WriteHistoryParameters {
  /** Default 2400. */
  readonly blocks?: number;
  /** Default 6000; met within a few percent, as operations come in whole rounds. */
  readonly events?: number;
}

export interface History {
  readonly firstBlock: number;
  readonly lastBlock: number;
  /** How many events of the indexed kinds the chain now has in these blocks. */
  readonly events: number;
  readonly seconds: number;
}

const defaultBlocks = 2400;
/** Seconds between blocks of the past, on average. */
const blockTime = 3;
/** Two signals of one pair in a block need two different seconds. */
const shortestBlockTime = 2;

/** Unix time for `anvilCommand`'s genesis, so that a history of so many blocks ends about now. */
export function historyGenesis(blocks = defaultBlocks, now: Date = new Date()): number {
  // The deployment and the blocks that come with each second take their part of the time.
  return Math.floor(now.getTime() / 1000) - (blocks + 60) * blockTime;
}

/**
 * Writes a past onto a freshly deployed chain: oracle updates of two keys, one after the other, and
 * everything that the treasury and the strategist do. Afterwards the protocol is at rest: not paused,
 * breakers reset, orders on the book, capital idle in the strategy and free in the vault, and the chain's
 * clock is right.
 *
 * @throws TvError where the chain began too late to hold so many blocks (start it at `historyGenesis()`)
 */
export async function writeHistory(
  url: string,
  deployment: Deployment,
  { blocks = defaultBlocks, events = 6000 }: WriteHistoryParameters = {},
): Promise<History> {
  const started = performance.now();
  const slots = planHistory(deployment, blocks, events);
  const first = await head(url);
  const needed = blocks * shortestBlockTime;
  if (unixNow() - first.timestamp < needed) {
    throw new TvError('The chain began too late for its history.', {
      facts: { began: new Date(first.timestamp * 1000).toISOString(), 'seconds needed': needed },
    });
  }
  await dropBlockHashHistory(url);
  await send(url, oracleTransaction(deployment, 'oldOracle'));
  await new HistoryWriter(url, deployment, blocks).write(slots);

  await rpc(url, 'anvil_removeBlockTimestampInterval');
  await rpc(url, 'evm_setTime', [unixNow()]);
  await rpc(url, 'evm_mine');
  const range = { firstBlock: first.number + 1, lastBlock: (await head(url)).number };
  const written = await countEvents(url, deployment, range.firstBlock, range.lastBlock);
  return { ...range, events: written, seconds: (performance.now() - started) / 1000 };
}

/**
 * Takes the code of EIP-2935's system contract away. It fills a storage slot each block, and anvil hashes
 * the whole storage for each block's state root: 2400 blocks would take many times as long.
 */
async function dropBlockHashHistory(url: string): Promise<void> {
  await rpc(url, 'anvil_setCode', ['0x0000F90827F1C53a10cb7A02335B175320002935', '0x']);
}

async function countEvents(
  url: string,
  { addresses }: Deployment,
  from: number,
  to: number,
): Promise<number> {
  const { riskController, treasuryVault, dexStrategy } = addresses;
  const logs = await rpc<unknown[]>(url, 'eth_getLogs', [
    {
      address: [riskController, treasuryVault, dexStrategy],
      topics: [[...indexedEvents.keys()]],
      fromBlock: `0x${from.toString(16)}`,
      toBlock: `0x${to.toString(16)}`,
    },
  ]);
  return logs.length;
}

function unixNow(): number {
  return Math.floor(Date.now() / 1000);
}

type Work = readonly Transaction[] | { readonly emptyBlocks: number };

class HistoryWriter {
  private readonly url: string;
  private readonly deployment: Deployment;
  private readonly signals: SignalSource;
  private blocksLeft: number;
  private oracle: 'oldOracle' | 'oracle' = 'oldOracle';
  /** Seconds by which each block is later than the one before. */
  private interval = blockTime;
  /** A time that the newest block has reached for certain; the chain's own may be later by a few blocks. */
  private time = 0;

  constructor(url: string, deployment: Deployment, blocks: number) {
    this.url = url;
    this.deployment = deployment;
    this.signals = new SignalSource(deployment);
    this.blocksLeft = blocks;
  }

  async write(slots: readonly Slot[]): Promise<void> {
    await this.setPace();
    let work: Work = [];
    for (const slot of slots) {
      // Signing takes as long as mining, so the next slot is made while the chain works on this one.
      const [next]: [Work, void] = await Promise.all([this.prepare(slot), this.execute(work)]);
      work = next;
      if (slot.kind === 'empty') {
        await this.execute(work);
        work = [];
        await this.setPace();
      }
    }
    await this.execute(work);
  }

  /** So that what is left of the past is spread over the blocks that are left, not quite evenly. */
  private async setPace(): Promise<void> {
    this.time = (await head(this.url)).timestamp;
    const even = Math.round((unixNow() - this.time) / Math.max(1, this.blocksLeft));
    const uneven = even + (this.blocksLeft % 3) - 1;
    this.interval = Math.max(shortestBlockTime, uneven);
    await rpc(this.url, 'anvil_setBlockTimestampInterval', [this.interval]);
  }

  private async prepare(slot: Slot): Promise<Work> {
    const blocks = slot.kind === 'empty' ? slot.blocks : 1;
    this.blocksLeft -= blocks;
    this.time += blocks * this.interval;
    switch (slot.kind) {
      case 'empty':
        return { emptyBlocks: slot.blocks };
      case 'operation':
        return [operationTransaction(this.deployment, slot.operation)];
      case 'rotation':
        this.oracle = 'oracle';
        return [oracleTransaction(this.deployment, 'oracle')];
      case 'signals':
        return this.prepareSignals(slot.pairIds, slot.separate);
    }
  }

  private async prepareSignals(pairIds: readonly Hex[], separate: boolean): Promise<Transaction[]> {
    const { accounts, addresses } = this.deployment;
    const from = accounts[this.oracle].address;
    const calls = await this.signals.updates(pairIds, this.oracle, this.time);
    if (separate) return calls.map((data) => ({ from, to: addresses.riskController, data }));
    const args = [addresses.riskController, calls] as const;
    return [
      {
        from,
        to: this.deployment.batch,
        data: encodeFunctionData({ abi: batch.abi, functionName: 'run', args }),
      },
    ];
  }

  private async execute(work: Work): Promise<void> {
    if ('emptyBlocks' in work) {
      await rpc(this.url, 'anvil_mine', [`0x${work.emptyBlocks.toString(16)}`]);
      return;
    }
    const [first, ...others] = work;
    if (first === undefined) return;
    if (others.length === 0) {
      await send(this.url, first);
      return;
    }
    // All in one block: the later ones wait in the pool until the first closes the gap in the nonces.
    const nonce = await nonceOf(this.url, first.from);
    await Promise.all(
      others.map((other, index) => enqueue(this.url, { ...other, nonce: nonce + index + 1 })),
    );
    await send(this.url, { ...first, nonce });
  }
}
