import type { ResolvedIntent } from '../../../src/chain/intents/intent.ts';
import { resolveIntent } from '../../../src/chain/intents/resolveIntent.ts';
import type { Sender } from '../../../src/chain/preflight/lookAtSending.ts';
import { readProtocol } from '../../../src/chain/readProtocol.ts';
import { notedTransaction, probeSent, sendOnce } from '../../../src/chain/transactions/sendOnce.ts';
import { castLine } from '../../../src/chain/transactions/sendSteps.ts';
import { formatAmount } from '../../../src/chain/treasury/amount.ts';
import { readWithdrawable } from '../../../src/chain/treasury/readWithdrawable.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import type { Step, StepContext } from '../../../src/runbook/define.ts';
import { asJson } from '../../../src/runbook/engine.ts';
import { short } from '../../../src/runbook/text.ts';
import type { WithdrawFacts } from './facts.ts';
import { holdsFor } from './preflight.ts';

export function withdrawSteps(facts: WithdrawFacts): readonly Step[] {
  const { pause } = facts;
  if (pause.way !== 'steps') return [withdrawal(facts)];
  return [endPause(pause.end, pause.sender, facts), withdrawal(facts), beginPause(pause, facts)];
}

function withdrawal(facts: WithdrawFacts): Step {
  const { token, recipient, amount, max, sender, pause } = facts;
  const what = `${max ? 'all that is free, now ' : ''}${formatAmount(BigInt(amount), token)}`;
  const around = pause.way === 'atomic' ? ', with the pause ended and begun again around it' : '';
  // What moves by itself is no part of the plan that is approved.
  const shown = max
    ? { ...facts.withdraw, args: [token.address, '$ALL_THAT_IS_FREE', recipient] }
    : facts.withdraw;
  return {
    id: 'withdraw',
    title: `withdraw ${what} to ${short(recipient, false)} as ${short(sender.from, false)}${around}`,
    command: (pause.way === 'atomic' ? [pause.end, shown, pause.begin] : [shown])
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
      const exact = await exactAmount(ctx, facts);
      const withdraw =
        exact === amount
          ? facts.withdraw
          : await resolveIntent(ctx.chain(), {
              intent: 'withdraw',
              token: token.address,
              amount: BigInt(exact),
              recipient,
            });
      const intents = pause.way === 'atomic' ? [pause.end, withdraw, pause.begin] : [withdraw];
      return asJson({ ...(await send(ctx, intents, sender, facts.replace, true)), amount: exact });
    },
  };
}

/** With `max`, as late as can be: just before it is signed, and once and for all then. */
async function exactAmount(ctx: StepContext, facts: WithdrawFacts): Promise<string> {
  const { amount, max, withdraw, token, recipient, sender, pause } = facts;
  if (!max) return amount;
  const noted = ctx.notes['amount'];
  if (typeof noted === 'string' && notedTransaction(ctx) !== undefined) return noted;
  const first =
    pause.way === 'atomic' ? { from: sender.from, to: pause.end.address, data: pause.end.data } : undefined;
  const free = await readWithdrawable(ctx.chain(), {
    vault: withdraw.address,
    token: token.address,
    from: sender.from,
    recipient,
    first,
    holdsFor,
  });
  ctx.note('amount', free.toString());
  return free.toString();
}

function endPause(end: ResolvedIntent, sender: Sender, { replace }: WithdrawFacts): Step {
  return {
    id: 'unpause',
    title: `end the pause as ${short(sender.from, false)}, for the next step alone`,
    command: castLine(end),
    effect: 'final',
    undoTitle: 'step 3',
    probe: (ctx) => probeSent(ctx),
    run: async (ctx) => asJson(await send(ctx, [end], sender, replace, false)),
  };
}

/** Also where the withdrawal has failed: nothing keeps the protocol open longer than that. */
function beginPause(
  { begin, sender }: Extract<WithdrawFacts['pause'], { way: 'steps' }>,
  { replace }: WithdrawFacts,
): Step {
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
          next: ['tv resume', 'tv emergency shutdown, if it is not paused'],
        });
      }
      return asJson(await send(ctx, [begin], sender, replace, false));
    },
  };
}

function send(
  ctx: StepContext,
  intents: readonly ResolvedIntent[],
  sender: Sender,
  replace: boolean,
  ownNonceLine: boolean,
) {
  return sendOnce(ctx, {
    role: sender.role,
    from: sender.from,
    calls: intents.map(({ address, data }) => ({ to: address, data })),
    feeToken: sender.feeToken ?? undefined,
    ownNonceLine,
    replace,
  });
}
