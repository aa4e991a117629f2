import { readBreakers } from '../../src/chain/breakers/readBreakers.ts';
import { pairTitle } from '../../src/chain/pairs/pair.ts';
import type { SentTransaction } from '../../src/chain/transactions/transaction.ts';
import { quoteForShell } from '../../src/host/commandLine.ts';
import type { Check } from '../../src/runbook/check.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import { block, Lookout, pass, warn } from '../../src/runbook/lookout.ts';
import { count, short } from '../../src/runbook/text.ts';
import type { BreakerFacts } from './facts.ts';

/** Reads the breakers back: a mined transaction is not yet an open breaker. */
export async function verify(ctx: StepContext, facts: BreakerFacts): Promise<readonly Check[]> {
  const lookout = new Lookout(ctx);
  const wanted = facts.action === 'trip';
  const state = wanted ? 'open' : 'closed';

  lookout.look('breakers', 'chain', async () => {
    const pairs = [...facts.pairs, ...facts.already];
    const { breakers } = await readBreakers(ctx.chain(), { pairs, discover: false });
    const wrong = breakers.filter(({ open }) => open !== wanted).map(({ pair }) => pairTitle(pair));
    if (wrong.length > 0) {
      return block(`${wrong.join(', ')}: not ${state}`, { next: ['tv breaker status'] });
    }
    const [only] = breakers;
    const who =
      breakers.length === 1 && only !== undefined ? pairTitle(only.pair) : `${count(breakers.length)} pairs`;
    return pass(`${who}: ${state}, read back from the contract`);
  });

  lookout.look('transactions', 'chain', async () => {
    const results = Object.values(ctx.results) as readonly (SentTransaction | null)[];
    const sent = results.filter((result) => result !== null);
    if (sent.length === 0) return pass('in a block already when the run was taken up again');
    const [only] = sent;
    if (sent.length > 1 || only === undefined) return pass(`${count(sent.length)} in blocks, none reverted`);
    return pass(`${short(only.hash, false)} in block ${count(only.block)}, paid ${only.fee}`);
  });

  if (wanted) {
    lookout.look('after', 'run', async () =>
      warn(
        `trading ${facts.pairs.length === 1 ? 'of this pair' : 'of these pairs'} is refused until the reset`,
        {
          next: [`once the cause is gone: tv breaker reset ${inFlags(facts.pairs)}`],
        },
      ),
    );
  }
  return lookout.checks();
}

/** More than this make a line that nobody reads. */
const written = 3;

function inFlags(pairs: BreakerFacts['pairs']): string {
  if (pairs.length > written) return '--all';
  return pairs.map(({ name, id }) => `--pair ${quoteForShell(name ?? id)}`).join(' ');
}
