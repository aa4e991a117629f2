import type { Advice } from '../../errors/advice.ts';
import { known } from '../../errors/answer.ts';
import type { Step } from '../../runbook/define.ts';
import type { PlannedTransaction } from '../../runbook/effects.ts';
import { type StepKey, step } from '../../runbook/step.ts';
import type { ResolvedIntent } from '../intents/intent.ts';
import type { Sender } from '../preflight/checkSending.ts';
import { probeSent, sendOnce } from './sendOnce.ts';
import type { SentTransaction } from './transaction.ts';

export interface SendStepsParameters {
  /** Of the first step; those after it get a number: `trip`, `trip-2`. */
  readonly id: string;
  /** Of one step, for the intents that it sends. */
  title(intents: readonly ResolvedIntent[]): string;
  readonly intents: readonly ResolvedIntent[];
  readonly sender: Sender;
  readonly urgent?: boolean;
  readonly replace?: boolean;
  readonly afterwards?: Advice;
  /** Of every transaction, what the preview of its effects needs besides its calls. */
  readonly preview?: Pick<PlannedTransaction, 'moves' | 'tokens' | 'orders'>;
}

/**
 * Calls in one transaction on Tempo. The first write to a storage slot takes 250 000 gas there
 * (TIP-1000), and a transaction may take 30 000 000.
 */
const callsAtOnce = 50;

/** Steps that send intents: on Tempo together in one transaction, elsewhere one by one. */
export function sendSteps(parameters: SendStepsParameters): readonly Step[] {
  return groupsOf(parameters).map(({ step, group }) => sendStep(parameters, group, step));
}

/** The steps that `sendSteps` makes of the same parameters, by reference. */
export function sentSteps(
  parameters: Pick<SendStepsParameters, 'id' | 'intents' | 'sender'>,
): readonly StepKey<SentTransaction>[] {
  return groupsOf(parameters).map(({ step }) => step);
}

function groupsOf({ id, intents, sender }: Pick<SendStepsParameters, 'id' | 'intents' | 'sender'>) {
  const size = sender.network === 'tempo' ? callsAtOnce : 1;
  return Array.from({ length: Math.ceil(intents.length / size) }, (_, index) => ({
    step: step<SentTransaction>(index === 0 ? id : `${id}-${index + 1}`),
    group: intents.slice(index * size, (index + 1) * size),
  }));
}

function sendStep(
  { title, sender, urgent, replace, afterwards, preview }: SendStepsParameters,
  intents: readonly ResolvedIntent[],
  key: StepKey<SentTransaction>,
): Step {
  return key.define({
    title: title(intents),
    command: castLines(intents),
    runs: 'here',
    once: intents.map(castLine),
    effect: 'final',
    ...(afterwards === undefined ? {} : { afterwards }),
    sends: known({ from: sender.from, calls: callsOf(intents), ...preview }),
    probe: (ctx) => probeSent(ctx),
    run: (ctx) =>
      sendOnce(ctx, {
        role: sender.role,
        from: sender.from,
        calls: callsOf(intents),
        feeToken: sender.feeToken ?? undefined,
        ownNonceLine: urgent,
        replace,
      }),
  });
}

export function callsOf(intents: readonly ResolvedIntent[]) {
  return intents.map(({ address, data }) => ({ to: address, data }));
}

/** More calls than this are counted, not written out. */
const writtenOut = 3;

function castLines(intents: readonly ResolvedIntent[]): string {
  const [first] = intents;
  if (intents.length <= writtenOut || first === undefined) return intents.map(castLine).join('; ');
  return `${castLine(first)}  # and the same for ${intents.length - 1} more`;
}

/** Which node `cast` asks; whoever prints the line puts the address in, where it holds no credentials. */
export const node = '--rpc-url "$RPC_URL"';

/** An intent as a line of the runbook; with a keystore, since a line may be pasted. */
export function castLine({ address, signature, args, role }: ResolvedIntent): string {
  const words = ['cast send', address, `"${signature}"`, ...args, node, `--account ${role.signer}`];
  return words.join(' ');
}
