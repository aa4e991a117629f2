import { setTimeout as sleep } from 'node:timers/promises';
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
import { exitCodes, TimeoutError, TvError } from '../../src/errors/TvError.ts';
import type { Step, StepContext } from '../../src/runbook/define.ts';
import { asJson } from '../../src/runbook/json.ts';
import type { ShutdownFacts } from './shutdown.preflight.ts';

/** A node that takes longer does not keep the services running meanwhile. Milliseconds. */
const submitLimitMs = 5_000;
/** Where the services are told to stop already, a node in passing trouble is tried for so long. Milliseconds. */
const patienceMs = 60_000;
/** Enough for a request to be on its way. Milliseconds. */
const headStartMs = 20;
/** Everything else is done by then, so that this may take its time. Milliseconds. */
const blockLimitMs = 60_000;
/** What a fee may come to at most, for choosing the token that pays it; in its smallest unit. */
const feeAllowance = 100_000n;

type PauseFacts = ShutdownFacts['pause'];

/** The two halves of the pause, with the stopping of the services in between. */
export function pauseSteps(pause: PauseFacts): { readonly send: Step; readonly see: Step } {
  let signing: Promise<SignedTransaction> | undefined;
  // What is begun in one step and awaited in the other ends with an interruption of either.
  const given = new AbortController();
  const endWith = ({ signal }: StepContext) =>
    signal.addEventListener('abort', () => given.abort(signal.reason), { once: true });
  let patientUntil = Number.POSITIVE_INFINITY;
  let looking: Promise<Seen> | undefined;
  const who = pause.sender === null ? '' : ` as ${pause.sender.from}`;
  const send: Step = {
    id: 'pause',
    title: pause.trouble === null ? `pause the protocol${who}` : 'try to pause the protocol all the same',
    command:
      pause.intent === null
        ? `cast send $RISK_CONTROLLER_ADDRESS "toggleGlobalPause(bool)" true ${node} --account emergency`
        : castLine(pause.intent),
    runs: 'here',
    effect: 'final',
    afterwards: { tv: ['emergency', 'resume'] },
    // It may wait for the node for a minute then, and waits for nothing else.
    interruptible: pause.trouble !== null,
    probe: async (ctx) => {
      const sent = await probeSent(ctx);
      // Somebody else may have paused it since.
      return sent === 'not-done' && (await untilAnswered(ctx, () => isPausedNow(ctx), patienceMs))
        ? 'done'
        : sent;
    },
    run: async (ctx) => {
      endWith(ctx);
      patientUntil = ctx.clock.now().getTime() + patienceMs;
      // Of an earlier attempt: the look hands it over again, if the node does not have it.
      const isNew = notedTransaction(ctx) === undefined;
      signing = untilAnswered(
        { ...ctx, signal: given.signal },
        () => sign(ctx, pause, given.signal),
        patienceMs,
      );
      const handing = signing.then((signed) => {
        given.signal.throwIfAborted();
        return isNew ? handOver(ctx, signed, { atOnce: true }) : undefined;
      });
      looking = Promise.all([signing, handing]).then(([signed]) => look(ctx, signed));
      // Told by the step that sees it.
      looking.catch(() => {});
      const signed = await withinLimit(
        signing,
        pause.trouble === null ? submitLimitMs : patienceMs + submitLimitMs,
      );
      // Out first, while the services need not wait for what the node says to it.
      await Promise.race([handing.catch(() => {}), sleep(headStartMs)]);
      return asJson(signed);
    },
  };
  const see: Step = {
    id: 'paused',
    title: 'see it paused',
    command: `cast call ${pause.intent?.address ?? '$RISK_CONTROLLER_ADDRESS'} "paused()(bool)" ${node}`,
    runs: 'here',
    effect: 'final',
    afterwards: 'only looks',
    interruptible: true,
    probe: async (ctx) =>
      (await untilAnswered(ctx, () => isPausedNow(ctx), patienceMs)) ? 'done' : 'not-done',
    run: async (ctx) => {
      endWith(ctx);
      const left = () => Math.min(patienceMs, patientUntil - ctx.clock.now().getTime());
      const early = ctx.results['pause'] as SignedTransaction | null | undefined;
      const signed = early ?? (await signing?.catch(() => undefined));
      // After a kill nobody has looked yet.
      const seen = signed === undefined ? undefined : await (looking ?? look(ctx, signed));
      const paused = seen?.paused ?? (await untilAnswered(ctx, () => isPausedNow(ctx), left()));
      if (paused === true) return asJson(seen?.sent);
      const stale = await readStaleHead(ctx);
      if (paused === undefined || stale !== undefined) {
        const reason = stale?.summary ?? 'no contract returns it';
        throw new TvError('Whether the protocol is paused is unknown.', {
          exitCode: exitCodes.unverified,
          facts: { reason, transaction: signed?.hash, ...stale?.facts },
          next: [...(stale?.next ?? []), { when: 'then', tv: ['resume'] }],
        });
      }
      throw new TvError('The protocol is not paused.', {
        facts: { reason: seen === undefined ? 'the transaction could not be sent, see above' : undefined },
        next: [
          { when: 'try again', tv: ['resume'] },
          { when: 'for another signer', tv: ['emergency', 'shutdown', '--calldata'] },
        ],
      });
    },
  };
  return { send, see };
}

interface Seen {
  readonly sent: SentTransaction;
  /** Undefined where it is unknown. */
  readonly paused: boolean | undefined;
}

/** Begun as soon as the transaction is on its way, so that the services stop meanwhile. */
async function look(ctx: StepContext, signed: SignedTransaction): Promise<Seen> {
  const [sent, early] = await Promise.all([
    settleOnce(ctx, signed, { limitMs: blockLimitMs }),
    // In the same batch: where the block was faster, this is the answer.
    readProtocol(ctx.chain()).catch(() => undefined),
  ]);
  // The receipt is there: a node that does not answer now leaves open what became of it since.
  const isPaused = () => isPausedNow(ctx).catch(() => undefined);
  return { sent, paused: early?.paused === true || (await readUntil(ctx, isPaused, Boolean)) };
}

/** Undefined where no contract returns it, or the block is too old to say so of now. */
async function isPausedNow(ctx: StepContext): Promise<boolean | undefined> {
  const [stale, { paused }] = await Promise.all([readStaleHead(ctx), readProtocol(ctx.chain())]);
  return stale === undefined ? paused : undefined;
}

/**
 * Signed at most once: what a failed attempt has not written to the journal was not signed.
 * @param given once it is aborted, nothing is signed any more
 */
async function sign(ctx: StepContext, pause: PauseFacts, given: AbortSignal): Promise<SignedTransaction> {
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
    given.throwIfAborted();
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

/** What is late goes on by itself: it is in the journal before it is sent, and looked at in the end. */
async function withinLimit<T>(work: Promise<T>, limitMs: number): Promise<T> {
  const late = new AbortController();
  const limit = sleep(limitMs, undefined, { signal: late.signal }).then(() => {
    throw new TimeoutError(`The node has not taken the pause within ${limitMs / 1000} s.`, {
      next: ['the services are stopped meanwhile; then it is looked at again'],
    });
  });
  limit.catch(() => {});
  try {
    return await Promise.race([work, limit]);
  } finally {
    late.abort();
  }
}
