import type { Address } from '../../config/settings.ts';
import type { Check } from '../../runbook/check.ts';
import type { Chain } from '../../runbook/context.ts';
import {
  type Change,
  fixedChanges,
  type PlannedTransaction,
  type StepEffects,
} from '../../runbook/effects.ts';
import { block, pass, warn } from '../../runbook/preflight.ts';
import { count } from '../../text/format.ts';
import { informational } from '../informational.ts';
import { readEvidence } from '../transactions/receipt.ts';
import type { SignedTransaction } from '../transactions/transaction.ts';
import { changesOf, lower } from './changes.ts';

/** A transaction of a run, with what its plan said of it. */
export interface SentEffects {
  readonly step: string;
  readonly planned: PlannedTransaction;
  readonly previewed: StepEffects;
  readonly signed: SignedTransaction;
}

/**
 * Whether the receipts of a run's own transactions show what was previewed. What others do in the same block is in
 * other receipts. A receipt that cannot be had contradicts nothing: the verification of the run judges that.
 */
export async function compareEffects(chain: Chain, sent: readonly SentEffects[]): Promise<Check> {
  const judged = await Promise.all(sent.map((one) => compare(chain, one)));
  const check = { id: 'preview', world: 'chain' } as const;
  const different = judged.filter((one) => one.outcome === 'different');
  const [first] = different;
  if (first !== undefined) {
    const facts = different.map((one) => [
      [`${one.step} previewed`, one.previewed.join('; ') || 'nothing'] as const,
      [`${one.step} receipt`, one.receipt.join('; ') || 'nothing'] as const,
      [`${one.step} transaction`, one.hash] as const,
    ]);
    return {
      ...check,
      ...block(
        different.length === 1
          ? `${first.hash} did not do what was previewed`
          : `${count(different.length)} transactions did not do what was previewed`,
        { facts: Object.fromEntries(facts.flat()), next: [{ tv: ['trace', first.hash] }] },
      ),
    };
  }
  const unknown = judged.filter((one) => one.outcome === 'unknown');
  if (unknown.length > 0) {
    return {
      ...check,
      ...warn(
        `not compared with the preview: ${[...new Set(unknown.map(({ reason }) => reason))].join('; ')}`,
      ),
    };
  }
  const many = judged.length === 1 ? 'the transaction' : `all ${count(judged.length)} transactions`;
  const moved = judged.some((one) => one.outcome === 'same' && one.moved);
  return {
    ...check,
    ...pass(`${many} did what was previewed${moved ? ', with amounts that have moved since' : ''}`),
  };
}

type Judged =
  | { readonly outcome: 'same'; readonly moved: boolean }
  | { readonly outcome: 'unknown'; readonly reason: string }
  | {
      readonly outcome: 'different';
      readonly step: string;
      readonly hash: `0x${string}`;
      readonly previewed: readonly string[];
      readonly receipt: readonly string[];
    };

async function compare(chain: Chain, { step, planned, previewed, signed }: SentEffects): Promise<Judged> {
  const found = await informational(readEvidence(chain, signed.hash));
  const evidence = found.known ? found.value : found;
  if (!evidence.known) return { outcome: 'unknown', reason: evidence.reason };
  const made = madeAddress(planned, signed);
  const as = (changes: readonly Change[]) => fixedChanges({ ...previewed, changes });
  const natives = signed.calls.flatMap(({ to, value = '0x0' }): readonly Change[] =>
    BigInt(value) === 0n
      ? []
      : [
          {
            ...{ kind: 'transfer', token: null, from: lower(signed.from), to: lower(to) },
            amount: BigInt(value).toString(),
          },
        ],
  );
  const receipt = [...natives, ...changesOf(evidence.value.logs, signed.from, chain.contracts)].map(
    (change) => (made === undefined ? change : renamed(change, made)),
  );
  const [before, after] = [as(previewed.changes), as(receipt)];
  const previewedOnly = before.filter((line) => !after.includes(line));
  const receiptOnly = after.filter((line) => !before.includes(line));
  if (previewedOnly.length === 0 && receiptOnly.length === 0) {
    const exact = (changes: readonly Change[]) => JSON.stringify(fixedChanges({ changes }));
    return { outcome: 'same', moved: exact(previewed.changes) !== exact(receipt) };
  }
  const { hash } = signed;
  return { outcome: 'different', step, hash, previewed: previewedOnly, receipt: receiptOnly };
}

interface Made {
  /** What stood in for it. */
  readonly standIn: Address;
  readonly address: Address;
}

/** The address that the run has made, read from where its stand-in was in the planned calls. */
function madeAddress({ standIn, calls }: PlannedTransaction, signed: SignedTransaction): Made | undefined {
  if (standIn === undefined) return undefined;
  const digits = lower(standIn.address).slice(2);
  for (const [index, call] of calls.entries()) {
    const own = signed.calls[index];
    if (own === undefined) continue;
    for (const [planned, actual] of [
      [call.to, own.to],
      [call.data, own.data],
    ] as const) {
      const at = planned.toLowerCase().indexOf(digits);
      if (at === -1) continue;
      const address = `0x${actual.slice(at, at + digits.length)}` as const;
      return { standIn: lower(standIn.address), address: lower(address) };
    }
  }
  return undefined;
}

function renamed(change: Change, { standIn, address }: Made): Change {
  const swap = (value: `0x${string}`) => (value === address ? standIn : value);
  if (change.kind === 'transfer') return { ...change, from: swap(change.from), to: swap(change.to) };
  if (change.kind === 'role' || change.kind === 'oracle') return { ...change, account: swap(change.account) };
  return change;
}
