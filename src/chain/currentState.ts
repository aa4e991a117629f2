import type { Advice } from '../errors/advice.ts';
import { answer } from '../errors/answer.ts';
import type { Finding } from '../runbook/check.ts';
import type { Chain, Context } from '../runbook/context.ts';
import type { StepContext } from '../runbook/define.ts';
import type { Json } from '../runbook/json.ts';
import { block } from '../runbook/preflight.ts';
import { everyResult } from '../runbook/step.ts';
import { count, duration, localTime } from '../text/format.ts';
import { assertExpected, onRightChain } from './assertChainId.ts';
import { readChainId } from './readChainId.ts';
import { type Head, readHead } from './readHead.ts';
import { readUntil } from './readUntil.ts';

/**
 * A newest block older than this is not the state of now, in milliseconds. Tempo makes blocks in under a
 * second, Ethereum in 12.
 */
export const oldHeadMs = 60_000;

/** Why what the nodes show is not known to be the state of now. */
export interface StaleHead {
  /** Without a full stop: `the newest block that the RPC node shows, 1,234, is 12 min old`. */
  readonly summary: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly next: readonly Advice[];
  /** It lacks a block of this run that another node has: it may have it in a moment. */
  readonly mayCatchUp: boolean;
}

/** The newest block with a transaction of tv's own that this process has seen, by chain. */
const seen = new WeakMap<Chain, number>();

/** A transaction of this process is in this block: what is read from there on is no older than that. */
export function noteMined(chain: Chain, mined: number): void {
  seen.set(chain, Math.max(mined, seen.get(chain) ?? 0));
}

/** Whether a head is too old by the clock of this machine; that clock may be what is wrong. */
export function judgeHead(
  { number, timestamp }: Head,
  { now, urls }: { readonly now: Date; readonly urls: readonly string[] },
): StaleHead | undefined {
  const ageMs = now.getTime() - timestamp * 1000;
  if (ageMs <= oldHeadMs) return undefined;
  return {
    summary: `the newest block that the RPC node shows, ${count(number)}, is ${duration(ageMs)} old`,
    facts: {
      'time of the block': localTime(new Date(timestamp * 1000)),
      'clock of this machine': localTime(now),
      node: urls.join(', '),
      'possible causes':
        'the node is behind or stopped, the chain makes blocks only on demand, or the clock here is wrong',
    },
    next: [
      { when: 'put the URL of a node that is up to date first', tv: ['config', 'show'] },
      { tv: ['status'] },
    ],
    mayCatchUp: false,
  };
}

/**
 * Whether the newest block is too old for its state to be the state of now: by the clock, or because it
 * lacks a transaction that this run has seen in a block. Where this process has just seen one, the clock
 * is not needed. The node's chain is asked for in the same batch.
 * @returns undefined where it is current
 * @throws WrongChainError where the node is on another chain: nothing that it shows is about this TempoVault
 */
export async function readStaleHead(
  ctx: Pick<Context, 'chain' | 'clock'> & Partial<Pick<StepContext, 'results'>>,
): Promise<StaleHead | undefined> {
  const chain = ctx.chain();
  const [head, id] = await Promise.all([answer(readHead(chain)), answer(readChainId(chain))]);
  if (id.known) assertExpected(chain, id.value);
  if (!head.known || !id.known) {
    const reason = head.known ? (id.known ? '' : `its chain id is unknown: ${id.reason}`) : head.reason;
    return {
      summary: `the age of the newest block is unknown: ${reason}`,
      facts: { node: chain.urls.join(', ') },
      next: [{ tv: ['status'] }],
      mayCatchUp: false,
    };
  }
  const mined = seen.get(chain);
  const own = Math.max(mined ?? 0, ...everyResult(ctx).map(blockOf));
  if (head.value.number < own) {
    return {
      summary: `the RPC node shows block ${count(head.value.number)}, and this run has a transaction in block ${count(own)}`,
      facts: { node: chain.urls.join(', ') },
      next: [
        { when: 'put the URL of a node that is up to date first', tv: ['config', 'show'] },
        { when: 'then', tv: ['resume'] },
      ],
      mayCatchUp: true,
    };
  }
  if (mined !== undefined) return undefined;
  return judgeHead(head.value, { now: ctx.clock.now(), urls: chain.urls });
}

/** Of a step's result: the block of its transaction, 0 where it has none. */
function blockOf(result: Json): number {
  const value: unknown =
    typeof result === 'object' && result !== null ? Reflect.get(result, 'block') : undefined;
  return typeof value === 'number' ? value : 0;
}

/**
 * As `readStaleHead`, but a replica that lacks a block of this run is given some time. What is read
 * afterwards is current, where this is undefined.
 */
export async function awaitCurrent(
  ctx: Pick<StepContext, 'chain' | 'clock' | 'results' | 'signal'>,
): Promise<StaleHead | undefined> {
  return readUntil(
    ctx,
    () => readStaleHead(ctx),
    (stale) => stale?.mayCatchUp !== true,
  );
}

/**
 * What a check finds, or that it is unknown where the block that it was read from is too old. A replica
 * that lacks a block of this run is given some time.
 * @param otherwise the finding for a block that is too old
 */
export async function ofCurrentState<T extends Json>(
  ctx: Pick<StepContext, 'chain' | 'clock' | 'results' | 'signal'>,
  check: () => Promise<Finding<T>>,
  otherwise: (stale: StaleHead) => Finding<T> = unknownState,
): Promise<Finding<T>> {
  // In one turn: one batch, which one node answers.
  const both = async () => {
    const current = readStaleHead(ctx);
    const finding = await onRightChain(current, check());
    return { stale: await current, finding };
  };
  const { stale, finding } = await readUntil(ctx, both, (answer) => answer.stale?.mayCatchUp !== true);
  return stale === undefined ? finding : otherwise(stale);
}

function unknownState({ summary, facts, next }: StaleHead): Finding<never> {
  return block(`current state unknown: ${summary}`, { facts, next, unread: true });
}
