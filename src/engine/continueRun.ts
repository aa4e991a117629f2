import type { Advice } from '../errors/advice.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { type ExitCode, exitCodes } from '../errors/TvError.ts';
import { digest } from '../journal/digest.ts';
import { findRun } from '../journal/readRuns.ts';
import { residualState } from '../journal/residualState.ts';
import { foldRun, isFinal, isUnseen, type RunState, releaseCommand } from '../journal/runState.ts';
import { journaledTransactions, onceOf } from '../journal/sentTransactions.ts';
import type { Answers } from '../runbook/answers.ts';
import type { Check } from '../runbook/check.ts';
import type { ProbeAnswer, Step } from '../runbook/define.ts';
import type { PlanData, StepData } from '../runbook/events.ts';
import { howMany } from '../text/format.ts';
import { ask, assertAnswerable, isAnswered } from './ask.ts';
import { type AuditDraft, auditRefusal, withStartAudited, writeAudit } from './auditCall.ts';
import { buildPlan, concurrencyOf, type Engine, Refusal, type RegisteredRunbook } from './engine.ts';
import { type Execution, execute, probeQuietly, record } from './execute.ts';
import { assertUnlocked, type HeldLocks, noLocks, whileAsking, withLocks } from './locks.ts';
import { openJournal, withJournal } from './runJournal.ts';
import { assertPlan, foreseen } from './startRun.ts';
import { assertNotUndone, asUndo, isDone, keptOf, resultsOf, toUndo, undo } from './undoRun.ts';

export type Direction = 'resume' | 'undo';

/**
 * Resumes a journaled run to its end, or undoes it. The results of completed steps come from the journal; the
 * step in flight is probed for whether it took effect.
 */
export async function continueRun(
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
  const found = readBegunRun(engine, run);
  const { started, status } = found;
  const look = (show: boolean, locks?: HeldLocks) =>
    survey(engine, registered, run, { wanted, answers, audit, show, ...(locks && { locks }) });
  if (answers.dryRun) {
    // A real call would be stopped by the lock, which a dry run does not take.
    if (status === 'running') {
      throw new Refusal('run.in-progress', 'The run is in progress.', {
        exitCode: exitCodes.locked,
        facts: { run },
        next: [isUnseen(found) ? releaseCommand(found) : { tv: ['runs', 'list'] }],
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
      throw new Refusal(
        'run.changed-meanwhile',
        'The run changed while the question was open; this call changed nothing.',
        {
          exitCode: exitCodes.blocked,
          facts: { run, status: state.status },
          next: [{ tv: ['runs', 'show', run] }],
        },
      );
    }
    const confirmation =
      agreed?.confirmation ?? (await ask(engine, registered.runbook.risk, consequence, answers));
    const type = direction === 'undo' ? ('run.undoing' as const) : ('run.resumed' as const);
    const command = `${direction} ${registered.name}`;
    const ending = await withJournal(execution, async () => {
      record(execution, { type, operator: engine.operator, confirmation });
      const call = { command, input: state.started.input, protective: concurrency.protective };
      return withStartAudited(engine, call, audit, () =>
        direction === 'undo' ? undo(execution, left, state) : execute(execution),
      );
    });
    await writeAudit(engine, command, state.started.input, audit, ending);
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
 * @throws Refusal where it can be neither resumed nor undone, or is not what `--plan` names
 */
async function survey(
  engine: Engine,
  registered: RegisteredRunbook,
  run: string,
  { wanted, answers, audit, show, locks = noLocks }: Survey,
) {
  const state = readBegunRun(engine, run);
  // A run that was being undone can only be undone further.
  const direction: Direction = state.undoing ? 'undo' : wanted;
  assertCanContinue(engine, state, run, direction);
  const {
    steps,
    plan: { effects: _, changes: __, ...plan },
  } = rebuild(engine, registered, state, run);
  audit.plan = plan.id;
  const { started } = state;
  const { protective } = concurrencyOf(registered.runbook, started.input);
  if (protective) assertWhole(engine, state, steps);
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
  throw new Refusal(
    'run.effect-unknown',
    `It is unknown whether step ${number} has taken effect; nothing was changed.`,
    {
      exitCode: exitCodes.blocked,
      facts: { step: step.title, command: step.command },
      next: ['find out by hand whether it has', { when: 'or', tv: ['runs', 'undo', run] }],
    },
  );
}

/** What a resume still does. The sentence of the whole plan is true only while none of its steps is done. */
function toFinish(run: string, plan: PlanData, remaining: readonly StepData[]): string {
  if (remaining.length === 0) return `This verifies ${run} again; all its steps are done.`;
  if (remaining.length === plan.steps.length) return plan.consequence;
  const steps = remaining.map(({ title }) => title).join('; ');
  return `This finishes ${run}. ${howMany(remaining.length, 'step')} left: ${steps}.`;
}

/** @throws Refusal where its journal holds no run that has begun */
function readBegunRun(engine: Engine, run: string): RunState {
  const state = foldRun(engine.ctx.runs.read(run));
  if (state !== undefined) return state;
  throw new Refusal('run.not-begun', `Run ${run} had not begun; there is nothing to resume or undo.`, {
    exitCode: exitCodes.blocked,
    next: [{ tv: ['runs', 'list'] }],
  });
}

function assertCanContinue(engine: Engine, state: RunState, run: string, direction: Direction): void {
  const { settings, version } = engine.ctx;
  const refuse = (
    code: ErrorCode,
    message: string,
    facts: Record<string, string>,
    next: readonly Advice[],
  ) => {
    throw new Refusal(code, message, { exitCode: exitCodes.blocked, facts: { run, ...facts }, next });
  };
  const { environment } = state.started;
  if (environment !== settings.environment) {
    refuse(
      'run.other-environment',
      'The run belongs to another environment.',
      { 'run in': environment, 'chosen now': settings.environment },
      [
        direction === 'undo'
          ? { tv: ['-e', environment, 'runs', 'undo', run] }
          : { tv: ['-e', environment, 'resume', run] },
      ],
    );
  }
  // Before the version: no other version is to resume it either.
  const { supersededBy } = findRun(engine.ctx, run) ?? {};
  if (supersededBy !== undefined) {
    refuse(
      'run.superseded',
      'A later run is verified and supersedes this one; there is nothing left to resume or undo.',
      { 'superseded by': supersededBy },
      [{ tv: ['runs', 'show', supersededBy] }],
    );
  }
  if (state.status === 'abandoned') {
    refuse('run.abandoned', 'The run was abandoned: it can be neither resumed nor undone.', {}, [
      { tv: ['runs', 'show', run] },
    ]);
  }
  if (state.started.version !== version) {
    refuse(
      'run.other-version',
      'The run was begun by another version of tv, whose steps may differ.',
      { 'begun with': state.started.version, 'this is': version },
      [`resume or undo it with tv ${state.started.version}`],
    );
  }
  if (direction === 'resume' && state.status === 'verified') {
    refuse('run.closed', 'The run is finished and verified; there is nothing to resume.', {}, [
      { tv: ['runs', 'show', run] },
    ]);
  }
}

/**
 * A protective run whose journal could no longer be written went on with one in a temporary folder
 * (`Journal`), which a restart of the machine empties: that no payment is in the journal then does not show that
 * none was sent.
 * @throws Refusal where a payment may have been sent after the last line that is left
 */
function assertWhole(engine: Engine, state: RunState, steps: readonly Step[]): void {
  const { status, lastOperator, lines, started } = state;
  const { run } = started;
  const { bootId, host } = engine.operator;
  const restarted =
    lastOperator.bootId !== undefined && bootId !== undefined && lastOperator.bootId !== bootId;
  if (status !== 'killed' || !restarted || lastOperator.host !== host) return;
  const signed = journaledTransactions(lines).map(({ step }) => step);
  const payment = steps.find(
    (step) =>
      step.sends !== undefined &&
      isFinal(step) &&
      onceOf(step).length > 0 &&
      !isDone(state, step.id) &&
      !signed.includes(step.id),
  );
  if (payment === undefined) return;
  throw new Refusal(
    'run.effect-unknown',
    'The machine was restarted after the run: a payment that is not in its journal may have been sent all the same.',
    {
      exitCode: exitCodes.blocked,
      facts: {
        run,
        step: payment.title,
        command: payment.command,
        'last line written': lines.at(-1)?.at ?? 'none',
      },
      next: [
        'look for the payment on the chain, from that time on',
        {
          when: 'where it is there, or is to be sent by a new run',
          tv: ['runs', 'abandon', run, '--reason', '…'],
        },
      ],
    },
  );
}

/** The plan as this build of tv makes it from the journaled facts; it must be the same one. */
function rebuild(engine: Engine, registered: RegisteredRunbook, state: RunState, run: string) {
  const { facts, input, plan } = state.started;
  const { environment } = engine.ctx.settings;
  // What it changes is in the journal, too: the state has moved since.
  const rebuilt = buildPlan(registered, facts as never, input as never, environment, {
    effects: plan.effects,
  });
  if (rebuilt.plan.id === plan.id) return rebuilt;
  throw new Refusal(
    'plan.not-reproducible',
    'The plan that this tv makes is not the one that the run was begun with.',
    {
      exitCode: exitCodes.blocked,
      facts: { run, 'begun with': plan.id, 'this tv makes': rebuilt.plan.id },
      next: ['resume or undo it with the build of tv that began it'],
    },
  );
}
