import type { ResolvedIntent } from '../../../src/chain/intents/intent.ts';
import type { Pair } from '../../../src/chain/pairs/pair.ts';
import type { Sender } from '../../../src/chain/preflight/lookAtSending.ts';
import type { Token } from '../../../src/chain/treasury/findToken.ts';
import type { Places } from '../../../src/chain/treasury/readPlaces.ts';
import { examplePayout, type PayoutFacts } from '../payout/facts.ts';

export type UnwindFacts = {
  readonly chainId: number;
  /** Those that are unwound. */
  readonly pairs: readonly { readonly pair: Pair; readonly orders: number }[];
  /** One for each of them, in the same order. */
  readonly intents: readonly ResolvedIntent[];
  /** Null where nothing has to be sent. */
  readonly sender: Sender | null;
  readonly replace: boolean;
  /** All tokens of all pairs that were asked for. */
  readonly before: readonly { readonly token: Token; readonly places: Places }[];
  /** With `--withdraw`; null also where nothing is free. */
  readonly payout: PayoutFacts | null;
};

/** An imagined case, for the exported document. */
export const exampleFacts: UnwindFacts = {
  chainId: 4217,
  pairs: [{ pair: { id: `0x${'1c'.repeat(32)}`, name: 'AlphaUSD-pathUSD' }, orders: 12 }],
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
  sender: {
    role: 'emergency',
    from: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
    network: 'tempo',
    feeToken: '0x20c0000000000000000000000000000000000000',
  },
  replace: false,
  before: [],
  payout: { ...examplePayout(), max: true },
};
