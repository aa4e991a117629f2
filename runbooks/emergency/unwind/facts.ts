import type { ResolvedIntent } from '../../../src/chain/intents/intent.ts';
import type { Pair } from '../../../src/chain/pairs/pair.ts';
import type { Sender } from '../../../src/chain/preflight/checkSending.ts';
import type { Token } from '../../../src/chain/treasury/findToken.ts';
import type { Places } from '../../../src/chain/treasury/readPlaces.ts';
import type { Address } from '../../../src/config/settings.ts';
import { examplePayout, type PayoutFacts } from '../payout/facts.ts';

/** A pair that was asked for, and what rests on the DEX for it. */
export type UnwoundPair = {
  readonly pair: Pair;
  /** Orders of the strategy in the pair's book; null where that is unknown. */
  readonly orders: number | null;
  /** The base token of its book; null where the strategy does not return it. */
  readonly base: Address | null;
};

export type UnwindFacts = {
  readonly chainId: number;
  /** Those that are unwound. */
  readonly pairs: readonly UnwoundPair[];
  /** One for each of them, in the same order. */
  readonly intents: readonly ResolvedIntent[];
  /** Those that the strategy refuses to unwind although capital of theirs is on the DEX. */
  readonly stuck: readonly { readonly pair: Pair; readonly reason: string }[];
  /** Null where nothing has to be sent. */
  readonly sender: Sender | null;
  readonly replace: boolean;
  /** All tokens of all pairs that were asked for, as far as they could be read. */
  readonly before: readonly { readonly token: Token; readonly places: Places }[];
  /** Why the capital is not known in full; null where it is. */
  readonly beforeUnknown: string | null;
  /** With `--withdraw`; null also where nothing can be withdrawn. */
  readonly payout: PayoutFacts | null;
  /** The withdrawals go before the unwind: this vault refuses them afterwards. */
  readonly withdrawFirst: boolean;
};

/** An imagined case, for the exported document. */
export const exampleFacts: UnwindFacts = {
  chainId: 4217,
  pairs: [
    {
      pair: { id: `0x${'1c'.repeat(32)}`, name: 'AlphaUSD-pathUSD' },
      orders: 12,
      base: '0x20c0000000000000000000000000000000000001',
    },
  ],
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
  stuck: [],
  sender: {
    role: 'emergency',
    from: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
    network: 'tempo',
    feeToken: '0x20c0000000000000000000000000000000000000',
  },
  replace: false,
  before: [],
  beforeUnknown: null,
  payout: { ...examplePayout(), max: true },
  withdrawFirst: false,
};
