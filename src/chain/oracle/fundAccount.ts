import { encodeFunctionData, numberToHex, parseUnits } from 'viem';
import type { Address } from '../../config/settings.ts';
import { UsageError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { tokenAbi } from '../abi/token.ts';
import { described } from '../describeRpcError.ts';
import { parseWei } from '../parseAnswer.ts';
import { sameAddress } from '../sameAddress.ts';
import { formatFunds, readFeeUnit } from '../transactions/readFunds.ts';
import { readNetwork } from '../transactions/readNetwork.ts';
import { type EmittedLog, eventsIn } from '../transactions/receipt.ts';
import type { Call } from '../transactions/transaction.ts';
import { mustRead } from '../tryRead.ts';

/** RUNBOOK.md, section 4: 0.1 of the native token. On Tempo, where fees are dollars: ten. */
const defaults = { plain: '0.1', tempo: '10' } as const;

export type Funding = {
  /** What is sent: a token on Tempo, null for the native one. */
  readonly token: Address | null;
  /** In the smallest unit, in decimal. */
  readonly amount: string;
  /** `10 AlphaUSD` */
  readonly words: string;
};

/**
 * What a new account gets to pay its fees with.
 * @param amount in whole tokens, `0.1`; undefined for the default
 * @param feeToken on Tempo, the token that the relay pays in
 * @throws UsageError where the amount is no number
 */
export async function planFunding(
  chain: Chain,
  { amount, feeToken }: { readonly amount: string | undefined; readonly feeToken: Address },
): Promise<Funding> {
  const network = await readNetwork(chain);
  const token = network === 'tempo' ? feeToken : null;
  const unit = await readFeeUnit(chain, token);
  const text = amount ?? defaults[network];
  const fraction = /^\d+(?:\.(\d+))?$/.exec(text);
  if (fraction === null || (fraction[1] ?? '').length > unit.decimals) {
    throw new UsageError('usage.malformed-amount', '--fund takes an amount in whole tokens.', {
      facts: { given: text, decimals: unit.decimals },
      next: ['--fund 0.1, for example'],
    });
  }
  const units = parseUnits(text, unit.decimals);
  return { token, amount: units.toString(), words: formatFunds(units, unit) };
}

/** The call that moves it: a transfer on Tempo, where a transaction with value is refused, else value. */
export function fundingCall({ token, amount }: Funding, to: Address): Call {
  if (token === null) return { to, data: '0x', value: numberToHex(BigInt(amount)) };
  const args = [to, BigInt(amount)] as const;
  return { to: token, data: encodeFunctionData({ abi: tokenAbi, functionName: 'transfer', args }) };
}

/**
 * What the events of a token moved from one account to another, in the smallest unit.
 * @returns null for the native token, which emits none: the transaction's own value is the payment
 */
export function paidIn(
  logs: readonly EmittedLog[],
  { token }: Pick<Funding, 'token'>,
  from: Address,
  to: Address,
): bigint | null {
  if (token === null) return null;
  return eventsIn<{ from: Address; to: Address; amount: bigint }>(logs, {
    address: token,
    abi: tokenAbi,
    eventName: 'Transfer',
  })
    .filter((event) => sameAddress(event.from, from) && sameAddress(event.to, to))
    .reduce((sum, { amount }) => sum + amount, 0n);
}

/** What an account has of it, in the smallest unit. @throws TvError where no node answers */
export async function readFunded(chain: Chain, { token }: Funding, account: Address): Promise<bigint> {
  if (token === null) {
    const request = chain.client.request({ method: 'eth_getBalance', params: [account, 'latest'] });
    return parseWei(await described(chain, request), 'balance');
  }
  const call = { address: token, abi: tokenAbi, functionName: 'balanceOf', args: [account] };
  return mustRead<bigint>(chain, call, 'The token');
}
