import type { Check } from './check.ts';
import type { ErrorData, JournalLine, Operator, Outcome, RunStarted, StepData } from './events.ts';
import type { Json } from './json.ts';
import { isRunning } from './process.ts';

export type StepStatus = 'waiting' | 'in-flight' | 'done' | 'failed' | 'undoing' | 'undone';

export interface StepState {
  readonly status: StepStatus;
  readonly result: Json;
  readonly notes: Readonly<Record<string, Json>>;
  /** Of the last attempt, be it to do the step or to take it back. */
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly error: ErrorData | null;
}

/** Where a run stands, derived from its journal and nothing else. */
export interface RunState {
  readonly started: RunStarted & { readonly at: string };
  readonly steps: ReadonlyMap<string, StepState>;
  readonly verification: readonly Check[];
  /** `abandoned`: closed by a person. `running` and `killed` have no closing line; they differ in whether the process is there. */
  readonly status: Outcome | 'running' | 'killed' | 'abandoned';
  readonly lastOperator: Operator;
  readonly undoing: boolean;
  readonly endedAt: string | null;
  /** A later run that was verified and leaves nothing of this one to finish. */
  readonly supersededBy?: string;
  readonly lines: readonly JournalLine[];
}

/** A run that left something half-way in the world and can be resumed or undone. */
export function isUnfinished(state: RunState): boolean {
  if (state.supersededBy !== undefined) return false;
  return ['killed', 'failed', 'interrupted', 'undo-unverified', 'undo-failed'].includes(state.status);
}

/** Commands that carry an unfinished run on. */
export function waysOn({ started, steps }: RunState): readonly string[] {
  const begun = started.plan.steps.filter(({ id }) => (steps.get(id)?.status ?? 'waiting') !== 'waiting');
  return waysPast(begun, started.run);
}

/** The same by the steps that have begun: with a final one among them, only what is right to undo always is undone. */
export function waysPast(begun: readonly StepData[], run: string): readonly string[] {
  const resume = `tv resume ${run}`;
  const final = begun.some(({ effect }) => effect === 'final');
  const undoable = !final || begun.some(({ undoAlways }) => undoAlways);
  return undoable ? [resume, `tv runs undo ${run}`] : [resume];
}

/** Derives a run's state. Undefined for an empty journal: nothing had begun. */
export function foldRun(lines: readonly JournalLine[]): RunState | undefined {
  const first = lines[0];
  if (first?.type !== 'run.started') return undefined;
  const steps = new Map<string, StepState>(
    first.plan.steps.map((step) => [
      step.id,
      { status: 'waiting', result: null, notes: {}, startedAt: null, endedAt: null, error: null },
    ]),
  );
  const set = (id: string, change: Partial<StepState>) => {
    const before = steps.get(id);
    if (before !== undefined) steps.set(id, { ...before, ...change });
  };
  let outcome: Outcome | 'abandoned' | undefined;
  let operator = first.operator;
  let undoing = false;
  let asked = false;
  let endedAt: string | null = null;
  let verification: readonly Check[] = [];
  for (const line of lines) {
    switch (line.type) {
      case 'run.resumed':
      case 'run.undoing':
        operator = line.operator;
        undoing = line.type === 'run.undoing';
        asked = undoing;
        outcome = undefined;
        endedAt = null;
        break;
      case 'run.abandoned':
        outcome = 'abandoned';
        endedAt = line.at;
        break;
      case 'step.started':
        set(line.step, { status: 'in-flight', startedAt: line.at, endedAt: null, error: null });
        break;
      case 'step.noted':
        set(line.step, { notes: { ...steps.get(line.step)?.notes, [line.note]: line.value } });
        break;
      case 'step.done':
        set(line.step, { status: 'done', result: line.result, endedAt: line.at });
        break;
      case 'step.failed':
        set(line.step, { status: 'failed', endedAt: line.at, error: line.error });
        break;
      case 'undo.started':
        // Also where a failed run takes itself back: half undone, it cannot go forward any more.
        undoing = true;
        set(line.step, { status: 'undoing', startedAt: line.at, endedAt: null });
        break;
      case 'undo.done':
        set(line.step, { status: 'undone', endedAt: line.at });
        break;
      case 'undo.failed':
        set(line.step, { error: line.error });
        // A failed run that could take nothing back is where it was, and can go either way.
        if (!asked && ![...steps.values()].some(({ status }) => status === 'undone')) undoing = false;
        break;
      case 'run.checked':
        verification = line.checks;
        break;
      case 'run.ended':
        outcome = line.outcome;
        endedAt = line.at;
        break;
    }
  }
  const status = outcome ?? (isRunning(operator) ? 'running' : 'killed');
  return { started: first, steps, verification, status, lastOperator: operator, undoing, endedAt, lines };
}
