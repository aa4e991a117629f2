import { Interrupted } from '../errors/Interrupted.ts';
import { type ExitCode, exitCodes, isUnanswered, TvError } from '../errors/TvError.ts';
import type { Journal } from '../journal/journal.ts';
import { residualState } from '../journal/residualState.ts';
import { foldRun, type RunState } from '../journal/runState.ts';
import { WriteError } from '../output/durableFile.ts';
import type { Check } from '../runbook/check.ts';
import type { ProbeAnswer, Step, StepContext } from '../runbook/define.ts';
import type { JournalEvent, Outcome } from '../runbook/events.ts';
import { failpoint } from '../runbook/failpoint.ts';
import type { Json } from '../runbook/json.ts';
import { asJson } from '../runbook/json.ts';
import { monotonic } from '../runbook/monotonic.ts';
import { block, Preflight } from '../runbook/preflight.ts';
import { compareWithPreview } from './effects.ts';
import { type AnyRunbook, blocks, concurrencyOf, type Engine, errorData } from './engine.ts';
import { type HeldLocks, lostLock } from './locks.ts';

/** A run in progress: its steps, its journal, and the results of earlier attempts. */
export interface Execution {
  readonly engine: Engine;
  readonly runbook: AnyRunbook;
  readonly run: string;
  readonly facts: Json;
  readonly input: Json;
  readonly steps: readonly Step[];
  readonly journal: Journal;
  readonly locks: HeldLocks;
  /** What the journal said before this process took over; empty for a new run. */
  readonly before: RunState['steps'];
  /** By step: what it has noted so far, shared by its probe, run and undo. */
  readonly notes: Map<string, Record<string, Json>>;
  /** Read only: what a step notes is not journaled. */
  readonly dryRun?: boolean;
}

export interface Ending {
  readonly outcome: Outcome;
  readonly exitCode: ExitCode;
}

/** The journal could not be written, so the run stops before its next effect. */
export class JournalLost extends TvError {
  override readonly name = 'JournalLost';
  constructor({ run }: Execution, cause: WriteError) {
    super('journal.lost', 'The run stopped: its journal cannot be written. Completed steps are kept.', {
      facts: { run, reason: cause.message },
      next: [...cause.next, { when: 'then', tv: ['resume', run] }],
      exitCode: exitCodes.interrupted,
      cause,
    });
  }
}

/**
 * Writes an event to disk first, then shows it.
 * @throws TvError where it cannot be written; what it announces must then not be done
 */
export function record(execution: Execution, event: JournalEvent): void {
  try {
    execution.journal.append(event);
  } catch (error) {
    throw error instanceof WriteError ? new JournalLost(execution, error) : error;
  }
  execution.engine.watch(event);
}

/** Runs the steps that are not done yet, in order, then verifies, and closes the journal. */
export async function execute(execution: Execution): Promise<Ending> {
  return close(execution, await runSteps(execution));
}

export function close(execution: Execution, ending: Ending): Ending {
  const state = foldRun(execution.journal.lines);
  const left = state === undefined ? [] : residualState(state);
  record(execution, { type: 'run.ended', ...ending, ...(left.length === 0 ? {} : { left }) });
  return ending;
}

async function runSteps(execution: Execution): Promise<Ending> {
  const results: Record<string, Json> = {};
  const done = () => execution.steps.filter(({ id }) => id in results);
  let failures = 0;
  let undecided = 0;
  for (const group of groupsOf(execution.steps)) {
    const before = { ...results };
    for (const { id } of group) {
      const state = execution.before.get(id);
      if (state?.status === 'done') results[id] = state.result;
    }
    let left = group.filter(({ id }) => !(id in results));
    if (left.length === 0) continue;
    const { received } = execution.engine.interrupt;
    if (received !== undefined) {
      const open = notEnded(done(), results);
      // A temporary state that this very step ends: running it is the shortest way.
      const closing = left.filter(({ id }) => open.some(({ leaves }) => leaves?.until === id));
      const ends =
        open.length > 0 && open.every(({ leaves }) => closing.some(({ id }) => id === leaves?.until));
      if (!ends && (failures === 0 || open.length === 0)) {
        return stopAtSignal(execution, received, { done: done(), open, results });
      }
      // A failed step may still take effect: the run can be resumed.
      if (!ends) continue;
      left = closing;
    }
    const lost = await lostLockCode(execution);
    if (lost !== undefined) return { outcome: 'interrupted', exitCode: lost };
    const failed: Failed[] = [];
    // Each is awaited to its own end: one that fails or hangs does not cut off the others.
    await Promise.all(
      left.map(async (step) => {
        try {
          results[step.id] = await attempt(execution, step, before);
        } catch (error) {
          failed.push({ step, error });
        }
      }),
    );
    const journalLost = failed.find(({ error }) => error instanceof JournalLost);
    if (journalLost !== undefined) throw journalLost.error;
    const signal = execution.engine.interrupt.received;
    if (signal !== undefined && failed.some(({ error }) => isInterruption(error, execution))) {
      return interrupted(execution, signal);
    }
    const open = failed.filter(
      ({ error }) => error instanceof TvError && error.exitCode === exitCodes.unverified,
    );
    failures += failed.length;
    undecided += open.length;
    if (failed.length > 0 && execution.runbook.onFailure === 'stop') {
      // It may have taken effect: nothing is rolled back, and the state is read back instead.
      if (open.length > 0) break;
      const steps = failed.map(({ step }) => step);
      return stopAfterFailure(execution, steps, done(), results);
    }
  }
  return verify(execution, results, { failures, undecided });
}

interface Failed {
  readonly step: Step;
  readonly error: unknown;
}

/** Steps of one parallel group together, any other step by itself. */
function groupsOf(steps: readonly Step[]): readonly (readonly Step[])[] {
  const groups: Step[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (step.group !== undefined && last?.[0]?.group === step.group) last.push(step);
    else groups.push([step]);
  }
  return groups;
}

function attempt(execution: Execution, step: Step, results: Readonly<Record<string, Json>>): Promise<Json> {
  const before = execution.before.get(step.id);
  // In flight or failed when an earlier attempt ended: it may have taken effect all the same.
  const uncertain = before !== undefined && !['waiting', 'undone'].includes(before.status);
  // What was undone is done from the start, with notes of its own.
  if (before?.status === 'undone') execution.notes.set(step.id, {});
  return runStep(execution, step, results, uncertain);
}

/**
 * Another run may have begun where the lock was lost. A run then stops before its next step; a protective
 * one only says so.
 * @returns the exit code of a run that has to stop: 6 where another run is known to hold the lock now
 */
async function lostLockCode({
  locks,
  engine,
  runbook,
  input,
}: Execution): Promise<Ending['exitCode'] | undefined> {
  try {
    await locks.assertHeld();
    return undefined;
  } catch (error) {
    const { protective } = concurrencyOf(runbook, input);
    engine.watch({ type: 'lock.lost', ...lostLock(error), stops: !protective });
    if (protective) return undefined;
    const held = error instanceof TvError && error.exitCode === exitCodes.locked;
    return held ? exitCodes.locked : exitCodes.interrupted;
  }
}

/** Steps that may always be undone, with residual state that no later step has ended. */
function notEnded(done: readonly Step[], results: Readonly<Record<string, Json>>): readonly Step[] {
  return done.filter(
    ({ undoAlways, leaves }) => undoAlways === true && leaves !== undefined && !(leaves.until in results),
  );
}

/** Completed steps are kept for a resume; only residual state is undone at once. */
async function stopAtSignal(
  execution: Execution,
  signal: NodeJS.Signals,
  so: {
    readonly done: readonly Step[];
    readonly open: readonly Step[];
    readonly results: Readonly<Record<string, Json>>;
  },
): Promise<Ending> {
  const { done, open, results } = so;
  const ending = interrupted(execution, signal);
  if (open.length === 0) return ending;
  const reversible = done.every(({ effect }) => effect === 'reversible');
  const toUndo = reversible ? done : open;
  const way = await undoSteps(execution, toUndo, results);
  if (way !== 'undone') return { outcome: 'undo-failed', exitCode: exitCodes.failed };
  if (!(await isBefore(execution, toUndo))) {
    return { outcome: 'undo-unverified', exitCode: exitCodes.unverified };
  }
  const outcome = reversible ? 'rolled-back' : 'partly-rolled-back';
  return { outcome, exitCode: exitCodes.interrupted };
}

export function stepContext(
  execution: Execution,
  step: Step | undefined,
  results: Readonly<Record<string, Json>>,
): StepContext {
  const { engine } = execution;
  const id = step?.id ?? '';
  const notes = execution.notes.get(id) ?? { ...execution.before.get(id)?.notes };
  execution.notes.set(id, notes);
  return {
    ...engine.ctx,
    notes,
    note: (note, value) => {
      if (execution.dryRun !== true) record(execution, { type: 'step.noted', step: id, note, value });
      notes[note] = value;
    },
    // The verification is read only, too.
    signal: step === undefined || step.interruptible ? engine.interrupt.stop : engine.interrupt.now,
    runId: execution.run,
    results,
    progress: (progress) => engine.watch({ type: 'step.progress', step: id, progress }),
  };
}

async function runStep(
  execution: Execution,
  step: Step,
  results: Readonly<Record<string, Json>>,
  uncertain: boolean,
): Promise<Json> {
  const { engine } = execution;
  const { clock, settings } = engine.ctx;
  const ctx = stepContext(execution, step, results);
  const start = monotonic(clock);
  const elapsed = () => monotonic(clock) - start;
  record(execution, { type: 'step.started', step: step.id });
  failpoint(settings.sandbox, `${step.id}:started`);
  try {
    if (uncertain) {
      const answer = await probe(step, ctx);
      if (answer === 'unknown') throw cannotTell(step, execution.run);
      if (answer === 'done') {
        record(execution, {
          type: 'step.done',
          step: step.id,
          result: null,
          durationMs: elapsed(),
          how: 'found',
        });
        failpoint(settings.sandbox, `${step.id}:done`);
        return null;
      }
    }
    const running = step.run(ctx);
    // One that only waits may just then hang on something that is away, and not check the signal.
    const result = asJson(
      await (step.interruptible ? Promise.race([running, aborted(ctx.signal)]) : running),
    );
    failpoint(settings.sandbox, `${step.id}:acted`);
    record(execution, { type: 'step.done', step: step.id, result, durationMs: elapsed(), how: 'ran' });
    failpoint(settings.sandbox, `${step.id}:done`);
    return result;
  } catch (error) {
    if (!isInterruption(error, execution) && !(error instanceof JournalLost)) {
      record(execution, {
        type: 'step.failed',
        step: step.id,
        error: errorData(error),
        durationMs: elapsed(),
      });
    }
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** A step that ended because a signal ended it, not because something is wrong. */
function isInterruption(error: unknown, execution: Execution): boolean {
  const { stop, now } = execution.engine.interrupt;
  if (error instanceof Interrupted) return true;
  return now.aborted || (stop.aborted && error === stop.reason);
}

function cannotTell(step: Step, run: string): TvError {
  return new TvError('run.effect-unknown', `It is unknown whether the step "${step.title}" took effect.`, {
    facts: { step: step.title, command: step.command },
    next: [
      { when: 'check it by hand, then', tv: ['resume', run] },
      { when: 'or', tv: ['runs', 'undo', run] },
    ],
  });
}

export function interrupted(execution: Execution, signal: NodeJS.Signals): Ending {
  record(execution, { type: 'run.signalled', signal });
  return { outcome: 'interrupted', exitCode: exitCodes.interrupted };
}

/** Rolls back where every completed step can be undone; otherwise keeps the steps for a resume. */
async function stopAfterFailure(
  execution: Execution,
  failed: readonly Step[],
  done: readonly Step[],
  results: Readonly<Record<string, Json>>,
): Promise<Ending> {
  // Without a way back nothing depends on the answer.
  const mayRollBack = done.every(({ effect }) => effect === 'reversible');
  const patience: Patience = { leftMs: mayRollBack ? sourceAwayMs : 0 };
  const begun = new Set(done);
  for (const step of failed) {
    if ((await probeQuietly(execution, step, results, patience)) !== 'not-done') begun.add(step);
  }
  const toUndo = execution.steps.filter((step) => begun.has(step));
  if (toUndo.every((step) => step.effect === 'reversible')) {
    const way = await undoSteps(execution, toUndo, results, { stoppable: false, patience });
    if (way === 'undone') {
      const outcome = (await isBefore(execution, toUndo)) ? 'rolled-back' : 'undo-unverified';
      return { outcome, exitCode: exitCodes.failed };
    }
  }
  return { outcome: 'failed', exitCode: exitCodes.failed };
}

/** How long a rollback or an undo waits for a source that has gone away (ms): PostgreSQL restarts in seconds. */
const sourceAwayMs = 20_000;
const askAgainMs = 1_000;

/** What is left of that time; shared by all that waits in one attempt. */
interface Patience {
  leftMs: number;
  /** The wait was announced. */
  said?: true;
}

/** Tries again while a source cannot be reached. A second signal, or the end of the time, ends that. */
async function patiently<T>({ engine }: Execution, patience: Patience, work: () => Promise<T>): Promise<T> {
  const { clock } = engine.ctx;
  for (;;) {
    const start = monotonic(clock);
    try {
      return await work();
    } catch (error) {
      if (!isUnanswered(error) || patience.leftMs <= 0 || engine.interrupt.now.aborted) throw error;
      if (patience.said === undefined) {
        engine.watch({ type: 'source.waiting', reason: error.message, limitMs: patience.leftMs });
        patience.said = true;
      }
      await clock.sleep(askAgainMs, engine.interrupt.now);
      patience.leftMs -= monotonic(clock) - start;
    }
  }
}

/** Whether an earlier attempt at a step has taken effect (`ProbeAnswer`); unknown of a step that says nothing. */
async function probe(step: Step, ctx: StepContext): Promise<ProbeAnswer> {
  if (step.probe !== undefined) return step.probe(ctx);
  if (step.idempotent === true) return 'begun';
  return step.readOnly === true ? 'not-done' : 'unknown';
}

/** A step's own answer, `unknown` where it cannot give one. */
export async function probeQuietly(
  execution: Execution,
  step: Step,
  results: Readonly<Record<string, Json>>,
  patience: Patience = { leftMs: 0 },
) {
  try {
    return await patiently(execution, patience, () => probe(step, stepContext(execution, step, results)));
  } catch {
    return 'unknown' as const;
  }
}

/** How an undo ended; with a lost lock by the exit code that the run ends with then. */
type UndoEnd = 'undone' | 'failed' | 'interrupted' | { readonly lostLock: Ending['exitCode'] };

/**
 * Undoes steps, last one first. A source that has gone away is waited for; where a step cannot be undone the
 * rest is left alone.
 * @param stoppable a signal ends it after the step in flight, to be continued later
 */
export async function undoSteps(
  execution: Execution,
  steps: readonly Step[],
  results: Readonly<Record<string, Json>>,
  {
    stoppable,
    patience = { leftMs: sourceAwayMs },
  }: { readonly stoppable: boolean; readonly patience?: Patience } = { stoppable: false },
): Promise<UndoEnd> {
  const { interrupt } = execution.engine;
  const { clock, settings } = execution.engine.ctx;
  for (const step of steps.toReversed()) {
    const { undo } = step;
    if (undo === undefined) continue;
    if (stoppable && interrupt.received !== undefined) return 'interrupted';
    // A rollback ends what this run began a moment ago, also where the database that keeps the lock has
    // gone away: a service that stays stopped is worse.
    const lost = stoppable ? await lostLockCode(execution) : undefined;
    if (lost !== undefined) return { lostLock: lost };
    const start = monotonic(clock);
    record(execution, { type: 'undo.started', step: step.id });
    failpoint(settings.sandbox, `undo-${step.id}:started`);
    try {
      await patiently(execution, patience, () => undo(stepContext(execution, step, results)));
      failpoint(settings.sandbox, `undo-${step.id}:acted`);
    } catch (error) {
      if (error instanceof JournalLost) throw error;
      if (stoppable && isInterruption(error, execution)) return 'interrupted';
      record(execution, { type: 'undo.failed', step: step.id, error: errorData(error) });
      return 'failed';
    }
    record(execution, { type: 'undo.done', step: step.id, durationMs: monotonic(clock) - start });
  }
  return 'undone';
}

/** Limit of one step's check after an undo, in milliseconds: it may count rows. */
const undoCheckMs = 300_000;

/** A step that was undone, and whether its state is the one before it: `null` where that is unknown. */
export interface UndoCheck {
  readonly step: Step;
  readonly isBefore: boolean | null;
  readonly check: Check;
}

/** Asks every step that was undone, in this attempt or an earlier one, whether its state is the one before it. */
export async function checkUndone(execution: Execution): Promise<readonly UndoCheck[]> {
  const state = foldRun(execution.journal.lines);
  const undone = execution.steps.filter(
    ({ id, undo }) => undo !== undefined && state?.steps.get(id)?.status === 'undone',
  );
  const results = Object.fromEntries([...(state?.steps ?? [])].map(([id, { result }]) => [id, result]));
  const { ctx, interrupt } = execution.engine;
  // The signal that led to a rollback does not end its proof.
  const preflight = new Preflight({ ...ctx, signal: interrupt.now });
  const unknown = new Set<Step>();
  for (const step of undone) {
    const ask = async () => {
      if (step.checkUndone === undefined)
        throw new TvError('run.effect-unknown', 'the step has no check of its undo');
      return step.checkUndone(stepContext(execution, step, results));
    };
    const look = () =>
      ask().catch((error: unknown) => {
        unknown.add(step);
        const { message, facts, next } = errorData(error);
        return block(`unknown whether the state is the one before the run: ${message}`, { facts, next });
      });
    preflight.check(step.id, 'run', look, undoCheckMs);
  }
  const checks = await preflight.checks();
  return undone.flatMap((step, index) => {
    const check = checks[index];
    if (check === undefined) return [];
    return [{ step, check, isBefore: unknown.has(step) ? null : blocks([check]).length === 0 }];
  });
}

/**
 * Whether all that was undone is as it was before the run; what was read is journaled and shown.
 * @param undone the steps that this attempt has undone: without a reading of each there is no proof
 */
export async function isBefore(execution: Execution, undone: readonly Step[]): Promise<boolean> {
  const read = await checkUndone(execution);
  const checks = read.map(({ check }) => check);
  if (checks.length > 0) record(execution, { type: 'run.checked', checks });
  const all = undone.every(({ id, undo }) => undo === undefined || read.some(({ step }) => step.id === id));
  return all && blocks(checks).length === 0;
}

async function verify(
  execution: Execution,
  results: Record<string, Json>,
  { failures, undecided }: { readonly failures: number; readonly undecided: number },
): Promise<Ending> {
  const { engine, steps, journal } = execution;
  const checks = [
    ...(await readBack(execution, results)),
    ...(await compareWithPreview(engine, steps, journal.lines)),
  ];
  const { received } = execution.engine.interrupt;
  if (received !== undefined && blocks(checks).length > 0) return interrupted(execution, received);
  record(execution, { type: 'run.checked', checks });
  if (failures > undecided) return { outcome: 'failed', exitCode: exitCodes.failed };
  return undecided > 0 || blocks(checks).length > 0
    ? { outcome: 'unverified', exitCode: exitCodes.unverified }
    : { outcome: 'verified', exitCode: exitCodes.ok };
}

/** What cannot be read back is not verified: everything was done all the same. */
export async function readBack(
  execution: Execution,
  results: Record<string, Json>,
): Promise<readonly Check[]> {
  const { runbook, facts, input } = execution;
  try {
    return await runbook.verify(stepContext(execution, undefined, results), facts, input as never);
  } catch (error) {
    const { message, ...rest } = errorData(error);
    return [{ id: 'verification', world: 'run', status: 'block', summary: message, ...rest }];
  }
}
