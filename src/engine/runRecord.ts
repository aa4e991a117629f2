import { exitCodes } from '../errors/TvError.ts';
import type { RunState } from '../journal/runState.ts';
import type { Answers } from '../runbook/answers.ts';
import { ordinary } from '../runbook/concurrency.ts';
import { type Engine, Refusal } from './engine.ts';
import type { LockRequest } from './locks.ts';

// What the commands share that change the record of a run, and nothing else: abandon, release, note.

/** Blocked by a run of the same command only. @param what as the holder is shown to others */
export function recordLock(runbook: string, what: string, { waitMs = 0 }: Answers): LockRequest {
  return { runbook, what, waitMs, concurrency: { ...ordinary, waitsFor: 'itself' } };
}

/** @throws Refusal where the run belongs to another environment than the one chosen */
export function assertOwnEnvironment(
  { ctx }: Engine,
  run: string,
  { started: { environment } }: RunState,
  facts: Readonly<Record<string, string>> = { run },
): void {
  if (environment === ctx.settings.environment) return;
  throw new Refusal('run.other-environment', `The run belongs to the environment ${environment}.`, {
    exitCode: exitCodes.blocked,
    facts,
    next: [{ tv: ['-e', environment, 'runs', 'show', run] }],
  });
}
