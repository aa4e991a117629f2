import type { ResolvedIntent } from '../../src/chain/intents/intent.ts';
import type { Pair } from '../../src/chain/pairs/pair.ts';
import type { Sender } from '../../src/chain/preflight/checkSending.ts';
import { known } from '../../src/errors/answer.ts';
import type { Effect } from '../shared/effect.ts';

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
