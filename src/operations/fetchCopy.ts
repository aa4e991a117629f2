import { type Backup, listBackups } from '../database/backup/listBackups.ts';
import { isFolder } from '../database/backup/manifest.ts';
import { readFiles } from '../database/backup/readFiles.ts';
import { TvError } from '../errors/TvError.ts';
import { readDisk } from '../host/readDisk.ts';
import type { Finding } from '../runbook/check.ts';
import type { Context } from '../runbook/context.ts';
import type { StepContext } from '../runbook/define.ts';
import { block, pass } from '../runbook/preflight.ts';
import { bytes } from '../text/format.ts';
import { visible } from '../text/outsideText.ts';
import { runCopyProgram } from './copyBackup.ts';
import place from './fetchCopy.sh';
import { stampOf } from './maintenance.ts';

/** Whether copies can be brought back: one at a time, beside the backups. */
export async function checkFetch(
  ctx: Context,
  backups: readonly Pick<Backup, 'bytes'>[],
): Promise<Finding<readonly string[]>> {
  const { directory, copy } = ctx.settings.backup;
  if (copy?.fetch === undefined) {
    return block<readonly string[]>('backup.copy.fetch, which brings a copy back, is not set', {
      next: [{ when: 'set it', tv: ['config', 'show'] }],
    });
  }
  const needed = Math.max(0, ...backups.map((backup) => backup.bytes));
  const { freeBytes } = await readDisk(ctx.host(), { path: directory });
  const words = `fetched by ${copy.fetch[0]} to ${directory}: ${bytes(freeBytes)} free, needs ${bytes(needed)}`;
  return freeBytes > needed ? pass(words, copy.fetch) : block<readonly string[]>(words);
}

/** The copy of a backup, or what is wrong with it at first sight. */
export type FetchedCopy =
  | { readonly copy: Backup; readonly problems: readonly string[] }
  | { readonly copy: undefined; readonly problems: readonly string[] };

/**
 * Brings the copy of a backup back beside it, and removes it again afterwards.
 * @throws TvError where it cannot be brought back: that says nothing about the copy
 */
export async function withFetchedCopy<T>(
  ctx: StepContext,
  backup: Backup,
  use: (fetched: FetchedCopy) => Promise<T>,
): Promise<T> {
  const { directory, copy } = ctx.settings.backup;
  const { run } = ctx.host();
  const { name } = backup;
  // What is left of a tv that was killed is removed by tv db prune, as of a backup that was cut off.
  const folder = `${directory}/${name}_copy-${stampOf(ctx.runId)}.partial`;
  const path = `${folder}/.fetched`;
  const remove = () => run(['rm', '-rf', '--', folder], { timeoutMs: 0 });
  const failed = (said: string | undefined) =>
    new TvError('backup.not-copied', 'The copy of the backup cannot be brought back.', {
      facts: { backup: name, said },
      next: [{ when: 'to correct backup.copy.fetch', tv: ['config', 'show'] }],
    });
  if (copy?.fetch === undefined) throw failed('backup.copy.fetch is not set');
  await remove();
  try {
    const made = await run(['mkdir', '-m', '700', '--', folder, path]);
    if (made.exitCode !== 0) throw failed(made.stderr.trim().split('\n').at(-1));
    const { timeoutMs, fetch: words } = copy;
    const brought = await runCopyProgram(ctx, { words, values: { path, name }, timeoutMs });
    if ('problem' in brought) throw failed(brought.problem);
    return await use(await findFetched(ctx, backup, folder));
  } finally {
    // The first failure is the one to report.
    await remove().catch(() => undefined);
  }
}

async function findFetched(ctx: StepContext, backup: Backup, folder: string): Promise<FetchedCopy> {
  const { run } = ctx.host();
  const { name, path, form } = backup;
  const kind = isFolder(form) ? 'folder' : 'file';
  const args = [folder, name, kind, `${path}.manifest.json`];
  const placed = await run(['sh', '-c', place, 'tv', ...args], { timeoutMs: 0 });
  if (placed.exitCode !== 0) {
    throw new TvError('backup.not-copied', 'The copy that was brought back cannot be read.', {
      facts: { backup: name, said: placed.stderr.trim().split('\n').at(-1) },
    });
  }
  const { backups, unreadable } = await listBackups({ run, directory: folder });
  if (unreadable.some((one) => one.name === name)) {
    throw new TvError('backup.not-copied', 'The copy that was brought back may not be read by this user.', {
      facts: { backup: name, folder },
    });
  }
  const copy = backups.find((one) => one.name === name);
  if (copy === undefined) return { copy, problems: ['what was brought back is no backup of that name'] };
  return { copy, problems: await differences(ctx, backup, copy) };
}

/** A copy of another backup is sound in itself. */
async function differences(ctx: StepContext, backup: Backup, copy: Backup): Promise<readonly string[]> {
  if (copy.form !== backup.form) return [`the copy has the form ${copy.form}, the backup ${backup.form}`];
  if (backup.manifest !== null) {
    const same = JSON.stringify(copy.manifest) === JSON.stringify(backup.manifest);
    return same || copy.manifest === null ? [] : ['the manifest of the copy is not that of the backup'];
  }
  const common = { run: ctx.host().run, jobs: 1, sumsOnly: true, signal: ctx.signal };
  const [ours, theirs] = await Promise.all(
    [backup, copy].map((one) => readFiles(ctx.database(), { ...common, backup: one })),
  );
  const found = new Map(theirs?.files.map(({ path, sha256 }) => [path, sha256]));
  return (ours?.files ?? []).flatMap(({ path, sha256 }) =>
    found.get(path) === sha256 ? [] : [visible(`${path} is not the same in the copy`)],
  );
}
