import { encodeFunctionData } from 'viem';
import { batch } from '../contracts/artifacts/shared/Batch.ts';
import type { Deployment } from './deployment.ts';
import type { Slot } from './historyPlan.ts';
import { operationTransaction, oracleTransaction } from './historyTransactions.ts';
import { enqueue, type Hex, head, nonceOf, rpc, send, type Transaction } from './rpc.ts';
import { SignalSource, type SignerAndUpdate, signedCalls } from './signalSource.ts';

/** Seconds between blocks of the past, on average. */
export const blockTime = 3;
/** Two signals of one pair in a block need two different seconds. */
export const shortestBlockTime = 2;
/** Seconds before now at which the history aims to end. */
const endMargin = 15;

/** A run of slots that is prepared as one, with the seconds from each of its blocks to the next. */
interface Stretch {
  readonly interval: number;
  readonly work: readonly Work[];
}

/** The transactions of one block, or a number of empty blocks. */
type Work = readonly Transaction[] | number;

export interface HistoryWriterParameters {
  /** How many blocks the slots are. */
  readonly blocks: number;
  /** Time of the newest block, in Unix seconds. */
  readonly time: number;
}

/** Brings a planned history onto the chain, block by block. */
export class HistoryWriter {
  private readonly url: string;
  private readonly deployment: Deployment;
  private readonly signals = new SignalSource();
  private readonly started = unixNow();
  private oracle: 'oldOracle' | 'oracle' = 'oldOracle';
  private blocksLeft: number;
  /** What the next block's time is for certain: the chain's own empty block each second makes it later. */
  private time: number;

  constructor(url: string, deployment: Deployment, { blocks, time }: HistoryWriterParameters) {
    this.url = url;
    this.deployment = deployment;
    this.blocksLeft = blocks;
    this.time = time;
  }

  async write(slots: readonly Slot[]): Promise<void> {
    let prepared: Stretch | undefined;
    for (const stretch of stretchesOf(slots)) {
      [prepared] = await Promise.all([this.prepare(stretch), this.execute(prepared)]);
    }
    await this.execute(prepared);
  }

  /** Continues while the chain still processes the previous stretch. */
  private async prepare(slots: readonly Slot[]): Promise<Stretch> {
    // On a slow machine the chain's own blocks put its clock forward by more than a signal may be old.
    this.time = Math.max(this.time, (await head(this.url)).timestamp);
    // What is left of the past is spread over the blocks that are left, not quite evenly, and rather too
    // little of it than too much: the clock can be put forward at the end, and not back.
    const left = unixNow() - endMargin - this.time - blockTime * this.ownBlocks();
    const interval = Math.max(shortestBlockTime, Math.floor(left / this.blocksLeft) - (slots.length % 2));
    const updates: SignerAndUpdate[] = [];
    const builders = slots.map((slot) => {
      const blocks = slot.kind === 'empty' ? slot.blocks : 1;
      this.blocksLeft -= blocks;
      this.time += blocks * interval;
      return this.builderOf(slot, updates);
    });
    const calls = await signedCalls(this.url, this.deployment, updates);
    return { interval, work: builders.map((build) => build(calls)) };
  }

  /** How many empty blocks the chain has mined by itself meanwhile, one a second. */
  private ownBlocks(): number {
    return unixNow() - this.started;
  }

  /** Collects the updates that a slot wants signed; what it returns makes the transactions of the signed calls. */
  private builderOf(slot: Slot, updates: SignerAndUpdate[]): (calls: readonly Hex[]) => Work {
    switch (slot.kind) {
      case 'empty':
        return () => slot.blocks;
      case 'operation':
        return () => [operationTransaction(this.deployment, slot.operation)];
      case 'rotation':
        this.oracle = 'oracle';
        return () => [oracleTransaction(this.deployment, 'oracle')];
      case 'signals': {
        const from = this.deployment.accounts[this.oracle].address;
        const start = updates.length;
        for (const update of this.signals.next(slot.pairIds, this.time))
          updates.push({ signer: from, update });
        const end = updates.length;
        return (calls) => this.submit(from, calls.slice(start, end), slot.separate);
      }
    }
  }

  private submit(from: Hex, calls: readonly Hex[], separate: boolean): Transaction[] {
    const { riskController } = this.deployment.addresses;
    if (separate) return calls.map((data) => ({ from, to: riskController, data }));
    const args = [riskController, calls] as const;
    const data = encodeFunctionData({ abi: batch.abi, functionName: 'run', args });
    return [{ from, to: this.deployment.batch, data }];
  }

  private async execute(stretch: Stretch | undefined): Promise<void> {
    if (stretch === undefined) return;
    await rpc(this.url, 'anvil_setBlockTimestampInterval', [stretch.interval]);
    for (const work of stretch.work) {
      if (typeof work === 'number') await rpc(this.url, 'anvil_mine', [`0x${work.toString(16)}`]);
      else await this.mine(work);
    }
  }

  /**
   * All in one block: the later ones are pending until the first closes the gap in the nonces.
   * Each of these may bring an empty block of its own after that one.
   */
  private async mine([first, ...others]: readonly Transaction[]): Promise<void> {
    if (first === undefined) return;
    if (others.length === 0) {
      await send(this.url, first);
      return;
    }
    const nonce = await nonceOf(this.url, first.from);
    const later = others.map((other, index) => enqueue(this.url, { ...other, nonce: nonce + index + 1 }));
    await Promise.all(later);
    await send(this.url, { ...first, nonce });
  }
}

/** Each ends with a run of empty blocks. */
function* stretchesOf(slots: readonly Slot[]): Generator<Slot[]> {
  let stretch: Slot[] = [];
  for (const slot of slots) {
    stretch.push(slot);
    if (slot.kind !== 'empty') continue;
    yield stretch;
    stretch = [];
  }
  if (stretch.length > 0) yield stretch;
}

export function unixNow(): number {
  return Math.floor(Date.now() / 1000);
}
