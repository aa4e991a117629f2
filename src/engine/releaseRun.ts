import { type ExitCode, exitCodes } from '../errors/TvError.ts';
import { Journal } from '../journal/journal.ts';
import { describeHolder, releaseLocksOf } from '../journal/lockRecords.ts';
import { foldRun, isUnseen, type RunState, recoveryCommands } from '../journal/runState.ts';
import type { Answers } from '../runbook/answers.ts';
import type { Check } from '../runbook/check.ts';
import { ago } from '../text/format.ts';
import { ask, assertAnswerable } from './ask.ts';
import { type AuditDraft, writeAudit } from './auditCall.ts';
import { type Engine, Refusal } from './engine.ts';
import { whileAsking, withLocks } from './locks.ts';
import { assertOwnEnvironment, recordLock } from './runRecord.ts';
import { withReason } from './withReason.ts';

/**
 * Records that the process of a run has ended, where that cannot be seen from here: its machine is gone or has
 * another name now, or it ran in a container. Its locks are released; nothing else is changed. A process that runs
 * on against this word finds its lock gone, and stops before its next step.
 * @throws Refusal where the process can be seen, or still holds the lock in the database
 */
export function releaseRun(engine: Engine, run: string, reason: string, answers: Answers): Promise<ExitCode> {
  return withReason(engine, { verb: 'release', run, reason }, (audit) =>
    attempt(engine, run, reason, answers, audit),
  );
}

async function attempt(
  engine: Engine,
  run: string,
  reason: string,
  answers: Answers,
  audit: AuditDraft,
): Promise<ExitCode> {
  const { ctx } = engine;
  const state = readUnseen(engine, run);
  const { runbook, section, plan } = state.started;
  audit.plan = plan.id;
  assertAnswerable(engine, 'severe', answers);
  const what = `release ${run}`;
  engine.watch({
    type: 'preflight.started',
    runbook: 'runs release',
    title: `Release ${run}`,
    section,
    environment: ctx.settings.environment,
    subject: state.started.title.toLowerCase(),
  });
  engine.watch({ type: 'preflight.done', checks: [unseen(engine, state), await lockCheck(engine, what)] });
  const { user, host, pid } = state.lastOperator;
  const consequence = `Process ${pid} of ${user}@${host} counts as ended from now on, and its locks are released. If it still runs, it stops before its next step, and the step that it is in may be done twice.`;
  const confirmation = await whileAsking(engine, what, () => ask(engine, 'severe', consequence, answers));
  readUnseen(engine, run);
  await lockCheck(engine, what);
  releaseLocksOf(ctx.settings, state.lastOperator);
  return withLocks(engine, recordLock(runbook, what, answers), async () => {
    // Another operator may have been quicker.
    readUnseen(engine, run);
    const released = { type: 'run.released' as const, operator: engine.operator, confirmation, reason };
    new Journal(ctx, run, engine.writer).append(released);
    const now = foldRun(ctx.runs.read(run));
    engine.watch({ ...released, next: now === undefined ? [] : recoveryCommands(now) });
    await writeAudit(engine, `release ${runbook}`, null, audit, {
      ...{ outcome: 'released', exitCode: exitCodes.ok, reason },
    });
    return exitCodes.ok;
  });
}

/** @throws Refusal where it is not one whose process cannot be seen */
function readUnseen(engine: Engine, run: string): RunState {
  const state = foldRun(engine.ctx.runs.read(run));
  if (state === undefined) {
    throw new Refusal('run.not-begun', 'The run had not begun; it holds up nothing.', {
      exitCode: exitCodes.blocked,
      facts: { run },
      next: [{ tv: ['runs', 'list'] }],
    });
  }
  assertOwnEnvironment(engine, run, state);
  if (isUnseen(state)) return state;
  const { user, host, pid } = state.lastOperator;
  const facts = { run, status: state.status, who: `${user}@${host}, process ${pid}` };
  if (state.status === 'running') {
    throw new Refusal('run.in-progress', 'Its process can be seen from here, and runs.', {
      exitCode: exitCodes.locked,
      facts,
      next: ['stop it with Ctrl-C at its terminal'],
    });
  }
  throw new Refusal('run.not-unseen', 'The run is not in progress; it needs no release.', {
    exitCode: exitCodes.blocked,
    facts,
    next: [...recoveryCommands(state), { tv: ['runs', 'show', run] }],
  });
}

function unseen({ ctx }: Engine, { lastOperator, lastAt }: RunState): Check {
  const { user, host, pid } = lastOperator;
  return {
    id: 'process',
    world: 'run',
    status: 'warn',
    summary: `process ${pid} of ${user}@${host} cannot be seen from here: whether it has ended is not known to tv`,
    facts: { 'last line of its journal': ago(new Date(lastAt), ctx.clock.now()) },
    next: [`on ${host}: ps -p ${pid}`],
  };
}

/**
 * The lock in the database ends with its session: a process that holds it runs.
 * @throws Refusal with exit code 6 where another session holds it
 */
async function lockCheck(engine: Engine, what: string): Promise<Check> {
  const since = engine.ctx.clock.now().toISOString();
  const check = { id: 'lock', world: 'database' } as const;
  const answer = await engine.remoteLock({ operator: engine.operator, what, since });
  if (answer.held === null) {
    const summary = `whether a session of it still holds the lock in the database is unknown: ${answer.reason.replace(/\.$/, '')}`;
    return { ...check, status: 'warn', summary };
  }
  if (answer.held) {
    await answer.release();
    return { ...check, status: 'pass', summary: 'no session holds the lock in the database' };
  }
  throw new Refusal('lock.held', 'A session still holds the lock in the database: a run is in progress.', {
    exitCode: exitCodes.locked,
    facts: describeHolder(answer.by, engine.ctx.clock.now()),
    next: [{ tv: ['runs', 'list'], on: answer.by.operator.host }],
  });
}
