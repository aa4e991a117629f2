import type { Advice } from '../errors/advice.ts';
import { type ExitCode, exitCodes, TvError } from '../errors/TvError.ts';
import { digest } from '../journal/digest.ts';
import { findRun } from '../journal/readRuns.ts';
import { residualState } from '../journal/residualState.ts';
import {
  begunSteps,
  canBeContinued,
  foldRun,
  isFinal,
  isUnfinished,
  type RunState,
  undoable,
} from '../journal/runState.ts';
import { journaledTransactions } from '../journal/sentTransactions.ts';
import type { Answers } from '../runbook/answers.ts';
import { ChangedSince } from '../runbook/changedSince.ts';
import type { Check } from '../runbook/check.ts';
import type { ProbeAnswer, Step } from '../runbook/define.ts';
import type { PlanData, StepData } from '../runbook/events.ts';
import type { Json } from '../runbook/json.ts';
import { howMany } from '../text/format.ts';
import { ask, assertAnswerable, isAnswered } from './ask.ts';
import { buildPlan, concurrencyOf, type Engine, Refusal, type RegisteredRunbook } from './engine.ts';
import {
  checkUndone,
  close,
  type Ending,
  type Execution,
  execute,
  interrupted,
  isBefore,
  probeQuietly,
  record,
  stepContext,
  undoSteps,
} from './execute.ts';
import { assertUnlocked, type HeldLocks, noLocks, whileAsking, withLocks } from './locks.ts';
import {
  type AuditDraft,
  assertPlan,
  auditRefusal,
  foreseen,
  openJournal,
  withJournal,
  writeAudit,
} from './startRun.ts';

export type Direction = 'resume' | 'undo';

/**
 * Carries a journaled run on: to its end, or back to where it started. Finished steps are taken
 * from the journal; the step in flight is asked whether it had taken effect.
 */
export async function carryOn(
  engine: Engine,
  registered: RegisteredRunbook,
  run: string,
  wanted: Direction,
  answers: Answers,
): Promise<ExitCode> {
  const audit: AuditDraft = { run, plan: null, overrides: [] };
  try {
    return await attempt(engine, registered, run, wanted, answers, audit);
  } catch (thrown) {
    // Without the run's input: all runs of an emergency command are meant.
    const error = foreseen(
      thrown,
      concurrencyOf(registered.runbook, registered.runbook.example.input).protective,
    );
    if (!answers.dryRun) await auditRefusal(engine, `${wanted} ${registered.name}`, null, audit, error);
    throw error;
  }
}

async function attempt(
  engine: Engine,
  registered: RegisteredRunbook,
  run: string,
  wanted: Direction,
  answers: Answers,
  audit: AuditDraft,
): Promise<ExitCode> {
  if (!answers.dryRun) assertAnswerable(engine, registered.runbook.risk, answers);
  const { settings } = engine.ctx;
  engine.watch({
    type: 'preflight.started',
    runbook: registered.name,
    title: `${wanted === 'undo' ? 'Undo' : 'Resume'} ${run}`,
    section: registered.section,
    environment: settings.environment,
    subject: registered.runbook.title.toLowerCase(),
  });
  const { started, status } = readState(engine, run);
  const look = (show: boolean, locks?: HeldLocks) =>
    survey(engine, registered, run, { wanted, answers, audit, show, ...(locks && { locks }) });
  if (answers.dryRun) {
    // Which step it is at, the lock of a real call would have told: that one is not taken here.
    if (status === 'running') {
      throw new Refusal('The run is in progress.', {
        exitCode: exitCodes.locked,
        facts: { run },
        next: [{ tv: ['runs', 'list'] }],
      });
    }
    await look(true);
    return exitCodes.ok;
  }
  const { input } = started;
  const concurrency = concurrencyOf(registered.runbook, input);
  const request = {
    runbook: registered.name,
    what: `${wanted} ${run}`,
    concurrency,
    waitMs: answers.waitMs ?? 0,
  };
  let agreed: { readonly lines: number; readonly confirmation: string } | undefined;
  if (!isAnswered(registered.runbook.risk, answers)) {
    assertUnlocked(engine, request);
    const { consequence, state } = await look(true);
    const confirmation = await whileAsking(engine, request.what, () =>
      ask(engine, registered.runbook.risk, consequence, answers),
    );
    agreed = { lines: state.lines.length, confirmation };
  }
  return withLocks(engine, request, async (locks) => {
    const { direction, execution, left, state, consequence } = await look(agreed === undefined, locks);
    if (agreed !== undefined && agreed.lines !== state.lines.length) {
      throw new Refusal('The run changed while the question was open; this call changed nothing.', {
        exitCode: exitCodes.blocked,
        facts: { run, status: state.status },
        next: [{ tv: ['runs', 'show', run] }],
      });
    }
    const confirmation =
      agreed?.confirmation ?? (await ask(engine, registered.runbook.risk, consequence, answers));
    const type = direction === 'undo' ? ('run.undoing' as const) : ('run.resumed' as const);
    const ending = await withJournal(execution, async () => {
      record(execution, { type, operator: engine.operator, confirmation });
      return direction === 'undo' ? undo(execution, left, state) : execute(execution);
    });
    await writeAudit(engine, `${direction} ${registered.name}`, state.started.input, audit, ending);
    return ending.exitCode;
  });
}

interface Survey {
  readonly wanted: Direction;
  readonly answers: Answers;
  readonly audit: AuditDraft;
  /** False where the operator has seen it already. */
  readonly show: boolean;
  readonly locks?: HeldLocks;
}

/**
 * What the journal says of the run, and what is left to do or to undo of it.
 * @throws Refusal where it can not be carried on, or is not what `--plan` names
 */
async function survey(
  engine: Engine,
  registered: RegisteredRunbook,
  run: string,
  { wanted, answers, audit, show, locks = noLocks }: Survey,
) {
  const state = readState(engine, run);
  // A run that was being undone can only be undone further.
  const direction: Direction = state.undoing ? 'undo' : wanted;
  assertCanCarryOn(engine, state, run, direction);
  const { steps, plan } = rebuild(engine, registered, state, run);
  audit.plan = plan.id;
  const { started } = state;
  const { protective } = concurrencyOf(registered.runbook, started.input);
  const execution: Execution = {
    engine,
    runbook: registered.runbook,
    run,
    facts: started.facts,
    input: started.input,
    steps,
    journal: openJournal(engine, run, protective),
    locks,
    before: state.steps,
    notes: new Map(),
    dryRun: answers.dryRun,
  };
  await assertNotUndone(execution, state);
  const left =
    direction === 'undo' ? await toUndo(execution, state) : steps.filter(({ id }) => !isDone(state, id));
  const remaining = plan.steps.filter(({ id }) => left.some((step) => step.id === id));
  const shown = direction === 'undo' ? remaining.toReversed().map(asUndo) : remaining;
  if (locks.warnings.length > 0) engine.watch({ type: 'preflight.done', checks: locks.warnings });
  const consequence =
    direction === 'undo'
      ? left.length === 0
        ? `This checks whether the state is the one before ${run}; none of its steps is left to undo.`
        : `This undoes ${howMany(left.length, 'step')} of ${run}.`
      : toFinish(run, plan, remaining);
  const isHeld = answers.dryRun || answers.plan !== undefined;
  const answered = isHeld && direction === 'resume' ? await probeLeft(execution, left, state) : [];
  if (answers.dryRun && answered.length > 0) announce(engine, registered, run, answered);
  const approved = digest({
    ...{ run, direction, plan: plan.id, lines: state.lines.length },
    steps: shown.map(({ id, command }) => ({ id, command })),
    probes: answered.map(({ step, answer }) => ({ id: step.id, answer })),
  });
  if (show) {
    engine.watch({
      type: 'plan.ready',
      plan: { ...plan, steps: shown, ...(answers.dryRun && { consequence }) },
      all: plan.steps,
      ...(direction === 'undo' ? keptOf(state, left) : {}),
      dryRun: answers.dryRun,
      ...(isHeld && { digest: approved }),
      overrides: [],
      direction,
      left: residualState(state),
    });
  }
  assertPlan(approved, answers);
  return { state, direction, execution, left, consequence };
}

interface Probed {
  readonly step: Step;
  /** Counted in the whole plan, from 1. */
  readonly number: number;
  readonly answer: ProbeAnswer;
}

/** Asks each step that an earlier attempt had begun, as the resume will. Journals nothing. */
async function probeLeft(
  execution: Execution,
  left: readonly Step[],
  state: RunState,
): Promise<readonly Probed[]> {
  const looking: Execution = { ...execution, notes: new Map(), dryRun: true };
  const begun = left.filter(({ id }) => (state.steps.get(id)?.status ?? 'waiting') !== 'waiting');
  const answers: Probed[] = [];
  for (const step of begun) {
    const answer = await probeQuietly(looking, step, resultsOf(state));
    answers.push({ step, number: execution.steps.indexOf(step) + 1, answer });
  }
  return answers;
}

/**
 * Shows what a resume will do with the steps that had begun.
 * @throws Refusal where it would stop at one of them
 */
function announce(
  engine: Engine,
  { runbook }: RegisteredRunbook,
  run: string,
  answered: readonly Probed[],
): void {
  const stops = runbook.onFailure === 'stop';
  const words: Readonly<Record<ProbeAnswer, string>> = {
    done: 'has taken effect; a resume does not run it again',
    'not-done': 'a resume runs it again',
    begun: 'has begun; a resume continues it',
    unknown: `unknown whether it has taken effect; a resume ${stops ? 'stops at it' : 'leaves it out'}`,
  };
  const checks = answered.map(
    ({ step, number, answer }): Check => ({
      id: `step ${number}`,
      world: 'run',
      status: answer !== 'unknown' ? 'pass' : stops ? 'block' : 'warn',
      summary: `${step.title}: ${words[answer]}`,
    }),
  );
  engine.watch({ type: 'preflight.done', checks });
  const unknown = answered.find(({ answer }) => answer === 'unknown');
  if (unknown === undefined || !stops) return;
  const { step, number } = unknown;
  throw new Refusal(`It is unknown whether step ${number} has taken effect; nothing was changed.`, {
    exitCode: exitCodes.blocked,
    facts: { step: step.title, command: step.command },
    next: ['find out by hand whether it has', { when: 'or', tv: ['runs', 'undo', run] }],
  });
}

/** What a resume still does. The sentence of the whole plan is true only while none of its steps is done. */
function toFinish(run: string, plan: PlanData, remaining: readonly StepData[]): string {
  if (remaining.length === 0) return `This verifies ${run} again; all its steps are done.`;
  if (remaining.length === plan.steps.length) return plan.consequence;
  const steps = remaining.map(({ title }) => title).join('; ');
  return `This finishes ${run}. ${howMany(remaining.length, 'step')} left: ${steps}.`;
}

/** Steps that took effect, or may have, and that an undo leaves. */
function keptOf(state: RunState, left: readonly Step[]) {
  const kept = begunSteps(state, state.started.plan.steps)
    .map(({ id }) => id)
    .filter((id) => !left.some((step) => step.id === id));
  return { kept, undecided: kept.filter((id) => !isDone(state, id)) };
}

/** A step as the list of an undo names it: by what undoes it. No shell line stands for that. */
function asUndo(step: StepData): StepData {
  const title = step.undo ?? `undo: ${step.title}`;
  return { ...step, title, command: '', undo: null };
}

function readState(engine: Engine, run: string): RunState {
  const state = foldRun(engine.ctx.runs.read(run));
  if (state !== undefined) return state;
  throw new Refusal(`Run ${run} had not begun; there is nothing to resume or undo.`, {
    exitCode: exitCodes.blocked,
    next: [{ tv: ['runs', 'list'] }],
  });
}

function assertCanCarryOn(engine: Engine, state: RunState, run: string, direction: Direction): void {
  const { settings, version } = engine.ctx;
  const refuse = (message: string, facts: Record<string, string>, next: readonly Advice[]) => {
    throw new Refusal(message, { exitCode: exitCodes.blocked, facts: { run, ...facts }, next });
  };
  if (state.started.environment !== settings.environment) {
    refuse(
      'The run belongs to another environment.',
      { 'run in': state.started.environment, 'chosen now': settings.environment },
      [`tv -e ${state.started.environment} ${direction === 'undo' ? 'runs undo' : 'resume'} ${run}`],
    );
  }
  // Before the version: no other one is to carry it on either.
  const { supersededBy } = findRun(engine.ctx, run) ?? {};
  if (supersededBy !== undefined) {
    refuse(
      'A later run is verified and supersedes this one; there is nothing left to resume or undo.',
      { 'superseded by': supersededBy },
      [{ tv: ['runs', 'show', supersededBy] }],
    );
  }
  if (state.status === 'abandoned') {
    refuse('The run was abandoned: it can be neither resumed nor undone.', {}, [
      { tv: ['runs', 'show', run] },
    ]);
  }
  if (state.started.version !== version) {
    refuse(
      'The run was begun by another version of tv, whose steps may differ.',
      { 'begun with': state.started.version, 'this is': version },
      [`resume or undo it with tv ${state.started.version}`],
    );
  }
  if (direction === 'resume' && state.status === 'verified') {
    refuse('The run is finished and verified; there is nothing to resume.', {}, [
      { tv: ['runs', 'show', run] },
    ]);
  }
}

/**
 * @throws Refusal where the run was undone or rolled back, with what its steps have left, as it is now
 */
async function assertNotUndone(execution: Execution, { status }: RunState): Promise<void> {
  if (status !== 'undone' && status !== 'rolled-back') return;
  const { run } = execution;
  const checks = await checkUndone(execution);
  // One that is not as before was changed since: that is none of this run's.
  const left = checks.filter(({ check, isBefore }) => check.status === 'warn' || isBefore === null);
  const words = left.map(({ check: { summary, facts } }) =>
    [summary, ...Object.values(facts ?? {})].join(': '),
  );
  throw new Refusal(`The run was ${status === 'undone' ? 'undone' : 'rolled back'} already.`, {
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
async function toUndo(execution: Execution, state: RunState): Promise<readonly Step[]> {
  const statusOf = (step: Step) => state.steps.get(step.id)?.status ?? 'waiting';
  const begun = begunSteps(state, execution.steps);
  // The first one: from there on the run had no way back, whatever followed.
  let final: Step | undefined;
  for (const step of begun.filter(isFinal)) {
    if (!(await mayStand(execution, step, state))) continue;
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
  throw new Refusal(`Cannot undo: step ${number} is irreversible.`, {
    exitCode: exitCodes.blocked,
    facts: { run, step: final.title, command: final.command },
    next: waysFrom(state),
  });
}

/** What helps where an undo is refused. A transaction may still decide the run: that is found out by a resume. */
function waysFrom(state: RunState): readonly Advice[] {
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
    throw new Refusal(error.message, {
      exitCode: error instanceof ChangedSince ? exitCodes.failed : exitCodes.blocked,
      facts: { run: execution.run, ...error.facts },
      next: error.next,
    });
  }
}

/** Whether a step has taken effect, or may have. */
async function mayStand(execution: Execution, step: Step, state: RunState): Promise<boolean> {
  if (isDone(state, step.id)) return true;
  return (await probeQuietly(execution, step, resultsOf(state))) !== 'not-done';
}

/** The plan as this build of tv makes it from the journaled facts; it must be the same one. */
function rebuild(engine: Engine, registered: RegisteredRunbook, state: RunState, run: string) {
  const { facts, input, plan } = state.started;
  const rebuilt = buildPlan(registered, facts as never, input as never, engine.ctx.settings.environment);
  if (rebuilt.plan.id === plan.id) return rebuilt;
  throw new Refusal('The plan that this tv makes is not the one that the run was begun with.', {
    exitCode: exitCodes.blocked,
    facts: { run, 'begun with': plan.id, 'this tv makes': rebuilt.plan.id },
    next: ['resume or undo it with the build of tv that began it'],
  });
}

/** By step, as the journal has them. */
function resultsOf(state: RunState): Record<string, Json> {
  return Object.fromEntries([...state.steps].map(([id, { result }]) => [id, result]));
}

function isDone(state: RunState, step: string): boolean {
  return state.steps.get(step)?.status === 'done';
}

async function undo(execution: Execution, left: readonly Step[], state: RunState): Promise<Ending> {
  const way = await undoSteps(execution, left, resultsOf(state), { stoppable: true });
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
    case 'lock-lost':
      return close(execution, { outcome: 'interrupted', exitCode: exitCodes.interrupted });
    case 'interrupted':
      return close(execution, interrupted(execution, execution.engine.interrupt.received ?? 'SIGINT'));
  }
}
