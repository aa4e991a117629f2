import * as z from 'zod';
import { tokenAbi } from '../../src/chain/abi/token.ts';
import { awaitCurrent, ofCurrentState } from '../../src/chain/currentState.ts';
import { informational } from '../../src/chain/informational.ts';
import { resolveIntents } from '../../src/chain/intents/resolveIntent.ts';
import { namedPairs, pairTitle } from '../../src/chain/pairs/pair.ts';
import { sameAddress } from '../../src/chain/sameAddress.ts';
import { eventsIn, readEvidence } from '../../src/chain/transactions/receipt.ts';
import { sendSteps, sentSteps } from '../../src/chain/transactions/sendSteps.ts';
import { type SentTransaction, sentByRun } from '../../src/chain/transactions/transaction.ts';
import { formatAmount } from '../../src/chain/treasury/amount.ts';
import { readPairTokens, type Token } from '../../src/chain/treasury/findToken.ts';
import {
  describeOrders,
  inBook,
  lockedIn,
  type RestingOrders,
  readRestingOrders,
} from '../../src/chain/treasury/readOrders.ts';
import { tryWithdrawal } from '../../src/chain/treasury/tryWithdrawal.ts';
import {
  type UnsignedTransactions,
  unsignedInput,
  unsignedTransactions,
} from '../../src/chain/unsigned/unsignedTransactions.ts';
import type { Address } from '../../src/config/settings.ts';
import { type Answer, known } from '../../src/errors/answer.ts';
import { UsageError } from '../../src/errors/TvError.ts';
import { accountFor, describeAccount, readCapital } from '../../src/operations/capital.ts';
import { outside } from '../../src/operations/offVaultBalances.ts';
import { checkOpen } from '../../src/operations/payout/checks.ts';
import { payoutBasis, payoutConsequence, toAgain } from '../../src/operations/payout/facts.ts';
import { payoutSteps } from '../../src/operations/payout/steps.ts';
import { checkPaid } from '../../src/operations/payout/verify.ts';
import type { Check, Finding } from '../../src/runbook/check.ts';
import { protective } from '../../src/runbook/concurrency.ts';
import type { Chain } from '../../src/runbook/context.ts';
import { defineRunbook, field, type StepContext } from '../../src/runbook/define.ts';
import { block, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { count } from '../../src/text/format.ts';
import { byHand } from './unwind.byHand.ts';
import { exampleFacts, preflight, type UnwindFacts, wantedPairs } from './unwind.preflight.ts';

const unwindId = 'unwind';

const input = {
  pair: field(
    '--pair <pair...>',
    'by name, id, or the two tokens as 0x…/0x… (repeatable)',
    z.array(z.string()).default([]),
  ),
  withdraw: field(
    '--withdraw',
    'then withdraw all that is withdrawable of the tokens of these pairs',
    z.boolean().default(false),
  ),
  to: field(
    '--to <address>',
    'with --withdraw: who gets it, on the list of withdraw.recipients, or with --to-again',
    z.string().optional(),
  ),
  toAgain,
  replace: field('--replace', 'replace the pending transaction of this account', z.boolean().default(false)),
  ...unsignedInput,
};

/** Runbook §7: the strategy's capital back from the DEX. */
export default defineRunbook<typeof input, UnwindFacts, UnsignedTransactions>({
  title: 'Emergency unwind',
  summary: 'Recall capital from the DEX to the vault',
  section: '7',
  order: 3,
  settings: 'vital',
  risk: 'severe',
  description: `
Cancels the orders in the strategy's list of one or more pairs and sends what the DEX held back to the
vault, paused or not. A pair that the strategy refuses to unwind is named, with the reason, and left out.

Afterwards the deployed capital is accounted for: returned, by the logs of the receipts; held by the
strategy; on the DEX; and in orders that rest there with the strategy as maker, also those that its list does
not name. The run is not verified while orders of these pairs rest, or an amount is unaccounted for.

With --withdraw all that is withdrawable of each token of these pairs goes to --to: the vault's book less what
is deployed and less the fees, as the vault itself returns it just before it is signed. One build of the
vault refuses withdrawals after an unwind; a simulation finds out, and the withdrawals then go first. As
deployed the vault refuses while the protocol is paused; then the pause is ended and begun again around it,
as in tv emergency withdraw.`,
  byHand,
  examples: [
    { what: 'Recall the capital of one pair', line: 'tv emergency unwind --pair AlphaUSD-pathUSD' },
    {
      what: 'Of two pairs, and then withdraw what can be',
      line: 'tv emergency unwind --pair AlphaUSD-pathUSD --pair BetaUSD-pathUSD --withdraw --to $RECIPIENT_ADDRESS',
    },
  ],
  input,
  example: {
    facts: exampleFacts,
    input: {
      pair: ['AlphaUSD-pathUSD'],
      withdraw: true,
      to: exampleFacts.payout?.recipient,
      toAgain: undefined,
      replace: false,
      calldata: false,
      safe: undefined,
    },
  },
  onFailure: 'continue',
  // Without a withdrawal it only brings back what is on the DEX: it may be repeated.
  concurrency: ({ withdraw }) =>
    withdraw
      ? protective('orders', 'capital', 'pause')
      : { ...protective('orders'), blockedBy: 'unfinished touching' },
  printout: (ctx, given) =>
    unsignedTransactions(ctx, given, 'Unwind pairs', async () => {
      if (given.withdraw) {
        throw new UsageError(
          'usage.amount-moves',
          'What --withdraw sends moves with time, so it cannot be signed elsewhere.',
          {
            next: [
              'the same command without --withdraw',
              {
                when: 'then, with an amount a little below what is withdrawable',
                tv: ['emergency', 'withdraw', '--calldata'],
              },
            ],
          },
        );
      }
      return resolveIntents(
        ctx.chain(),
        wantedPairs(ctx, given).map(({ id }) => ({ intent: 'unwindPair' as const, pair: id })),
      );
    }),
  preflight,
  basis: ({ chainId, pairs, intents, stuck, sender, payout, withdrawFirst, replace }) => ({
    chainId,
    // One order that is filled meanwhile does not make an approved emergency another one.
    unwinds: pairs.map(({ orders, base }) => ({ base, orders: orders !== 0 })),
    stuck: stuck.map(({ pair }) => pair.id),
    withdrawFirst,
    calls: intents.map(({ address, data }) => ({ address, data })),
    from: sender?.from ?? null,
    replace,
    payout: payout === null ? null : payoutBasis(payout),
  }),
  consequence: ({ pairs, payout, withdrawFirst }) => {
    const names = pairs.map(({ pair }) => pairTitle(pair)).join(', ');
    const orders = pairs.every((pair) => pair.orders !== null)
      ? `${count(pairs.reduce((sum, pair) => sum + (pair.orders ?? 0), 0))} orders`
      : 'the orders';
    const unwinds = `cancels ${orders} of ${names} and brings their capital back to the vault.`;
    if (payout === null) return `This ${unwinds}`;
    if (pairs.length === 0) return `This ${payoutConsequence(payout)}`;
    return withdrawFirst
      ? `This ${payoutConsequence(payout)} Then it ${unwinds}`
      : `This ${unwinds} Then it ${payoutConsequence(payout)}`;
  },
  plan: ({ pairs, intents, sender, replace, payout, withdrawFirst, before, resting }) => {
    // What is withdrawable is so without the unwinding, too: one that fails does not hold it up.
    const paying = payout === null ? [] : payoutSteps(payout);
    if (sender === null) return paying;
    const unwinding = sendSteps({
      id: unwindId,
      title: (group) => {
        const one = pairs.find(({ pair }) => pair.id === group[0]?.args[0]);
        const what =
          group.length === 1 && one !== undefined
            ? `${pairTitle(one.pair)}${one.orders === null ? '' : `, ${count(one.orders)} orders`},`
            : `${count(group.length)} pairs in one transaction`;
        return `unwind ${what} as ${sender.from}`;
      },
      intents,
      sender,
      urgent: true,
      replace,
      afterwards: 'by the strategist only',
      // Orders are filled meanwhile: what comes back is known only by the receipt.
      preview: { moves: true, tokens: before.map(({ token }) => token.address), orders: resting },
    });
    return withdrawFirst ? [...paying, ...unwinding] : [...unwinding, ...paying];
  },
  verify,
});

/** What came back, by the receipts of this run; and where the rest of the deployed capital is. */
export async function verify(ctx: StepContext, facts: UnwindFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  const chain = ctx.chain();
  const { payout } = facts;
  const tokens = facts.before.map(({ token }) => token);
  const current = awaitCurrent(ctx);
  const resting = current.then(() => informational(readRestingOrders(chain, [])));
  const after = current.then(() =>
    readCapital(
      chain,
      tokens.map(({ address }) => address),
      payout?.recipient,
    ),
  );
  for (const read of [resting, after]) read.catch(() => {});
  const returned = readReturned(chain, unwinds(ctx, facts));

  for (const { pair, reason } of facts.stuck) {
    preflight.check(pairTitle(pair), 'chain', async () =>
      block(`not unwound: ${reason}`, {
        next: [{ tv: ['emergency', 'unwind', '--pair', pair.name ?? pair.id] }],
      }),
    );
  }
  preflight.check('orders', 'chain', () =>
    ofCurrentState(ctx, async () => judgeOrders(facts, await resting)),
  );
  // Without an unwind nothing came back: what earlier ones returned is not to be accounted for here.
  const accounted = facts.pairs.length === 0 ? [] : facts.before;
  for (const before of accounted) {
    const judge = async () =>
      judgeToken(ctx, before, { back: await returned, orders: await resting, capital: await after });
    preflight.check(before.token.symbol, 'chain', () => ofCurrentState(ctx, judge));
  }
  if (facts.beforeUnknown !== null) {
    preflight.check('capital', 'chain', async () =>
      block(`not accounted for: ${facts.beforeUnknown}`, { next: [{ tv: ['resume'] }] }),
    );
  }
  if (payout !== null) checkPaid(ctx, preflight, payout);
  checkOpen(ctx, preflight);
  preflight.check('outside', 'chain', async () => judgeOutside(ctx, facts, (await after).tokens));
  const sent = sentByRun(ctx);
  const [only] = sent;
  if (only !== undefined) {
    preflight.check('transaction', 'chain', async () =>
      sent.length === 1
        ? pass(`${only.hash} in block ${count(only.block)}, paid ${only.fee}`)
        : pass(`${count(sent.length)} in blocks, none reverted`),
    );
  }
  return preflight.checks();
}

type Capital = Awaited<ReturnType<typeof readCapital>>;

/** Whether all of a token that was deployed before is accounted for: returned, resting, or elsewhere. */
async function judgeToken(
  ctx: StepContext,
  { token, places: before }: UnwindFacts['before'][number],
  found: {
    readonly back: Answer<ReadonlyMap<string, bigint>>;
    readonly orders: Answer<RestingOrders>;
    readonly capital: Capital;
  },
): Promise<Finding> {
  const { back, orders, capital } = found;
  const next = [{ tv: ['resume'] }];
  const now = capital.tokens.find((one) => same(one.token, token))?.places;
  if (!back.known) return block(`what came back is unknown: ${back.reason}`, { next });
  if (!orders.known) return block(`what still rests is unknown: ${orders.reason}`, { next });
  if (now === undefined) return block(`cannot be read: ${capital.unknown}`, { next });
  const account = accountFor({
    before,
    now,
    returned: back.value.get(token.address.toLowerCase()) ?? 0n,
    resting: lockedIn(orders.value.orders, token.address),
  });
  const words = describeAccount(account, token);
  const came = `${formatAmount(account.returned, token)} came back by the receipts`;
  if (account.unaccounted > 0n) {
    return block(`${formatAmount(account.unaccounted, token)} unaccounted for: ${words}`, {
      facts: { returned: came },
      next: ['it may have been traded into another token: compare the other tokens of these pairs'],
    });
  }
  if (account.dex > 0n) {
    return block(`${formatAmount(account.dex, token)} still on the DEX: ${words}`, {
      facts: { returned: came },
      next: await whoSweeps(ctx, token),
    });
  }
  return account.unaccounted < 0n ? warn(`${came}: ${words}`) : pass(`${came}: ${words}`);
}

/** What is outside the vault, and whether the vault lets the rest go at all. */
async function judgeOutside(
  ctx: StepContext,
  { before, payout }: UnwindFacts,
  found: Capital['tokens'],
): Promise<Finding> {
  const finding = outside(found, namedPairs(ctx.settings));
  if (finding.status === 'pass') return finding;
  const tokens = before.map(({ token }) => token);
  const traps = await Promise.all(
    tokens.map(async (token) => ({
      token,
      answer: await informational(tryWithdrawal(ctx.chain(), { token: token.address, first: [] })),
    })),
  );
  const trapped = traps.flatMap(({ token, answer }) =>
    answer.known && answer.value.outcome === 'trapped'
      ? [`${token.symbol}: every withdrawal reverts, ${answer.value.why}`]
      : [],
  );
  if (trapped.length > 0) {
    return warn('not everything can be withdrawn', {
      facts: { ...finding.facts, withdrawals: trapped.join('; ') },
      next: [
        'have the vault hold what its book expects, or its book corrected, before tv emergency withdraw',
      ],
    });
  }
  if (payout !== null) return finding;
  // Where there is no way to correct the book from here, the operator has to know what stays bound.
  return {
    ...finding,
    next: [
      ...(finding.next ?? []),
      ...tokens.map(({ symbol }) => ({
        when: 'send out what is withdrawable',
        tv: ['emergency', 'withdraw', '--token', symbol, '--amount', 'max', '--to', 'ADDRESS'],
      })),
    ],
  };
}

/** Orders in the books of the unwound pairs are what the unwind was for; those of other pairs are named. */
function judgeOrders({ pairs, before }: UnwindFacts, resting: Answer<RestingOrders>) {
  if (!resting.known)
    return block(`orders on the DEX unknown: ${resting.reason}`, { next: [{ tv: ['resume'] }] });
  const { orders, unknown } = resting.value;
  const tokens = before.map(({ token }) => token);
  const left = pairs
    .map(({ pair, base }) => ({ pair, own: inBook(base, orders) }))
    .filter(({ own }) => own.length > 0);
  if (left.length > 0) {
    return block(
      `the strategy still has orders on the DEX: ${describeOrders(
        left.flatMap(({ own }) => own),
        tokens,
      )}`,
      {
        facts: Object.fromEntries(
          left.map(({ pair, own }) => [pairTitle(pair), `order ${own.map(({ id }) => id).join(', ')}`]),
        ),
        next: [
          'these orders are not in the list that emergencyUnwind cancels: have a STRATEGIST cancel them through the strategy',
          ...left.map(({ pair }) => ({
            when: 'then, for what they free',
            tv: ['emergency', 'unwind', '--pair', pair.name ?? pair.id],
          })),
        ],
      },
    );
  }
  if (unknown !== null)
    return block(`more orders may rest on the DEX: ${unknown}`, { next: [{ tv: ['resume'] }] });
  const gone = pairs.reduce((sum, one) => sum + (one.orders ?? 0), 0);
  const others = orders.length === 0 ? '' : `; ${count(orders.length)} of other pairs rest`;
  return pass(`none of these pairs on the DEX any more, ${count(gone)} were${others}`);
}

/** An unwind takes along what the DEX holds of the two tokens that the strategy names for a pair. */
async function whoSweeps(ctx: StepContext, token: Token): Promise<readonly string[]> {
  const pairs = await Promise.all(
    namedPairs(ctx.settings).map(async (pair) => ({
      pair,
      tokens: await informational(readPairTokens(ctx.chain(), pair.id)),
    })),
  );
  const sweeping = pairs.filter(
    ({ tokens }) => tokens.known && tokens.value.some((address) => sameAddress(address, token.address)),
  );
  return sweeping.length === 0
    ? [`have a STRATEGIST withdraw the ${token.symbol} from the DEX`]
    : sweeping.map(({ pair }) => `tv emergency unwind --pair ${pair.name ?? pair.id}`);
}

function unwinds(ctx: StepContext, { intents, sender }: UnwindFacts): readonly SentTransaction[] {
  if (sender === null) return [];
  return sentSteps({ id: unwindId, intents, sender })
    .map((step) => step.result(ctx))
    .filter((sent) => sent !== undefined);
}

/** By token, in lower case: what the strategy sent to the vault in transactions of this run, as their receipts say. */
async function readReturned(
  chain: Chain,
  sent: readonly SentTransaction[],
): Promise<Answer<ReadonlyMap<string, bigint>>> {
  const { dexStrategy, treasuryVault } = chain.contracts;
  const returned = new Map<string, bigint>();
  if (dexStrategy === undefined || treasuryVault === undefined) return known(returned);
  for (const { hash } of sent) {
    const found = await informational(readEvidence(chain, hash));
    const evidence = found.known ? found.value : found;
    if (!evidence.known) return evidence;
    for (const address of new Set(evidence.value.logs.map((log) => log.address))) {
      const token = address.toLowerCase();
      const moves = eventsIn<{ from: Address; to: Address; amount: bigint }>(evidence.value.logs, {
        address,
        abi: tokenAbi,
        eventName: 'Transfer',
      });
      const came = moves
        .filter(({ from, to }) => sameAddress(from, dexStrategy) && sameAddress(to, treasuryVault))
        .reduce((sum, { amount }) => sum + amount, 0n);
      returned.set(token, (returned.get(token) ?? 0n) + came);
    }
  }
  return known(returned);
}

function same(one: Token, other: Token): boolean {
  return sameAddress(one.address, other.address);
}
