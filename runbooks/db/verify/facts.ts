import type { Backup } from '../../../src/database/backup/listBackups.ts';
import type { MaintenanceFacts } from '../shared/maintenance.ts';
import type { Tools } from '../shared/tools.ts';

export type VerifyFacts = {
  readonly backups: readonly Pick<Backup, 'path' | 'form' | 'archive' | 'name' | 'bytes'>[];
  /** Undefined, that is null, where nothing is restored. */
  readonly restore: MaintenanceFacts | null;
  readonly server: { readonly major: number };
  readonly tools: Tools;
};
