import { encodeFunctionData, parseAbi } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { Address } from '../../config/settings.ts';
import { feeManager } from '../transactions/readNetwork.ts';
import { type SendContext, sendOnce } from '../transactions/sendOnce.ts';
import type { SentTransaction } from '../transactions/transaction.ts';

const feeManagerAbi = parseAbi(['function setUserToken(address token)']);

/**
 * Tempo: has a fresh account pay its fees in a token. A relay that names none would otherwise pay in the
 * chain's default, which the account may not have. Sent once, by the account itself.
 * @throws TvError as `sendOnce`
 */
export async function preferToken(
  ctx: SendContext,
  { key, token }: { readonly key: `0x${string}`; readonly token: Address },
): Promise<SentTransaction> {
  const account = privateKeyToAccount(key);
  const role = 'admin';
  return sendOnce(ctx, {
    role,
    from: account.address,
    signer: { role, address: account.address, source: 'the new key', account },
    calls: [
      {
        to: feeManager,
        data: encodeFunctionData({ abi: feeManagerAbi, functionName: 'setUserToken', args: [token] }),
      },
    ],
    feeToken: token,
    note: 'prefer',
  });
}
