import type { Backup } from '../../../src/database/backup/listBackups.ts';

export type PruneFacts = {
  readonly remove: readonly Pick<Backup, 'name' | 'path' | 'bytes' | 'createdAt'>[];
  /** What an interrupted backup or removal has left, a day or longer ago. */
  readonly leftovers: readonly string[];
  /** Databases that a restore has put aside; only with --old. */
  readonly databases: readonly { readonly name: string; readonly bytes: number }[];
  readonly keep: number;
  readonly keepDays: number;
};
