import { TvError } from '../errors/TvError.ts';
import type { ApprovalUse } from '../runbook/approval.ts';
import type { OverrideUse } from '../runbook/events.ts';
import type { Json } from '../runbook/json.ts';
import { asJson } from '../runbook/json.ts';
import { withoutKeys } from '../text/pastedKeys.ts';
import { type Engine, Refusal } from './engine.ts';

/** What of a run is known so far, for the audit log. */
export interface AuditDraft {
  run: string | null;
  plan: string | null;
  overrides: readonly OverrideUse[];
  approval?: ApprovalUse;
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
