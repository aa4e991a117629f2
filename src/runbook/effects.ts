type Hex = `0x${string}`;

/** One call of a planned transaction. */
export type PlannedCall = {
  readonly to: Hex;
  readonly data: Hex;
  /** Native token in its smallest unit, in hex. */
  readonly value?: Hex;
};

/** A transaction that a step sends, as far as it is known when the plan is made. */
export type PlannedTransaction = {
  readonly from: Hex;
  /** All of them are one transaction. */
  readonly calls: readonly PlannedCall[];
  /** Under which the step notes what it has signed. Default `transaction`. */
  readonly note?: string;
  /**
   * Amounts and orders in it change by themselves between plan and block: `max`, orders that are filled. They are
   * shown, and are neither part of the plan id nor compared with the receipt.
   */
  readonly moves?: true;
  /** Tokens that it may move although its calls do not name them. */
  readonly tokens?: readonly Hex[];
  /** Orders that rest on the DEX before; null where they are unknown. For the account of the capital. */
  readonly orders?: readonly { readonly id: string; readonly token: Hex; readonly locked: string }[] | null;
  /** In the place of an address that is made only during the run. */
  readonly standIn?: { readonly address: Hex; readonly words: string };
  /** Another transaction may take its nonce, which is as good: nothing is compared. */
  readonly mayLose?: true;
};

export interface PlannedStep {
  readonly step: string;
  readonly sends: PlannedTransaction;
}

/** What the logs of a transaction say that it changes. Amounts in decimal, in the smallest unit. */
export type Change =
  /** All of one token between two accounts. `token` is null for the native one. */
  | {
      readonly kind: 'transfer';
      readonly token: Hex | null;
      readonly from: Hex;
      readonly to: Hex;
      readonly amount: string;
    }
  | { readonly kind: 'role'; readonly role: string; readonly account: Hex; readonly held: boolean }
  | { readonly kind: 'pause'; readonly contract: Hex; readonly paused: boolean }
  | { readonly kind: 'breaker'; readonly pair: Hex; readonly open: boolean }
  | { readonly kind: 'oracle'; readonly contract: Hex; readonly account: Hex }
  /** An order that is cancelled. Any contract may emit the event: `contract` says whether it was the DEX. */
  | { readonly kind: 'order'; readonly contract: Hex; readonly id: string }
  /**
   * `event` is its name, or its first topic where the name is not known. `byTime`: whether it is emitted depends on
   * the time since the block before, so it is neither part of the plan id nor compared.
   */
  | {
      readonly kind: 'event';
      readonly contract: Hex;
      readonly event: string;
      readonly count: number;
      readonly byTime?: true;
    };

export type StepEffects = {
  readonly step: string;
  readonly result: 'success' | 'failure' | 'unknown';
  /** Why it fails, or why that is unknown. */
  readonly reason: string | null;
  readonly moves?: true;
  readonly changes: readonly Change[];
};

/** Null where it is unknown. */
export type BalanceChange = {
  readonly token: Hex | null;
  readonly account: Hex;
  readonly before: string | null;
  readonly after: string | null;
};

/** A state that a call of the plan is about. Null where the contract does not return it. */
export type StateChange = {
  readonly kind: 'pause' | 'breaker' | 'role' | 'oracle';
  /** A contract, a pair, a role, as a name where one is known. */
  readonly subject: string;
  readonly account?: Hex;
  readonly before: string | null;
  readonly after: string | null;
};

/** Where the protocol's capital of one token is. `orders` is null where it is unknown. */
export type CapitalPlaces = {
  readonly vault: string;
  readonly strategy: string;
  readonly dex: string;
  readonly orders: string | null;
};

export type CapitalChange = {
  readonly token: Hex;
  readonly before: CapitalPlaces;
  readonly after: CapitalPlaces;
  /** What leaves these places, by the logs; negative where more comes in. */
  readonly paidOut: string;
  /** In none of these places afterwards, and not paid out; null where that is unknown. */
  readonly unaccounted: string | null;
};

/** The name, among the parties of a preview, of the DEX that the strategy trades on. */
export const dexName = 'stablecoin DEX';

export type Named = { readonly address: Hex; readonly name: string };
export type NamedToken = {
  readonly address: Hex | null;
  readonly symbol: string;
  /** Null where the token does not return them: amounts are then in the smallest unit. */
  readonly decimals: number | null;
};

/** What a plan's transactions change, found out without sending them. */
export type Effects =
  /** All in a row, each on top of those before it. */
  | {
      readonly method: 'sequence';
      /** In a local fork of the chain, for this reason; absent where the node itself has simulated it. */
      readonly fork?: string;
      readonly steps: readonly StepEffects[];
      readonly balances: readonly BalanceChange[];
      readonly states: readonly StateChange[];
      readonly capital: readonly CapitalChange[];
      readonly parties: readonly Named[];
      readonly tokens: readonly NamedToken[];
      /** Where the node's own answers contradict each other. */
      readonly contradictions: readonly string[];
    }
  /** Each call by itself: it shows neither what changes nor whether a later one works after those before it. */
  | {
      readonly method: 'single-calls';
      readonly reason: string;
      readonly steps: readonly StepEffects[];
    }
  | { readonly method: 'none'; readonly reason: string };

/**
 * What has to be the same between a plan, its approval and its receipts, one line each, sorted. Of a transaction
 * that moves by itself only what does not.
 */
export function fixedChanges({ changes, moves }: Pick<StepEffects, 'changes' | 'moves'>): readonly string[] {
  const lines = changes
    .filter((change) => change.kind !== 'event' || change.byTime !== true)
    .flatMap((change) => (moves ? movingLine(change) : [fixedLine(change)]));
  return [...new Set(lines)].sort();
}

function fixedLine(change: Change): string {
  switch (change.kind) {
    case 'transfer':
      return `${change.amount} of ${change.token ?? 'native'} from ${change.from} to ${change.to}`;
    case 'role':
      return `role ${change.role} ${change.held ? 'granted to' : 'revoked from'} ${change.account}`;
    case 'pause':
      return `${change.contract} ${change.paused ? 'paused' : 'not paused'}`;
    case 'breaker':
      return `breaker ${change.pair} ${change.open ? 'open' : 'closed'}`;
    case 'oracle':
      return `oracle of ${change.contract} is ${change.account}`;
    case 'order':
      return `order ${change.id} of ${change.contract} cancelled`;
    case 'event':
      return `${change.count} × ${change.event} of ${change.contract}`;
  }
}

function movingLine(change: Change): readonly string[] {
  if (change.kind === 'event' || change.kind === 'order') return [];
  return [change.kind === 'transfer' ? `something to ${change.to}` : fixedLine(change)];
}

/** The part of a preview that a plan id rests on. How it was had, and why it was not, is no part of it. */
export function outcomeOf(effects: Effects) {
  if (effects.method !== 'sequence') return 'unknown';
  return effects.steps.map((one) => ({
    step: one.step,
    result: one.result,
    changes: fixedChanges(one),
  }));
}

/** What the preview of a plan's transactions decides. */
export interface PreviewUse {
  /** A step that fails in it blocks the run. False: it only warns, for a command that must be tried all the same. */
  readonly blocks: boolean;
  /**
   * What the transactions change is part of the plan id. False for a command that must not be asked again because
   * an RPC node answers otherwise, or not at all.
   */
  readonly inPlanId: boolean;
}

/** Of every runbook that says nothing else. */
export const ordinaryPreview: PreviewUse = { blocks: true, inPlanId: true };
