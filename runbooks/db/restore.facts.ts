import type { BackupForm } from '../../src/database/backup/manifest.ts';
import { databaseSizes, oldName } from '../../src/database/restore/listDatabases.ts';
import type { Rename } from '../../src/database/restore/swapDatabases.ts';
import { surveyRuns } from '../../src/journal/readRuns.ts';
import { residualState } from '../../src/journal/residualState.ts';
import { isUnfinished } from '../../src/journal/runState.ts';
import type { Tools } from '../../src/operations/checkTools.ts';
import { besideName, type MaintenanceFacts, withMaintenance } from '../../src/operations/maintenance.ts';
import type { Context } from '../../src/runbook/context.ts';

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

/** The imagined case that the exported document shows. */
export const exampleFacts: RestoreFacts = {
  mode: 'swap',
  backup: {
    path: '/backup/tempovault_20261123-020000-7f3a',
    name: 'tempovault_20261123-020000-7f3a',
    form: 'directory',
    archive: '/backup/tempovault_20261123-020000-7f3a/data',
    createdAt: '2026-11-23T02:00:00.000Z',
    cursorBlock: 15_204_110,
    rows: {},
    expectedBytes: 9_663_676_416,
  },
  back: null,
  database: {
    name: 'tempovault',
    oid: 0,
    maintenance: {
      properties: {
        name: 'tempovault',
        owner: 'tempovault',
        encoding: 'UTF8',
        collate: 'C.UTF-8',
        ctype: 'C.UTF-8',
        provider: 'c',
        icuLocale: null,
        tablespace: 'pg_default',
        connectionLimit: -1,
        comment: null,
        settings: [],
        grants: null,
      },
      user: 'postgres',
      dataDirectory: null,
    },
  },
  services: [
    { unit: 'tempovault-api', wasActive: true },
    { unit: 'tempovault-indexer', wasActive: true },
    { unit: 'tempovault-oracle', wasActive: true },
  ],
  leftovers: [],
  endSessions: false,
  server: { major: 15 },
  tools: { major: 15, version: '', cores: 4, memoryBytes: 17_179_869_184 },
};

/** What restores that were never finished have left to the next one. */
export interface EarlierRestores {
  /** Their ids, oldest first. */
  readonly runs: readonly string[];
  /** Units that they have stopped, and that ran before: they are meant to run. */
  readonly stopped: readonly string[];
  /** Names that databases of theirs have, where they were cut off before one was whole. */
  readonly beside: readonly string[];
}

/** From the journals of this machine. */
export function readEarlier(ctx: Pick<Context, 'runs' | 'settings'>, live: string): EarlierRestores {
  const states = surveyRuns(ctx).states.filter(
    (state) => state.started.runbook === 'db restore' && isUnfinished(state),
  );
  const stopped = states
    .filter((state) => residualState(state).length > 0)
    .flatMap(({ started }) => (started.facts as RestoreFacts).services)
    .filter(({ wasActive }) => wasActive)
    .map(({ unit }) => unit);
  const beside = states.flatMap(({ started: { run }, steps }) => [
    besideName(live, 'trial', run),
    // A whole one may be what a resume gives the live name.
    ...(steps.get('restore')?.status === 'done' ? [] : [besideName(live, 'restore', run)]),
  ]);
  return { runs: states.map(({ started }) => started.run), stopped: [...new Set(stopped)], beside };
}

/** Those of their databases that are there. */
export async function findLeftovers(
  ctx: Context,
  { beside }: EarlierRestores,
): Promise<RestoreFacts['leftovers']> {
  if (beside.length === 0) return [];
  return withMaintenance(ctx, 'tv', (database) => databaseSizes(database, { names: beside }));
}
