import type { checkNodes } from '../../../src/chain/preflight/checkNodes.ts';
import { lookUp } from '../../../src/chain/transactions/lookUp.ts';
import { readUsedNonce } from '../../../src/chain/transactions/readNonce.ts';
import { notedTransaction } from '../../../src/chain/transactions/sendOnce.ts';
import { node } from '../../../src/chain/transactions/sendSteps.ts';
import type { SignedTransaction } from '../../../src/chain/transactions/transaction.ts';
import { surveyRuns } from '../../../src/journal/readRuns.ts';
import { isUnfinished, type RunState } from '../../../src/journal/runState.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { block, need, type Preflight, pass } from '../../../src/runbook/preflight.ts';
import { count } from '../../../src/text/format.ts';

interface Queued {
  readonly state: RunState;
  readonly transaction: SignedTransaction;
}

/**
 * A pause that was signed and is in no block yet would pause the protocol again, unasked, as soon as
 * what it waits for is there: behind a gap in the nonces a node keeps it for hours.
 */
export function checkQueued(ctx: Context, preflight: Preflight, nodes: ReturnType<typeof checkNodes>): void {
  preflight.check('queued pause', 'chain', async () => {
    await need(nodes, 'chain');
    const signed = surveyRuns(ctx).states.flatMap(pausesOf);
    const places = await Promise.all(signed.map(({ transaction }) => lookUp(ctx.chain(), transaction)));
    const index = places.findIndex(({ at }) => at === 'pool' || at === 'nowhere');
    const queued = signed[index];
    if (queued === undefined) return pass('none of an earlier run waits to be mined');
    const { transaction, state } = queued;
    const { hash, from, nonce, nonceKey } = transaction;
    const { run } = state.started;
    const used = await readUsedNonce(ctx.chain(), { account: from, key: nonceKey });
    const where =
      places[index]?.at === 'pool' ? 'waits in the pool' : 'is unknown to this node, and may wait in another';
    return block(`a pause signed by ${run} ${where}: mined later, it pauses the protocol again`, {
      facts: { transaction: hash, from, nonce: count(nonce), 'its account is at': count(used) },
      override: 'queued-pause',
      next:
        nonce > used
          ? [
              `fill its ${gap(used, nonce)}, so that it is mined now: cast send ${from} --nonce ${used} ${node} --interactive`,
            ]
          : [
              ...(isUnfinished(state) ? [{ when: 'so that it is mined now', tv: ['resume', run] }] : []),
              `or have ${from} send another transaction with its nonce and a higher fee`,
            ],
    });
  });
}

function gap(used: number, nonce: number): string {
  return nonce - used === 1 ? `account's nonce ${used}` : `account's nonces ${used} to ${nonce - 1}`;
}

/** Those that no result or revert in the journal has told to be in a block. */
function pausesOf(state: RunState): readonly Queued[] {
  const { steps } = state;
  const results = [...steps.values()].map(({ result }) => result as { hash?: string; block?: number } | null);
  return [
    notedTransaction({ notes: steps.get('pause')?.notes ?? {} }),
    // An end of the pause that was taken back.
    notedTransaction({ notes: steps.get('unpause')?.notes ?? {} }, 'pause-again'),
  ]
    .filter((transaction) => transaction !== undefined)
    .filter(({ hash }) => !results.some((result) => result?.hash === hash && result.block !== undefined))
    .map((transaction) => ({ state, transaction }));
}
