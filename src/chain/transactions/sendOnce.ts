import type { Address, SignerRole } from '../../config/settings.ts';
import { TvError } from '../../errors/TvError.ts';
import type { ProbeAnswer, StepContext } from '../../runbook/define.ts';
import { failpoint } from '../../runbook/failpoint.ts';
import { sameAddress } from '../sameAddress.ts';
import { openSigner } from '../signers/openSigner.ts';
import type { Signer } from '../signers/signer.ts';
import { broadcast } from './broadcast.ts';
import { lookUp } from './lookUp.ts';
import { rejected, settle } from './settle.ts';
import { type SignParameters, signTransaction } from './signTransaction.ts';
import type { SentTransaction, SignedTransaction } from './transaction.ts';

export interface SendParameters extends Omit<SignParameters, 'signer'> {
  readonly role: SignerRole;
  /** The account that the plan was made for; another key than that one is refused. */
  readonly from: Address;
  /** A key that is no operator's, and so in no setting. Default: that of `role`, as the settings have it. */
  readonly signer?: Signer;
  /** Under which the journal keeps it; a step that sends several needs several. Default `transaction`. */
  readonly note?: string;
  /** How long to wait for it to be in a block, in milliseconds. Default two minutes. */
  readonly limitMs?: number;
  /** Hand it over without waiting for the block, where there is other work to do meanwhile. */
  readonly atOnce?: boolean;
}

/** What sending needs of a step's context. */
export type SendContext = Pick<StepContext, 'chain' | 'note' | 'notes' | 'settings' | 'secrets' | 'signal'>;

const defaultNote = 'transaction';

/**
 * Sends one transaction, exactly once, whatever happens in between: it is signed, written to the
 * journal, and only then handed to the node. Called again after a crash it looks that very
 * transaction up, and at most hands over the same bytes again; the key is not needed for that.
 * @throws TvError where it reverts, is overtaken by another with its nonce, or does not get into a
 * block in time. After a revert that was told, the next call signs anew: it had no effect.
 */
export async function sendOnce(ctx: SendContext, parameters: SendParameters): Promise<SentTransaction> {
  const signed = await submitOnce(ctx, parameters);
  return settleOnce(ctx, signed, parameters);
}

/** The first half of `sendOnce`: signed, in the journal, handed to the node. Does not wait for a block. */
export async function submitOnce(ctx: SendContext, parameters: SendParameters): Promise<SignedTransaction> {
  const known = notedTransaction(ctx, parameters.note);
  if (known !== undefined) return known;
  const signed = await signOnce(ctx, parameters);
  await handOver(ctx, signed, parameters);
  return signed;
}

/** Signed and in the journal, and no more. Called again it answers with what was signed then. */
export async function signOnce(ctx: SendContext, parameters: SendParameters): Promise<SignedTransaction> {
  const { note = defaultNote, role, from } = parameters;
  const known = notedTransaction(ctx, note);
  if (known !== undefined) return known;
  const signer = parameters.signer ?? (await openSigner(ctx, role));
  if (!sameAddress(signer.address, from)) {
    throw new TvError('The key is another one than the plan was made for.', {
      facts: { planned: from, key: signer.address, from: signer.source },
      next: ['tv config show'],
    });
  }
  failpoint(ctx.settings.sandbox, `${note}:unsigned`);
  const signed = await signTransaction(ctx.chain(), { ...parameters, signer });
  failpoint(ctx.settings.sandbox, `${note}:signed`);
  ctx.note(note, signed);
  failpoint(ctx.settings.sandbox, `${note}:noted`);
  return signed;
}

/** Gives a signed transaction to the node; the same one any number of times. @throws TvError where the node refuses it */
export async function handOver(
  ctx: SendContext,
  signed: SignedTransaction,
  { note = defaultNote, atOnce }: Pick<SendParameters, 'note' | 'atOnce'> = {},
): Promise<void> {
  const told = await broadcast(ctx.chain(), signed, { atOnce });
  failpoint(ctx.settings.sandbox, `${note}:sent`);
  // Not having been told is no failure yet: `settle` looks it up.
  if (told.outcome === 'rejected') throw rejected(told.reason, signed);
}

/** The second half of `sendOnce`: waits for the block, handing the same bytes over again where they were lost. */
export async function settleOnce(
  ctx: SendContext,
  signed: SignedTransaction,
  { note = defaultNote, limitMs }: Pick<SendParameters, 'note' | 'limitMs'> = {},
): Promise<SentTransaction> {
  const answer = await settle(ctx.chain(), {
    transaction: signed,
    signal: ctx.signal,
    ...(limitMs === undefined ? {} : { limitMs }),
  });
  if (answer.outcome === 'sent') return answer.sent;
  if (answer.outcome === 'reverted') ctx.note(revertedNote(note), signed.hash);
  throw answer.error;
}

/** The answer of a step's `probe`, from what its run has noted and where that is now. */
export async function probeSent(ctx: SendContext, note = defaultNote): Promise<ProbeAnswer> {
  const signed = notedTransaction(ctx, note);
  if (signed === undefined) return 'not-done';
  const place = await lookUp(ctx.chain(), signed);
  if (place.at !== 'block') return 'begun';
  return place.receipt.success ? 'done' : 'not-done';
}

/** Undefined where nothing was signed yet, or what was signed is known to have reverted. */
export function notedTransaction(
  ctx: Pick<SendContext, 'notes'>,
  note = defaultNote,
): SignedTransaction | undefined {
  const signed = ctx.notes[note] as SignedTransaction | undefined;
  return signed === undefined || ctx.notes[revertedNote(note)] === signed.hash ? undefined : signed;
}

function revertedNote(note: string): string {
  return `${note}-reverted`;
}
