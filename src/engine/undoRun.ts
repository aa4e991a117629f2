import type { Advice } from '../errors/advice.ts';
import { exitCodes, TvError } from '../errors/TvError.ts';
import {
  begunSteps,
  canBeContinued,
  isFinal,
  isUnfinished,
  type RunState,
  undoable,
} from '../journal/runState.ts';
import { journaledTransactions } from '../journal/sentTransactions.ts';
import { ChangedSince } from '../runbook/changedSince.ts';
import type { Step } from '../runbook/define.ts';
import type { StepData } from '../runbook/events.ts';
import type { Json } from '../runbook/json.ts';
import { Refusal } from './engine.ts';
import {
  checkUndone,
  close,
  type Ending,
  type Execution,
  interrupted,
  isBefore,
  probeQuietly,
  stepContext,
  undoSteps,
} from './execute.ts';

/** Steps that took effect, or may have, and that an undo leaves. */
export function keptOf(state: RunState, left: readonly Step[]) {
  const kept = begunSteps(state, state.started.plan.steps)
    .map(({ id }) => id)
    .filter((id) => !left.some((step) => step.id === id));
  return { kept, undecided: kept.filter((id) => !isDone(state, id)) };
}

/** A step as the list of an undo names it: by what undoes it. There is no shell line for that. */
export function asUndo(step: StepData): StepData {
  const title = step.undo ?? `undo: ${step.title}`;
  return { ...step, title, command: '', undo: null };
}

/**
 * @throws Refusal where the run was undone or rolled back, with what its steps have left, as it is now
 */
export async function assertNotUndone(execution: Execution, { status }: RunState): Promise<void> {
  if (status !== 'undone' && status !== 'rolled-back') return;
  const { run } = execution;
  const checks = await checkUndone(execution);
  // One that is not as before was changed since: that is none of this run's.
  const left = checks.filter(({ check, isBefore }) => check.status === 'warn' || isBefore === null);
  const words = left.map(({ check: { summary, facts } }) =>
    [summary, ...Object.values(facts ?? {})].join(': '),
  );
  throw new Refusal('run.closed', `The run was ${status === 'undone' ? 'undone' : 'rolled back'} already.`, {
    exitCode: exitCodes.blocked,
    facts: { run, status, ...(words.length === 0 ? {} : { 'residual state': words.join('; ') }) },
    next: [{ tv: ['runs', 'show', run] }],
  });
}

/**
 * The steps to undo: all that have, or may have, taken effect, as far as `undoable` allows. A final step is asked
 * whether it has.
 * @throws Refusal where that leaves nothing, with nothing undone yet
 */
export async function toUndo(execution: Execution, state: RunState): Promise<readonly Step[]> {
  const statusOf = (step: Step) => state.steps.get(step.id)?.status ?? 'waiting';
  const begun = begunSteps(state, execution.steps);
  // The first one: from there on the run had no way back, whatever followed.
  let final: Step | undefined;
  for (const step of begun.filter(isFinal)) {
    if (!(await mayHaveTakenEffect(execution, step, state))) continue;
    final = step;
    break;
  }
  const toCome = begun.filter(({ undo }) => undo !== undefined);
  // After an undo that was not verified, what is not as before is undone once more.
  const again =
    toCome.length > 0
      ? []
      : (await checkUndone(execution)).flatMap(({ step, isBefore }) => (isBefore === false ? [step] : []));
  const left = undoable([...again, ...toCome], final);
  for (const step of left) await assertUndoable(execution, step, state);
  const isUndone = execution.steps.some((step) => statusOf(step) === 'undone');
  if (final === undefined || left.length > 0 || isUndone) return left;
  const { run } = execution;
  const number = execution.steps.indexOf(final) + 1;
  throw new Refusal('run.irreversible', `Cannot undo: step ${number} is irreversible.`, {
    exitCode: exitCodes.blocked,
    facts: { run, step: final.title, command: final.command },
    next: insteadOfUndo(state),
  });
}

/** What helps where an undo is refused. A transaction may still decide the run: that is found out by a resume. */
function insteadOfUndo(state: RunState): readonly Advice[] {
  const { run } = state.started;
  if (!canBeContinued(state)) return [{ tv: ['runs', 'show', run] }];
  const ways = [{ tv: ['resume', run] }];
  if (!isUnfinished(state) || journaledTransactions(state.lines).length > 0) return ways;
  return [...ways, { when: 'or, if it cannot be finished', tv: ['runs', 'abandon', run, '--reason', '…'] }];
}

/** @throws Refusal, with nothing undone yet, where the world has moved on */
async function assertUndoable(execution: Execution, step: Step, state: RunState): Promise<void> {
  try {
    await step.assertUndoable?.(stepContext(execution, step, resultsOf(state)));
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    throw new Refusal(error.code, error.message, {
      exitCode: error instanceof ChangedSince ? exitCodes.failed : exitCodes.blocked,
      facts: { run: execution.run, ...error.facts },
      next: error.next,
    });
  }
}

/** Whether a step has taken effect, or may have. */
async function mayHaveTakenEffect(execution: Execution, step: Step, state: RunState): Promise<boolean> {
  if (isDone(state, step.id)) return true;
  return (await probeQuietly(execution, step, resultsOf(state))) !== 'not-done';
}

/** By step, as the journal has them. */
export function resultsOf(state: RunState): Record<string, Json> {
  return Object.fromEntries([...state.steps].map(([id, { result }]) => [id, result]));
}

export function isDone(state: RunState, step: string): boolean {
  return state.steps.get(step)?.status === 'done';
}

export async function undo(execution: Execution, left: readonly Step[], state: RunState): Promise<Ending> {
  const way = await undoSteps(execution, left, resultsOf(state), { stoppable: true });
  if (typeof way === 'object') return close(execution, { outcome: 'interrupted', exitCode: way.lostLock });
  switch (way) {
    case 'undone':
      return close(
        execution,
        (await isBefore(execution, left))
          ? { outcome: 'undone', exitCode: exitCodes.ok }
          : { outcome: 'undo-unverified', exitCode: exitCodes.unverified },
      );
    case 'failed':
      return close(execution, { outcome: 'undo-failed', exitCode: exitCodes.failed });
    case 'interrupted':
      return close(execution, interrupted(execution, execution.engine.interrupt.received ?? 'SIGINT'));
  }
}
