import { type DumpedSnapshot, dumpTo } from '../database/backup/dumpTo.ts';
import { findBackup } from '../database/backup/findBackup.ts';
import { findCompression } from '../database/backup/findCompression.ts';
import type { Backup } from '../database/backup/listBackups.ts';
import { mayDumpRanges } from '../database/backup/listRanges.ts';
import {
  archiveOf,
  type BackupForm,
  type BackupManifest,
  type Compression,
  isFolder,
} from '../database/backup/manifest.ts';
import { describeBackup, publishBackup } from '../database/backup/publishBackup.ts';
import { readBack } from '../database/backup/readBack.ts';
import { removeLeft } from '../database/backup/removeBackup.ts';
import { type VerifyBackupParameters, verifyBackup } from '../database/backup/verifyBackup.ts';
import { endSessions } from '../database/endSessions.ts';
import { readServer } from '../database/readServer.ts';
import type { Advice } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import { findPaths } from '../host/findPaths.ts';
import { readDisk } from '../host/readDisk.ts';
import type { PlannedChange } from '../runbook/changes.ts';
import type { Context } from '../runbook/context.ts';
import type { ProbeAnswer, StepContext } from '../runbook/define.ts';
import { pass } from '../runbook/preflight.ts';
import { bytes } from '../text/format.ts';
import type { Tools } from './checkTools.ts';
import { applicationName, stampOf } from './maintenance.ts';

/** How a backup is written; its manifest says so too. */
export type BackupFormat = {
  readonly form: 'directory' | 'ranges' | 'sql.gz';
  readonly compression: Compression;
};

/** What is backed up, with what, and to where: facts of the run that makes the backup. */
export type BackupFacts = BackupFormat & {
  readonly directory: string;
  readonly database: {
    readonly name: string;
    readonly systemIdentifier: string | null;
    readonly oid: number;
  };
  readonly server: { readonly version: string; readonly major: number };
  readonly tools: Tools;
  /** Of the database. Absent in journals of releases that did not keep it. */
  readonly sizeBytes?: number;
};

type Place = Pick<BackupFacts, 'form' | 'directory'> & {
  readonly database: Pick<BackupFacts['database'], 'name'>;
};

/** From this version on pg_dump compresses with zstd itself, a process for each table. */
const fastPgDump = 16;

/**
 * The fastest format that the host's programs can write, and in which they can restore it.
 * @param parameters.plain set: one .sql.gz file, as the runbook makes it
 */
export async function checkFormat(
  ctx: Context,
  { tools, plain }: { readonly tools: Pick<Tools, 'major'>; readonly plain: boolean },
) {
  if (plain) return format({ form: 'sql.gz', compression: 'gzip' });
  const compression = await findCompression(ctx.database(), { run: ctx.host().run });
  if (tools.major >= fastPgDump) return format({ form: 'directory', compression });
  // Before 16 it compresses with gzip alone, and one table takes one process, however large it is.
  const inRanges = await mayDumpRanges(ctx.database());
  return format(inRanges ? { form: 'ranges', compression } : { form: 'directory', compression: 'gzip' });
}

function format(value: BackupFormat) {
  return pass(describeFormat(value), value);
}

/** A format in the words of every screen. @param compression undefined: not recorded in the manifest */
export function describeFormat({
  form,
  compression,
}: {
  readonly form: BackupForm;
  readonly compression?: Compression | undefined;
}): string {
  const words = {
    directory: 'directory of pg_dump',
    ranges: 'large tables by COPY in ranges, the rest by pg_dump',
    custom: 'custom archive',
    sql: '.sql',
    'sql.gz': '.sql.gz',
  }[form];
  return compression === undefined || form === 'sql.gz' ? words : `${words}, ${compression}`;
}

/** Path of a run's backup on the host: known before it is made, so that a resumed run finds it. */
export function backupPath({ form, directory, database }: Place, run: string): string {
  return `${directory}/${database.name}_${stampOf(run)}${isFolder(form) ? '' : '.sql.gz'}`;
}

/** Its path until it is proven. */
export function partialPath(place: Place, run: string): string {
  return `${backupPath(place, run)}.partial`;
}

/** What a run leaves on the host before its backup has its name. */
export function unfinishedPaths(place: Place, run: string): readonly string[] {
  const path = backupPath(place, run);
  return [partialPath(place, run), `${path}.manifest.json`, `${path}.marks.json`];
}

/**
 * Room for a backup: pg_dump compresses and leaves indexes out, so half of the database's size is
 * more than it has been seen to need; 32 MiB on top for a small one.
 */
const backupShare = 0.5;
const backupMarginBytes = 32 * 1024 ** 2;

/** Bytes that are free in a folder of the host, and that a backup of a database of this size needs. */
export async function readRoom(
  ctx: Context,
  { directory, sizeBytes }: { readonly directory: string; readonly sizeBytes: number },
): Promise<{ readonly freeBytes: number; readonly neededBytes: number }> {
  const { freeBytes } = await readDisk(ctx.host(), { path: directory });
  return { freeBytes, neededBytes: sizeBytes * backupShare + backupMarginBytes };
}

/** The backup in the list of what a plan changes. How large it will be is an estimate. */
export function plannedBackup({ form, directory, database, sizeBytes }: BackupFacts): PlannedChange {
  const size =
    sizeBytes === undefined ? 'of unknown size' : `of about ${bytes(sizeBytes * backupShare)} at most`;
  return {
    kind: 'file',
    what: `${directory}/${database.name}_$RUN${isFolder(form) ? '' : '.sql.gz'}`,
    course: ['none', `a backup ${size}`],
  };
}

/** Whether a run's backup has its name already. Only a proven one ever gets it. @throws TvError where that cannot be seen */
export async function probeNamed(ctx: StepContext, place: Place): Promise<ProbeAnswer> {
  const found = await findPaths(ctx.host(), { paths: [backupPath(place, ctx.runId)] });
  return found.length > 0 ? 'done' : 'not-done';
}

/**
 * Dumps the database and, in the same snapshot, counts its rows and reads the cursor.
 * @param remedy where the database is another one than the planned
 * @throws TvError where any part fails; nothing is left then
 */
export async function dumpBackup(
  ctx: StepContext,
  facts: BackupFacts,
  remedy: Advice,
): Promise<DumpedSnapshot> {
  const { databaseOid } = await readServer(ctx.database());
  if (databaseOid !== facts.database.oid) {
    throw new TvError('run.target-changed', 'The database is another one than when this run was planned.', {
      next: remedy,
    });
  }
  return dumpTo(ctx.database(), {
    run: ctx.host().run,
    form: facts.form,
    compression: facts.compression,
    partial: partialPath(facts, ctx.runId),
    jobs: facts.tools.cores,
    applicationName: applicationName(ctx.runId),
    signal: ctx.signal,
    onProgress: ctx.progress,
  });
}

export type ProvenBackup = {
  readonly files: number;
  readonly bytes: number;
  /** Of `manifest.json`, which holds the sum of every file. */
  readonly manifestSha256: string;
};

/**
 * Reads the dump to its last byte, compares its rows with those counted, and writes the manifest.
 * @throws TvError where they differ
 */
export async function proveBackup(
  ctx: StepContext,
  facts: BackupFacts,
  snapshot: DumpedSnapshot,
): Promise<ProvenBackup> {
  const { form, compression, database, tools, server } = facts;
  const { run } = ctx.host();
  const partial = partialPath(facts, ctx.runId);
  const path = backupPath(facts, ctx.runId);
  const contents = await readBack(ctx.database(), {
    run,
    backup: { path: partial, form, archive: archiveOf(partial, form) },
    jobs: tools.cores,
    signal: ctx.signal,
  });
  const differing = Object.entries(snapshot.rows).filter(([table, rows]) => contents.rows[table] !== rows);
  const problems = [
    ...contents.problems,
    ...differing.map(
      ([table, rows]) => `${table} has ${contents.rows[table] ?? 'no'} rows in it, expected ${rows}`,
    ),
  ];
  if (problems.length > 0) {
    throw new TvError(
      'backup.incomplete',
      'The backup was written but does not hold what the database holds.',
      {
        facts: { problems: problems.join('; ') },
      },
    );
  }
  const manifest: BackupManifest = {
    schema: 'tv.backup/1',
    form,
    compression,
    createdAt: snapshot.createdAt,
    seconds: snapshot.seconds,
    tv: ctx.version,
    database: {
      name: database.name,
      systemIdentifier: database.systemIdentifier,
      bytes: snapshot.databaseBytes,
      properties: snapshot.properties,
    },
    server,
    tool: tools.version,
    cursorBlock: snapshot.cursorBlock,
    rows: snapshot.rows,
    files: contents.files.map((file) =>
      isFolder(form) ? file : { ...file, path: path.slice(path.lastIndexOf('/') + 1) },
    ),
  };
  const marks = {
    verified: { at: ctx.clock.now().toISOString(), how: 'read' as const, problems: [] },
    pinned: null,
  };
  const manifestSha256 = await describeBackup({ run, partial, path }, { manifest, marks });
  return {
    files: manifest.files.length,
    bytes: manifest.files.reduce((sum, file) => sum + file.bytes, 0),
    manifestSha256,
  };
}

/** Gives a proven backup its name; from then on it is one. */
export async function nameBackup(ctx: StepContext, facts: BackupFacts): Promise<{ readonly path: string }> {
  const path = backupPath(facts, ctx.runId);
  await publishBackup(ctx.database(), {
    run: ctx.host().run,
    partial: partialPath(facts, ctx.runId),
    path,
  });
  return { path };
}

export type MadeBackup = ProvenBackup & {
  readonly path: string;
  /** Seconds that the dump took. */
  readonly seconds: number;
  readonly cursorBlock: number | null;
  /** By `schema.table`, counted in the snapshot that was dumped. */
  readonly rows: Readonly<Record<string, number>>;
};

/**
 * Dump, proof and name in one, for a step of a longer run.
 * @param remedy where the database is another one than the planned
 * @throws TvError where any part fails; nothing is left then that looks like a backup
 */
export async function makeBackup(ctx: StepContext, facts: BackupFacts, remedy: Advice): Promise<MadeBackup> {
  try {
    const snapshot = await dumpBackup(ctx, facts, remedy);
    const proven = await proveBackup(ctx, facts, snapshot);
    const { path } = await nameBackup(ctx, facts);
    const { seconds, cursorBlock, rows } = snapshot;
    return { path, ...proven, seconds, cursorBlock, rows };
  } catch (error) {
    // The first failure is the one to report. Without the database the files can be removed all the same.
    await endOwnSessions(ctx).catch(() => undefined);
    await removeUnfinished(ctx, facts).catch(() => undefined);
    throw error;
  }
}

/** Ends the sessions of this run's dump or restore: they outlive a tv that was killed. */
export async function endOwnSessions(ctx: StepContext): Promise<void> {
  await endSessions(ctx.database(), { applicationName: applicationName(ctx.runId) });
}

/** Whether nothing of it is left. @throws TvError where that cannot be seen */
export async function isRemoved(ctx: StepContext, { path }: Pick<Backup, 'path'>): Promise<boolean> {
  const paths = [path, `${path}.deleting`, `${path}.marks.json`];
  return (await findPaths(ctx.host(), { paths })).length === 0;
}

/** Removes what a dump has left, as long as it has no name. @throws TvError where a part of it stays */
export async function removeUnfinished(ctx: StepContext, facts: BackupFacts): Promise<void> {
  await removeLeft(ctx.host().run, { paths: unfinishedPaths(facts, ctx.runId) });
}

/**
 * Finds a backup and reads it before it is relied on.
 * @param parameters.failure says what was not done
 * @throws TvError where it is not there, or anything is wrong with it
 */
export async function requireSound(
  ctx: StepContext,
  parameters: {
    readonly path: string;
    readonly depth: VerifyBackupParameters['depth'];
    readonly tools: Pick<Tools, 'cores'>;
    readonly server: Pick<BackupFacts['server'], 'major'>;
    readonly failure: string;
  },
): Promise<Backup> {
  const { path, depth, tools, server, failure } = parameters;
  const { run } = ctx.host();
  const backup = await findBackup({ run, directory: ctx.settings.backup.directory, wanted: path });
  const { problems } = await verifyBackup(ctx.database(), {
    run,
    backup,
    depth,
    jobs: tools.cores,
    serverMajor: server.major,
    signal: ctx.signal,
  });
  if (problems.length > 0) {
    throw new TvError('backup.damaged', failure, {
      facts: { backup: path, problems: problems.join('; ') },
      next: { tv: ['db', 'backups'] },
    });
  }
  return backup;
}
