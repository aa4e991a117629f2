import { answer } from '../../errors/answer.ts';
import { TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import type { TransactionFate } from '../../runbook/events.ts';
import { quantityOf } from '../parseAnswer.ts';
import { lookUp, proveNoEffect } from './lookUp.ts';
import { askEachNode } from './receipt.ts';
import type { SignedTransaction } from './transaction.ts';

type Fate = Omit<TransactionFate, 'step' | 'hash'>;

/**
 * What became of signed transactions, in their order, as every node answers now. Sends nothing.
 * @throws only what ends the command: the reason of an abort, a bug
 */
export async function whatBecameOf(
  chain: Chain,
  transactions: readonly SignedTransaction[],
): Promise<readonly Fate[]> {
  const ids = await askEachNode(chain, 'eth_chainId', []);
  return Promise.all(
    transactions.map(async (transaction) => {
      // What such a node does not know, or has under a nonce, is about another chain.
      const foreign = ids.find((id) => id.known && quantityOf(id.value) !== transaction.chainId);
      if (foreign?.known) {
        const chainId = quantityOf(foreign.value);
        const what =
          chainId === undefined
            ? 'returned no chain id'
            : `is on chain ${chainId}, not ${transaction.chainId}`;
        return { fate: 'unknown', block: null, words: `could not be looked up: an RPC node ${what}` };
      }
      try {
        return await fateOf(chain, transaction, ids.filter(({ known }) => !known).length);
      } catch (error) {
        if (!(error instanceof TvError)) throw error;
        const words = `could not be looked up: ${error.message.replace(/\.$/, '')}`;
        return { fate: 'unknown', block: null, words };
      }
    }),
  );
}

/** @param silent how many nodes did not answer @throws TvError where none does */
async function fateOf(chain: Chain, transaction: SignedTransaction, silent: number): Promise<Fate> {
  const place = await lookUp(chain, transaction);
  const proven = await answer(proveNoEffect(chain, transaction, place));
  const proof = proven.known ? proven.value : undefined;
  if (proof?.because === 'reverted') {
    const { block } = proof.receipt;
    return { fate: 'no-effect', block, words: `is in block ${block} and reverted: it had no effect` };
  }
  if (proof?.because === 'overtaken') {
    const { hash, block } = proof.by;
    const words = `had no effect and can no longer be mined: ${hash} in block ${block} used its nonce`;
    return { fate: 'no-effect', block: null, words };
  }
  switch (place.at) {
    case 'block': {
      const { block, status } = place.receipt;
      const succeeded = status.known && status.value === 'success';
      return succeeded
        ? { fate: 'effect', block, words: `is in block ${block} and took effect` }
        : { fate: 'mined', block, words: `is in block ${block}; whether it succeeded is unknown` };
    }
    case 'mined': {
      const words = 'is in a block; whether it succeeded is unknown, no RPC node shows its receipt';
      return { fate: 'mined', block: null, words };
    }
    case 'pool':
      return { fate: 'pending', block: null, words: 'is pending: it may still take effect' };
    case 'nonce-used': {
      const words = 'may have taken effect: its nonce is used, and no RPC node that answered knows its hash';
      return { fate: 'unknown', block: null, words };
    }
    case 'nowhere': {
      const who =
        silent === 0 ? 'no RPC node knows it' : `no RPC node that answered knows it (${silent} did not)`;
      return {
        fate: 'not-found',
        block: null,
        words: `may still take effect: ${who}, and its nonce is unused`,
      };
    }
  }
}
