import { TvError } from '../../errors/TvError.ts';
import type { Deployment } from './deployment.ts';
import type { Hex } from './rpc.ts';

export interface NewOrder {
  readonly amount: bigint;
  readonly tick: number;
  readonly isBid: boolean;
}

/** One transaction of the treasury, the strategist or the risk officer. */
export type Operation =
  | { readonly kind: 'deposit' | 'withdraw'; readonly token: Hex; readonly amount: bigint }
  | { readonly kind: 'deploy'; readonly token: Hex; readonly amount: bigint; readonly pairId: Hex }
  | { readonly kind: 'recall'; readonly id: bigint; readonly returned: bigint }
  /** What trading brings to the strategy, or takes from it. */
  | { readonly kind: 'gain' | 'lose'; readonly token: Hex; readonly amount: bigint }
  | { readonly kind: 'place'; readonly pairId: Hex; readonly orders: readonly NewOrder[] }
  | { readonly kind: 'cancel' | 'trip' | 'reset'; readonly pairId: Hex };

/** What happens next on the chain. All but `empty` fill one block. */
export type Slot =
  | { readonly kind: 'signals'; readonly pairIds: readonly Hex[]; readonly separate: boolean }
  | { readonly kind: 'operation'; readonly operation: Operation }
  | { readonly kind: 'rotation' }
  | { readonly kind: 'empty'; readonly blocks: number };

const usd = 1_000_000n;
/** Share of oracle updates: in a live TempoVault they are most of what happens. */
const signalShare = 0.85;

/**
 * Lays a history out: oracle updates at a steady pace, between them the treasury's and the strategist's
 * doings in whole rounds, so that every round leaves breakers reset and orders on the book, and empty
 * blocks in between. It begins quietly and gets busier, which is also faster to write: what a block costs
 * anvil grows with the storage in use. The same parameters give the same plan.
 *
 * @throws TvError where the blocks do not suffice for the events
 */
export function planHistory(deployment: Deployment, blocks: number, events: number): Slot[] {
  const random = seededRandom(42);
  const signals = signalSlots(deployment, Math.round(events * signalShare));
  const operations = operationSlots(deployment, events * (1 - signalShare), random);
  const empty = blocks - signals.length - operations.length - 2;
  if (empty < 0) {
    throw new TvError('sandbox.chain-failed', 'So many events do not fit into so few blocks of history.', {
      facts: { events, blocks, 'blocks needed': blocks - empty },
    });
  }
  const slots: Slot[] = [];
  let operationsDone = 0;
  let emptyDone = 0;
  for (const [index, signal] of signals.entries()) {
    const share = (index + 1) / signals.length;
    // Empty blocks come before signals only, so that no operation ever meets a stale signal. Several
    // in a row at a time, as one call mines them.
    const emptyDue = Math.floor(empty * share * (2 - share));
    if (emptyDue - emptyDone >= 12) {
      slots.push({ kind: 'empty', blocks: emptyDue - emptyDone });
      emptyDone = emptyDue;
    }
    slots.push(signal);
    if (index === Math.floor(signals.length / 2)) slots.push({ kind: 'rotation' });
    const operationsDue = Math.ceil(operations.length * share * share);
    slots.push(...operations.slice(operationsDone, operationsDue));
    operationsDone = operationsDue;
  }
  if (empty > emptyDone) slots.push({ kind: 'empty', blocks: empty - emptyDone });
  return slots;
}

/** Mostly two signals a pair in one transaction; now and then one a pair, each in a transaction of its own. */
function signalSlots({ pairs }: Deployment, count: number): Slot[] {
  const once = pairs.map((pair) => pair.id);
  const slots: Slot[] = [];
  for (let left = count; left > 0; ) {
    const separate = slots.length % 20 === 5;
    const pairIds = (separate || slots.length % 7 === 0 ? once : [...once, ...once]).slice(0, left);
    slots.push({ kind: 'signals', pairIds, separate });
    left -= pairIds.length;
  }
  return slots;
}

function operationSlots(deployment: Deployment, events: number, random: () => number): Slot[] {
  const treasury = new Treasury(deployment, random);
  const operations = treasury.opening();
  // What one round emits on average, counted from `round`: the compact build reports orders in no indexed event.
  const perRound = deployment.generation === 'compact' ? 7.7 : 10.7;
  for (let round = 0; round * perRound < events; round++) operations.push(...treasury.round(round));
  return operations.map((operation) => ({ kind: 'operation', operation }));
}

/** Keeps track of which deployments of capital are to be recalled later. */
class Treasury {
  private readonly open: { readonly id: bigint; readonly token: Hex; readonly amount: bigint }[] = [];
  private nextId = 1n;
  private readonly deployment: Deployment;
  private readonly random: () => number;

  constructor(deployment: Deployment, random: () => number) {
    this.deployment = deployment;
    this.random = random;
  }

  /** Enough for everything that follows: most stays withdrawable in the vault, and the strategy never runs dry. */
  opening(): Operation[] {
    return [
      ...this.deployment.tokens.map((token) => this.deposit(token.address, 5_000_000n * usd)),
      ...this.deployment.pairs.flatMap(({ id, tokenA, tokenB }) => [
        this.deploy(tokenA, 200_000n * usd, id),
        this.deploy(tokenB, 200_000n * usd, id),
      ]),
    ];
  }

  round(number: number): Operation[] {
    const { pairs } = this.deployment;
    const pair = pairs[number % pairs.length];
    if (pair === undefined) return [];
    const { id: pairId, tokenA, tokenB } = pair;
    const token = number % 2 === 0 ? tokenA : tokenB;
    const alternating: Operation[] =
      number % 2 === 0
        ? [
            { kind: 'trip', pairId },
            { kind: 'reset', pairId },
          ]
        : [
            { kind: 'cancel', pairId },
            { kind: 'place', pairId, orders: this.ladder(3) },
          ];
    return [
      this.deposit(token, this.amount(20_000, 90_000)),
      this.deployForAWhile(token, this.amount(10_000, 50_000), pairId),
      ...alternating,
      ...this.recall(Math.floor(number / 3)),
      { kind: 'withdraw', token, amount: this.amount(1_000, 40_000) },
    ];
  }

  private deposit(token: Hex, amount: bigint): Operation {
    return { kind: 'deposit', token, amount };
  }

  private deploy(token: Hex, amount: bigint, pairId: Hex): Operation {
    this.nextId++;
    return { kind: 'deploy', token, amount, pairId };
  }

  private deployForAWhile(token: Hex, amount: bigint, pairId: Hex): Operation {
    this.open.push({ id: this.nextId, token, amount });
    return this.deploy(token, amount, pairId);
  }

  /** The oldest open one, at a loss, at par or at a profit, once there are a few. */
  private recall(number: number): Operation[] {
    const oldest = this.open.length > 3 ? this.open.shift() : undefined;
    if (oldest === undefined) return [];
    const permille = ([-3n, 2n, 0n] as const)[number % 3] ?? 0n;
    const { id, token, amount } = oldest;
    const result = (amount * permille) / 1000n;
    const recall = { kind: 'recall', id, returned: amount + result } as const;
    if (result === 0n) return [recall];
    // So that what is deployed can be accounted for to the last unit.
    return result > 0n
      ? [{ kind: 'gain', token, amount: result }, recall]
      : [{ kind: 'lose', token, amount: -result }, recall];
  }

  private ladder(levels: number): NewOrder[] {
    return Array.from({ length: levels * 2 }, (_, index) => {
      const isBid = index % 2 === 0;
      // The DEX wants multiples of ten, and bids below asks.
      const distance = 10 * (1 + Math.floor(index / 2));
      return { amount: this.amount(200, 900), tick: isBid ? -distance : distance, isBid };
    });
  }

  private amount(from: number, to: number): bigint {
    return BigInt(Math.floor((from + this.random() * (to - from)) * 100)) * (usd / 100n);
  }
}

/** mulberry32: small, and the same everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
