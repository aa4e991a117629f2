import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFile } from '../output/durableFile.ts';
import type { AuditRecord } from '../runbook/audit.ts';
import type { ChainedRecords } from '../runbook/context.ts';
import type { Operator } from '../runbook/events.ts';
import { outsideText } from '../text/outsideText.ts';

/** The run that a plan file was used for. */
export interface PlanUse {
  readonly run: string;
  readonly at: string | null;
}

function markOf(stateDirectory: string, sha256: string): string {
  return join(stateDirectory, 'used-plans', `${sha256}.json`);
}

/**
 * Marks a plan file as used by a run, before its first step.
 * @returns the run that has used it already; undefined where this one has it now
 * @throws WriteError where the mark is not on disk
 */
export function usePlan(
  stateDirectory: string,
  sha256: string,
  { run, operator, at }: { readonly run: string; readonly operator: Operator; readonly at: Date },
): PlanUse | undefined {
  const mark = markOf(stateDirectory, sha256);
  try {
    createFile(mark, `${JSON.stringify({ run, at: at.toISOString(), operator })}\n`);
    return undefined;
  } catch (error) {
    // Of two at once, one makes the file.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return readMark(mark);
  }
}

/** By the marks, and by the audit log where a mark is gone. */
export function planUse(
  stateDirectory: string,
  audit: Pick<ChainedRecords<AuditRecord>, 'entries'>,
  sha256: string,
): PlanUse | undefined {
  const mark = markOf(stateDirectory, sha256);
  if (existsSync(mark)) return readMark(mark);
  // A run that was refused at its very beginning has used nothing.
  const entry = audit
    .entries()
    .find(
      ({ run, approval, outcome }) => run !== null && outcome !== 'refused' && approval?.planFile === sha256,
    );
  return entry === undefined ? undefined : { run: entry.run ?? '', at: entry.at };
}

/** A mark that cannot be read says that the plan was used all the same. */
function readMark(mark: string): PlanUse {
  try {
    const { run, at } = JSON.parse(readFileSync(mark, 'utf8')) as Readonly<Record<string, unknown>>;
    return { run: outsideText(String(run)), at: typeof at === 'string' ? outsideText(at) : null };
  } catch {
    return { run: 'unknown', at: null };
  }
}
