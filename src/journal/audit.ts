import { join } from 'node:path';
import type { RedactingWriter } from '../output/redactingWriter.ts';
import type { AuditRecord } from '../runbook/audit.ts';
import type { ChecklistRecord } from '../runbook/checklist.ts';
import type { Clock } from '../runbook/context.ts';
import { ChainedLog } from './chainedLog.ts';

/** What an operator asked for and what became of it. */
export class AuditLog extends ChainedLog<AuditRecord> {
  constructor(stateDirectory: string, writer: RedactingWriter, clock: Clock) {
    const names = { log: 'audit log', entry: 'an audit entry', unusable: 'audit.unusable' } as const;
    super(join(stateDirectory, 'audit.jsonl'), names, writer, clock);
  }
}

/** Which items of the security checklist were done, by whom, and with which evidence. */
export class ChecklistLog extends ChainedLog<ChecklistRecord> {
  constructor(stateDirectory: string, writer: RedactingWriter, clock: Clock) {
    const names = {
      log: 'log of the security checklist',
      entry: 'a record of the checklist',
      unusable: 'checklist.unusable',
    } as const;
    super(join(stateDirectory, 'checklist.jsonl'), names, writer, clock);
  }
}
