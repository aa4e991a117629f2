import type { Finding } from '../../runbook/check.ts';
import type { Chain } from '../../runbook/context.ts';
import { block, pass, warn } from '../../runbook/preflight.ts';
import { count } from '../../text/format.ts';
import { readEvidence } from '../transactions/receipt.ts';
import type { SentTransaction } from '../transactions/transaction.ts';
import { recordsEffect } from './effects.ts';
import type { ResolvedIntent } from './intent.ts';

export interface JudgeReceiptsParameters {
  /** Of this run, as its steps returned them. */
  readonly sent: readonly SentTransaction[];
  readonly intents: readonly ResolvedIntent[];
  /** What the intents are about, in the plural: `breakers`. */
  readonly noun: string;
}

/**
 * Whether the receipts of a run's own transactions say that they succeeded and emitted the events of its
 * intents. The state is another question: another account may have caused it, or changed it since.
 * @throws TvError where no node answers
 */
export async function judgeReceipts(
  chain: Chain,
  { sent, intents, noun }: JudgeReceiptsParameters,
): Promise<Finding> {
  if (sent.length === 0) return warn('none of this run is known to have succeeded');
  const all = await Promise.all(
    sent.map(async ({ hash }) => ({ hash, proof: await readEvidence(chain, hash) })),
  );
  for (const { hash, proof } of all) {
    if (proof.known) continue;
    return block(`it is unknown whether ${hash} succeeded: ${proof.reason}`, {
      facts: { transaction: hash },
      next: [{ tv: ['resume'] }],
    });
  }
  const logs = all.flatMap(({ proof }) => (proof.known ? proof.value.logs : []));
  const silent = intents.filter((intent) => recordsEffect(logs, intent) === false);
  if (silent.length > 0) {
    return warn(
      `${count(sent.length)} in blocks, but ${count(silent.length)} of ${count(intents.length)} ${noun} without an event of this run`,
      { facts: { transactions: all.map(({ hash }) => hash).join(', ') } },
    );
  }
  const [only] = sent;
  if (sent.length > 1 || only === undefined) {
    return pass(`${count(sent.length)} in blocks, each with its event`);
  }
  return pass(`${only.hash} in block ${count(only.block)} with its event, paid ${only.fee}`);
}
