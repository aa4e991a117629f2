import type { Advice } from '../errors/advice.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { type ExitCode, exitCodes, UsageError } from '../errors/TvError.ts';
import { Journal } from '../journal/journal.ts';
import { foldRun, type RunState } from '../journal/runState.ts';
import type { Answers } from '../runbook/answers.ts';
import { outsideText } from '../text/outsideText.ts';
import { type AuditDraft, auditRefusal, writeAudit } from './auditCall.ts';
import { type Engine, Refusal } from './engine.ts';
import { withLocks } from './locks.ts';
import { assertOwnEnvironment, recordLock } from './runRecord.ts';

/** Of a note, in characters: it is for a sentence or two, not for a log. */
const longest = 2_000;

/**
 * Adds a person's note to the journal of a run that is not in progress, for its report. Nothing else is changed.
 * @throws Refusal where the run is in progress, has not begun, or belongs to another environment
 */
export async function noteRun(
  engine: Engine,
  run: string,
  text: string,
  answers: Answers,
): Promise<ExitCode> {
  const audit: AuditDraft = { run, plan: null, overrides: [] };
  const note = outsideText(text, longest).trim();
  try {
    if (note === '')
      throw new UsageError('usage.missing-value', 'The note is empty.', {
        next: { tv: ['runs', 'note', '--help'] },
      });
    const { runbook } = readRunToNote(engine, run).started;
    await withLocks(engine, recordLock(runbook, `note ${run}`, answers), async () => {
      // Under the lock: a run in progress numbers the lines of its journal itself.
      readRunToNote(engine, run);
      const noted = { type: 'run.noted', operator: engine.operator, text: note } as const;
      new Journal(engine.ctx, run, engine.writer).append(noted);
      engine.watch(noted);
    });
    await writeAudit(engine, `note ${runbook}`, null, audit, {
      ...{ outcome: 'noted', exitCode: exitCodes.ok, reason: note },
    });
    return exitCodes.ok;
  } catch (error) {
    await auditRefusal(engine, 'note', null, audit, error);
    throw error;
  }
}

/** @throws Refusal where the run has not begun, is in progress, or belongs to another environment */
function readRunToNote(engine: Engine, run: string): RunState {
  const state = foldRun(engine.ctx.runs.read(run));
  const refuse = (
    code: ErrorCode,
    message: string,
    next: Advice,
    exitCode: 3 | 6 = exitCodes.blocked,
  ): never => {
    throw new Refusal(code, message, { exitCode, facts: { run }, next: [next] });
  };
  if (state === undefined)
    return refuse('run.not-begun', 'The run had not begun; there is nothing to note.', {
      tv: ['runs', 'list'],
    });
  assertOwnEnvironment(engine, run, state);
  if (state.status === 'running') {
    return refuse(
      'run.in-progress',
      'The run is in progress.',
      { when: 'once it has finished', again: [] },
      exitCodes.locked,
    );
  }
  return state;
}
