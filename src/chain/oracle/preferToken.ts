import { encodeFunctionData, parseAbi } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { Address } from '../../config/settings.ts';
import { asJson } from '../../runbook/engine.ts';
import { broadcast } from '../transactions/broadcast.ts';
import { feeManager } from '../transactions/readNetwork.ts';
import { notedTransaction, type SendContext, settleOnce } from '../transactions/sendOnce.ts';
import { signTransaction } from '../transactions/signTransaction.ts';
import type { SentTransaction } from '../transactions/transaction.ts';

const feeManagerAbi = parseAbi(['function setUserToken(address token)']);
const note = 'prefer';

/**
 * Tempo: has a fresh account pay its fees in a token. A relay that names none would otherwise pay in the
 * chain's default, which the account may not have. Sent once, by the account itself, as `sendOnce` does.
 * @throws TvError as `sendOnce`
 */
export async function preferToken(
  ctx: SendContext,
  { key, token }: { readonly key: `0x${string}`; readonly token: Address },
): Promise<SentTransaction> {
  const known = notedTransaction(ctx, note);
  if (known !== undefined) return settleOnce(ctx, known, { note });
  const account = privateKeyToAccount(key);
  const data = encodeFunctionData({ abi: feeManagerAbi, functionName: 'setUserToken', args: [token] });
  const signed = await signTransaction(ctx.chain(), {
    signer: { role: 'admin', address: account.address, source: 'the new key', account },
    calls: [{ to: feeManager, data }],
    feeToken: token,
  });
  ctx.note(note, asJson(signed));
  await broadcast(ctx.chain(), signed);
  return settleOnce(ctx, signed, { note });
}
