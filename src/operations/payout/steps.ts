import { ofCurrentState, readStaleHead } from '../../chain/currentState.ts';
import type { ResolvedIntent } from '../../chain/intents/intent.ts';
import { resolveIntents } from '../../chain/intents/resolveIntent.ts';
import type { Sender } from '../../chain/preflight/checkSending.ts';
import { openProtocol, readProtocol } from '../../chain/readProtocol.ts';
import { readUntil } from '../../chain/readUntil.ts';
import {
  journaledTransaction,
  liveTransaction,
  notedTransaction,
  probeSent,
  type SendParameters,
  sendOnce,
  settleOnce,
} from '../../chain/transactions/sendOnce.ts';
import { callsOf, castLine } from '../../chain/transactions/sendSteps.ts';
import { formatAmount } from '../../chain/treasury/amount.ts';
import { withdrawnBy } from '../../chain/treasury/withdrawals.ts';
import { known } from '../../errors/answer.ts';
import { exitCodes, TvError } from '../../errors/TvError.ts';
import type { Step, StepContext } from '../../runbook/define.ts';
import { block, pass } from '../../runbook/preflight.ts';
import { during } from '../../runbook/step.ts';
import { type PauseChange, pauseAgain, pausing, unpausing } from '../pauseSteps.ts';
import type { Pausing, PayoutFacts } from './facts.ts';
import { type Payment, paymentsOf } from './payments.ts';
import { readAmounts } from './withdrawable.ts';

/** While the protocol is open for it, a withdrawal that is late does not hold up the new pause. Milliseconds. */
const openLimitMs = 30_000;

/** The payments, with the protocol unpaused during them where it has to be. */
export function payoutSteps(facts: PayoutFacts): readonly Step[] {
  const { pause } = facts;
  const payments = paymentsOf(facts).map((one) => pay(facts, one));
  if (pause.way !== 'steps') return payments;
  return during({
    ...{ subject: openProtocol, state: 'OPEN (not paused)' },
    open: endPause(pause, facts),
    body: payments,
    close: beginPause(pause, facts),
    // Whatever was withdrawn meanwhile.
    mustEnd: true,
  });
}

function pay(facts: PayoutFacts, { step, withdrawals: group }: Payment): Step {
  const { recipient, max, sender, pause } = facts;
  const amounts = group.map(({ amount, token }) => formatAmount(BigInt(amount), token)).join(' and ');
  const what = `${max ? 'all that is withdrawable, now ' : ''}${amounts}`;
  const around = pause.way === 'atomic' ? ', with the pause ended and begun again around it' : '';
  // What moves by itself is no part of the plan that is approved.
  const shown = group.map(({ intent, token }) =>
    max ? { ...intent, args: [token.address, '$ALL_THAT_IS_FREE', recipient] } : intent,
  );
  return step.define({
    // Also where the pause around it has gone since.
    once: shown.map(castLine),
    title: `withdraw ${what} to ${recipient} as ${sender.from}${around}`,
    command: inPause(facts, shown)
      .map((intent) => castLine(intent))
      .join('; '),
    runs: 'here',
    effect: 'final',
    afterwards: 'by the recipient only',
    sends: known({
      from: sender.from,
      calls: callsOf(
        inPause(
          facts,
          group.map(({ intent }) => intent),
        ),
      ),
      ...(max ? { moves: true } : {}),
    }),
    probe: (ctx) => probeSent(ctx),
    run: async (ctx) => {
      if (pause.way === 'steps' && !unpausing.isDone(ctx)) {
        throw new TvError(
          'emergency.still-paused',
          'Not tried: the pause has not ended, and the vault refuses while paused.',
          {
            next: [{ tv: ['resume'] }],
          },
        );
      }
      const signed = await liveTransaction(ctx);
      const amounts = max && signed === undefined ? await readAmounts(ctx, facts, group) : [];
      const intents = max
        ? await resolveIntents(
            ctx.chain(),
            amounts.map(({ token, amount }) => ({ intent: 'withdraw', token, amount, recipient })),
          )
        : group.map(({ intent }) => intent);
      const sent = await send(ctx, inPause(facts, intents), sender, {
        replace: facts.replace,
        ownNonceLine: true,
        ...(pause.way === 'steps' ? { limitMs: openLimitMs } : {}),
      });
      // Of the transaction in the journal, whatever was read since.
      return { ...sent, paid: withdrawnBy(journaledTransaction(ctx)?.calls ?? []) };
    },
  });
}

function inPause({ pause }: PayoutFacts, withdraws: readonly ResolvedIntent[]): readonly ResolvedIntent[] {
  return pause.way === 'atomic' ? [pause.end, ...withdraws, pause.begin] : withdraws;
}

type Stepwise = Pausing & { readonly sender: Sender };

function endPause({ end, begin, sender }: Stepwise, { replace }: PayoutFacts): Step {
  return unpausing.define({
    title: `end the pause as ${sender.from}, for the withdrawal alone`,
    command: castLine(end),
    runs: 'here',
    effect: 'reversible',
    undoTitle: 'pause the protocol again',
    once: [],
    sends: known({ from: sender.from, calls: callsOf([end]) }),
    probe: (ctx) => probeSent(ctx),
    run: (ctx) => sendPausing(ctx, end, sender, { replace }),
    undo: async (ctx) => {
      const ended = notedTransaction(ctx);
      if (ended === undefined) return;
      // It may be on its way still, and open the protocol behind our back.
      const error = await settleOnce(ctx, ended).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      // Proven to have had no effect: there is nothing to undo.
      if (error !== undefined && notedTransaction(ctx) === undefined) return;
      if (await isPausedNow(ctx, true)) {
        if (error !== undefined) throw error;
        return;
      }
      await send(ctx, [begin], sender, { replace, note: pauseAgain });
    },
    checkUndone: async (ctx) => {
      return ofCurrentState(ctx, async () => {
        const paused = await readUntil(
          ctx,
          async () => (await readProtocol(ctx.chain())).paused,
          (value) => value === true,
        );
        if (paused === undefined)
          throw new TvError('emergency.pause-unknown', 'no contract returns whether it is paused');
        return paused
          ? pass('the protocol is paused, as before the run')
          : block('the protocol is not paused, and was paused before the run', {
              next: [{ tv: ['emergency', 'shutdown'] }],
            });
      });
    },
  });
}

/** Also where the withdrawal has failed: nothing keeps the protocol open longer than that. */
function beginPause({ begin, sender }: Stepwise, { replace }: PayoutFacts): Step {
  return pausing.define({
    title: `pause the protocol again as ${sender.from}`,
    command: castLine(begin),
    runs: 'here',
    effect: 'final',
    once: [],
    sends: known({ from: sender.from, calls: callsOf([begin]) }),
    afterwards: { tv: ['emergency', 'resume'] },
    probe: (ctx) => probeSent(ctx),
    run: async (ctx) => {
      if (!unpausing.isDone(ctx)) {
        const { paused } = await readProtocol(ctx.chain());
        // The end of the pause may still get into a block: a resume looks it up before anything else.
        if (paused !== false) {
          throw new TvError(
            'emergency.pause-unknown',
            'Not sent: it is unknown whether the protocol is unpaused.',
            {
              facts: { 'paused now': paused === undefined ? 'unknown' : 'yes' },
              next: [{ tv: ['resume'] }, { when: 'if it is not paused', tv: ['emergency', 'shutdown'] }],
            },
          );
        }
      }
      return sendPausing(ctx, begin, sender, { replace });
    },
  });
}

/**
 * Ends or begins the pause. Where the receipt does not show whether that succeeded, the protocol itself is
 * asked: the withdrawal, and the pause after it, depend on its state alone.
 */
async function sendPausing(
  ctx: StepContext,
  intent: ResolvedIntent,
  sender: Sender,
  options: Pick<SendParameters, 'replace'>,
): Promise<PauseChange> {
  try {
    return await send(ctx, [intent], sender, options);
  } catch (error) {
    if (!(error instanceof TvError) || error.exitCode !== exitCodes.unverified) throw error;
    const wanted = intent.intent === 'pauseProtocol';
    const signed = journaledTransaction(ctx);
    if (signed === undefined || !(await isPausedNow(ctx, wanted))) throw error;
    return { hash: signed.hash, from: signed.from, seen: wanted ? 'paused' : 'not paused' };
  }
}

/** Whether the protocol is paused, or not, in a block that is recent enough to say so of now. */
async function isPausedNow(ctx: StepContext, wanted: boolean): Promise<boolean> {
  const [stale, { paused }] = await Promise.all([readStaleHead(ctx), readProtocol(ctx.chain())]);
  return stale === undefined && paused === wanted;
}

function send(
  ctx: StepContext,
  intents: readonly ResolvedIntent[],
  sender: Sender,
  options: Pick<SendParameters, 'replace' | 'ownNonceLine' | 'limitMs' | 'note'>,
) {
  return sendOnce(ctx, {
    role: sender.role,
    from: sender.from,
    calls: callsOf(intents),
    feeToken: sender.feeToken ?? undefined,
    ...options,
  });
}
