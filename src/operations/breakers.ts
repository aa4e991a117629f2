import * as z from 'zod';
import { type Breaker, readBreakers } from '../chain/breakers/readBreakers.ts';
import { ofCurrentState } from '../chain/currentState.ts';
import { changedSince, sinceFacts } from '../chain/intents/effects.ts';
import type { IntentRequest, ResolvedIntent } from '../chain/intents/intent.ts';
import { judgeReceipts } from '../chain/intents/judgeReceipts.ts';
import { resolveIntents } from '../chain/intents/resolveIntent.ts';
import { findPair, namedPairs, type Pair, pairTitle } from '../chain/pairs/pair.ts';
import type { Sender } from '../chain/preflight/checkSending.ts';
import { readStops } from '../chain/stops/readStops.ts';
import { sendSteps } from '../chain/transactions/sendSteps.ts';
import { type SentTransaction, sentByRun } from '../chain/transactions/transaction.ts';
import { readPairTokens } from '../chain/treasury/findToken.ts';
import { readResting } from '../chain/treasury/readResting.ts';
import {
  type UnsignedTransactions,
  unsignedInput,
  unsignedTransactions,
} from '../chain/unsigned/unsignedTransactions.ts';
import { known } from '../errors/answer.ts';
import { UsageError } from '../errors/TvError.ts';
import type { Check } from '../runbook/check.ts';
import type { Context } from '../runbook/context.ts';
import { field, type Printout, type Step, type StepContext } from '../runbook/define.ts';
import type { Json } from '../runbook/json.ts';
import { block, Preflight, pass, warn } from '../runbook/preflight.ts';
import { count } from '../text/format.ts';
import { withoutKeys } from '../text/pastedKeys.ts';
import { type Effect, restingFinding, stopFinding } from './stopEffects.ts';

/** What the preflight has found and the plan is made from. */
export type BreakerFacts = {
  readonly action: 'trip' | 'reset';
  readonly chainId: number;
  /** Those whose breaker has to change. */
  readonly pairs: readonly Pair[];
  /** Those whose breaker is as wanted already. */
  readonly already: readonly Pair[];
  /** One for each pair, in the same order. */
  readonly intents: readonly ResolvedIntent[];
  /** Null where nothing has to be sent. */
  readonly sender: Sender | null;
  readonly replace: boolean;
  /** Of a trip: what it stops, and what it leaves on the DEX. Null for a reset. */
  readonly effect: Effect | null;
};

/** An imagined case, for the exported document. */
export function exampleFacts(action: BreakerFacts['action']): BreakerFacts {
  const pair = { id: `0x${'1c'.repeat(32)}`, name: 'AlphaUSD-pathUSD' } as const;
  const officer = '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC';
  return {
    action,
    chainId: 4217,
    pairs: [pair],
    already: [],
    intents: [
      {
        intent: action === 'trip' ? 'tripBreaker' : 'resetBreaker',
        contract: 'riskController',
        address: '0x610178dA211FEF7D417bC0e6FeD39F05609AD788',
        signature: action === 'trip' ? 'triggerCircuitBreaker(bytes32)' : 'resetCircuitBreaker(bytes32)',
        args: [pair.id],
        data: '0x',
        role: { name: 'RISK_OFFICER', id: `0x${'4d'.repeat(32)}`, signer: 'riskOfficer' },
        holders: [officer],
      },
    ],
    sender: {
      role: 'riskOfficer',
      from: officer,
      network: 'tempo',
      feeToken: '0x20c0000000000000000000000000000000000000',
    },
    replace: false,
    effect:
      action === 'trip'
        ? {
            pair,
            stops: known([
              { action: 'deploy', effect: 'stopped', reason: null },
              { action: 'place', effect: 'not-stopped', reason: null },
            ]),
            resting: known({ pairs: [{ pair, orders: '2 orders, 300 AlphaUSD' }], unknown: null }),
          }
        : null,
  };
}

export const breakerInput = {
  pair: field(
    '--pair <pair...>',
    'by name, id, or the two tokens as 0x…/0x… (repeatable)',
    z.array(z.string()).default([]),
  ),
  all: field(
    '--all',
    'every pair that the settings name or whose breaker was ever used',
    z.boolean().default(false),
  ),
  replace: field('--replace', 'replace the pending transaction of this account', z.boolean().default(false)),
  ...unsignedInput,
};

export interface BreakerInput {
  readonly pair: readonly string[];
  readonly all: boolean;
  readonly replace: boolean;
  readonly calldata: boolean;
  readonly safe?: string | undefined;
}

export const exampleInput = {
  pair: ['AlphaUSD-pathUSD'],
  all: false,
  replace: false,
  calldata: false,
  safe: undefined,
};

/** The pairs that the operator means. @throws UsageError where none is given, or there is no such pair */
export function wantedPairs(ctx: Context, { pair, all }: BreakerInput): readonly Pair[] {
  if (pair.length === 0 && !all) {
    const named = namedPairs(ctx.settings).map(({ name }) => name);
    throw new UsageError('usage.missing-value', 'Which pair?', {
      facts: { known: named.join(', ') || undefined },
      next: ['--pair NAME, or --all'],
    });
  }
  const pairs = [
    ...pair.map((text) => findPair(ctx.settings, text)),
    ...(all ? namedPairs(ctx.settings) : []),
  ];
  return [...new Map(pairs.map((one) => [one.id, one])).values()];
}

/** Above this number a line is too long to read. */
const written = 3;

/** The flags that name these pairs. */
function pairFlags(
  pairs: readonly { readonly name: string | null; readonly id: string }[],
): readonly string[] {
  return pairs.length > written ? ['--all'] : pairs.flatMap(({ name, id }) => ['--pair', name ?? id]);
}

/** Contracts take any id: a mistyped one would be tripped, and the pair that was meant would trade on. */
export async function unknownPairs(
  ctx: Pick<Context, 'chain'>,
  breakers: readonly Breaker[],
): Promise<readonly Breaker[]> {
  const unseen = breakers.filter(isUnseen);
  const tokens = await Promise.all(unseen.map(({ pair }) => readPairTokens(ctx.chain(), pair.id)));
  return unseen.filter((_, index) => tokens[index]?.length === 0);
}

/** Neither settings nor events nor signals have it. */
function isUnseen({ pair, last, signal }: Breaker): boolean {
  return pair.name === null && last === null && (signal?.at ?? 0) === 0;
}

/** A pair by its name or id. An id that was only typed is not repeated: a private key has 64 hex digits, too. */
export function seenTitle(breaker: Breaker): string {
  return isUnseen(breaker) ? withoutKeys(breaker.pair.id) : pairTitle(breaker.pair);
}

/** What an unknown pair lacks. */
export const unknownBecause = 'no name, no signal, no event, not in the strategy';

export function plan({ action, intents, pairs, sender, replace }: BreakerFacts): readonly Step[] {
  if (sender === null) return [];
  const verb = action === 'trip' ? 'trip' : 'reset';
  return sendSteps({
    id: action,
    title: (group) => {
      const pair = pairs.find(({ id }) => id === group[0]?.args[0]);
      const what =
        group.length === 1 && pair !== undefined
          ? pairTitle(pair)
          : `${count(group.length)} pairs in one transaction`;
      return `${verb} ${what} as ${sender.from}`;
    },
    intents,
    sender,
    urgent: true,
    replace,
    afterwards:
      action === 'trip'
        ? { tv: ['breaker', 'reset', ...pairFlags(pairs)] }
        : { tv: ['breaker', 'trip', ...pairFlags(pairs)] },
  });
}

/** Plan id: the pairs and the functions, not what pays the fee. */
export function basis({ action, chainId, pairs, intents, sender, replace }: BreakerFacts): Json {
  return {
    action,
    chainId,
    pairs: pairs.map(({ id }) => id),
    calls: intents.map(({ address, data }) => ({ address, data })),
    from: sender?.from ?? null,
    replace,
  };
}

/** The calls for another signer: for every pair given, whatever its breaker is now. */
export function unsigned(
  ctx: Context,
  input: BreakerInput,
  action: BreakerFacts['action'],
): Promise<Printout<UnsignedTransactions> | undefined> {
  const title = action === 'trip' ? 'Trip breakers' : 'Reset breakers';
  return unsignedTransactions(ctx, input, title, async (warn) => {
    let pairs = wantedPairs(ctx, input);
    // Those that the settings name are printed whatever else can be read.
    if (input.all || pairs.some(({ name }) => name === null)) {
      const { breakers } = await readBreakers(ctx.chain(), { pairs, discover: input.all });
      for (const unknown of await unknownPairs(ctx, breakers)) {
        warn(`Unknown pair ${seenTitle(unknown)}: ${unknownBecause}. The contract takes any id.`);
      }
      pairs = breakers.map(({ pair }) => pair);
    }
    const intent: IntentRequest['intent'] = action === 'trip' ? 'tripBreaker' : 'resetBreaker';
    return resolveIntents(
      ctx.chain(),
      pairs.map(({ id }) => ({ intent, pair: id })),
    );
  });
}

/** Reads the breakers back, and the receipts of this run: who else has changed a breaker since is named. */
export async function verify(ctx: StepContext, facts: BreakerFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  const wanted = facts.action === 'trip';
  const state = wanted ? 'open' : 'closed';
  const sent = sentByRun(ctx);

  const readBack = async () => {
    const pairs = [...facts.pairs, ...facts.already];
    const { breakers } = await readBreakers(ctx.chain(), { pairs, discover: false });
    const wrong = breakers.filter(({ open }) => open !== wanted);
    if (wrong.length === 0) {
      const [only] = breakers;
      const who =
        breakers.length === 1 && only !== undefined
          ? pairTitle(only.pair)
          : `${count(breakers.length)} pairs`;
      return pass(`${who}: ${state}, read back from the contract`);
    }
    const since = await Promise.all(wrong.map(({ pair }) => changedLater(ctx, facts, pair, sent)));
    const names = wrong.map(({ pair }) => pairTitle(pair)).join(', ');
    const lines = Object.assign({}, ...since.filter((one) => one !== undefined)) as Record<string, string>;
    const next = wanted
      ? [{ tv: ['breaker', 'trip', ...pairFlags(wrong.map(({ pair }) => pair))] }]
      : [{ tv: ['breaker', 'status'] }];
    // What another transaction did afterwards is no failure of this run.
    return since.every((one) => one !== undefined)
      ? warn(`${names}: ${state} by this run, and changed by another transaction since`, {
          facts: lines,
          next,
        })
      : block(`${names}: not ${state}`, { facts: lines, next: [{ tv: ['breaker', 'status'] }] });
  };
  preflight.check('breakers', 'chain', () => ofCurrentState(ctx, readBack));

  if (facts.pairs.length > 0) {
    preflight.check('transactions', 'chain', () =>
      judgeReceipts(ctx.chain(), { sent, intents: facts.intents, noun: 'breakers' }),
    );
  }

  const [first] = facts.pairs;
  if (wanted && first !== undefined) {
    preflight.check('effect', 'chain', async () =>
      stopFinding('the breaker', {
        pair: first,
        stops: await readStops(ctx.chain(), {
          stop: 'breaker',
          pair: first.id,
          isThere: true,
          limitMs: effectLimitMs,
        }),
      }),
    );
    preflight.check('orders', 'chain', async () =>
      restingFinding(
        await readResting(ctx.chain(), { all: false, pairs: facts.pairs, limitMs: effectLimitMs }),
      ),
    );
  }
  const open = [...facts.pairs, ...facts.already];
  if (wanted && open.length > 0) {
    const [stay, are] = open.length === 1 ? ['breaker stays', 'it is'] : ['breakers stay', 'they are'];
    preflight.check('after', 'run', async () =>
      warn(`the ${stay} open until ${are} reset`, {
        next: [{ when: 'once the cause is gone', tv: ['breaker', 'reset', ...pairFlags(open)] }],
      }),
    );
  }
  return preflight.checks();
}

/**
 * Which transaction has changed a breaker after this run had. Undefined where this run is not proven to
 * have changed it, or no later change can be named.
 */
async function changedLater(
  ctx: StepContext,
  { intents }: BreakerFacts,
  pair: Pair,
  sent: readonly SentTransaction[],
): Promise<Readonly<Record<string, string>> | undefined> {
  const intent = intents.find(({ args }) => args[0]?.toLowerCase() === pair.id.toLowerCase());
  if (intent === undefined) return undefined;
  for (const { hash } of sent) {
    const since = await changedSince(ctx.chain(), { intent, hash });
    if (since === undefined) continue;
    return since.later.known && since.later.value !== undefined ? sinceFacts(since, hash) : undefined;
  }
  return undefined;
}

/** Of what is only information, in milliseconds. */
const effectLimitMs = 3_000;
