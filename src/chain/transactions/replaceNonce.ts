import type { Address } from '../../config/settings.ts';
import { exitCodes, TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { failpoint } from '../../runbook/failpoint.ts';
import { sleep } from '../../runbook/sleep.ts';
import { type NoteKey, note } from '../../runbook/step.ts';
import { duration } from '../../text/format.ts';
import { described } from '../describeRpcError.ts';
import { rpcFailure } from '../rpcFailure.ts';
import type { Signer } from '../signers/signer.ts';
import { type Fees, readFees } from './readFees.ts';
import { readNonce } from './readNonce.ts';
import { bumpIn, feesOf, higher, raised, replacementFees } from './replacementFees.ts';
import type { SendContext } from './sendOnce.ts';
import { signTransaction } from './signTransaction.ts';
import type { SignedTransaction } from './transaction.ts';

/** What a node that names no figure may ask for. In percent. */
const steepBump = 50;
/** Signatures for one nonce. With 50 % each they reach ten times the first fee. */
const mostAttempts = 6;
/** After this time a pending replacement pays too little as well. In milliseconds. */
const patienceMs = 30_000;
const betweenLooksMs = 400;

export interface ReplaceParameters {
  /** The account's own key, opened where the first signature needs it. */
  openSigner(): Promise<Signer>;
  readonly from: Address;
  readonly nonce: number;
  /** What waits there: its hash and fees. Null where the node does not show it. */
  readonly pending: { readonly hash: `0x${string}`; readonly fees: Fees } | null;
  /** Tempo: the token that pays. */
  readonly feeToken: Address | null;
  /** In milliseconds. */
  readonly limitMs: number;
}

export type Replaced = {
  readonly nonce: number;
  /** `unknown`: the nonce is used, and no node that answered has a receipt of a hash that tv knows. */
  readonly mined: 'replacement' | 'original' | 'unknown';
  readonly hash: `0x${string}` | null;
  readonly block: number | null;
};

/** With its fees, which a later one must exceed. */
type Replacement = SignedTransaction & {
  readonly maxFeePerGas: string;
  readonly maxPriorityFeePerGas: string;
};

/**
 * Has a nonce of an account used up, by a call that does nothing and pays more than what waits there. Each
 * signature is in the journal before it is sent. All of them have one nonce, so the chain takes one at
 * most, and whichever it takes, the original included, the nonce has advanced: another signature needs no
 * proof that the one before had no effect. Called again after a crash, it continues from its notes.
 * @throws TvError where nothing with this nonce gets into a block in time, or the nodes refuse every fee;
 * with exit code 5 once something was signed
 */
export async function replaceNonce(ctx: SendContext, parameters: ReplaceParameters): Promise<Replaced> {
  const { nonce, from, limitMs } = parameters;
  const chain = ctx.chain();
  const start = performance.now();
  const sent: Replacement[] = notedReplacements(ctx, nonce);
  let words: string | undefined;
  let handedOver = -Infinity;
  let failure: TvError | undefined;
  for (;;) {
    ctx.signal.throwIfAborted();
    let isUnused = false;
    try {
      if ((await readNonce(chain, from)).latest > nonce) return await whichOne(ctx, parameters, sent);
      isUnused = true;
      const newest = sent.at(-1);
      const refused = words !== undefined;
      if (newest === undefined || ((refused || waitedSince(handedOver)) && sent.length < mostAttempts)) {
        // After a crash the last one may not have been handed over; it is, before another is signed.
        const next =
          newest !== undefined && handedOver === -Infinity && !refused
            ? newest
            : await signNext(ctx, parameters, sent, words);
        const answer = await hand(chain, next);
        failpoint(ctx.settings.sandbox, 'replacement:sent');
        words = answer !== undefined && asksForMore.test(answer) ? answer : undefined;
        // Words decide nothing: the nonce is read until the limit.
        if (answer !== undefined && words === undefined && !isKnown.test(answer)) {
          failure = new TvError('transaction.refused', `The RPC node refused the replacement: ${answer}.`);
        }
        handedOver = performance.now();
      }
    } catch (error) {
      if (!(error instanceof TvError)) throw error;
      failure = error;
    }
    if (performance.now() - start > limitMs) throw tooLate(parameters, { sent, words, failure, isUnused });
    // A refused fee is raised at once.
    if (words === undefined || sent.length >= mostAttempts) await sleep(betweenLooksMs, ctx.signal);
  }

  function waitedSince(moment: number): boolean {
    return performance.now() - moment > patienceMs;
  }
}

/** @returns the node's words where it answers with an error, or none answers */
async function hand(chain: Chain, { raw }: SignedTransaction): Promise<string | undefined> {
  try {
    await chain.client.request({ method: 'eth_sendRawTransaction', params: [raw] });
    return undefined;
  } catch (error) {
    const { kind, message } = rpcFailure(error);
    if (kind === 'unknown') throw error;
    return message;
  }
}

const asksForMore = /underpriced|replac|fee too low|gas price too low|feecap|fee cap|tip/i;
const isKnown = /already known|already imported|known transaction|nonce too low|nonce is too low|oldnonce/i;

/** Those that the journal holds for this nonce, oldest first. */
export function notedReplacements(ctx: Pick<SendContext, 'notes'>, nonce: number): Replacement[] {
  return Array.from({ length: mostAttempts }, (_, index) => signedFor(nonce, index).read(ctx)).filter(
    (replacement) => replacement !== undefined,
  );
}

/** @param index of the signature for this nonce, from 0 */
function signedFor(nonce: number, index: number): NoteKey<Replacement> {
  return note<Replacement>(`replacement-${nonce}-${index + 1}`);
}

async function signNext(
  ctx: SendContext,
  { openSigner, nonce, from, pending, feeToken }: ReplaceParameters,
  sent: Replacement[],
  words: string | undefined,
): Promise<Replacement> {
  const current = await readFees(ctx.chain());
  const last = sent.at(-1);
  const fees =
    last === undefined
      ? replacementFees(current, pending?.fees)
      : higher(current, raised(feesOf(last), Math.max(steepBump, bumpIn(words))));
  failpoint(ctx.settings.sandbox, 'replacement:unsigned');
  const signed = await signTransaction(ctx.chain(), {
    signer: await openSigner(),
    calls: [{ to: from, data: '0x' }],
    feeToken: feeToken ?? undefined,
    nonce,
    fees,
  });
  const replacement = {
    ...signed,
    maxFeePerGas: fees.maxFeePerGas.toString(),
    maxPriorityFeePerGas: fees.maxPriorityFeePerGas.toString(),
  };
  failpoint(ctx.settings.sandbox, 'replacement:signed');
  signedFor(nonce, sent.length).write(ctx, replacement);
  failpoint(ctx.settings.sandbox, 'replacement:noted');
  sent.push(replacement);
  return replacement;
}

/** Which transaction used the nonce, by the receipts. Where they lag it is asked for a while. */
async function whichOne(
  ctx: SendContext,
  { nonce, pending }: ReplaceParameters,
  sent: readonly Replacement[],
): Promise<Replaced> {
  const known = [
    ...sent.map(({ hash }) => ({ hash, mined: 'replacement' as const })),
    ...(pending === null ? [] : [{ hash: pending.hash, mined: 'original' as const }]),
  ];
  for (let look = 0; look < 12; look++) {
    if (look > 0) await sleep(betweenLooksMs, ctx.signal);
    for (const { hash, mined } of known) {
      const block = await readBlockOf(ctx, hash);
      if (block !== undefined) return { nonce, mined, hash, block };
    }
  }
  return { nonce, mined: 'unknown', hash: null, block: null };
}

async function readBlockOf(ctx: SendContext, hash: `0x${string}`): Promise<number | undefined> {
  const chain = ctx.chain();
  const request = chain.client.request({ method: 'eth_getTransactionReceipt', params: [hash] });
  const receipt: unknown = await described(chain, request).catch((error: unknown) => {
    // Not having the receipt is no proof of anything; the nonce has advanced all the same.
    if (error instanceof TvError) return null;
    throw error;
  });
  const block: unknown =
    typeof receipt === 'object' && receipt !== null ? Reflect.get(receipt, 'blockNumber') : undefined;
  return typeof block === 'string' ? Number(block) : undefined;
}

function tooLate(
  { from, nonce, limitMs }: ReplaceParameters,
  {
    sent,
    words,
    failure,
    isUnused,
  }: {
    readonly sent: readonly Replacement[];
    readonly words: string | undefined;
    readonly failure: TvError | undefined;
    /** As the last read returned it; false where that read failed. */
    readonly isUnused: boolean;
  },
): TvError {
  const facts = {
    from,
    nonce,
    'replacements sent': sent.map(({ hash }) => hash).join(', ') || 'none',
    ...(words === undefined ? {} : { 'RPC node': words }),
    ...(failure === undefined ? {} : { reason: failure.message }),
  };
  const message = isUnused
    ? `Nonce ${nonce} is still unused after ${duration(limitMs)}.`
    : `Whether nonce ${nonce} is used is unknown after ${duration(limitMs)}.`;
  return new TvError(isUnused ? 'transaction.pending' : 'transaction.unknown', message, {
    facts,
    // What was signed may be mined yet.
    ...(sent.length === 0 ? {} : { exitCode: exitCodes.unverified }),
    next: [{ when: 'hand the same transactions over again', tv: ['resume'] }],
    ...(failure === undefined ? {} : { cause: failure }),
  });
}
