import type { RunState } from './runState.ts';

/**
 * What a run has left unusual in the world where it stands, in words: `protocol is OPEN (not paused)`.
 * From the journal alone, so that it can be told also where nothing else answers.
 */
export function leftBehind({ started, steps }: RunState): readonly string[] {
  return started.plan.steps.flatMap(({ id, leaves }) => {
    const step = steps.get(id);
    if (leaves === undefined || step === undefined || step.status === 'undone') return [];
    if (steps.get(leaves.until)?.status === 'done') return [];
    if (step.status === 'done') return [`${leaves.subject} ${leaves.plural ? 'are' : 'is'} ${leaves.state}`];
    // Noted, and so perhaps done: what a step does is in the journal before it does it.
    return Object.keys(step.notes).length > 0 ? [`${leaves.subject} may be ${leaves.state}`] : [];
  });
}
