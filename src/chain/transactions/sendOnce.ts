import type { Address, SignerRole } from '../../config/settings.ts';
import { answer } from '../../errors/answer.ts';
import { exitCodes, TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import type { ProbeAnswer, StepContext } from '../../runbook/define.ts';
import { failpoint } from '../../runbook/failpoint.ts';
import type { Json } from '../../runbook/json.ts';
import { note as noteKey } from '../../runbook/step.ts';
import { sameAddress } from '../sameAddress.ts';
import { openSigner } from '../signers/openSigner.ts';
import type { Signer } from '../signers/signer.ts';
import { broadcast } from './broadcast.ts';
import { lookUp, type NoEffect, proveNoEffect } from './lookUp.ts';
import { settle } from './settle.ts';
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
export type SendContext = Pick<StepContext, 'chain' | 'note' | 'notes' | 'settings' | 'secrets' | 'signal'> &
  Partial<Pick<StepContext, 'runId' | 'runs'>>;

const defaultNote = 'transaction';

/**
 * Sends one transaction, exactly once, whatever happens in between: it is signed, written to the
 * journal, and only then handed to the node. Called again after a crash it looks that very
 * transaction up, and at most hands over the same bytes again; the key is not needed for that.
 * @throws TvError where it reverts, or is overtaken by another with its nonce; with exit code 5 wherever it
 * is unknown whether it took effect: not in a block in time, a receipt that cannot be read, nodes that do
 * not answer. It is signed anew only by a later call, and only where the chain proves then that the first
 * one had no effect.
 */
export async function sendOnce(ctx: SendContext, parameters: SendParameters): Promise<SentTransaction> {
  const signed = await submitOnce(ctx, parameters);
  return settleOnce(ctx, signed, parameters);
}

/** The first half of `sendOnce`: signed, in the journal, handed to the node. Does not wait for a block. */
export async function submitOnce(ctx: SendContext, parameters: SendParameters): Promise<SignedTransaction> {
  const known = await liveTransaction(ctx, parameters.note);
  if (known !== undefined) return known;
  const signed = await signOnce(ctx, parameters);
  await handOver(ctx, signed, parameters);
  return signed;
}

/** Signed and in the journal, and no more. Called again it answers with what was signed then. */
export async function signOnce(ctx: SendContext, parameters: SendParameters): Promise<SignedTransaction> {
  const { note = defaultNote, role, from } = parameters;
  const known = await liveTransaction(ctx, note);
  if (known !== undefined) return known;
  const signer = parameters.signer ?? (await openSigner(ctx, role));
  if (!sameAddress(signer.address, from)) {
    throw new TvError('signer.other-key', 'The key is another one than the plan was made for.', {
      facts: { planned: from, key: signer.address, from: signer.source },
      next: [{ tv: ['config', 'show'] }],
    });
  }
  failpoint(ctx.settings.sandbox, `${note}:unsigned`);
  const signed = await signTransaction(ctx.chain(), { ...parameters, signer });
  assertSameChain(ctx, signed);
  failpoint(ctx.settings.sandbox, `${note}:signed`);
  ctx.note(note, signed);
  failpoint(ctx.settings.sandbox, `${note}:noted`);
  return signed;
}

/**
 * The RPC URL may have been changed between the attempts of a run, and CHAIN_ID need not be set.
 * @throws TvError where the run has signed for another chain before
 */
function assertSameChain({ runs, runId }: SendContext, { chainId }: SignedTransaction): void {
  const lines = runs === undefined || runId === undefined ? [] : runs.read(runId);
  const earlier = lines.flatMap((line) => (line.type === 'step.noted' ? (chainIdOf(line.value) ?? []) : []));
  const other = earlier.find((id) => id !== chainId);
  if (other === undefined) return;
  throw new TvError(
    'chain.wrong-chain',
    `The RPC node is on chain ${chainId}, and this run has sent on chain ${other}; nothing was sent.`,
    {
      facts: { run: runId },
      next: [{ when: `set RPC_URL to a node of chain ${other}`, tv: ['config', 'show'] }],
      exitCode: exitCodes.blocked,
    },
  );
}

/** Undefined where the value of a note is no signed transaction. */
function chainIdOf(noted: Json): number | undefined {
  if (noted === null || typeof noted !== 'object' || Array.isArray(noted)) return undefined;
  const { raw, chainId } = noted as Readonly<Record<string, Json>>;
  return typeof raw === 'string' && typeof chainId === 'number' ? chainId : undefined;
}

/**
 * Gives a signed transaction to the node; the same one any number of times. What the node answers is
 * not looked at: `settleOnce` looks the transaction up, and hands it over again where it is not there.
 */
export async function handOver(
  ctx: SendContext,
  signed: SignedTransaction,
  { note = defaultNote, atOnce }: Pick<SendParameters, 'note' | 'atOnce'> = {},
): Promise<void> {
  await broadcast(ctx.chain(), signed, { atOnce });
  failpoint(ctx.settings.sandbox, `${note}:sent`);
}

/** The second half of `sendOnce`: waits for the block, handing the same bytes over again where they were lost. */
export async function settleOnce(
  ctx: SendContext,
  signed: SignedTransaction,
  { note = defaultNote, limitMs }: Pick<SendParameters, 'note' | 'limitMs'> = {},
): Promise<SentTransaction> {
  const settled = await settle(ctx.chain(), {
    transaction: signed,
    run: ctx.runId,
    signal: ctx.signal,
    ...(limitMs === undefined ? {} : { limitMs }),
  });
  if (settled.outcome === 'sent') return settled.sent;
  if (settled.outcome === 'no-effect') ctx.note(noEffectNote(note), signed.hash);
  throw settled.error;
}

/**
 * The answer of a step's `probe`, from what its run has noted and what the chain proves now. Never
 * `done`: running the step looks the transaction up, and gives its receipt to the verification. Where no
 * node answers, what was signed may have taken effect.
 */
export async function probeSent(ctx: SendContext, note = defaultNote): Promise<ProbeAnswer> {
  const signed = journaledTransaction(ctx, note);
  if (signed === undefined) return 'not-done';
  const proof = await answer(provenNoEffect(ctx.chain(), signed));
  return proof.known && proof.value !== undefined ? 'not-done' : 'begun';
}

/**
 * The transaction of this note, unless the chain proves (now, not only when it was noted) that it had
 * no effect. Undefined where nothing was signed yet, or what was signed may be replaced by a new one.
 * @throws TvError where no node answers
 */
export async function liveTransaction(
  ctx: Pick<SendContext, 'notes' | 'chain'>,
  note = defaultNote,
): Promise<SignedTransaction | undefined> {
  const signed = journaledTransaction(ctx, note);
  // Not known to have failed: `settle` finds out.
  if (signed === undefined || notedTransaction(ctx, note) !== undefined) return signed;
  return (await provenNoEffect(ctx.chain(), signed)) === undefined ? signed : undefined;
}

async function provenNoEffect(chain: Chain, signed: SignedTransaction): Promise<NoEffect | undefined> {
  return proveNoEffect(chain, signed, await lookUp(chain, signed));
}

/** What was signed, unless it was noted to have had no effect. Says nothing of what the chain proves now. */
export function notedTransaction(
  ctx: Pick<SendContext, 'notes'>,
  note = defaultNote,
): SignedTransaction | undefined {
  const signed = journaledTransaction(ctx, note);
  const withoutEffect = noteKey<`0x${string}`>(noEffectNote(note)).read(ctx);
  return signed === undefined || withoutEffect === signed.hash ? undefined : signed;
}

/** What was signed last under this note, whatever became of it. */
export function journaledTransaction(
  ctx: Pick<SendContext, 'notes'>,
  note = defaultNote,
): SignedTransaction | undefined {
  return noteKey<SignedTransaction>(note).read(ctx);
}

function noEffectNote(note: string): string {
  return `${note}-no-effect`;
}
