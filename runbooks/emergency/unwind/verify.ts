import { pairTitle } from '../../../src/chain/pairs/pair.ts';
import type { SentTransaction } from '../../../src/chain/transactions/transaction.ts';
import { formatAmount } from '../../../src/chain/treasury/amount.ts';
import type { Token } from '../../../src/chain/treasury/findToken.ts';
import { readActiveOrders } from '../../../src/chain/treasury/readActiveOrders.ts';
import { readPlaces } from '../../../src/chain/treasury/readPlaces.ts';
import type { Check } from '../../../src/runbook/check.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { block, Lookout, pass } from '../../../src/runbook/lookout.ts';
import { count, short } from '../../../src/runbook/text.ts';
import { outside } from '../outside.ts';
import { lookAtOpen } from '../payout/lookAtOpen.ts';
import { lookAtPaid, paidOut } from '../payout/verify.ts';
import type { UnwindFacts } from './facts.ts';

/** Orders gone, and every token in three places, before and after. */
export async function verify(ctx: StepContext, facts: UnwindFacts): Promise<readonly Check[]> {
  const lookout = new Lookout(ctx);
  const after = Promise.all(
    facts.before.map(async ({ token }) => ({
      token,
      places: await readPlaces(ctx.chain(), {
        token: token.address,
        recipient: facts.payout?.recipient,
      }),
    })),
  );
  // Each look below tells its failure.
  after.catch(() => {});

  lookout.look('orders', 'chain', async () => {
    const left = await Promise.all(facts.pairs.map(({ pair }) => readActiveOrders(ctx.chain(), pair.id)));
    const still = facts.pairs.filter((_, index) => left[index] !== 0).map(({ pair }) => pairTitle(pair));
    const gone = facts.pairs.reduce((sum, { orders }) => sum + orders, 0);
    return still.length === 0
      ? pass(`none active any more, ${count(gone)} were`)
      : block(`${still.join(', ')}: still active`, { next: ['tv resume'] });
  });
  for (const [index, { token, places: before }] of facts.before.entries()) {
    lookout.look(token.symbol, 'chain', async () => {
      const now = (await after)[index]?.places ?? before;
      const paid = paidOut(ctx, token.address);
      const came = BigInt(now.vault) - BigInt(before.vault) + paid;
      const words = [
        `vault ${shift(before.vault, now.vault, token)}`,
        `strategy ${shift(before.strategy, now.strategy, token)}`,
        `DEX ${shift(before.dex, now.dex, token)}`,
        ...(paid === 0n ? [] : [`${formatAmount(paid, token)} went out`]),
      ].join('; ');
      const right = now.dex === '0' && came >= BigInt(before.dex);
      return right
        ? pass(`${formatAmount(came, token)} came back: ${words}`)
        : block(words, { next: ['tv emergency unwind for the pairs that are left'] });
    });
  }
  const { payout } = facts;
  if (payout !== null) {
    lookAtPaid(ctx, lookout, payout);
  }
  lookAtOpen(ctx, lookout);
  lookout.look('outside', 'chain', async () => {
    const finding = outside(await after);
    if (finding.status === 'pass' || payout !== null) return finding;
    // Where there is no way to correct the book from here, the operator has to know what stays bound.
    return {
      ...finding,
      next: facts.before.map(
        ({ token }) =>
          `send out what is free: tv emergency withdraw --token ${token.symbol} --amount max --to ADDRESS`,
      ),
    };
  });
  const sent = (Object.values(ctx.results) as readonly (SentTransaction | null)[]).filter(
    (result) => result !== null,
  );
  const [only] = sent;
  if (only !== undefined) {
    lookout.look('transaction', 'chain', async () =>
      sent.length === 1
        ? pass(`${short(only.hash, false)} in block ${count(only.block)}, paid ${only.fee}`)
        : pass(`${count(sent.length)} in blocks, none reverted`),
    );
  }
  return lookout.checks();
}

function shift(before: string, after: string, token: Token): string {
  const number = (value: string) => formatAmount(BigInt(value), token).replace(` ${token.symbol}`, '');
  return before === after ? `${number(after)} as before` : `${number(before)} → ${number(after)}`;
}
