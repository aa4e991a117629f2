import type { ResolvedIntent } from '../../../src/chain/intents/intent.ts';
import { resolveIntents } from '../../../src/chain/intents/resolveIntent.ts';
import type { Sender } from '../../../src/chain/preflight/lookAtSending.ts';
import { openProtocol, readProtocol } from '../../../src/chain/readProtocol.ts';
import {
  notedTransaction,
  probeSent,
  type SendParameters,
  sendOnce,
  settleOnce,
} from '../../../src/chain/transactions/sendOnce.ts';
import { castLine } from '../../../src/chain/transactions/sendSteps.ts';
import { formatAmount } from '../../../src/chain/treasury/amount.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import type { Step, StepContext } from '../../../src/runbook/define.ts';
import { asJson } from '../../../src/runbook/engine.ts';
import { short } from '../../../src/runbook/text.ts';
import type { Pausing, PayoutFacts, Withdrawal } from './facts.ts';
import { readAmounts } from './readAmounts.ts';

/** While the protocol is open for it, a withdrawal that is late does not hold up the new pause. Milliseconds. */
const openLimitMs = 30_000;

/** On Tempo all withdrawals are one transaction, elsewhere one each; with the pause around them where it has to be. */
export function payoutSteps(facts: PayoutFacts): readonly Step[] {
  const { pause, sender, withdrawals } = facts;
  const groups = sender.network === 'tempo' ? [withdrawals] : withdrawals.map((one) => [one]);
  const payments = groups.map((group, index) =>
    payment(facts, group, index === 0 ? 'withdraw' : `withdraw-${index + 1}`),
  );
  if (pause.way !== 'steps') return payments;
  return [endPause(pause, facts), ...payments, beginPause(pause, facts)];
}

function payment(facts: PayoutFacts, group: readonly Withdrawal[], id: string): Step {
  const { recipient, max, sender, pause } = facts;
  const amounts = group.map(({ amount, token }) => formatAmount(BigInt(amount), token)).join(' and ');
  const what = `${max ? 'all that is free, now ' : ''}${amounts}`;
  const around = pause.way === 'atomic' ? ', with the pause ended and begun again around it' : '';
  // What moves by itself is no part of the plan that is approved.
  const shown = group.map(({ intent, token }) =>
    max ? { ...intent, args: [token.address, '$ALL_THAT_IS_FREE', recipient] } : intent,
  );
  return {
    id,
    title: `withdraw ${what} to ${short(recipient, false)} as ${short(sender.from, false)}${around}`,
    command: inPause(facts, shown)
      .map((intent) => castLine(intent))
      .join('; '),
    effect: 'final',
    undoTitle: 'by the recipient only',
    probe: (ctx) => probeSent(ctx),
    run: async (ctx) => {
      if (pause.way === 'steps' && !('unpause' in ctx.results)) {
        throw new TvError('Not tried: the pause has not ended, and the vault refuses while paused.', {
          next: ['tv resume'],
        });
      }
      const exact = await readAmounts(ctx, facts, group);
      const intents = max
        ? await resolveIntents(
            ctx.chain(),
            exact.map(({ token, amount }) => ({ intent: 'withdraw', token, amount, recipient })),
          )
        : group.map(({ intent }) => intent);
      const sent = await send(ctx, inPause(facts, intents), sender, {
        replace: facts.replace,
        ownNonceLine: true,
        ...(pause.way === 'steps' ? { limitMs: openLimitMs } : {}),
      });
      const paid = Object.fromEntries(exact.map(({ token, amount }) => [token, amount.toString()]));
      return asJson({ ...sent, paid });
    },
  };
}

function inPause({ pause }: PayoutFacts, withdraws: readonly ResolvedIntent[]): readonly ResolvedIntent[] {
  return pause.way === 'atomic' ? [pause.end, ...withdraws, pause.begin] : withdraws;
}

type Stepwise = Pausing & { readonly sender: Sender };

function endPause({ end, begin, sender }: Stepwise, { replace }: PayoutFacts): Step {
  return {
    id: 'unpause',
    title: `end the pause as ${short(sender.from, false)}, for the withdrawal alone`,
    command: castLine(end),
    effect: 'reversible',
    undoTitle: 'undo: pause again',
    // Whatever was withdrawn meanwhile.
    undoAlways: true,
    leaves: { subject: openProtocol, state: 'OPEN (not paused)', until: 'pause' },
    probe: (ctx) => probeSent(ctx),
    run: async (ctx) => asJson(await send(ctx, [end], sender, { replace })),
    undo: async (ctx) => {
      const ended = notedTransaction(ctx);
      if (ended === undefined) return;
      // It may be on its way still, and open the protocol behind our back.
      await settleOnce(ctx, ended);
      if ((await readProtocol(ctx.chain())).paused === true) return;
      await send(ctx, [begin], sender, { replace, note: 'pause-again' });
    },
  };
}

/** Also where the withdrawal has failed: nothing keeps the protocol open longer than that. */
function beginPause({ begin, sender }: Stepwise, { replace }: PayoutFacts): Step {
  return {
    id: 'pause',
    title: `pause the protocol again as ${short(sender.from, false)}`,
    command: castLine(begin),
    effect: 'final',
    undoTitle: 'tv emergency resume',
    probe: (ctx) => probeSent(ctx),
    run: async (ctx) => {
      if (!('unpause' in ctx.results)) {
        // The end of the pause may still get into a block: a resume looks at it before anything else.
        throw new TvError('Not sent: whether the pause has ended is not known.', {
          facts: { 'paused now': String((await readProtocol(ctx.chain())).paused) },
          next: ['tv resume', 'if it is not paused: tv emergency shutdown'],
        });
      }
      return asJson(await send(ctx, [begin], sender, { replace }));
    },
  };
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
    calls: intents.map(({ address, data }) => ({ to: address, data })),
    feeToken: sender.feeToken ?? undefined,
    ...options,
  });
}
