import { stampOf } from '../shared/names.ts';
import type { Tools } from '../shared/tools.ts';

export type BackupFacts = {
  readonly form: 'directory' | 'sql.gz';
  readonly directory: string;
  readonly database: {
    readonly name: string;
    readonly systemIdentifier: string | null;
    readonly oid: number;
  };
  readonly server: { readonly version: string; readonly major: number };
  readonly tools: Tools;
};

/** Where a run's backup will lie: known before it is made, so that a resumed run finds it. */
export function backupPath(facts: BackupFacts, run: string): string {
  const end = facts.form === 'directory' ? '' : '.sql.gz';
  return `${facts.directory}/${facts.database.name}_${stampOf(run)}${end}`;
}

export function partialPath(facts: BackupFacts, run: string): string {
  return `${backupPath(facts, run)}.partial`;
}
