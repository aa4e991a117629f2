import { randomBytes } from 'node:crypto';
import { distinctAdvice, onThisMachine } from '../errors/advice.ts';
import { type ExitCode, exitCodes, TvError, UsageError } from '../errors/TvError.ts';
import { Journal, type JournalMoved } from '../journal/journal.ts';
import { nameRuns, readRuns, surveyRuns, urgentFirst } from '../journal/readRuns.ts';
import { residualState } from '../journal/residualState.ts';
import { isFinal, type RunState, recoveryCommands } from '../journal/runState.ts';
import { isWithoutEffect, journaledTransactions, onceOf } from '../journal/sentTransactions.ts';
import { WriteError } from '../output/durableFile.ts';
import type { Answers } from '../runbook/answers.ts';
import type { Check } from '../runbook/check.ts';
import type { Concurrency } from '../runbook/concurrency.ts';
import type { Step } from '../runbook/define.ts';
import type { OverrideUse, PlanData, StepData } from '../runbook/events.ts';
import type { Json } from '../runbook/json.ts';
import { asJson } from '../runbook/json.ts';
import { withoutKeys } from '../text/pastedKeys.ts';
import { quoteForShell } from '../text/shellLine.ts';
import { ask, assertAnswerable, isAnswered } from './ask.ts';
import {
  blocks,
  buildPlan,
  concurrencyOf,
  type Engine,
  errorData,
  Refusal,
  type RegisteredRunbook,
} from './engine.ts';
import { type Ending, type Execution, execute, JournalLost, readBack, record } from './execute.ts';
import { lookUpFates } from './fates.ts';
import { judge, type OtherRun } from './judgeConcurrency.ts';
import { assertUnlocked, type HeldLocks, noLocks, whileAsking, withLocks } from './locks.ts';

/**
 * A new run, from the checks to the verification: preflight, plan, question, steps, verify.
 * Refusals change nothing and are in the audit log like everything else.
 */
export async function startRun(
  engine: Engine,
  registered: RegisteredRunbook,
  input: Json,
  answers: Answers,
): Promise<ExitCode> {
  const audit: AuditDraft = { run: null, plan: null, overrides: [] };
  try {
    if (!answers.dryRun) assertAnswerable(engine, registered.runbook.risk, answers);
    if (answers.overrides.length > 0 && (answers.reason ?? '').trim() === '') {
      throw new UsageError('--override needs a --reason; it is kept in the audit log.', {
        next: 'the same command with --reason "…"',
      });
    }
    const { settings } = engine.ctx;
    const { title } = registered.runbook;
    const subject = settings.chain.id === undefined ? '' : `chain ${settings.chain.id}`;
    engine.watch({
      type: 'preflight.started',
      runbook: registered.name,
      title,
      section: registered.section,
      environment: settings.environment,
      subject,
    });
    const ending = await attempt(engine, registered, input, answers, audit);
    if (!answers.dryRun) await writeAudit(engine, registered.name, input, audit, ending);
    return ending.exitCode;
  } catch (thrown) {
    const error = foreseen(thrown, concurrencyOf(registered.runbook, input).protective);
    if (!answers.dryRun) await auditRefusal(engine, registered.name, input, audit, error);
    throw error;
  }
}

/** A bug in tv ends an emergency command as a failure, with what was done on the screen; never with 70. */
export function foreseen(error: unknown, protective: boolean): unknown {
  if (!protective || error instanceof TvError) return error;
  const { message } = errorData(error);
  return new TvError(message, { next: [{ tv: ['runs', 'list'] }, { tv: ['status'] }], cause: error });
}

/** What of a run is known so far, for the audit log. */
export interface AuditDraft {
  run: string | null;
  plan: string | null;
  overrides: readonly OverrideUse[];
}

/** What the checks have found, and the plan made from it. */
interface Draft {
  readonly facts: Json;
  readonly checks: readonly Check[];
  readonly overrides: readonly OverrideUse[];
  readonly steps: readonly Step[];
  readonly plan: PlanData;
}

/** What a person agreed to, or a script had answered beforehand. */
interface Agreement {
  readonly plan: string;
  readonly confirmation: string;
}

/** A question that is asked so often, because the facts keep moving, is better left to a calmer moment. */
const maxQuestions = 5;

/**
 * Checks, plan, question, then the lock, and under it checks and plan once more: a question may stay open
 * for long, and holding the lock meanwhile would keep others out. Whoever has answered beforehand is not
 * asked, so the lock comes first.
 */
async function attempt(
  engine: Engine,
  registered: RegisteredRunbook,
  input: Json,
  answers: Answers,
  audit: AuditDraft,
): Promise<Ending> {
  const { runbook, name } = registered;
  const concurrency = concurrencyOf(runbook, input);
  const what = `${name} (${runbook.title.toLowerCase()})`;
  const request = { runbook: name, what, concurrency, waitMs: answers.waitMs ?? 0 };
  const draft = (warnings: readonly Check[], agreed?: Agreement) =>
    prepare(engine, registered, input, answers, audit, { concurrency, warnings, agreed });
  if (answers.dryRun) {
    const { steps, checks } = await draft([]);
    if (steps.length === 0) assertCurrent(checks);
    return nothingChanged;
  }
  const idle = (ready: Draft) => verifyIdle(engine, registered, input, ready);
  const begin = (ready: Draft, confirmation: string, locks: HeldLocks) =>
    ready.steps.length === 0
      ? idle(ready)
      : runDraft(engine, registered, input, audit, ready, confirmation, locks);
  if (isAnswered(runbook.risk, answers)) {
    return withLocks(engine, request, async (locks) => {
      const ready = await draft(locks.warnings);
      return begin(ready, await ask(engine, runbook.risk, ready.plan.consequence, answers), locks);
    });
  }
  for (let question = 1; question <= maxQuestions; question += 1) {
    assertUnlocked(engine, request);
    const asked = await draft([]);
    if (asked.steps.length === 0) return idle(asked);
    const { plan } = asked;
    const confirmation = await whileAsking(engine, what, () =>
      ask(engine, runbook.risk, plan.consequence, answers),
    );
    const agreed = { plan: plan.id, confirmation };
    const ending = await withLocks(engine, request, async (locks) => {
      const ready = await draft(locks.warnings, agreed);
      if (ready.plan.id !== agreed.plan) {
        engine.watch({ type: 'plan.changed', from: agreed.plan, to: ready.plan.id });
        return undefined;
      }
      return begin(ready, confirmation, locks);
    });
    if (ending !== undefined) return ending;
  }
  throw new Refusal('The facts kept changing while the question was open; nothing was changed.', {
    exitCode: exitCodes.blocked,
    next: [{ tv: ['status'] }, 'then the same command again'],
  });
}

/** Of a dry run, which ends with its plan. */
const nothingChanged: Ending = { outcome: 'verified', exitCode: exitCodes.ok };

/** @throws TvError with exit code 5 where what the checks have read is too old to say that nothing is to do */
function assertCurrent(checks: readonly Check[]): void {
  const old = checks.find(({ stale }) => stale === true);
  if (old === undefined) return;
  throw new TvError('Whether there is anything to do is unknown; nothing was changed.', {
    exitCode: exitCodes.unverified,
    facts: { [old.id]: old.summary, ...old.facts },
    next: old.next ?? [],
  });
}

/**
 * A plan without steps says that all is as wanted already. That is read back by the same verification as
 * after a run, and the exit code is that of what was read. No journal is written.
 */
async function verifyIdle(
  engine: Engine,
  { name, runbook }: RegisteredRunbook,
  input: Json,
  { facts, checks }: Draft,
): Promise<Ending> {
  assertCurrent(checks);
  const run = newRunId(engine.ctx.clock.now(), name);
  const found = await readBack(
    {
      ...{ engine, runbook, run, facts, input, steps: [], before: new Map(), notes: new Map() },
      ...{ journal: openJournal(engine, run, false), locks: noLocks, dryRun: true },
    },
    {},
  );
  const ending: Ending =
    blocks(found).length > 0
      ? { outcome: 'unverified', exitCode: exitCodes.unverified }
      : { outcome: 'verified', exitCode: exitCodes.ok };
  engine.watch({ type: 'idle.checked', checks: found, ...ending });
  return ending;
}

/**
 * Checks and plan, shown as they come; once a plan was agreed to, only what is new since.
 * @throws Refusal where a check blocks, or the plan is not the approved one
 */
async function prepare(
  engine: Engine,
  registered: RegisteredRunbook,
  input: Json,
  answers: Answers,
  audit: AuditDraft,
  around: {
    readonly concurrency: Concurrency;
    readonly warnings: readonly Check[];
    readonly agreed: Agreement | undefined;
  },
): Promise<Draft> {
  const { runbook } = registered;
  const { concurrency, warnings, agreed } = around;
  const preflight = await runbook.preflight(engine.ctx, input as never);
  if (engine.interrupt.received !== undefined) throw stopped();
  const state = checkState(engine, concurrency.protective || answers.dryRun);
  const runs = checkRuns(engine, registered.name, concurrency);
  const planned = () => {
    const { facts } = preflight;
    if (facts === undefined) return [];
    return buildPlan(registered, facts, input as never, engine.ctx.settings.environment).plan.steps;
  };
  const abandoned = await checkClosed(engine, registered.name, concurrency, planned);
  const looked = [
    ...[...checkSettings(engine), ...preflight.checks, ...warnings, state, runs],
    ...abandoned,
  ].filter((check) => check !== undefined);
  const { checks, overrides, idle } = overrule(looked, answers);
  audit.overrides = overrides;
  const blocked = blocks(checks);
  const isBlocked = blocked.length > 0 || preflight.facts === undefined;
  if (agreed === undefined || isBlocked) engine.watch({ type: 'preflight.done', checks });
  if (isBlocked) throw refusedBy(blocked, idle);
  const facts = preflight.facts as Json;
  const { steps, plan } = buildPlan(
    registered,
    facts as never,
    input as never,
    engine.ctx.settings.environment,
  );
  audit.plan = plan.id;
  if (agreed === undefined) {
    const { dryRun } = answers;
    engine.watch({ type: 'plan.ready', plan, dryRun, digest: plan.id, overrides, direction: 'start' });
    assertPlan(plan.id, answers);
  } else if (warnings.length > 0) engine.watch({ type: 'preflight.done', checks: warnings });
  return { facts, checks, overrides, steps, plan };
}

async function runDraft(
  engine: Engine,
  registered: RegisteredRunbook,
  input: Json,
  audit: AuditDraft,
  { facts, checks, overrides, steps, plan }: Draft,
  confirmation: string,
  locks: HeldLocks,
): Promise<Ending> {
  const { runbook } = registered;
  const { settings, clock, version } = engine.ctx;
  const { protective, touches, holdsUpOthers } = concurrencyOf(runbook, input);
  const run = newRunId(clock.now(), registered.name);
  audit.run = run;
  const journal = openJournal(engine, run, protective);
  const execution: Execution = {
    ...{ engine, runbook, run, facts, input, steps, journal, locks },
    before: new Map(),
    notes: new Map(),
  };
  return withJournal(execution, async () => {
    record(execution, {
      type: 'run.started',
      run,
      runbook: registered.name,
      title: runbook.title,
      section: registered.section,
      risk: runbook.risk,
      environment: settings.environment,
      operator: engine.operator,
      version,
      input,
      facts,
      checks,
      plan,
      ...(touches.length === 0 ? {} : { touches }),
      ...(holdsUpOthers ? {} : { holdsUpOthers }),
      ...(runbook.supersedes === undefined ? {} : { supersedes: runbook.supersedes(input as never) }),
      overrides,
      confirmation,
    });
    return execute(execution);
  });
}

/** A run's journal. That of a protective run continues elsewhere where the state directory cannot be written. */
export function openJournal(engine: Engine, run: string, protective: boolean): Journal {
  const onMoved = (moved: JournalMoved) => engine.watch({ type: 'journal.moved', ...moved });
  return new Journal(engine.ctx, run, engine.writer, protective ? onMoved : undefined);
}

/**
 * Reserves room for the journal, then does the work.
 * @throws Refusal, with nothing changed, where there is no room
 */
export async function withJournal(execution: Execution, work: () => Promise<Ending>): Promise<Ending> {
  const { journal } = execution;
  const before = journal.lines.length;
  try {
    journal.reserve();
    return await work();
  } catch (error) {
    const why = error instanceof JournalLost ? error.cause : error;
    if (!(why instanceof WriteError) || journal.lines.length > before) throw error;
    throw new Refusal('There is no room for the journal of this run; nothing was changed.', {
      exitCode: exitCodes.blocked,
      facts: { ...why.facts, reason: why.message },
      next: why.next,
    });
  } finally {
    journal.close();
  }
}

/** Fatal problems of the settings that this command does not depend on; any other command refuses. */
function checkSettings({ ctx }: Engine): readonly Check[] {
  return ctx.settingsOrigins.problems
    .filter(({ level }) => level === 'fatal')
    .map(({ message, where, next, untrusted }) => ({
      id: 'settings',
      world: 'config',
      status: 'warn',
      summary: untrusted
        ? `NOT SAFE: ${message.replace(/\.$/, '')} (${where}): check node, contracts and recipient below`
        : `ignored: ${message.replace(/\.$/, '')} (${where})`,
      next: [next],
    }));
}

/** Whether the state directory can hold a journal. */
function checkState({ ctx }: Engine, mayContinue: boolean): Check | undefined {
  const problem = ctx.runs.problem();
  if (problem === undefined) return undefined;
  return {
    id: 'state',
    world: 'run',
    status: mayContinue ? 'warn' : 'block',
    summary: `no journal can be written: ${problem}`,
    next: [onThisMachine(`df -h ${quoteForShell(ctx.settings.stateDirectory)}`)],
  };
}

/** `20261123-221500-reindex-7f3a`: sorts by time (UTC), says what it is, and differs. */
function newRunId(now: Date, name: string): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${name.replaceAll(' ', '-')}-${randomBytes(2).toString('hex')}`;
}

/** Turns blocks that were overruled by name into warnings that say so. */
function overrule(checks: readonly Check[], answers: Answers) {
  const overrides: OverrideUse[] = [];
  const after = checks.map((check): Check => {
    const overruled = check.override !== undefined && answers.overrides.includes(check.override);
    if (check.status !== 'block' || !overruled) return check;
    const reason = answers.reason ?? '';
    overrides.push({ check: check.override ?? check.id, reason });
    return { ...check, status: 'warn', summary: `${check.summary} (overruled: ${reason})` };
  });
  const idle = answers.overrides.filter((name) => overrides.every(({ check }) => check !== name));
  // Where something is blocked, that refusal names them.
  const told = blocks(after).length > 0 ? [] : idle.map(overrulesNothing);
  return { checks: [...after, ...told], overrides, idle };
}

function overrulesNothing(name: string): Check {
  return {
    id: 'override',
    world: 'run',
    status: 'warn',
    summary: `--override ${name} overrules nothing here`,
  };
}

/** Unfinished runs of this environment, as the runbook's concurrency judges them. */
function checkRuns(engine: Engine, name: string, concurrency: Concurrency): Check | undefined {
  const blocking = { id: 'runs', world: 'run', status: 'block', override: 'unfinished-run' } as const;
  const warning = { id: 'runs', world: 'run', status: 'warn' } as const;
  let states: readonly RunState[];
  try {
    states = readRuns(engine.ctx);
  } catch (error) {
    // A journal that cannot be read may be that of an unfinished run.
    const { message, facts, next } = errorData(error);
    const holdsUp = concurrency.blockedBy === 'any';
    return { ...(holdsUp ? blocking : warning), summary: message, facts, next };
  }
  const isBlocking = (state: RunState, as: 'unfinished' | 'unverified') =>
    judge(name, concurrency, besideOf(state, as)) === 'blocks';
  const unfinished = urgentFirst(states);
  const first = unfinished.find((state) => isBlocking(state, 'unfinished'));
  const last = states.findLast(({ started }) => started.runbook === name);
  if (last?.status === 'unverified' && isBlocking(last, 'unverified')) {
    const summary = `the previous run was not verified and may already have taken effect: ${last.started.run}`;
    return { ...blocking, summary, next: [{ tv: ['resume', last.started.run] }] };
  }
  const shown = first ?? unfinished[0];
  if (shown === undefined) return undefined;
  return {
    ...(first === undefined ? warning : blocking),
    summary: `${unfinished.length === 1 ? 'a run is' : `${unfinished.length} runs are`} unfinished: ${nameRuns(unfinished)}`,
    next: recoveryCommands(shown),
  };
}

/**
 * Closed runs of this command that sent what this one would send again: abandoned, or undone but for that.
 * Each of their transactions is looked up: only proof that it had no effect lets this run pass, or a later run
 * that did the same and was verified.
 * @param planned the steps of this run; empty where there is no basis for a plan
 */
async function checkClosed(
  engine: Engine,
  name: string,
  concurrency: Concurrency,
  planned: () => readonly StepData[],
): Promise<readonly Check[]> {
  const states = surveyRuns(engine.ctx).states.filter(({ started }) => started.runbook === name);
  const undecided = states.flatMap((state, index) => {
    if (state.supersededBy !== undefined) return [];
    const proven = new Set(state.transactions.filter(isWithoutEffect).map(({ hash }) => hash));
    const open = keptTransactions(state).filter(({ hash }) => !proven.has(hash));
    return open.length === 0 ? [] : [{ state, open, later: states.slice(index + 1) }];
  });
  if (undecided.length === 0) return [];
  const mine = new Set(planned().flatMap(onceOf));
  const checks = undecided.map(async ({ state, open, later }): Promise<readonly Check[]> => {
    const { run, plan } = state.started;
    const repeated = (steps: readonly StepData[]) =>
      steps.flatMap(onceOf).filter((line) => mine.has(line)).length > 0;
    const again = open.filter(({ step }) => repeated(plan.steps.filter(({ id }) => id === step)));
    if (again.length === 0) return [];
    if (later.some(({ status, started }) => status === 'verified' && repeated(started.plan.steps))) return [];
    const fates = (await lookUpFates(engine, again)).filter((fate) => !isWithoutEffect(fate));
    if (fates.length === 0) return [];
    const blocks = judge(name, concurrency, besideOf(state, 'closed')) === 'blocks';
    return [
      {
        ...{ id: 'earlier run', world: 'run', status: blocks ? 'block' : 'warn' },
        ...(blocks ? { override: 'unfinished-run' } : {}),
        summary: `the previous run may already have taken effect: ${run} was ${state.status}, and its transaction ${fates.map(({ hash, words }) => `${hash} ${words}`).join('; ')}`,
        next: [{ tv: ['runs', 'show', run] }],
      },
    ];
  });
  return (await Promise.all(checks)).flat();
}

/** The transactions of a closed run whose effect stays, if they had one. */
function keptTransactions({ status, started, steps, lines }: RunState) {
  if (status === 'abandoned') return journaledTransactions(lines);
  if (status !== 'undone') return [];
  const kept = started.plan.steps.filter((step) => isFinal(step) && steps.get(step.id)?.status !== 'undone');
  return journaledTransactions(lines).filter(({ step }) => kept.some(({ id }) => id === step));
}

function besideOf(run: RunState, state: OtherRun['state']): OtherRun {
  const { runbook, touches = [], holdsUpOthers = true, supersedes = [] } = run.started;
  return {
    ...{ runbook, touches, holdsUpOthers, state },
    supersedesItself: supersedes.includes(runbook),
    residual: residualState(run).length > 0,
  };
}

/** @param idle overrides that were given and overrule nothing */
function refusedBy(notPassed: readonly Check[], idle: readonly string[]): Refusal {
  const blocked = notPassed.filter(({ status }) => status === 'block');
  const overrides = blocked.flatMap(({ override }) => (override === undefined ? [] : [override]));
  // Overruling some of them would not get any further.
  const canOverrule = overrides.length === notPassed.length;
  const next = [
    ...blocked.flatMap((check) => check.next ?? []),
    ...(canOverrule
      ? [`overrule with ${overrides.map((name) => `--override ${name}`).join(' ')} --reason "…"`]
      : []),
  ];
  return new Refusal(
    blocked.length === 1
      ? `Blocked by the check "${blocked[0]?.id}"; nothing was changed.`
      : `Blocked by ${blocked.length} checks; nothing was changed.`,
    {
      exitCode: exitCodes.blocked,
      facts: {
        ...Object.fromEntries(blocked.map(({ id, summary }) => [id, summary])),
        ...(idle.length === 0
          ? {}
          : { '--override': `${idle.join(', ')}: nothing here is overruled by that name` }),
      },
      next: distinctAdvice(next),
    },
  );
}

/** @throws Refusal where `--plan` names another digest, or a part of it */
export function assertPlan(digest: string, answers: Answers): void {
  if (answers.plan === undefined || answers.plan === digest) return;
  throw new Refusal('The plan, or a fact that it rests on, has changed since it was approved.', {
    exitCode: exitCodes.blocked,
    facts: { approved: answers.plan, now: digest },
    next: ['read the plan above, and have its new digest approved'],
  });
}

export function stopped(): Refusal {
  return new Refusal('Stopped before anything was changed.', { exitCode: exitCodes.notConfirmed });
}

/** A call that ended before it changed anything is in the audit log like every other. */
export async function auditRefusal(
  engine: Engine,
  command: string,
  input: Json,
  audit: AuditDraft,
  error: unknown,
): Promise<void> {
  if (!(error instanceof TvError)) return;
  const outcome = error instanceof Refusal ? 'refused' : 'aborted';
  const end = { outcome, exitCode: error.exitCode, reason: error.message };
  // An id that no check has found may be a private key, pasted in the wrong place.
  const cleaned = JSON.parse(withoutKeys(JSON.stringify(asJson(input)))) as Json;
  await writeAudit(engine, command, cleaned, audit, end);
}

/** One line in the audit log for this call, whatever became of it. Where it cannot be written, the screen says so. */
export async function writeAudit(
  engine: Engine,
  command: string,
  input: Json,
  audit: AuditDraft,
  end: { readonly outcome: string; readonly exitCode: number; readonly reason?: string },
): Promise<void> {
  try {
    await engine.ctx.audit.append({
      command,
      environment: engine.ctx.settings.environment,
      operator: engine.operator,
      input: asJson(input),
      ...audit,
      outcome: end.outcome,
      exitCode: end.exitCode,
      reason: end.reason ?? null,
    });
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    // What became of the run is the more important news, and its exit code stays.
    engine.watch({ type: 'audit.failed', reason: error.message });
  }
}
