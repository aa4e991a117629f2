import { randomBytes } from 'node:crypto';
import { type ExitCode, exitCodes, TvError, UsageError } from '../errors/TvError.ts';
import type { Answers } from '../runbook/answers.ts';
import type { Check } from '../runbook/check.ts';
import type { Concurrency } from '../runbook/concurrency.ts';
import type { Step } from '../runbook/define.ts';
import type { Effects, StepEffects } from '../runbook/effects.ts';
import type { OverrideUse, PlanData } from '../runbook/events.ts';
import type { Json } from '../runbook/json.ts';
import {
  type Approval,
  approvalsNeeded,
  assertNewFile,
  assertSameOverrides,
  checkApproval,
  usePlanFile,
  writePlan,
} from './approval.ts';
import { ask, assertAnswerable, isAnswered } from './ask.ts';
import { type AuditDraft, auditRefusal, withStartAudited, writeAudit } from './auditCall.ts';
import { checkPreview, previewPlan } from './effects.ts';
import {
  blocks,
  buildPlan,
  concurrencyOf,
  type Engine,
  errorData,
  Refusal,
  type RegisteredRunbook,
} from './engine.ts';
import { type Ending, type Execution, execute, readBack, record } from './execute.ts';
import { checkClosed, checkRuns, checkSettings, checkState, overrule, refusedBy } from './gates.ts';
import { assertUnlocked, type HeldLocks, noLocks, whileAsking, withLocks } from './locks.ts';
import { openJournal, withJournal } from './runJournal.ts';

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
      throw new UsageError(
        'usage.missing-value',
        '--override needs a --reason; it is kept in the audit log.',
        { next: { again: ['--reason', '…'] } },
      );
    }
    if (answers.out !== undefined) await assertNewFile(answers.out);
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
  return new TvError('tv.bug', message, {
    next: [{ tv: ['runs', 'list'] }, { tv: ['status'] }],
    cause: error,
  });
}

/** What the checks have found, and the plan made from it. */
interface Draft {
  readonly facts: Json;
  readonly checks: readonly Check[];
  readonly overrides: readonly OverrideUse[];
  readonly steps: readonly Step[];
  readonly plan: PlanData;
  /** What the plan's id is the digest of. */
  readonly restsOn: Json;
  readonly approval: Approval;
}

/** What a person agreed to, or a script had answered beforehand. */
interface Agreement {
  readonly plan: string;
  readonly effects?: Effects | undefined;
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
    const ready = await draft([]);
    if (ready.steps.length === 0) assertCurrent(ready.checks);
    if (answers.out !== undefined) await writePlan(engine, registered, input, answers.out, ready);
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
    const agreed = { plan: plan.id, effects: plan.effects, confirmation };
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
  throw new Refusal(
    'plan.unstable',
    'The facts kept changing while the question was open; nothing was changed.',
    {
      exitCode: exitCodes.blocked,
      next: [{ tv: ['status'] }, { when: 'then', again: [] }],
    },
  );
}

function isFailure({ result }: StepEffects): boolean {
  return result === 'failure';
}

/** Of a dry run, which ends with its plan. */
const nothingChanged: Ending = { outcome: 'verified', exitCode: exitCodes.ok };

/** @throws TvError with exit code 5 where what the checks have read is too old to say that nothing is to do */
function assertCurrent(checks: readonly Check[]): void {
  const old = checks.find(({ stale }) => stale === true);
  if (old === undefined) return;
  throw new TvError('check.unknown', 'Whether there is anything to do is unknown; nothing was changed.', {
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
  const approval = await checkApproval(engine, registered, input, answers);
  if (approval.use !== undefined) audit.approval = approval.use;
  const preflight = await runbook.preflight(engine.ctx, input as never);
  if (engine.interrupt.received !== undefined) throw stopped();
  const state = checkState(engine, concurrency.protective || answers.dryRun);
  const runs = checkRuns(engine, registered.name, concurrency);
  const { environment } = engine.ctx.settings;
  let steps: readonly Step[] | undefined;
  const stepsOfPlan = () => {
    steps ??= runbook.plan(preflight.facts as never, input as never);
    return steps;
  };
  const build = (effects?: Effects) =>
    buildPlan(registered, preflight.facts as never, input as never, environment, {
      ...{ steps: stepsOfPlan(), effects },
    });
  const planned = () => (preflight.facts === undefined ? [] : build().plan.steps);
  const abandoned = await checkClosed(engine, registered.name, concurrency, planned);
  const foundBefore = [
    ...[...checkSettings(engine), ...preflight.checks, ...warnings, approval.check, state, runs],
    ...abandoned,
  ].filter((check) => check !== undefined);
  const isPlanned =
    preflight.facts !== undefined && blocks(overrule(foundBefore, answers).checks).length === 0;
  const previewed = isPlanned ? await previewPlan(engine, runbook, input, stepsOfPlan()) : undefined;
  if (engine.interrupt.received !== undefined) throw stopped();
  // Where the simulation has gone away since and nothing else has changed, what was agreed to is not asked again.
  const failsNow = previewed?.method === 'single-calls' && previewed.steps.some(isFailure);
  const isKept =
    previewed?.method !== 'sequence' &&
    !failsNow &&
    agreed?.effects?.method === 'sequence' &&
    preflight.facts !== undefined &&
    build(agreed.effects).plan.id === agreed.plan;
  const effects = isKept ? agreed.effects : previewed;
  const found =
    effects === undefined ? foundBefore : [...foundBefore, ...checkPreview(effects, stepsOfPlan(), runbook)];
  const { checks, overrides, idle } = overrule(found, answers);
  audit.overrides = overrides;
  assertSameOverrides(approval, overrides);
  const blocked = blocks(checks);
  const isBlocked = blocked.length > 0 || preflight.facts === undefined;
  if (agreed === undefined || isBlocked) engine.watch({ type: 'preflight.done', checks });
  if (isBlocked) throw refusedBy(blocked, idle);
  const facts = preflight.facts as Json;
  const { plan, restsOn } = build(effects);
  audit.plan = plan.id;
  if (agreed === undefined) {
    const { dryRun } = answers;
    const approvals = dryRun ? approvalsNeeded(engine, registered) : undefined;
    engine.watch({
      ...{ type: 'plan.ready', plan, dryRun, digest: plan.id, overrides, direction: 'start' },
      ...(approvals === undefined ? {} : { approvals }),
      ...(answers.out === undefined ? {} : { out: answers.out }),
    });
    assertPlan(plan.id, { plan: answers.plan ?? approval.planFile?.document.digest });
  } else if (warnings.length > 0) engine.watch({ type: 'preflight.done', checks: warnings });
  return { facts, checks, overrides, steps: stepsOfPlan(), plan, restsOn, approval };
}

async function runDraft(
  engine: Engine,
  registered: RegisteredRunbook,
  input: Json,
  audit: AuditDraft,
  { facts, checks, overrides, steps, plan, approval }: Draft,
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
    usePlanFile(engine, approval, run, protective);
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
      ...(approval.use === undefined ? {} : { approval: approval.use }),
    });
    const call = { command: registered.name, input, protective };
    return withStartAudited(engine, call, audit, () => execute(execution));
  });
}

/** `20261123-221500-reindex-7f3a`: sorts by time (UTC), says what it is, and differs. */
function newRunId(now: Date, name: string): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${name.replaceAll(' ', '-')}-${randomBytes(2).toString('hex')}`;
}

/** @throws Refusal where `--plan` names another digest, or a part of it */
export function assertPlan(digest: string, answers: Pick<Answers, 'plan'>): void {
  if (answers.plan === undefined || answers.plan === digest) return;
  throw new Refusal(
    'plan.changed',
    'The plan, or a fact that it rests on, has changed since it was approved.',
    {
      exitCode: exitCodes.blocked,
      facts: { approved: answers.plan, now: digest },
      next: ['read the plan above, and have its new digest approved'],
    },
  );
}

function stopped(): Refusal {
  return new Refusal('answer.not-confirmed', 'Stopped before anything was changed.', {
    exitCode: exitCodes.notConfirmed,
  });
}
