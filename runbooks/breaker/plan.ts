import { readBreakers } from '../../src/chain/breakers/readBreakers.ts';
import { handOut } from '../../src/chain/handout/handOut.ts';
import type { IntentRequest } from '../../src/chain/intents/intent.ts';
import { resolveIntents } from '../../src/chain/intents/resolveIntent.ts';
import { pairTitle } from '../../src/chain/pairs/pair.ts';
import { sendSteps } from '../../src/chain/transactions/sendSteps.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { Handout, Step } from '../../src/runbook/define.ts';
import type { Json } from '../../src/runbook/json.ts';
import { count } from '../../src/text/format.ts';
import type { BreakerFacts } from './facts.ts';
import { type BreakerInput, pairFlags, wantedPairs } from './input.ts';
import { seenTitle, unknownBecause, unknownPairs } from './unknownPairs.ts';

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

/** The calls for somebody else to sign: for every pair given, whatever its breaker is now. */
export function handout(
  ctx: Context,
  input: BreakerInput,
  action: BreakerFacts['action'],
): Promise<Handout | undefined> {
  return handOut(ctx, input, action === 'trip' ? 'Trip breakers' : 'Reset breakers', async (warn) => {
    let pairs = wantedPairs(ctx, input);
    // Those that the settings name are handed out whatever else can be read.
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
