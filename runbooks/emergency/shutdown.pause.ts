import { readStaleHead } from '../../src/chain/currentState.ts';
import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import { readProtocol } from '../../src/chain/readProtocol.ts';
import { readUntil } from '../../src/chain/readUntil.ts';
import { openSigner } from '../../src/chain/signers/openSigner.ts';
import { readFunds } from '../../src/chain/transactions/readFunds.ts';
import {
  handOver,
  notedTransaction,
  probeSent,
  settleOnce,
  signOnce,
} from '../../src/chain/transactions/sendOnce.ts';
import { castLine, node } from '../../src/chain/transactions/sendSteps.ts';
import type { SentTransaction, SignedTransaction } from '../../src/chain/transactions/transaction.ts';
import { untilAnswered } from '../../src/chain/untilAnswered.ts';
import { known, unknown } from '../../src/errors/answer.ts';
import { exitCodes, TvError } from '../../src/errors/TvError.ts';
import { pausing } from '../../src/operations/pauseSteps.ts';
import type { Step, StepContext } from '../../src/runbook/define.ts';
import { monotonic } from '../../src/runbook/monotonic.ts';
import type { ShutdownFacts } from './shutdown.preflight.ts';

/** A node in passing trouble is tried for so long. Milliseconds. */
const patienceMs = 60_000;
/** The services are stopped meanwhile, so this may take its time. Milliseconds. */
const blockLimitMs = 60_000;
/** What a fee may come to at most, for choosing the token that pays it; in its smallest unit. */
const feeAllowance = 100_000n;

type PauseFacts = ShutdownFacts['pause'];

/** Signed once, journaled, sent, settled and read back; done only once the contracts return that it is paused. */
export function pauseStep(pause: PauseFacts): Step {
  const who = pause.sender === null ? '' : ` as ${pause.sender.from}`;
  return pausing.define({
    title: pause.trouble === null ? `pause the protocol${who}` : `try to pause the protocol${who}`,
    command:
      pause.intent === null
        ? `cast send $RISK_CONTROLLER_ADDRESS "toggleGlobalPause(bool)" true ${node} --account emergency`
        : castLine(pause.intent),
    runs: 'here',
    effect: 'final',
    afterwards: { tv: ['emergency', 'resume'] },
    sends:
      pause.intent === null || pause.sender === null
        ? unknown(pause.trouble ?? 'the chain could not be read')
        : known({
            from: pause.sender.from,
            calls: [{ to: pause.intent.address, data: pause.intent.data }],
          }),
    // It may wait for the node for a minute. Once it is interrupted, nothing is signed or sent any more.
    interruptible: true,
    probe: async (ctx) => {
      const sent = await probeSent(ctx);
      if (sent !== 'not-done') return sent;
      // Another account may have paused it since.
      return (await untilAnswered(ctx, () => isPausedNow(ctx), patienceMs)) ? 'done' : 'not-done';
    },
    run: async (ctx) => {
      const until = monotonic(ctx.clock) + patienceMs;
      let signed: SignedTransaction;
      try {
        // `settleOnce` sends the transaction of an earlier attempt again, if no node has it.
        const isNew = notedTransaction(ctx) === undefined;
        signed = await untilAnswered(ctx, () => sign(ctx, pause), patienceMs);
        ctx.signal.throwIfAborted();
        if (isNew) await handOver(ctx, signed, { atOnce: true });
      } catch (error) {
        ctx.signal.throwIfAborted();
        const left = Math.min(patienceMs, until - monotonic(ctx.clock));
        await assertPausedByOthers(ctx, error, left);
        return undefined;
      }
      const sent = await settleAndRead(ctx, signed);
      const isPaused =
        sent.paused ??
        (await untilAnswered(
          ctx,
          () => isPausedNow(ctx),
          Math.min(patienceMs, until - monotonic(ctx.clock)),
        ));
      if (isPaused === true) return sent.sent;
      const stale = await readStaleHead(ctx);
      if (isPaused === undefined || stale !== undefined) {
        throw new TvError('emergency.pause-unknown', 'Whether the protocol is paused is unknown.', {
          exitCode: exitCodes.unverified,
          facts: {
            reason: stale?.summary ?? 'no contract returns it',
            transaction: signed.hash,
            ...stale?.facts,
          },
          next: [...(stale?.next ?? []), { when: 'then', tv: ['resume'] }],
        });
      }
      throw new TvError('emergency.not-paused', 'The protocol is not paused.', {
        facts: { transaction: signed.hash },
        next: tryAgain,
      });
    },
  });
}

const tryAgain = [
  { when: 'try again', tv: ['resume'] },
  { when: 'for another signer', tv: ['emergency', 'shutdown', '--calldata'] },
];

/**
 * Nothing was sent; that is no failure where the protocol is paused all the same.
 * @throws TvError otherwise
 */
async function assertPausedByOthers(ctx: StepContext, cause: unknown, limitMs: number): Promise<void> {
  let isPaused: boolean | undefined;
  try {
    isPaused = await untilAnswered(ctx, () => isPausedNow(ctx), limitMs);
  } catch {
    ctx.signal.throwIfAborted();
    throw cause;
  }
  if (isPaused === true) return;
  if (isPaused === undefined || !(cause instanceof TvError)) throw cause;
  throw new TvError(
    'emergency.not-paused',
    'The protocol is not paused: the transaction could not be sent.',
    {
      facts: { reason: cause.message, ...cause.facts },
      next: [...cause.next, ...tryAgain],
      cause,
    },
  );
}

/** `paused`: undefined where it is unknown. */
async function settleAndRead(
  ctx: StepContext,
  signed: SignedTransaction,
): Promise<{ readonly sent: SentTransaction; readonly paused: boolean | undefined }> {
  const [sent, early] = await Promise.all([
    settleOnce(ctx, signed, { limitMs: blockLimitMs }),
    // In the same batch: where the block was faster, this is the answer.
    readProtocol(ctx.chain()).catch(() => undefined),
  ]);
  // The receipt is known: a node that does not answer now leaves open what became of it since.
  const isPaused = () => isPausedNow(ctx).catch(() => undefined);
  return { sent, paused: early?.paused === true || (await readUntil(ctx, isPaused, Boolean)) };
}

/** Undefined where no contract returns it, or the block is too old to show the current state. */
async function isPausedNow(ctx: StepContext): Promise<boolean | undefined> {
  const [stale, { paused }] = await Promise.all([readStaleHead(ctx), readProtocol(ctx.chain())]);
  return stale === undefined ? paused : undefined;
}

/** Signed at most once: what a failed attempt has not written to the journal was not signed. */
async function sign(ctx: StepContext, pause: PauseFacts): Promise<SignedTransaction> {
  const noted = notedTransaction(ctx);
  if (noted !== undefined) return noted;
  const intent = pause.intent ?? (await resolveIntent(ctx.chain(), { intent: 'pauseProtocol' }));
  const role = intent.role.signer;
  const { address } = await openSigner(ctx, role);
  const from = pause.sender?.from ?? address;
  const feeToken =
    pause.sender === null
      ? (await readFunds(ctx.chain(), { account: from, needed: feeAllowance })).feeToken
      : (pause.sender.feeToken ?? undefined);
  const note: StepContext['note'] = (name, value) => {
    // The run was interrupted: what is signed from here on must not be sent.
    ctx.signal.throwIfAborted();
    ctx.note(name, value);
  };
  return signOnce(
    { ...ctx, note },
    {
      role,
      from,
      calls: [{ to: intent.address, data: intent.data }],
      feeToken,
      ownNonceLine: true,
      replace: pause.replace,
    },
  );
}
