import { readStaleHead } from '../../src/chain/currentState.ts';
import { informational } from '../../src/chain/informational.ts';
import { contractTitles, type ResolvedIntent } from '../../src/chain/intents/intent.ts';
import { type Deployment, readDeployment } from '../../src/chain/intents/readDeployment.ts';
import { resolveIntents } from '../../src/chain/intents/resolveIntent.ts';
import { findPair, namedPairs, type Pair, pairTitle } from '../../src/chain/pairs/pair.ts';
import { checkNodes } from '../../src/chain/preflight/checkNodes.ts';
import { checkSending, type Sender } from '../../src/chain/preflight/checkSending.ts';
import { sameAddress } from '../../src/chain/sameAddress.ts';
import { simulate } from '../../src/chain/transactions/simulate.ts';
import { formatAmount } from '../../src/chain/treasury/amount.ts';
import { checkRecipient } from '../../src/chain/treasury/checkRecipient.ts';
import type { Token } from '../../src/chain/treasury/findToken.ts';
import { describeOrders, inBook } from '../../src/chain/treasury/readOrders.ts';
import type { Places } from '../../src/chain/treasury/readPlaces.ts';
import { byHolder, type Outcome, tryWithdrawal } from '../../src/chain/treasury/tryWithdrawal.ts';
import type { Address } from '../../src/config/settings.ts';
import { type Advice, distinctAdvice } from '../../src/errors/advice.ts';
import type { Answer } from '../../src/errors/answer.ts';
import { UsageError } from '../../src/errors/TvError.ts';
import {
  type Capital,
  listRemedy,
  type Orders,
  readCapital,
  readOrders,
  tokensOf,
} from '../../src/operations/capital.ts';
import { outside } from '../../src/operations/offVaultBalances.ts';
import { checkPause, checkPayout, checkPayoutRecipient } from '../../src/operations/payout/checks.ts';
import {
  examplePayout,
  type Pausing,
  type PayoutFacts,
  type Withdrawal,
} from '../../src/operations/payout/facts.ts';
import { readFree } from '../../src/operations/payout/withdrawable.ts';
import type { Finding } from '../../src/runbook/check.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { PreflightResult } from '../../src/runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { count } from '../../src/text/format.ts';
import { withoutKeys } from '../../src/text/pastedKeys.ts';

export interface UnwindInput {
  readonly pair: readonly string[];
  readonly withdraw: boolean;
  readonly to?: string | undefined;
  readonly toAgain?: string | undefined;
  readonly replace: boolean;
}

/** A pair that was asked for, and what rests on the DEX for it. */
export type UnwoundPair = {
  readonly pair: Pair;
  /** Orders of the strategy in the pair's book; null where that is unknown. */
  readonly orders: number | null;
  /** The base token of its book; null where the strategy does not return it. */
  readonly base: Address | null;
};

export type UnwindFacts = {
  readonly chainId: number;
  /** Those that are unwound. */
  readonly pairs: readonly UnwoundPair[];
  /** One for each of them, in the same order. */
  readonly intents: readonly ResolvedIntent[];
  /** Those that the strategy refuses to unwind although capital of theirs is on the DEX. */
  readonly stuck: readonly { readonly pair: Pair; readonly reason: string }[];
  /** Null where nothing has to be sent. */
  readonly sender: Sender | null;
  readonly replace: boolean;
  /** All tokens of all pairs that were asked for, as far as they could be read. */
  readonly before: readonly { readonly token: Token; readonly places: Places }[];
  /** Why the capital is not known in full; null where it is. */
  readonly beforeUnknown: string | null;
  /** With `--withdraw`; null also where nothing can be withdrawn. */
  readonly payout: PayoutFacts | null;
  /** The withdrawals go before the unwind: this vault refuses them afterwards. */
  readonly withdrawFirst: boolean;
  /** The strategy's orders on the DEX; null where not all of them are known. */
  readonly resting:
    | readonly { readonly id: string; readonly token: Address; readonly locked: string }[]
    | null;
};

/** An imagined case, for the exported document. */
export const exampleFacts: UnwindFacts = {
  chainId: 4217,
  pairs: [
    {
      pair: { id: `0x${'1c'.repeat(32)}`, name: 'AlphaUSD-pathUSD' },
      orders: 12,
      base: '0x20c0000000000000000000000000000000000001',
    },
  ],
  intents: [
    {
      intent: 'unwindPair',
      contract: 'dexStrategy',
      address: '0x0DCd1Bf9A1b36cE34237eEaFef220932846BCD82',
      signature: 'emergencyUnwind(bytes32)',
      args: [`0x${'1c'.repeat(32)}`],
      data: '0x',
      role: { name: 'EMERGENCY', id: `0x${'e0'.repeat(32)}`, signer: 'emergency' },
      holders: ['0x70997970C51812dc3A010C7d01b50e0d17dc79C8'],
    },
  ],
  stuck: [],
  sender: {
    role: 'emergency',
    from: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
    network: 'tempo',
    feeToken: '0x20c0000000000000000000000000000000000000',
  },
  replace: false,
  before: [],
  beforeUnknown: null,
  payout: { ...examplePayout(), max: true },
  withdrawFirst: false,
  resting: null,
};

/** @throws UsageError where there is no such pair */
export function wantedPairs({ settings }: Context, { pair }: UnwindInput): readonly Pair[] {
  if (pair.length === 0)
    throw new UsageError('usage.missing-value', 'Which pair?', { next: ['--pair NAME, as often as needed'] });
  return [...new Map(pair.map((text) => findPair(settings, text)).map((one) => [one.id, one])).values()];
}

/**
 * What there is to unwind, and whether the strategy would refuse. Only its own simulation decides: lists of
 * orders and amounts are information, and an unwind goes ahead without them.
 */
export async function preflight(ctx: Context, input: UnwindInput): Promise<PreflightResult<UnwindFacts>> {
  const { replace } = input;
  const wanted = wantedPairs(ctx, input);
  const recipient = wantedRecipient(ctx, input);
  const preflight = new Preflight(ctx);
  const nodes = checkNodes(ctx, preflight, { protects: true });
  if (recipient !== undefined) {
    checkPayoutRecipient(ctx, preflight, recipient, { to: input.to ?? '', toAgain: input.toAgain });
  }
  const trying = need(nodes, 'chain').then(() => tryEach(ctx, wanted));
  // The check below reports its failure.
  trying.catch(() => {});
  const tried = preflight
    .check('strategy', 'chain', async () => {
      const [first] = (await trying).intents;
      if (first === undefined) throw new Error('one intent for each pair');
      const { contract, signature, address } = first;
      return pass(`${contractTitles[contract]}.${signature} at ${address}`, true);
    })
    .then((found) => (found === undefined ? undefined : trying));

  // Not a check of its own: whatever cannot be read is named in those that need it.
  const orders = tried.then((found) =>
    found === undefined ? undefined : readOrders(ctx.chain(), wanted, found.deployment),
  );
  const capital = orders.then((found) =>
    found === undefined
      ? undefined
      : readCapital(
          ctx.chain(),
          found.pairs.flatMap((pair) =>
            tokensOf(pair, found.resting.known ? found.resting.value.orders : []),
          ),
        ),
  );
  const old = readStaleHead(ctx);
  old.catch(() => {});
  preflight.check('capital', 'chain', async () => {
    const found = await need(orders, 'strategy');
    const places = await need(capital, 'strategy');
    // A private key has 64 hex digits, too: an id that only the operator knows is not repeated.
    const none = wanted
      .filter((_, index) => isUnknownPair(found, index))
      .map(({ name, id }) => name ?? withoutKeys(id));
    if (none.length > 0) {
      return block(`the strategy does not know ${none.join(', ')}`, {
        next: [{ tv: ['breaker', 'status'] }],
      });
    }
    const finding = outside(places.tokens, namedPairs(ctx.settings));
    if (places.unknown === null) return finding;
    return warn(`${finding.summary}; not all could be read, the unwind goes ahead without it`, {
      facts: { ...finding.facts, unknown: places.unknown },
    });
  });
  const judged = preflight.check('orders', 'chain', async () => {
    const found = await need(tried, 'strategy');
    return judge(wanted, {
      tried: found,
      orders: await need(orders, 'strategy'),
      capital: await need(capital, 'strategy'),
      isOld: (await old) !== undefined,
    });
  });

  const todo = judged.then((value) => value?.todo ?? []);
  const free = recipient === undefined ? undefined : checkFree(ctx, preflight, { recipient, nodes, capital });
  const trap = checkTrap(ctx, preflight, {
    unwinds: todo.then((pairs) => pairs.map(({ intent }) => intent)),
    capital,
    withdraw: input.withdraw,
    pairs: input.pair,
  });
  const intents = (await todo).map(({ intent }) => intent);
  const sender = await checkSending(ctx, preflight, { intents, urgent: true, replace });
  const paying = await free;
  const payer =
    paying === undefined || paying.withdrawals.length === 0
      ? undefined
      : await checkPayout(ctx, {
          withdraws: paying.withdrawals.map(({ intent }) => intent),
          pausing: paying.pausing,
          replace,
          mark: ' (withdraw)',
        });
  const withdrawFirst = (await trap) ?? false;
  const checks = [...(await preflight.checks()), ...(payer?.checks ?? [])];
  const [chain, pairs, places] = [await nodes, await judged, await capital];
  if (chain === undefined || pairs === undefined || places === undefined) return { checks, facts: undefined };
  const blocked =
    (pairs.todo.length > 0 && sender === undefined) ||
    (recipient !== undefined && paying === undefined) ||
    (payer !== undefined && payer.found === undefined);
  if (blocked) return { checks, facts: undefined };
  return {
    checks,
    facts: {
      chainId: chain.id,
      pairs: pairs.todo.map(({ pair, orders: resting, base }) => ({ pair, orders: resting, base })),
      intents,
      stuck: pairs.stuck,
      sender: sender ?? null,
      replace,
      before: places.tokens,
      beforeUnknown: places.unknown,
      payout:
        recipient === undefined || paying === undefined || payer?.found === undefined
          ? null
          : { recipient, max: true, withdrawals: paying.withdrawals, replace, ...payer.found },
      withdrawFirst,
      resting: restingOf(await orders),
    },
  };
}

/** What the account of the capital needs of the orders. */
function restingOf(orders: Orders | undefined): UnwindFacts['resting'] {
  const resting = orders?.resting;
  if (resting?.known !== true || resting.value.unknown !== null) return null;
  return resting.value.orders.map(({ id, token, locked }) => ({ id, token, locked }));
}

interface Tried {
  readonly deployment: Deployment;
  /** In the order of the pairs. */
  readonly intents: readonly ResolvedIntent[];
  /** Why the strategy would refuse; null where it would not, or no account is known for a simulation. */
  readonly refusals: readonly (string | null)[];
}

async function tryEach(ctx: Context, pairs: readonly Pair[]): Promise<Tried> {
  const chain = ctx.chain();
  const deployment = await readDeployment(chain);
  const intents = await resolveIntents(
    chain,
    pairs.map(({ id }) => ({ intent: 'unwindPair' as const, pair: id })),
    deployment,
  );
  const refusals = await Promise.all(
    intents.map(async ({ address, data, holders: [from] }) => {
      if (from === undefined) return null;
      const answer = await simulate(chain, { from, calls: [{ to: address, data }], deployment });
      return answer.ok ? null : answer.revert.sentence;
    }),
  );
  return { deployment, intents, refusals };
}

function isUnknownPair({ pairs }: Orders, index: number): boolean {
  const tokens = pairs[index]?.tokens;
  return tokens?.known === true && tokens.value === 'none';
}

type Judged = {
  readonly todo: readonly {
    readonly pair: Pair;
    readonly intent: ResolvedIntent;
    readonly orders: number | null;
    readonly base: Address | null;
  }[];
  readonly stuck: UnwindFacts['stuck'];
};

interface World {
  readonly tried: Tried;
  readonly orders: Orders;
  readonly capital: Capital;
  /** Read from an old block: that nothing rested in it is no reason not to unwind now. */
  readonly isOld: boolean;
}

/** Which pairs are unwound, which have nothing to unwind, and which cannot be. */
function judge(wanted: readonly Pair[], { tried, orders, capital, isOld }: World) {
  const { resting } = orders;
  const complete = !isOld && resting.known && resting.value.unknown === null;
  const todo: Judged['todo'][number][] = [];
  const stuck: Judged['stuck'][number][] = [];
  const facts: Record<string, string> = {};
  const words: string[] = [];
  const remedies: Advice[] = [];
  for (const [index, pair] of wanted.entries()) {
    const intent = tried.intents[index];
    const state = orders.pairs[index];
    if (intent === undefined || state === undefined) throw new Error('one of each for every pair');
    const refusal = tried.refusals[index] ?? null;
    const base =
      state.tokens.known && state.tokens.value !== 'none' ? (state.tokens.value.tokens[0] ?? null) : null;
    const own = inBook(base, resting.known ? resting.value.orders : []);
    const listed = state.listed.known ? state.listed.value : [];
    const gone = state.gone.known ? state.gone.value : [];
    const title = pairTitle(pair);
    const onDex = (address: Address) =>
      capital.tokens.find(({ token }) => sameAddress(token.address, address))?.places.dex;
    const empty = complete && own.length === 0 && listed.length === gone.length;
    const configured = state.tokens.known && state.tokens.value !== 'none' ? state.tokens.value.tokens : [];
    const swept = configured.length > 0 && configured.every((token) => onDex(token) === '0');
    if (empty && (refusal === null ? swept : base !== null && onDex(base) === '0')) {
      facts[title] = refusal === null ? 'nothing on the DEX' : `not tried, it would revert: ${refusal}`;
      continue;
    }
    const hidden = own.filter(({ id }) => state.listed.known && !listed.includes(BigInt(id)));
    // What emergencyUnwind cancels: the listed ones.
    const number = complete
      ? own.length - hidden.length
      : state.listed.known
        ? listed.length - gone.length
        : null;
    if (hidden.length > 0) {
      facts[title] = `not in the strategy's list: ${describeOrders(
        hidden,
        capital.tokens.map(({ token }) => token),
      )}; emergencyUnwind does not cancel these`;
    }
    if (refusal !== null) {
      const which =
        gone.length === 0 ? '' : `: order ${gone.join(', ')} of its list is not on the DEX any more`;
      stuck.push({ pair, reason: `${refusal}${which}` });
      facts[title] = `emergencyUnwind would revert: ${refusal}${which}`;
      if (gone.length > 0) remedies.push(...listRemedy(tried.deployment));
      continue;
    }
    words.push(`${title}: ${number === null ? 'orders unknown' : `${count(number)} active`}`);
    todo.push({ pair, intent, orders: number, base });
  }
  if (!resting.known) facts['orders on the DEX'] = `unknown: ${resting.reason}`;
  else if (resting.value.unknown !== null)
    facts['more orders on the DEX'] = `unknown: ${resting.value.unknown}`;
  const value: Judged = { todo, stuck };
  const next = distinctAdvice(remedies);
  if (todo.length === 0 && stuck.length > 0) {
    return block<Judged>(
      `the strategy refuses to unwind ${stuck.map(({ pair }) => pairTitle(pair)).join(', ')}`,
      {
        facts,
        next: next.length > 0 ? next : [{ tv: ['breaker', 'status'] }],
      },
    );
  }
  if (todo.length === 0) return warn<Judged>('no active orders, nothing to unwind', { facts, value });
  const idle = wanted.length - todo.length - stuck.length;
  const summary = [
    ...words,
    ...(idle === 0 ? [] : [`${idle} without active orders, left out`]),
    ...(stuck.length === 0
      ? []
      : [`${stuck.map(({ pair }) => pairTitle(pair)).join(', ')}: refused, left out`]),
  ].join('; ');
  return Object.keys(facts).length === 0
    ? pass<Judged>(summary, value)
    : warn<Judged>(summary, { facts, value, ...(next.length === 0 ? {} : { next }) });
}

/** @throws UsageError where `--withdraw` and `--to` are not given together */
function wantedRecipient({ settings }: Context, { withdraw, to, toAgain }: UnwindInput): Address | undefined {
  if (withdraw && to !== undefined) return checkRecipient(settings, to);
  if (withdraw)
    throw new UsageError('usage.missing-value', 'Withdraw to whom?', { next: ['--withdraw --to 0x…'] });
  if (to === undefined && toAgain === undefined) return undefined;
  throw new UsageError('usage.conflicting-flags', '--to is for a withdrawal, and none is asked for.', {
    next: ['--withdraw --to 0x…'],
  });
}

interface WithdrawableCheckParameters {
  readonly recipient: Address;
  readonly nodes: ReturnType<typeof checkNodes>;
  /** Undefined where the check `strategy` blocks. */
  readonly capital: Promise<Capital | undefined>;
}

/**
 * What is withdrawable, token by token, and whether a pause blocks it. A token that cannot be read
 * or paid out does not keep the others back.
 */
function checkFree(
  ctx: Context,
  preflight: Preflight,
  { recipient, nodes, capital }: WithdrawableCheckParameters,
): Promise<{ readonly withdrawals: readonly Withdrawal[]; readonly pausing: Pausing | null } | undefined> {
  const paused = checkPause(ctx, preflight, nodes);
  return preflight.check('withdrawable', 'chain', async () => {
    const { tokens } = await need(capital, 'strategy');
    const { pausing } = await need(paused, 'protocol');
    const all = await Promise.all(
      tokens.map(async ({ token }) => ({
        token,
        found: await informational(readFree(ctx.chain(), { token, amount: undefined, recipient, pausing })),
      })),
    );
    const some: { readonly free: bigint; readonly withdrawal: Withdrawal }[] = [];
    const facts: Record<string, string> = {};
    for (const { token, found } of all) {
      if (!found.known) {
        facts[token.symbol] = `left out: ${found.reason}`;
        continue;
      }
      const { free, refusal, withdrawal } = found.value;
      const shown = (amount: string) => formatAmount(BigInt(amount), token);
      const { book, deployed, fees } = withdrawal.before;
      if (free === 0n) {
        facts[token.symbol] =
          `none withdrawable: book ${shown(book)}, deployed ${shown(deployed)}, fees ${shown(fees)}`;
      } else if (refusal !== null) {
        facts[token.symbol] = `left out, the vault would refuse: ${refusal}`;
      } else some.push({ free, withdrawal });
    }
    const value = { withdrawals: some.map(({ withdrawal }) => withdrawal), pausing };
    const words = some.map(({ free, withdrawal }) => formatAmount(free, withdrawal.token)).join(' and ');
    const summary =
      some.length === 0
        ? 'nothing can be withdrawn'
        : `${words} can be withdrawn, less what the fee takes until then`;
    return Object.keys(facts).length === 0 ? pass(summary, value) : warn(summary, { facts, value });
  });
}

interface TriedWithdrawal {
  readonly token: Pick<Token, 'symbol'>;
  /** What became of a withdrawal of one unit, simulated after the unwind. */
  readonly answer: Answer<Outcome>;
}

function symbolsOf(tried: readonly TriedWithdrawal[]): string {
  return tried.map(({ token }) => token.symbol).join(', ');
}

/** Where the vault's book traps no withdrawal. Exported for its table of situations. */
export function judgeAfter(tried: readonly TriedWithdrawal[]): Finding<boolean> {
  const unknown = tried.filter(({ answer }) => !answer.known || answer.value.outcome === 'unknown');
  if (unknown.length > 0) {
    const summary = `whether the vault pays out ${symbolsOf(unknown)} after the unwind is unknown`;
    const [reason] = unknown.flatMap(({ answer }) => (answer.known ? [] : [answer.reason]));
    return warn(summary, { facts: { reason: reason ?? 'the node cannot simulate it' }, value: false });
  }
  const refused = tried.flatMap(({ token, answer }) =>
    answer.known && answer.value.outcome === 'refused' ? [{ token, why: answer.value.why }] : [],
  );
  if (refused.length === 0) return pass('withdrawals succeed after the unwind, as simulated', false);
  const paying = tried.filter(({ token }) => !refused.some((one) => one.token === token));
  const succeed = paying.length === 0 ? 'none succeeds' : `those of ${symbolsOf(paying)} succeed`;
  return warn(`of withdrawals after the unwind ${succeed}, as simulated`, {
    facts: Object.fromEntries(refused.map(({ token, why }) => [token.symbol, why])),
    value: false,
  });
}

interface TrapCheckParameters {
  readonly unwinds: Promise<readonly ResolvedIntent[]>;
  readonly capital: Promise<Capital | undefined>;
  /** The operator wants to withdraw as well. */
  readonly withdraw: boolean;
  /** As the operator named them. */
  readonly pairs: readonly string[];
}

/**
 * Whether the vault refuses withdrawals once the unwind has happened: one build books what comes back a
 * second time, and its consistency check then finds less than the book says.
 * @returns true where withdrawals have to go first
 */
function checkTrap(
  ctx: Context,
  preflight: Preflight,
  { unwinds, capital, withdraw, pairs }: TrapCheckParameters,
): Promise<boolean | undefined> {
  return preflight.check<boolean>('after', 'chain', async () => {
    const calls = await unwinds;
    const { tokens } = await need(capital, 'strategy');
    if (calls.length === 0) return pass('nothing is unwound', false);
    const tried = await Promise.all(
      tokens.map(async ({ token }) => ({
        token,
        answer: await informational(
          tryWithdrawal(ctx.chain(), { token: token.address, first: calls.flatMap(byHolder) }),
        ),
      })),
    );
    const trapped = tried.filter(({ answer }) => answer.known && answer.value.outcome === 'trapped');
    if (trapped.length === 0) return judgeAfter(tried);
    const why = 'the vault books what comes back a second time, so its book exceeds what it holds';
    if (withdraw) {
      return warn(`the withdrawals go first: after the unwind those of ${symbolsOf(trapped)} revert`, {
        facts: { reason: why },
        value: true,
      });
    }
    return warn(
      `after this unwind every withdrawal of ${symbolsOf(trapped)} reverts (BalanceConsistencyViolation)`,
      {
        facts: { reason: why },
        next: [
          {
            when: 'to withdraw first',
            tv: [
              'emergency',
              'unwind',
              ...pairs.flatMap((pair) => ['--pair', pair]),
              '--withdraw',
              '--to',
              'ADDRESS',
            ],
          },
        ],
        value: true,
      },
    );
  });
}
