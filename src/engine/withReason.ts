import { type ExitCode, UsageError } from '../errors/TvError.ts';
import { type AuditDraft, auditRefusal } from './auditCall.ts';
import type { Engine } from './engine.ts';

/**
 * Does something to a run that a person has to give a reason for. Where it is refused, that is in the audit log too.
 * @throws UsageError where the reason is empty; what `work` throws
 */
export async function withReason(
  engine: Engine,
  {
    verb,
    run,
    reason,
  }: { readonly verb: 'abandon' | 'release'; readonly run: string; readonly reason: string },
  work: (audit: AuditDraft) => Promise<ExitCode>,
): Promise<ExitCode> {
  const audit: AuditDraft = { run, plan: null, overrides: [] };
  try {
    if (reason.trim() === '') {
      throw new UsageError('usage.missing-value', '--reason is empty; it is kept in the audit log.', {
        next: { again: ['--reason', '…'] },
      });
    }
    return await work(audit);
  } catch (error) {
    await auditRefusal(engine, verb, null, audit, error);
    throw error;
  }
}
