import type { Address } from '../../config/settings.ts';
import { exitCodes, TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { sleep } from '../../runbook/sleep.ts';
import { describeRpcError } from '../describeRpcError.ts';
import { Contradiction, type Header, readHeader, readStretch, type StretchBlock } from './readStretch.ts';

export interface BlockWindowParameters {
  readonly addresses: readonly Address[];
  /** The first block that will be asked for. */
  readonly fromBlock: number;
  /** The newest block to show, included. */
  readonly target: number;
  /** Blocks up to here are read before they may be shown. */
  readonly readAhead: number;
  readonly signal: AbortSignal;
}

/** Blocks that were handed out and are not on the chain any more. */
export class Reorganised extends Error {
  override readonly name = 'Reorganised';
  /** The newest block that is still there. */
  readonly ancestor: number;
  constructor(ancestor: number) {
    super(`the chain was reorganised after block ${ancestor}`);
    this.ancestor = ancestor;
  }
}

/**
 * Blocks of one stretch at most, and at least. Each attempt that fails halves it, so that a node that refuses one call
 * in a few still serves whole stretches; each that succeeds doubles it.
 */
const stretchBlocks = 1_000;
const shortestStretch = 4;
/** Text that is read ahead, in characters: about 1 KB a log and 2 KB a block without transactions. */
const mostChars = 64 * 2 ** 20;
/** Blocks that stay behind the newest one handed out: a program may ask for a block of its batch again. */
const keptBehind = 64;
/** Hashes that are kept to find where a reorganisation began. */
const keptHashes = 4_096;
const firstWaitMs = 250;
const longestWaitMs = 5_000;

/** Blocks read ahead of whoever takes them in order, as many as fit into memory. */
export class BlockWindow {
  readonly #chain: Chain;
  readonly #parameters: BlockWindowParameters;
  readonly #blocks = new Map<number, StretchBlock>();
  readonly #hashes = new Map<number, `0x${string}`>();
  #target: number;
  /** The next block to read. */
  #next: number;
  #handedOut: number;
  /** The newest block that a call waits for: it is read whatever is held already. */
  #wanted = -1;
  #chars = 0;
  /** Changes when reading begins at another block. */
  #epoch = 0;
  #failure: Error | undefined;
  #trouble: string | undefined;
  #waiting: (() => void)[] = [];

  constructor(chain: Chain, parameters: BlockWindowParameters) {
    this.#chain = chain;
    this.#parameters = parameters;
    this.#target = parameters.target;
    this.#next = parameters.fromBlock;
    this.#handedOut = parameters.fromBlock - 1;
    parameters.signal.addEventListener('abort', () => this.#wake(), { once: true });
    void this.#fill();
  }

  get target(): number {
    return this.#target;
  }

  /** Characters held now. */
  get chars(): number {
    return this.#chars;
  }

  /** Why nothing can be read at the moment, without a full stop; undefined while reading works. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** What ended the reading for good. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  setTarget(target: number): void {
    this.#target = target;
    this.#wake();
  }

  /** Resolves once there is a block to index, and after `limitMs` (milliseconds) at the latest. Never rejects. */
  async untilShown(limitMs: number): Promise<void> {
    const { fromBlock, signal } = this.#parameters;
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      this.#wake();
    }, limitMs);
    while (this.#target < fromBlock && !over && !signal.aborted) {
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
    clearTimeout(timer);
  }

  /** A block that is held at the moment. */
  peek(number: number): StretchBlock | undefined {
    return this.#blocks.get(number);
  }

  /**
   * Blocks of a range, once all of them were read. Those before it are dropped. Never rejects but for the end of
   * the window: whoever waits is answered when the nodes answer.
   * @throws the signal's reason
   */
  async take(from: number, to: number): Promise<readonly StretchBlock[]> {
    if (this.#isFar(from)) this.#restart(from);
    this.#dropBelow(from - keptBehind);
    if (to > this.#wanted) {
      this.#wanted = to;
      this.#wake();
    }
    for (;;) {
      this.#parameters.signal.throwIfAborted();
      const found: StretchBlock[] = [];
      for (let number = from; number <= to; number++) {
        const block = this.#blocks.get(number);
        if (block === undefined) break;
        found.push(block);
      }
      if (found.length === to - from + 1 && this.#failure === undefined) {
        this.#handedOut = Math.max(this.#handedOut, to);
        return found;
      }
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
  }

  /** Neither held nor about to be read. */
  #isFar(from: number): boolean {
    return !this.#blocks.has(from) && (from < this.#next || from > this.#next + 2 * stretchBlocks);
  }

  #restart(from: number): void {
    this.#epoch++;
    this.#blocks.clear();
    this.#hashes.clear();
    this.#chars = 0;
    this.#next = from;
    this.#handedOut = from - 1;
    this.#wanted = -1;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  async #fill(): Promise<void> {
    const { addresses, signal } = this.#parameters;
    let waitMs = firstWaitMs;
    let width = stretchBlocks;
    const headers = new Map<number, Header>();
    while (!signal.aborted && this.#failure === undefined) {
      const last = Math.max(this.#target, this.#parameters.readAhead);
      if (this.#next > last || (this.#chars > mostChars && this.#next > this.#wanted)) {
        await new Promise<void>((wake) => this.#waiting.push(wake));
        continue;
      }
      const [epoch, from] = [this.#epoch, this.#next];
      const to = Math.min(last, from + width - 1);
      try {
        const blocks = await readStretch(this.#chain, { from, to, addresses, signal, headers });
        headers.clear();
        if (epoch !== this.#epoch) continue;
        const before = this.#hashes.get(from - 1);
        if (before !== undefined && blocks[0]?.parentHash !== before) await this.#goBack(from - 1);
        else this.#add(blocks);
        this.#trouble = undefined;
        waitMs = firstWaitMs;
        width = Math.min(stretchBlocks, width * 2);
      } catch (error) {
        if (signal.aborted) return;
        const described = describeRpcError(error, this.#chain);
        if (!(described instanceof TvError) || described.exitCode === exitCodes.blocked) {
          this.#failure = described;
        } else {
          if (error instanceof Contradiction) headers.clear();
          this.#trouble = described.message.replace(/\.$/, '');
          await sleep(waitMs, signal).catch(() => {});
          // Narrower first: only where that does not help either, the nodes are given time.
          if (width === shortestStretch) waitMs = Math.min(longestWaitMs, waitMs * 2);
          else width = Math.max(shortestStretch, Math.floor(width / 2));
        }
      }
      this.#wake();
    }
  }

  #add(blocks: readonly StretchBlock[]): void {
    for (const block of blocks) {
      this.#blocks.set(block.number, block);
      this.#hashes.set(block.number, block.hash);
      this.#chars += sizeOf(block);
      this.#next = block.number + 1;
    }
    const oldest = this.#next - keptHashes;
    for (const number of this.#hashes.keys()) {
      if (number >= oldest) break;
      this.#hashes.delete(number);
    }
  }

  #dropBelow(number: number): void {
    let dropped = false;
    for (const [at, block] of this.#blocks) {
      if (at >= number) break;
      this.#blocks.delete(at);
      this.#chars -= sizeOf(block);
      dropped = true;
    }
    if (dropped) this.#wake();
  }

  /** The chain does not continue from a block that was read: back to the newest one that is still there. */
  async #goBack(last: number): Promise<void> {
    let ancestor = last;
    for (; this.#hashes.has(ancestor); ancestor--) {
      if ((await readHeader(this.#chain, ancestor)).hash === this.#hashes.get(ancestor)) break;
    }
    if (ancestor < this.#handedOut) {
      this.#failure = new Reorganised(ancestor);
      return;
    }
    for (let number = ancestor + 1; number <= last; number++) {
      const block = this.#blocks.get(number);
      if (block !== undefined) this.#chars -= sizeOf(block);
      this.#blocks.delete(number);
      this.#hashes.delete(number);
    }
    this.#next = ancestor + 1;
  }
}

function sizeOf({ header, logs }: StretchBlock): number {
  return logs.reduce((sum, { text }) => sum + text.length, header.length);
}
