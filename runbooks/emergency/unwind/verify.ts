import { tokenAbi } from '../../../src/chain/abi/token.ts';
import { awaitCurrent, ofCurrentState } from '../../../src/chain/currentState.ts';
import { informational } from '../../../src/chain/informational.ts';
import { namedPairs, pairTitle } from '../../../src/chain/pairs/pair.ts';
import { sameAddress } from '../../../src/chain/sameAddress.ts';
import { eventsIn, readEvidence } from '../../../src/chain/transactions/receipt.ts';
import type { SentTransaction } from '../../../src/chain/transactions/transaction.ts';
import { formatAmount } from '../../../src/chain/treasury/amount.ts';
import { readPairTokens, type Token } from '../../../src/chain/treasury/findToken.ts';
import {
  describeOrders,
  inBook,
  lockedIn,
  type RestingOrders,
  readRestingOrders,
} from '../../../src/chain/treasury/readOrders.ts';
import type { Address } from '../../../src/config/settings.ts';
import { type Answer, known } from '../../../src/errors/answer.ts';
import type { Check, Finding } from '../../../src/runbook/check.ts';
import type { Chain } from '../../../src/runbook/context.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { block, Preflight, pass, warn } from '../../../src/runbook/preflight.ts';
import { count } from '../../../src/text/format.ts';
import { outside } from '../outside.ts';
import { checkOpen } from '../payout/checkOpen.ts';
import { checkPaid } from '../payout/verify.ts';
import { accountFor, describeAccount } from './account.ts';
import { tryWithdrawal } from './checkTrap.ts';
import type { UnwindFacts } from './facts.ts';
import { readCapital } from './readCapital.ts';

/** What came back, by the receipts of this run; and where the rest of the deployed capital is. */
export async function verify(ctx: StepContext, facts: UnwindFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  const chain = ctx.chain();
  const tokens = facts.before.map(({ token }) => token);
  const current = awaitCurrent(ctx);
  const resting = current.then(() => informational(readRestingOrders(chain, [])));
  const after = current.then(() =>
    readCapital(
      chain,
      tokens.map(({ address }) => address),
      facts.payout?.recipient,
    ),
  );
  for (const read of [resting, after]) read.catch(() => {});
  const returned = readReturned(chain, unwinds(ctx));

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
  for (const { token, places: before } of accounted) {
    const judgeToken = async (): Promise<Finding> => {
      const [back, orders, capital] = [await returned, await resting, await after];
      const now = capital.tokens.find((one) => same(one.token, token))?.places;
      if (!back.known)
        return block(`what came back is unknown: ${back.reason}`, { next: [{ tv: ['resume'] }] });
      if (!orders.known)
        return block(`what still rests is unknown: ${orders.reason}`, { next: [{ tv: ['resume'] }] });
      if (now === undefined)
        return block(`cannot be read: ${capital.unknown}`, { next: [{ tv: ['resume'] }] });
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
    };
    preflight.check(token.symbol, 'chain', () => ofCurrentState(ctx, judgeToken));
  }
  if (facts.beforeUnknown !== null) {
    preflight.check('capital', 'chain', async () =>
      block(`not accounted for: ${facts.beforeUnknown}`, {
        next: [{ tv: ['resume'] }],
      }),
    );
  }
  const { payout } = facts;
  if (payout !== null) {
    checkPaid(ctx, preflight, payout);
  }
  checkOpen(ctx, preflight);
  preflight.check('outside', 'chain', async () => {
    const finding = outside((await after).tokens, namedPairs(ctx.settings));
    if (finding.status === 'pass') return finding;
    const traps = await Promise.all(
      tokens.map(async (token) => ({
        token,
        answer: await informational(tryWithdrawal(chain, { token: token.address, first: [] })),
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
  });
  const sent = (Object.values(ctx.results) as readonly (SentTransaction | null)[]).filter(
    (result) => result !== null,
  );
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

function unwinds({ results }: StepContext): readonly SentTransaction[] {
  return Object.entries(results)
    .filter(([step]) => /^unwind(-\d+)?$/.test(step))
    .map(([, result]) => result as SentTransaction);
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
