import type { BackupForm } from '../../../src/database/backup/manifest.ts';
import { oldName } from '../../../src/database/restore/listDatabases.ts';
import type { Rename } from '../../../src/database/restore/swapDatabases.ts';
import type { MaintenanceFacts } from '../shared/maintenance.ts';
import { besideName } from '../shared/names.ts';
import type { Tools } from '../shared/tools.ts';

export type RestoreMode = 'swap' | 'in-place' | 'swap-back';

export type RestoreFacts = {
  readonly mode: RestoreMode;
  /** Null for a swap back. */
  readonly backup: {
    readonly path: string;
    readonly name: string;
    readonly form: BackupForm;
    readonly archive: string;
    readonly createdAt: string;
    readonly cursorBlock: number | null;
    /** By `schema.table`, found in it when it was read. */
    readonly rows: Readonly<Record<string, number>>;
    readonly expectedBytes: number | null;
  } | null;
  /** The old database that comes back, for a swap back. */
  readonly back: { readonly name: string; readonly oid: number } | null;
  readonly database: {
    readonly name: string;
    /** Null where there is none: it was lost, and is made anew. */
    readonly oid: number | null;
    readonly maintenance: MaintenanceFacts;
  };
  readonly services: readonly {
    readonly unit: string;
    readonly wasActive: boolean;
    /** It crashed again and again before: it is started afterwards, but need not run. */
    readonly crashes?: boolean;
  }[];
  /** Databases that earlier restores have left half restored; dropped before this one needs the disk. */
  readonly leftovers: readonly { readonly name: string; readonly bytes: number }[];
  readonly endSessions: boolean;
  readonly server: { readonly major: number };
  readonly tools: Tools;
};

/** Where the backup is restored to, before it gets the live name. */
export function newName(facts: RestoreFacts, run: string): string {
  return facts.back?.name ?? besideName(facts.database.name, 'restore', run);
}

/** The name that the present database gets, by the time of the run (UTC). */
export function keptAs(facts: RestoreFacts, run: string): string {
  return oldName(facts.database.name, run);
}

/** Whether there is a live database that the new one takes the place of, and that is kept. */
export function keepsOld({ mode, database }: RestoreFacts): boolean {
  return !dropsFirst({ mode }) && database.oid !== null;
}

/** Whether the live database goes before another one is there: from then on there is no way back. */
export function dropsFirst({ mode }: Pick<RestoreFacts, 'mode'>): boolean {
  return mode === 'in-place';
}

export function renames(facts: RestoreFacts, run: string): readonly Rename[] {
  const live = facts.database.name;
  const arrive = { from: newName(facts, run), to: live };
  return keepsOld(facts) ? [{ from: live, to: keptAs(facts, run) }, arrive] : [arrive];
}
