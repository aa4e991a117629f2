import { readProtocol } from '../../../src/chain/readProtocol.ts';
import type { SentTransaction } from '../../../src/chain/transactions/transaction.ts';
import { formatAmount } from '../../../src/chain/treasury/amount.ts';
import { readPlaces } from '../../../src/chain/treasury/readPlaces.ts';
import type { Check } from '../../../src/runbook/check.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { block, Lookout, pass, warn } from '../../../src/runbook/lookout.ts';
import { count, short } from '../../../src/runbook/text.ts';
import { outside } from '../outside.ts';
import type { WithdrawFacts } from './facts.ts';

/** Balances of all four places, before and after, and whether the pause is back. */
export async function verify(ctx: StepContext, facts: WithdrawFacts): Promise<readonly Check[]> {
  const { token, recipient, before, max, amount, pause } = facts;
  const lookout = new Lookout(ctx);
  const result = ctx.results['withdraw'] as
    | (SentTransaction & { readonly amount: string })
    | null
    | undefined;
  const after = readPlaces(ctx.chain(), { token: token.address, recipient });
  const shown = (value: bigint) => formatAmount(value, token);

  lookout.look('vault', 'chain', async () => {
    const left = BigInt(before.vault) - BigInt((await after).vault);
    // Found done after a kill: with `max` the journal does not say how much; more than nothing, then.
    const expected = result?.amount ?? (max ? undefined : amount);
    const right = expected === undefined ? left > 0n : left === BigInt(expected);
    const words = `${shown(BigInt(before.vault))} → ${shown(BigInt((await after).vault))}`;
    return right
      ? pass(`${words}: ${shown(left)} went out`)
      : block(`${words}: not the ${shown(BigInt(expected ?? '0'))} that were to go`);
  });
  lookout.look('recipient', 'chain', async () => {
    const left = BigInt(before.vault) - BigInt((await after).vault);
    const came = BigInt((await after).recipient) - BigInt(before.recipient);
    const words = `${short(recipient, false)} has ${shown(came)} more`;
    if (left > 0n && came === left) return pass(words);
    // It may pay its own fees in this very token, or get something from elsewhere meanwhile.
    if (left > 0n && came > 0n) return warn(`${words}, and ${shown(left)} left the vault`);
    return block(words);
  });
  lookout.look('outside', 'chain', async () => outside([{ token, places: await after }]));
  lookout.look('pause', 'chain', async () => {
    const { paused } = await readProtocol(ctx.chain());
    if (pause.way === 'not in the way')
      return pass(paused === true ? 'paused, as before' : 'not paused, as before');
    return paused === true
      ? pass('paused again, read back from the contract')
      : block('NOT SAFE: the protocol is not paused', { next: ['tv emergency shutdown'] });
  });
  if (result !== null && result !== undefined) {
    lookout.look('transaction', 'chain', async () =>
      pass(`${short(result.hash, false)} in block ${count(result.block)}, paid ${result.fee}`),
    );
  }
  return lookout.checks();
}
