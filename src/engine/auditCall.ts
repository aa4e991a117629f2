import { exitCodes, TvError } from '../errors/TvError.ts';
import type { ApprovalUse } from '../runbook/approval.ts';
import { type AuditRecord, startOutcome } from '../runbook/audit.ts';
import type { OverrideUse } from '../runbook/events.ts';
import type { Json } from '../runbook/json.ts';
import { asJson } from '../runbook/json.ts';
import { withoutKeys } from '../text/pastedKeys.ts';
import { type Engine, errorData, Refusal } from './engine.ts';

/** What of a run is known so far, for the audit log. */
export interface AuditDraft {
  run: string | null;
  plan: string | null;
  overrides: readonly OverrideUse[];
  approval?: ApprovalUse;
}

/** A call that ended with an error is in the audit log like every other, also where that was a bug of tv. */
export async function auditRefusal(
  engine: Engine,
  command: string,
  input: Json,
  audit: AuditDraft,
  error: unknown,
): Promise<void> {
  const end =
    error instanceof TvError
      ? { outcome: error instanceof Refusal ? 'refused' : 'aborted', exitCode: error.exitCode }
      : { outcome: 'crashed', exitCode: exitCodes.bug };
  const reason = withoutKeys(errorData(error).message);
  // An id that no check has found may be a private key, pasted in the wrong place.
  const cleaned = JSON.parse(withoutKeys(JSON.stringify(asJson(input)))) as Json;
  await writeAudit(engine, command, cleaned, audit, { ...end, reason });
}

/**
 * The start of a run, or of its continuation, is in the audit log too: a run that is killed writes no end.
 * @param protective its steps do not wait for the log, which another call may hold for long
 */
export async function withStartAudited<T>(
  engine: Engine,
  call: { readonly command: string; readonly input: Json; readonly protective: boolean },
  audit: AuditDraft,
  work: () => Promise<T>,
): Promise<T> {
  const start = { ...audit, outcome: startOutcome, exitCode: null, reason: null };
  const record = recordOf(engine, call.command, call.input, start);
  // Where it cannot be written, neither can the end, which says so.
  const written = engine.ctx.audit.append(record).catch(() => undefined);
  if (!call.protective) await written;
  try {
    return await work();
  } finally {
    await written;
  }
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
    const { outcome, exitCode, reason = null } = end;
    await engine.ctx.audit.append(recordOf(engine, command, input, { ...audit, outcome, exitCode, reason }));
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    // What became of the run is the more important news, and its exit code stays.
    engine.watch({ type: 'audit.failed', reason: error.message });
  }
}

function recordOf(
  { ctx, operator }: Engine,
  command: string,
  input: Json,
  ended: AuditDraft & Pick<AuditRecord, 'outcome' | 'exitCode' | 'reason'>,
): AuditRecord {
  return { command, environment: ctx.settings.environment, operator, input: asJson(input), ...ended };
}
