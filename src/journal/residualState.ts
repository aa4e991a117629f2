import { isAdviceCommand } from '../errors/advice.ts';
import { type Leftover, leftoverNote } from '../runbook/events.ts';
import type { Json } from '../runbook/json.ts';
import type { RunState } from './runState.ts';

/**
 * What the world says of a subject: null where it is as usual again, by whoever's doing; other words for what
 * is so; or why it was not seen, and then the journal is quoted as such.
 */
export type Seen = null | { readonly words: string } | { readonly unseen: string };

/**
 * Residual state of a run at its present point, in words: `protocol is OPEN (not paused)`.
 * From the journal alone, so that it is known also where no source answers.
 * @param seen by subject, what the world says of it: no journal knows that
 */
export function residualState(state: RunState, seen: Readonly<Record<string, Seen>> = {}): readonly string[] {
  return residualStateOfAll([state], seen);
}

/** The same of several runs: one statement about each subject, since "is" and "may be" contradict each other. */
export function residualStateOfAll(
  states: readonly RunState[],
  seen: Readonly<Record<string, Seen>> = {},
): readonly string[] {
  const bySubject = new Map<string, Left>();
  for (const left of states.flatMap(leftBySteps)) {
    const known = bySubject.get(left.subject);
    if (known === undefined || (left.certain && !known.certain)) bySubject.set(left.subject, left);
  }
  return [...bySubject.values()].flatMap(({ subject, words }) => {
    const now = seen[subject];
    if (now === null) return [];
    if (now === undefined) return [words];
    return ['words' in now ? now.words : `by the journal ${words}, and ${now.unseen}`];
  });
}

interface Left {
  readonly subject: string;
  readonly certain: boolean;
  readonly words: string;
}

function leftBySteps({ started, steps }: RunState): readonly Left[] {
  return started.plan.steps.flatMap<Left>(({ id, leaves }) => {
    const step = steps.get(id);
    if (leaves === undefined || step === undefined || step.status === 'undone') return [];
    if (steps.get(leaves.until)?.status === 'done') return [];
    const { subject, state, plural } = leaves;
    if (step.status === 'done') {
      return [{ subject, certain: true, words: `${subject} ${plural ? 'are' : 'is'} ${state}` }];
    }
    // Noted, and so perhaps done: what a step does is in the journal before it does it.
    return Object.keys(step.notes).length > 0
      ? [{ subject, certain: false, words: `${subject} may be ${state}` }]
      : [];
  });
}

/**
 * What a run has made, or may have, and not removed. The newest first: that is the order of removal.
 * From the journal alone: what has been removed by other means since is still named.
 */
export function leftoversOf({ started, steps }: RunState): readonly Leftover[] {
  return started.plan.steps
    .flatMap(({ id }) => {
      const step = steps.get(id);
      const noted = step?.notes[leftoverNote];
      if (step === undefined || step.status === 'undone' || !isLeftover(noted)) return [];
      return steps.get(noted.until)?.status === 'done' ? [] : [noted];
    })
    .toReversed();
}

function isLeftover(value: Json | undefined): value is Leftover {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  const { what, until, remove } = value as Readonly<Record<string, unknown>>;
  return typeof what === 'string' && typeof until === 'string' && isAdviceCommand(remove);
}
