import * as z from 'zod';
import type { ResolvedIntent } from '../../chain/intents/intent.ts';
import type { Sender } from '../../chain/preflight/checkSending.ts';
import { formatAmount } from '../../chain/treasury/amount.ts';
import type { Token } from '../../chain/treasury/findToken.ts';
import type { Places } from '../../chain/treasury/readPlaces.ts';
import type { Address } from '../../config/settings.ts';
import { field } from '../../runbook/define.ts';
import type { Json } from '../../runbook/json.ts';

/** One token on its way out of the vault. */
export type Withdrawal = {
  readonly token: Token;
  /** In the smallest unit; with `max`, what it was when it was read. */
  readonly amount: string;
  readonly intent: ResolvedIntent;
  readonly before: Places;
};

/** The two calls around a withdrawal from a vault that refuses while paused. */
export type Pausing = { readonly end: ResolvedIntent; readonly begin: ResolvedIntent };

/**
 * Tokens out of the vault to one recipient: what `withdraw` and `unwind --withdraw` have in common.
 * Plain data, for the facts of either.
 */
export type PayoutFacts = {
  readonly recipient: Address;
  /** The amounts are found out anew when they are signed. */
  readonly max: boolean;
  /** At least one. */
  readonly withdrawals: readonly Withdrawal[];
  readonly sender: Sender;
  /**
   * The vault refuses while paused, as deployed. `atomic`: one account may do all of it, so the pause
   * ends and begins again within one transaction. `steps`: it takes several.
   */
  readonly pause:
    | { readonly way: 'not in the way' }
    | ({ readonly way: 'atomic' } & Pausing)
    | ({ readonly way: 'steps'; readonly sender: Sender } & Pausing);
  readonly replace: boolean;
};

/** What a plan with a payout rests on: what goes where, and who signs. Not what pays the fee. */
export function payoutBasis({ withdrawals, recipient, max, sender, pause, replace }: PayoutFacts): Json {
  return {
    withdrawals: withdrawals.map(({ token, amount }) => ({
      token: token.address,
      amount: max ? 'max' : amount,
    })),
    recipient,
    from: sender.from,
    pause: pause.way,
    pauser: pause.way === 'steps' ? pause.sender.from : null,
    replace,
  };
}

/** An imagined case, for the exported document. */
export function examplePayout(): PayoutFacts {
  const emergency = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
  const manager = '0x90F79bf6EB2c4f870365E785982E1f101E93b906';
  const recipient = '0x14dC79964da2C08b23698B3D3cc7Ca32193d9955';
  const token = {
    address: '0x20c0000000000000000000000000000000000001',
    symbol: 'AlphaUSD',
    decimals: 6,
  } as const;
  const pausing = (paused: boolean) =>
    ({
      intent: paused ? 'pauseProtocol' : 'unpauseProtocol',
      contract: 'riskController',
      address: '0x610178dA211FEF7D417bC0e6FeD39F05609AD788',
      signature: 'toggleGlobalPause(bool)',
      args: [String(paused)],
      data: '0x',
      role: { name: 'EMERGENCY', id: `0x${'e0'.repeat(32)}`, signer: 'emergency' },
      holders: [emergency],
    }) as const;
  const feeToken = '0x20c0000000000000000000000000000000000000';
  const amount = '250000000000';
  return {
    recipient,
    max: false,
    withdrawals: [
      {
        token,
        amount,
        intent: {
          intent: 'withdraw',
          contract: 'treasuryVault',
          address: '0xA51c1fc2f0D1a1b8494Ed1FE312d7C3a78Ed91C0',
          signature: 'withdraw(address,uint256,address)',
          args: [token.address, amount, recipient],
          data: '0x',
          role: { name: 'TREASURY_MANAGER', id: `0x${'7e'.repeat(32)}`, signer: 'treasuryManager' },
          holders: [manager],
        },
        before: {
          vault: '0',
          strategy: '0',
          dex: '0',
          recipient: '0',
          book: '0',
          deployed: '0',
          fees: '0',
        },
      },
    ],
    sender: { role: 'treasuryManager', from: manager, network: 'tempo', feeToken },
    pause: {
      way: 'steps',
      end: pausing(false),
      begin: pausing(true),
      sender: { role: 'emergency', from: emergency, network: 'tempo', feeToken },
    },
    replace: false,
  };
}

/** Of both commands that send tokens out of the vault. */
export const toAgain = field(
  '--to-again <address>',
  'the recipient once more in full, where it is not on that list',
  z.string().optional(),
);

/** What is transferred irreversibly, and what is unpaused meanwhile. */
export function payoutConsequence({ withdrawals, recipient, max, pause }: PayoutFacts): string {
  const what = max
    ? `all ${withdrawals.map(({ token }) => token.symbol).join(' and ')} that is withdrawable`
    : withdrawals.map(({ amount, token }) => formatAmount(BigInt(amount), token)).join(' and ');
  const open =
    pause.way === 'steps'
      ? ' The protocol is unpaused during the withdrawal, a few seconds. If tv is killed, it stays unpaused until the run is resumed.'
      : '';
  return `sends ${what} to ${recipient}, for good.${open}`;
}
