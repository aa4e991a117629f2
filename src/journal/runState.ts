import type { Advice } from '../errors/advice.ts';
import type { Check } from '../runbook/check.ts';
import type { CommandName } from '../runbook/commandName.generated.ts';
import type {
  ErrorData,
  JournalLine,
  Operator,
  Outcome,
  RunStarted,
  StepData,
  TransactionFate,
} from '../runbook/events.ts';
import type { Json } from '../runbook/json.ts';
import { isRunning, presenceOf } from './operator.ts';
import { fateChecks } from './sentTransactions.ts';

export type StepStatus = 'waiting' | 'in-flight' | 'done' | 'failed' | 'undoing' | 'undone';

export interface StepState {
  readonly status: StepStatus;
  readonly result: Json;
  readonly notes: Readonly<Record<string, Json>>;
  /** Of the last attempt, to run the step or to undo it. */
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** Of that attempt, by a clock that is not set; null while it lasts, and where its end was not written. */
  readonly durationMs: number | null;
  readonly error: ErrorData | null;
}

/** The state of a run, derived from its journal alone. */
export interface RunState {
  readonly started: RunStarted & { readonly at: string };
  readonly steps: ReadonlyMap<string, StepState>;
  /** Of an abandoned run with transactions: what became of these. */
  readonly verification: readonly Check[];
  /** As they were looked up when the run was abandoned; empty for any other. */
  readonly transactions: readonly TransactionFate[];
  /**
   * `abandoned`: closed by a person. `running` and `killed` have no closing line; they differ in whether the process
   * is there, or a person has said that it is not.
   */
  readonly status: Outcome | 'running' | 'killed' | 'abandoned';
  readonly lastOperator: Operator;
  readonly undoing: boolean;
  readonly endedAt: string | null;
  /** The latest time of its lines, a note after its end included. */
  readonly lastAt: string;
  /** A later run that was verified and leaves nothing of this one to finish. */
  readonly supersededBy?: string;
  readonly lines: readonly JournalLine[];
}

/** A run that left something half-way in the world and can be resumed or undone. */
export function isUnfinished(state: RunState): boolean {
  return state.supersededBy === undefined && unfinished.has(state.status);
}

const unfinished: ReadonlySet<RunState['status']> = new Set([
  ...(['killed', 'failed', 'interrupted', 'partly-rolled-back'] as const),
  ...(['undo-unverified', 'undo-failed'] as const),
]);

/** Whether it is a run of one of these commands. */
export function isRunOf(
  { started }: Pick<RunState, 'started'>,
  ...commands: readonly CommandName[]
): boolean {
  const names: readonly string[] = commands;
  return names.includes(started.runbook);
}

/** Nothing of it is left to do or to prove: it changes only by an undo, or by a note. */
export function isClosed({ status }: Pick<RunState, 'status'>): boolean {
  return ['verified', 'rolled-back', 'undone', 'abandoned'].includes(status);
}

/**
 * Commands that resume or undo a run that is unfinished or not verified; the one that makes this possible where its
 * process cannot be seen from here; none for any other.
 */
export function recoveryCommands(state: RunState): readonly Advice[] {
  if (isUnseen(state)) return [releaseCommand(state)];
  if (!canBeContinued(state)) return [];
  const { started, undoing } = state;
  return recoveryCommandsAfter(begunSteps(state, started.plan.steps), started.run, undoing);
}

/** In progress, as far as one can see from here, which is not far: its process is on another machine, or seems so. */
export function isUnseen({ status, lastOperator }: Pick<RunState, 'status' | 'lastOperator'>): boolean {
  return status === 'running' && presenceOf(lastOperator) === 'unseen';
}

/** Of a run that is unseen. */
export function releaseCommand({ started, lastOperator: { host } }: RunState): Advice {
  return {
    when: `if its process on ${host} is known to have ended`,
    tv: ['runs', 'release', started.run, '--reason', '…'],
  };
}

/** Unfinished, or finished without proof, and not superseded. */
export function canBeContinued(state: RunState): boolean {
  return isUnfinished(state) || (state.status === 'unverified' && state.supersededBy === undefined);
}

/** What an undo would refuse is not offered. */
function canBeUndone(begun: readonly StepData[], undoing: boolean): boolean {
  const final = begun.find(isFinal);
  return undoing || final === undefined || undoable(begun, final).length > 0;
}

/**
 * The same by the steps that have begun and are not undone. A run that is being undone cannot go forward any
 * more.
 */
export function recoveryCommandsAfter(
  begun: readonly StepData[],
  run: string,
  undoing: boolean,
): readonly Advice[] {
  const resume = { tv: ['resume', run] };
  const undo = { tv: ['runs', 'undo', run] };
  if (undoing) return [undo];
  return canBeUndone(begun, undoing) ? [resume, undo] : [resume];
}

/** Whether an undo of the run has something to undo, by its journal. Of a verified one, only steps with an undo. */
export function isUndoable(state: RunState): boolean {
  const { started, status } = state;
  if (status === 'verified') {
    const begun = begunSteps(state, started.plan.steps);
    return undoable(begun, begun.find(isFinal)).some(({ undo }) => undo !== null);
  }
  return canBeContinued(state) && canBeUndone(begunSteps(state, started.plan.steps), state.undoing);
}

/** Steps that took effect, or may have, and are not undone. */
export function begunSteps<S extends { readonly id: string }>(
  { steps }: Pick<RunState, 'steps'>,
  all: readonly S[],
): readonly S[] {
  return all.filter(({ id }) => !['waiting', 'undone'].includes(steps.get(id)?.status ?? 'waiting'));
}

export function isFinal({ effect }: Pick<StepData, 'effect'>): boolean {
  return effect === 'final';
}

/**
 * What of the steps that have begun an undo may undo. With a final one that took effect, or may have, the state
 * before the run cannot be reached, and undoing a part would lead to a state that was never meant to be: then
 * only what is right to undo always.
 */
export function undoable<S extends { readonly undoAlways?: boolean }>(
  begun: readonly S[],
  final: S | undefined,
): readonly S[] {
  return final === undefined ? begun : begun.filter(({ undoAlways }) => undoAlways === true);
}

/** Derives a run's state. Undefined for an empty journal: nothing had begun. */
export function foldRun(lines: readonly JournalLine[]): RunState | undefined {
  const first = lines[0];
  if (first?.type !== 'run.started') return undefined;
  const steps = new Map<string, StepState>(
    first.plan.steps.map((step) => [
      step.id,
      {
        status: 'waiting',
        result: null,
        notes: {},
        startedAt: null,
        endedAt: null,
        durationMs: null,
        error: null,
      },
    ]),
  );
  const set = (id: string, change: Partial<StepState>) => {
    const before = steps.get(id);
    if (before !== undefined) steps.set(id, { ...before, ...change });
  };
  let outcome: Outcome | 'abandoned' | undefined;
  let operator = first.operator;
  let released = false;
  let undoing = false;
  let asked = false;
  let endedAt: string | null = null;
  let verification: readonly Check[] = [];
  let transactions: readonly TransactionFate[] = [];
  for (const line of lines) {
    switch (line.type) {
      case 'run.resumed':
      case 'run.undoing':
        operator = line.operator;
        released = false;
        undoing = line.type === 'run.undoing';
        asked = undoing;
        outcome = undefined;
        endedAt = null;
        break;
      case 'run.abandoned':
        outcome = 'abandoned';
        endedAt = line.at;
        transactions = line.transactions ?? [];
        if (transactions.length > 0) verification = fateChecks(transactions, first.plan.steps);
        break;
      case 'run.released':
        released = true;
        break;
      case 'step.started':
        set(line.step, {
          ...{ status: 'in-flight', startedAt: line.at, endedAt: null, durationMs: null, error: null },
          // What was undone is done from the start: the transaction of before was for the time before.
          ...(steps.get(line.step)?.status === 'undone' ? { result: null, notes: {} } : {}),
        });
        break;
      case 'step.noted':
        set(line.step, { notes: { ...steps.get(line.step)?.notes, [line.note]: line.value } });
        break;
      case 'step.done':
        set(line.step, {
          status: 'done',
          result: line.result,
          endedAt: line.at,
          durationMs: line.durationMs,
        });
        break;
      case 'step.failed':
        set(line.step, {
          status: 'failed',
          endedAt: line.at,
          durationMs: line.durationMs,
          error: line.error,
        });
        break;
      case 'undo.started':
        // Also where a failed run takes itself back: half undone, it cannot go forward any more.
        undoing = true;
        set(line.step, { status: 'undoing', startedAt: line.at, endedAt: null, durationMs: null });
        break;
      case 'undo.done':
        set(line.step, { status: 'undone', endedAt: line.at, durationMs: line.durationMs });
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
  // A rollback of a part, after which the run can still be finished.
  if (undoing && !asked && (outcome === undefined || outcome === 'partly-rolled-back')) {
    const statusOf = ({ id }: StepData) => steps.get(id)?.status;
    const kept = first.plan.steps.some((step) => statusOf(step) === 'done' && step.effect !== 'reversible');
    if (kept && !first.plan.steps.some((step) => statusOf(step) === 'undoing')) undoing = false;
  }
  const status = outcome ?? (!released && isRunning(operator) ? 'running' : 'killed');
  return {
    ...{ started: first, steps, verification, transactions, status },
    ...{ lastOperator: operator, undoing, endedAt, lines },
    // Not that of the last line: a clock may have been set back.
    lastAt: lines.reduce((latest, { at }) => (Date.parse(at) > Date.parse(latest) ? at : latest), first.at),
  };
}
