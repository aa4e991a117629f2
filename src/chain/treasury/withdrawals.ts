import { decodeFunctionData, toFunctionSelector } from 'viem';
import type { Address } from '../../config/settings.ts';
import { tokenAbi } from '../abi/token.ts';
import { treasuryVaultAbi } from '../abi/treasuryVault.ts';
import { sameAddress } from '../sameAddress.ts';
import { type EmittedLog, eventsIn } from '../transactions/receipt.ts';
import type { Call } from '../transactions/transaction.ts';

const withdrawSelector = toFunctionSelector('withdraw(address,uint256,address)');

/** What signed calls withdraw from a vault: by token, in the smallest unit, in decimal. */
export function withdrawnBy(calls: readonly Pick<Call, 'data'>[]): Readonly<Record<Address, string>> {
  const amounts: Record<Address, string> = {};
  for (const { data } of calls) {
    if (!data.startsWith(withdrawSelector)) continue;
    const { args } = decodeFunctionData({ abi: treasuryVaultAbi, data });
    const [token, amount] = args as readonly [Address, bigint, Address];
    amounts[token] = (BigInt(amounts[token] ?? 0) + amount).toString();
  }
  return amounts;
}

export interface Payment {
  /** What the token's own events moved from the vault to the recipient, in the smallest unit. */
  readonly moved: bigint;
  /** What the vault's events recorded as withdrawn to the recipient; undefined where it emitted none. */
  readonly recorded: bigint | undefined;
}

/** What logs record of a token that went from a vault to a recipient. Events of other accounts are left out. */
export function paymentIn(
  logs: readonly EmittedLog[],
  {
    vault,
    token,
    recipient,
  }: { readonly vault: Address; readonly token: Address; readonly recipient: Address },
): Payment {
  const sum = (events: readonly { readonly amount: bigint }[]) =>
    events.reduce((total, { amount }) => total + amount, 0n);
  const transfers = eventsIn<{ from: Address; to: Address; amount: bigint }>(logs, {
    address: token,
    abi: tokenAbi,
    eventName: 'Transfer',
  }).filter(({ from, to }) => sameAddress(from, vault) && sameAddress(to, recipient));
  const withdrawn = eventsIn<{ token: Address; amount: bigint; recipient: Address }>(logs, {
    address: vault,
    abi: treasuryVaultAbi,
    eventName: 'Withdrawn',
  }).filter((event) => sameAddress(event.token, token) && sameAddress(event.recipient, recipient));
  return { moved: sum(transfers), recorded: withdrawn.length === 0 ? undefined : sum(withdrawn) };
}
