import { renameSync } from 'node:fs';
import type { Advice } from '../errors/advice.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { type ExitCode, exitCodes, TvError } from '../errors/TvError.ts';
import { Journal } from '../journal/journal.ts';
import { leftoversOf, residualState } from '../journal/residualState.ts';
import { foldRun, isClosed, isUnseen, type RunState, releaseCommand } from '../journal/runState.ts';
import { fateChecks, isWithoutEffect, journaledTransactions } from '../journal/sentTransactions.ts';
import type { Answers } from '../runbook/answers.ts';
import type { Check } from '../runbook/check.ts';
import type { Risk } from '../runbook/events.ts';
import { ask, assertAnswerable } from './ask.ts';
import { type AuditDraft, writeAudit } from './auditCall.ts';
import { type Engine, Refusal } from './engine.ts';
import { lookUpFates } from './fates.ts';
import { whileAsking, withLocks } from './locks.ts';
import { assertOwnEnvironment, recordLock } from './runRecord.ts';
import { withReason } from './withReason.ts';

/**
 * Closes a run that is neither finished nor undone, by a line in its journal; one whose journal cannot be read
 * by renaming that. The world is left as it is. Every transaction that the run has journaled is looked up first,
 * and what became of it is shown and kept in that line: the run itself cannot be asked any more.
 * @throws Refusal where it is running, or closed already
 */
export function abandonRun(engine: Engine, run: string, reason: string, answers: Answers): Promise<ExitCode> {
  return withReason(engine, { verb: 'abandon', run, reason }, (audit) =>
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
  const state = readRunToClose(engine, run);
  const risk: Risk = state?.started.risk ?? 'severe';
  assertAnswerable(engine, risk, answers);
  engine.watch({
    type: 'preflight.started',
    runbook: 'runs abandon',
    title: `Abandon ${run}`,
    section: state?.started.section ?? '',
    environment: ctx.settings.environment,
    subject: state?.started.title.toLowerCase() ?? 'its journal cannot be read',
  });
  const lookUp = (of: RunState | undefined) =>
    lookUpFates(engine, journaledTransactions(of?.lines ?? ctx.runs.readable(run)));
  const fates = await lookUp(state);
  const undecided = !fates.every(isWithoutEffect);
  const checks = [
    ...(state === undefined ? [unreadable] : []),
    ...fateChecks(fates, state?.started.plan.steps ?? []),
  ];
  if (checks.length > 0) engine.watch({ type: 'preflight.done', checks });
  if (state !== undefined) {
    audit.plan = state.started.plan.id;
    // What it would have changed is not what is left.
    const { effects: _, changes: __, ...plan } = state.started.plan;
    const steps = plan.steps.filter(({ id }) => state.steps.get(id)?.status !== 'done');
    const left = residualState(state);
    engine.watch({
      ...{ type: 'plan.ready', plan: { ...plan, steps }, all: plan.steps, dryRun: false, overrides: [] },
      ...{ direction: 'abandon', left },
      ...(undecided
        ? { instead: [{ when: 'to decide it, without sending anything twice', tv: ['resume', run] }] }
        : {}),
    });
  }
  const what = `abandon ${run}`;
  const found = state === undefined ? [] : leftoversOf(state);
  const consequence = [
    `This closes ${run} without finishing or undoing it.`,
    ...(undecided ? ['A transaction of it took effect, or still may.'] : []),
    ...(found.length > 0 ? [`It leaves ${found.map(({ what }) => what).join(' and ')}.`] : []),
  ].join(' ');
  const confirmation = await whileAsking(engine, what, () => ask(engine, risk, consequence, answers));
  const runbook = state?.started.runbook ?? what;
  return withLocks(engine, recordLock(runbook, what, answers), async () => {
    const now = readRunToClose(engine, run);
    if (now?.lines.length !== state?.lines.length) {
      throw new Refusal(
        'run.changed-meanwhile',
        'The run changed while the question was open; it was not closed.',
        {
          exitCode: exitCodes.blocked,
          next: [{ tv: ['runs', 'show', run] }],
        },
      );
    }
    // It may have got into a block while the question was open.
    const transactions = await lookUp(now);
    const leftovers = now === undefined ? [] : leftoversOf(now);
    const closed = {
      type: 'run.abandoned' as const,
      ...{ operator: engine.operator, confirmation, reason },
      ...(leftovers.length === 0 ? {} : { leftovers }),
      ...(transactions.length === 0 ? {} : { transactions }),
    };
    if (now === undefined) setAside(ctx.runs.file(run));
    else new Journal(ctx, run, engine.writer).append(closed);
    engine.watch(closed);
    const end = { outcome: 'abandoned', exitCode: exitCodes.ok, reason };
    await writeAudit(engine, `abandon ${runbook}`, now?.started.input ?? null, audit, end);
    return exitCodes.ok;
  });
}

const unreadable: Check = {
  id: 'journal',
  world: 'run',
  status: 'warn',
  summary: 'cannot be read as a whole: whether this run sent a transaction besides is unknown',
};

/** Undefined where the journal cannot be read, or says nothing. @throws Refusal where there is nothing to close */
function readRunToClose(engine: Engine, run: string): RunState | undefined {
  let state: RunState | undefined;
  try {
    state = foldRun(engine.ctx.runs.read(run));
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    return undefined;
  }
  if (state === undefined) return undefined;
  const facts = { run, status: state.status };
  const refuse = (
    code: ErrorCode,
    message: string,
    next: Advice,
    exitCode: 3 | 6 = exitCodes.blocked,
  ): never => {
    throw new Refusal(code, message, { exitCode, facts, next: [next] });
  };
  assertOwnEnvironment(engine, run, state, facts);
  if (state.status === 'running')
    refuse(
      'run.in-progress',
      'The run is in progress.',
      isUnseen(state) ? releaseCommand(state) : { tv: ['runs', 'list'] },
      exitCodes.locked,
    );
  if (isClosed(state)) refuse('run.closed', 'The run is closed already.', { tv: ['runs', 'show', run] });
  return state;
}

/** Out of the list of runs, and kept beside it. */
function setAside(file: string): void {
  renameSync(file, `${file}.abandoned`);
}
