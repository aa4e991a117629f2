import { readBreakers } from '../../src/chain/breakers/readBreakers.ts';
import { ofCurrentState } from '../../src/chain/currentState.ts';
import { changedSince, sinceFacts } from '../../src/chain/intents/effects.ts';
import { judgeReceipts } from '../../src/chain/intents/judgeReceipts.ts';
import { type Pair, pairTitle } from '../../src/chain/pairs/pair.ts';
import { readStops } from '../../src/chain/stops/readStops.ts';
import type { SentTransaction } from '../../src/chain/transactions/transaction.ts';
import { readResting } from '../../src/chain/treasury/readResting.ts';
import type { Check } from '../../src/runbook/check.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import { block, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { count } from '../../src/text/format.ts';
import { restingFinding, stopFinding } from '../shared/effect.ts';
import type { BreakerFacts } from './facts.ts';
import { pairFlags } from './input.ts';

/** Reads the breakers back, and the receipts of this run: who else has changed a breaker since is named. */
export async function verify(ctx: StepContext, facts: BreakerFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  const wanted = facts.action === 'trip';
  const state = wanted ? 'open' : 'closed';
  const results = Object.values(ctx.results) as readonly (SentTransaction | null)[];
  const sent = results.filter((result) => result !== null);

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
