import { contractTitles } from '../../../src/chain/intents/intent.ts';
import { resolveIntents } from '../../../src/chain/intents/resolveIntent.ts';
import { findPair, type Pair, pairTitle } from '../../../src/chain/pairs/pair.ts';
import { lookAtNodes } from '../../../src/chain/preflight/lookAtNodes.ts';
import { lookAtSending } from '../../../src/chain/preflight/lookAtSending.ts';
import { sameAddress } from '../../../src/chain/sameAddress.ts';
import { simulate } from '../../../src/chain/transactions/simulate.ts';
import { checkRecipient } from '../../../src/chain/treasury/checkRecipient.ts';
import { readPairTokens, readToken, type Token } from '../../../src/chain/treasury/findToken.ts';
import { readActiveOrders } from '../../../src/chain/treasury/readActiveOrders.ts';
import { readPlaces } from '../../../src/chain/treasury/readPlaces.ts';
import type { Address } from '../../../src/config/settings.ts';
import { UsageError } from '../../../src/errors/TvError.ts';
import type { Context } from '../../../src/runbook/context.ts';
import type { PreflightResult } from '../../../src/runbook/define.ts';
import { block, Lookout, need, pass, warn } from '../../../src/runbook/lookout.ts';
import { count, short } from '../../../src/runbook/text.ts';
import { outside } from '../outside.ts';
import { lookAtPayout } from '../payout/lookAtPayout.ts';
import { lookAtRecipient } from '../payout/lookAtRecipient.ts';
import type { UnwindInput } from '../unwind.ts';
import type { UnwindFacts } from './facts.ts';
import { lookAtFree } from './lookAtFree.ts';

/** @throws UsageError where there is no such pair */
export function wantedPairs({ settings }: Context, { pair }: UnwindInput): readonly Pair[] {
  if (pair.length === 0) throw new UsageError('Which pair?', { next: ['--pair NAME, as often as needed'] });
  return [...new Map(pair.map((text) => findPair(settings, text)).map((one) => [one.id, one])).values()];
}

/** What there is to unwind, and whether the build would refuse. */
export async function preflight(ctx: Context, input: UnwindInput): Promise<PreflightResult<UnwindFacts>> {
  const { replace } = input;
  const wanted = wantedPairs(ctx, input);
  const recipient = wantedRecipient(ctx, input);
  const lookout = new Lookout(ctx);
  const nodes = lookAtNodes(ctx, lookout);
  if (recipient !== undefined) {
    lookAtRecipient(ctx, lookout, recipient, { to: input.to ?? '', toAgain: input.toAgain });
  }
  const tokens = lookout.look('capital', 'chain', async () => {
    const known = await Promise.all(
      wanted.map(async (pair) => ({ pair, tokens: await readPairTokens(ctx.chain(), pair.id) })),
    );
    const unknown = known.filter((one) => one.tokens.length === 0).map(({ pair }) => pairTitle(pair));
    if (unknown.length > 0) {
      return block(`the strategy does not know ${unknown.join(', ')}`, { next: ['tv breaker status'] });
    }
    const addresses = new Map(
      known.flatMap((one) => one.tokens).map((token) => [token.toLowerCase(), token]),
    );
    const before = await Promise.all(
      [...addresses.values()].map(async (address) => ({
        token: await readToken(ctx.chain(), address),
        places: await readPlaces(ctx.chain(), { token: address }),
      })),
    );
    const value = { known, before };
    return { ...outside(before), value };
  });
  const free = recipient === undefined ? undefined : lookAtFree(ctx, lookout, { recipient, capital: tokens });

  const found = lookout.look('orders', 'chain', async () => {
    const { known, before } = await need(tokens, 'capital');
    const onDex = (address: string) => before.find(({ token }) => same(token, address))?.places.dex !== '0';
    const pairs = await Promise.all(
      known.map(async (one) => ({
        pair: one.pair,
        orders: await readActiveOrders(ctx.chain(), one.pair.id),
        swept: one.tokens.some(onDex),
      })),
    );
    const intents = await resolveIntents(
      ctx.chain(),
      pairs.map(({ pair }) => ({ intent: 'unwindPair' as const, pair: pair.id })),
    );
    const judged = await Promise.all(
      pairs.map(async ({ pair, orders, swept }, index) => {
        const intent = intents[index];
        if (intent === undefined) throw new Error('one intent for each pair');
        const refusal = orders > 0 ? undefined : await refuses(ctx, intent);
        const idle = orders === 0 && (!swept || refusal !== undefined);
        return { pair, orders, intent, idle, refusal: refusal ?? null };
      }),
    );
    const left = judged.filter(({ idle }) => idle);
    const facts = Object.fromEntries(
      left.map(({ pair, refusal }) => [
        pairTitle(pair),
        refusal === null ? 'nothing on the DEX' : `not tried, it would revert: ${refusal}`,
      ]),
    );
    const todo = judged.filter(({ idle }) => !idle);
    const value = todo.map(({ pair, orders, intent }) => ({ pair, orders, intent }));
    const [first] = intents;
    const how =
      first === undefined
        ? ''
        : `; ${contractTitles[first.contract]}.${first.signature} at ${short(first.address, false)}`;
    const names = todo.map(({ pair, orders }) => `${pairTitle(pair)}: ${count(orders)} active`);
    if (todo.length === 0) return warn('no active orders, nothing to unwind', { facts, value });
    if (left.length === 0) return pass(`${names.join(', ')}${how}`, value);
    return warn(`${names.join(', ')}${how}; ${left.length} without active orders, left out`, {
      facts,
      value,
    });
  });

  const intents = ((await found) ?? []).map(({ intent }) => intent);
  const sender = await lookAtSending(ctx, lookout, { intents, urgent: true, replace });
  const paying = await free;
  const payer =
    paying === undefined || paying.withdrawals.length === 0
      ? undefined
      : await lookAtPayout(ctx, {
          withdraws: paying.withdrawals.map(({ intent }) => intent),
          pausing: paying.pausing,
          replace,
          mark: ' (withdraw)',
        });
  const checks = [...(await lookout.checks()), ...(payer?.checks ?? [])];
  const [chain, pairs, capital] = [await nodes, await found, await tokens];
  if (chain === undefined || pairs === undefined || capital === undefined)
    return { checks, facts: undefined };
  const blocked =
    (pairs.length > 0 && sender === undefined) ||
    (recipient !== undefined && paying === undefined) ||
    (payer !== undefined && payer.found === undefined);
  if (blocked) return { checks, facts: undefined };
  return {
    checks,
    facts: {
      chainId: chain.id,
      pairs: pairs.map(({ pair, orders }) => ({ pair, orders })),
      intents,
      sender: sender ?? null,
      replace,
      before: capital.before,
      payout:
        recipient === undefined || paying === undefined || payer?.found === undefined
          ? null
          : { recipient, max: true, withdrawals: paying.withdrawals, replace, ...payer.found },
    },
  };
}

/** @throws UsageError where `--withdraw` and `--to` are not given together */
function wantedRecipient({ settings }: Context, { withdraw, to, toAgain }: UnwindInput): Address | undefined {
  if (withdraw && to !== undefined) return checkRecipient(settings, to);
  if (withdraw) throw new UsageError('Withdraw to whom?', { next: ['--withdraw --to 0x…'] });
  if (to === undefined && toAgain === undefined) return undefined;
  throw new UsageError('--to is for a withdrawal, and none is asked for.', { next: ['--withdraw --to 0x…'] });
}

/** One build reverts for a pair without active orders (deployment-facts, section 2). */
async function refuses(ctx: Context, intent: UnwindFacts['intents'][number]): Promise<string | undefined> {
  const [holder] = intent.holders;
  if (holder === undefined) return undefined;
  const calls = [{ to: intent.address, data: intent.data }];
  const answer = await simulate(ctx.chain(), { from: holder, calls });
  return answer.ok ? undefined : answer.revert.sentence;
}

function same({ address }: Token, other: string): boolean {
  return sameAddress(address, other);
}
