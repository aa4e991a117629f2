import type { Funding } from '../../chain/oracle/fundAccount.ts';
import type { Sender } from '../../chain/preflight/checkSending.ts';
import type { SentTransaction } from '../../chain/transactions/transaction.ts';
import type { Address, SignerRole } from '../../config/settings.ts';
import { step } from '../../runbook/step.ts';

export interface FundInput {
  /** In whole tokens. */
  readonly amount?: string | undefined;
  readonly token?: string | undefined;
  readonly from: SignerRole;
}

/** What the preflight has found and the plan is made from. */
export type FundFacts = {
  readonly chainId: number;
  readonly oracle: Address;
  /** Null where the account has enough. */
  readonly funding: Funding | null;
  /** The token that is counted, as in `Funding`. */
  readonly token: Address | null;
  /** The balance that is enough, in the smallest unit, in decimal. */
  readonly target: string;
  /** Null where nothing is sent. */
  readonly sender: Sender | null;
};

export const funded = step<SentTransaction>('fund');

/** An imagined case, for the exported document. */
export const exampleFacts: FundFacts = {
  chainId: 4217,
  oracle: '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc',
  funding: {
    token: '0x20c0000000000000000000000000000000000000',
    amount: '25000000',
    words: '25.000000 pathUSD',
  },
  token: '0x20c0000000000000000000000000000000000000',
  target: '30000000',
  sender: {
    role: 'treasuryManager',
    from: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
    network: 'tempo',
    feeToken: '0x20c0000000000000000000000000000000000000',
  },
};
