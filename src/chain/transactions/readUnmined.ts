import type { Address } from '../../config/settings.ts';
import { type Answer, answer } from '../../errors/answer.ts';
import type { Chain } from '../../runbook/context.ts';
import { type NonceState, readNonce } from './readNonce.ts';
import { type PendingTransaction, readPool } from './readPool.ts';

/** What an account has sent and is in no block yet. */
export interface Unmined {
  readonly nonce: NonceState;
  /** From `nonce.latest` on. */
  readonly pool: Answer<readonly PendingTransaction[]>;
}

/**
 * An account's nonces, and its transactions in the node's pool. Both move while they are read: where the pool begins
 * above the next nonce, what is between may have got into a block meanwhile, and the nonces are read again. What is
 * missing then was missing all the time.
 * @throws TvError where no node returns the nonces
 */
export async function readUnmined(chain: Chain, account: Address): Promise<Unmined> {
  const nonce = await readNonce(chain, account);
  const read = await answer(readPool(chain, { account, nonce: nonce.latest }));
  const pool = read.known ? read.value : read;
  const first = pool.known ? pool.value[0]?.nonce : undefined;
  if (!pool.known || first === undefined || first === nonce.latest) return { nonce, pool };
  const again = await readNonce(chain, account);
  const value = pool.value.filter((one) => one.nonce >= again.latest);
  return { nonce: again, pool: { known: true, value } };
}
