import { findBackup } from '../database/backup/findBackup.ts';
import type { Backup } from '../database/backup/listBackups.ts';
import { isFolder } from '../database/backup/manifest.ts';
import { writeMarks } from '../database/backup/marks.ts';
import { readDefinitions } from '../database/backup/readDefinitions.ts';
import { readServer } from '../database/readServer.ts';
import { checkFilled } from '../database/restore/checkFilled.ts';
import { createDatabase } from '../database/restore/createDatabase.ts';
import { dropDatabase } from '../database/restore/dropDatabase.ts';
import { fillDatabase } from '../database/restore/fillDatabase.ts';
import { isBackupsFault } from '../database/restore/isBackupsFault.ts';
import { databaseOids } from '../database/restore/listDatabases.ts';
import { lackedBy, missingNeeds } from '../database/restore/missingNeeds.ts';
import type { DatabaseProperties } from '../database/restore/readDatabaseProperties.ts';
import { readRights } from '../database/restore/readRights.ts';
import { answer } from '../errors/answer.ts';
import { TvError } from '../errors/TvError.ts';
import type { Finding } from '../runbook/check.ts';
import type { Context } from '../runbook/context.ts';
import type { ProbeAnswer, StepContext } from '../runbook/define.ts';
import { block, pass, warn } from '../runbook/preflight.ts';
import { howMany } from '../text/format.ts';
import { visible } from '../text/outsideText.ts';
import { quoteForShell } from '../text/shellLine.ts';
import type { Tools } from './checkTools.ts';
import { applicationName, withDatabase, withMaintenance } from './maintenance.ts';

export interface RestoreBesideParameters {
  readonly name: string;
  readonly properties: DatabaseProperties;
  readonly backup: Pick<Backup, 'form' | 'archive' | 'path'>;
  /** Found in the backup when it was read. */
  readonly rows: Readonly<Record<string, number>>;
  readonly expectedBytes: number | null;
  readonly tools: Tools;
}

export type Restored = { readonly oid: number; readonly rows: Readonly<Record<string, number>> };

/**
 * Restores a backup into a database of its own beside the live one, and counts every row in it. What
 * an earlier attempt has left there goes first.
 * @returns which database that is, whatever its name will be, and what it holds
 * @throws TvError where any part fails
 */
export async function restoreBeside(ctx: StepContext, parameters: RestoreBesideParameters) {
  const { name, properties, backup, rows, expectedBytes, tools } = parameters;
  const own = applicationName(ctx.runId);
  await withMaintenance(ctx, own, async (maintenance) => {
    await dropDatabase(maintenance, { name });
    await createDatabase(maintenance, { name, like: properties });
  });
  return withDatabase(ctx, { name, applicationName: own }, async (database) => {
    await fillDatabase(database, {
      run: ctx.host().run,
      backup,
      jobs: tools.cores,
      memoryBytes: tools.memoryBytes,
      applicationName: own,
      expectedBytes: expectedBytes ?? undefined,
      signal: ctx.signal,
      onProgress: ctx.progress,
    });
    const verdict = await checkFilled(database, { rows, signal: ctx.signal });
    if (verdict.problems.length > 0) {
      throw new TvError('db.restore-differs', 'What was restored is not what the backup should hold.', {
        facts: { problems: verdict.problems.slice(0, 8).join('; ') },
        next: { tv: ['db', 'backups'] },
      });
    }
    const { databaseOid } = await readServer(database);
    return { oid: databaseOid, rows: verdict.rows } satisfies Restored;
  });
}

/**
 * Whether this server takes a backup at all: its definitions, without rows, are restored into a scratch
 * database, which is dropped again.
 * @throws TvError where it does not
 */
export async function restoreDefinitions(
  ctx: StepContext,
  { name, properties, backup, tools }: Omit<RestoreBesideParameters, 'rows' | 'expectedBytes'>,
): Promise<void> {
  const own = applicationName(ctx.runId);
  await withMaintenance(ctx, own, async (maintenance) => {
    await dropDatabase(maintenance, { name });
    await createDatabase(maintenance, { name, like: properties });
  });
  await withDatabase(ctx, { name, applicationName: own }, (database) =>
    fillDatabase(database, {
      run: ctx.host().run,
      backup,
      jobs: tools.cores,
      memoryBytes: tools.memoryBytes,
      applicationName: own,
      expectedBytes: undefined,
      definitionsOnly: true,
      signal: ctx.signal,
    }),
  );
  await dropBeside(ctx, name);
}

/**
 * Runs a restore. Where it fails by what the backup holds, that is kept beside the backup, so that
 * nothing relies on it any more.
 */
export async function markingFailure<T>(
  ctx: StepContext,
  { path }: Pick<Backup, 'path'>,
  restore: () => Promise<T>,
): Promise<T> {
  try {
    return await restore();
  } catch (error) {
    if (!ctx.signal.aborted && isBackupsFault(error)) {
      const { said, problems } = error.facts;
      await markFailed(ctx, path, `it cannot be restored: ${problems ?? said}`).catch(() => {});
    }
    throw error;
  }
}

async function markFailed(ctx: StepContext, path: string, problem: string): Promise<void> {
  const { run } = ctx.host();
  const backup = await findBackup({ run, directory: ctx.settings.backup.directory, wanted: path });
  const verified = { at: ctx.clock.now().toISOString(), how: 'restored' as const, problems: [problem] };
  await writeMarks({ run, backup, marks: { ...backup.marks, verified } });
}

/**
 * The reading of a backup to its last byte, as a shell line.
 * @param archive quoted for a shell
 */
export function readCommand({ form, archive }: Pick<Backup, 'form' | 'archive'>): string {
  if (form === 'sql.gz') return `gzip -dc < ${archive} > /dev/null`;
  if (form === 'sql') return `tail -n 3 ${archive}`;
  return isFolder(form)
    ? `pg_restore -l ${archive} && sha256sum ${archive}/*`
    : `pg_restore -l ${archive} && sha256sum ${archive}`;
}

/** A restore as a shell line. */
export function restoreCommand(
  backup: Pick<Backup, 'form' | 'archive' | 'path'>,
  { jobs, into }: { readonly jobs: number; readonly into: string },
): string {
  const { form } = backup;
  const archive = quoteForShell(backup.archive);
  if (form === 'sql.gz') return `gzip -dc ${archive} | psql -1 -d ${into}`;
  if (form === 'ranges') return `JOBS=${jobs} sh ${quoteForShell(`${backup.path}/restore.sh`)} -d ${into}`;
  return form === 'sql' ? `psql -1 -d ${into} -f ${archive}` : `pg_restore -j ${jobs} -d ${into} ${archive}`;
}

/**
 * For a step that fills a database of its own: what an attempt that was cut off has left there has to
 * be dropped, whether the step is repeated or undone.
 */
export async function probeBeside(ctx: StepContext, name: string): Promise<ProbeAnswer> {
  const found = await withMaintenance(ctx, applicationName(ctx.runId), (maintenance) =>
    databaseOids(maintenance, { names: [name] }),
  );
  return found.size === 0 ? 'not-done' : 'begun';
}

export async function dropBeside(ctx: StepContext, name: string): Promise<void> {
  await withMaintenance(ctx, applicationName(ctx.runId), (maintenance) =>
    dropDatabase(maintenance, { name }),
  );
}

/** Whether a database of a run's own is gone. */
export async function checkDropped(ctx: StepContext, name: string): Promise<Finding> {
  return (await probeBeside(ctx, name)) === 'not-done'
    ? pass(`no database ${name} is left`)
    : block(`the database ${name} of the run is still there`);
}

/** More names than this are counted. */
const named = 8;

/**
 * Whether a restore could run code of the backups as a superuser. Their functions are named: what they do
 * is not known from their text.
 */
export async function checkCode(
  ctx: Context,
  backups: readonly Pick<Backup, 'form' | 'archive' | 'path'>[],
  signal: AbortSignal,
) {
  const { user, isSuperuser } = await withMaintenance(ctx, 'tv', (database) =>
    readRights(database, { owner: ctx.database().target.user }),
  );
  if (!isSuperuser) return pass(`the restore connects as ${user}, which is not a superuser`);
  const found = new Set<string>();
  const unread: string[] = [];
  const { run } = ctx.host();
  for (const backup of backups) {
    // A damaged one is for the verification to name.
    const read = await answer(readDefinitions(ctx.database(), { run, backup, signal }));
    if (read.known) for (const name of read.value.functions) found.add(name);
    else unread.push(backup.path);
  }
  const names = [...found].map(visible);
  if (names.length === 0 && unread.length > 0) {
    return warn(`functions of the backup can run as the superuser ${user}; which it has is unknown`, {
      facts: { 'not readable': unread.map(visible).join(', ') },
    });
  }
  if (names.length === 0) return pass(`the restore connects as the superuser ${user}; no functions in it`);
  const more = names.length > named ? ` and ${names.length - named} more` : '';
  return warn(`${howMany(names.length, 'function')} of the backup can run as the superuser ${user}`, {
    facts: { functions: `${names.slice(0, named).join(', ')}${more}` },
    next: ['restore only a backup whose origin you trust'],
  });
}

/**
 * Whether the server has the roles and extensions that the backups need, and lets this role create the latter. A
 * restore would end with the first that it does not.
 */
export async function checkNeeds(
  ctx: Context,
  backups: readonly Pick<Backup, 'form' | 'archive' | 'path' | 'name'>[],
  signal: AbortSignal,
) {
  const { run } = ctx.host();
  const lacking: { readonly name: string; readonly lacked: NonNullable<ReturnType<typeof lackedBy>> }[] = [];
  const unread: string[] = [];
  for (const backup of backups) {
    // A damaged one is for the verification to name.
    const read = await answer(readDefinitions(ctx.database(), { run, backup, signal }));
    if (!read.known) {
      unread.push(backup.path);
      continue;
    }
    const { needs } = read.value;
    const missing = await withMaintenance(ctx, 'tv', (database) => missingNeeds(database, needs));
    const lacked = lackedBy('this server', missing);
    if (lacked !== undefined) lacking.push({ name: backup.name, lacked });
  }
  const unknown = unread.length === 0 ? {} : { facts: { 'not readable': unread.map(visible).join(', ') } };
  const [first] = lacking;
  if (first === undefined) {
    return unread.length === 0
      ? pass('the server has the roles and extensions that are needed')
      : warn('which roles and extensions are needed is unknown', unknown);
  }
  const { override } = lacking.find(({ lacked }) => lacked.override === undefined)?.lacked ?? first.lacked;
  const others = lacking.length === 1 ? '' : `, and the like for ${lacking.length - 1} more`;
  return block(`${visible(first.name)}: ${first.lacked.what}${others}`, {
    ...unknown,
    next: [
      ...first.lacked.next,
      {
        when: 'verify without a restore',
        tv: ['db', 'verify', ...(lacking.length === 1 ? [first.name] : ['--all'])],
      },
    ],
    ...(override === undefined ? {} : { override }),
  });
}
