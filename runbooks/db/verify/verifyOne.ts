import type { BackupNeeds } from '../../../src/database/backup/dumpScript.ts';
import { findBackup } from '../../../src/database/backup/findBackup.ts';
import type { Backup } from '../../../src/database/backup/listBackups.ts';
import { type BackupMarks, writeMarks } from '../../../src/database/backup/marks.ts';
import { verifyBackup } from '../../../src/database/backup/verifyBackup.ts';
import { isBackupsFault } from '../../../src/database/restore/isBackupsFault.ts';
import { missingNeeds } from '../../../src/database/restore/missingNeeds.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import type { Step, StepContext } from '../../../src/runbook/define.ts';
import { bytes } from '../../../src/text/format.ts';
import { quoteForShell } from '../../../src/text/shellLine.ts';
import { withMaintenance } from '../shared/maintenance.ts';
import { besideName } from '../shared/names.ts';
import {
  checkDropped,
  dropBeside,
  probeBeside,
  readCommand,
  restoreBeside,
  restoreCommand,
} from '../shared/restoreBeside.ts';
import type { VerifyFacts } from './facts.ts';

/** Reads one backup, restores it into a scratch database where asked for, and marks what came of it. */
export function verifyOne(facts: VerifyFacts, backup: VerifyFacts['backups'][number], index: number): Step {
  const { path, form, archive, name, bytes: size } = backup;
  const restores = facts.restore !== null;
  const jobs = facts.tools.cores;
  return {
    id: `verify-${index + 1}`,
    title: `read ${name} (${bytes(size)}) to its last byte${restores ? ', restore it into a scratch database, count, drop that' : ''}`,
    command: restores
      ? `createdb $SCRATCH && ${restoreCommand(backup, { jobs, into: '$SCRATCH' })} && dropdb $SCRATCH`
      : readCommand({ form, archive: quoteForShell(archive) }),
    // What was found out stays in the marks, whatever becomes of the run.
    effect: 'final',
    ...(restores ? { undoTitle: 'drop the scratch database' } : { afterwards: 'marks stay' }),
    probe: async (ctx) => (restores ? probeBeside(ctx, scratchName(ctx)) : 'not-done'),
    run: (ctx) => verifyAndMark(ctx, facts, path),
    ...(restores
      ? {
          undo: (ctx: StepContext) => dropBeside(ctx, scratchName(ctx)),
          checkUndone: (ctx: StepContext) => checkDropped(ctx, scratchName(ctx)),
        }
      : {}),
  };
}

async function verifyAndMark(ctx: StepContext, facts: VerifyFacts, wanted: string) {
  const { run } = ctx.host();
  const backup = await findBackup({ run, directory: ctx.settings.backup.directory, wanted });
  const verdict = await verifyBackup(ctx.database(), {
    run,
    backup,
    depth: 'all',
    jobs: facts.tools.cores,
    serverMajor: facts.server.major,
    signal: ctx.signal,
  });
  let how: 'read' | 'restored' = 'read';
  const problems = [...verdict.problems];
  if (facts.restore !== null && problems.length === 0) {
    how = 'restored';
    problems.push(...(await tryRestore(ctx, facts, facts.restore, { backup, rows: verdict.rows })));
  }
  const verified: BackupMarks['verified'] = { at: ctx.clock.now().toISOString(), how, problems };
  const marked = await writeMarks({ run, backup, marks: { ...backup.marks, verified } });
  const lacks = await missingHere(ctx, verdict.needs);
  // What is damaged is an answer, and says nothing about the next one: the verification tells it.
  const rows = Object.values(verdict.rows).reduce((sum, one) => sum + one, 0);
  return { backup: backup.name, how, problems, rows, compared: verdict.compared, marked, lacks };
}

/** Roles and extensions that the server lacks; null where it could not be asked. */
async function missingHere(ctx: StepContext, needs: BackupNeeds): Promise<BackupNeeds | null> {
  try {
    return await withMaintenance(ctx, 'tv', (database) => missingNeeds(database, needs));
  } catch (error) {
    if (error instanceof TvError) return null;
    throw error;
  }
}

/**
 * @returns what was wrong with the backup; the scratch database is gone then
 * @throws TvError where a server, its disk or its rights are to blame: that says nothing about the backup
 */
async function tryRestore(
  ctx: StepContext,
  facts: VerifyFacts,
  restore: NonNullable<VerifyFacts['restore']>,
  { backup, rows }: { readonly backup: Backup; readonly rows: Readonly<Record<string, number>> },
): Promise<readonly string[]> {
  const name = scratchName(ctx);
  try {
    await restoreBeside(ctx, {
      name,
      properties: restore.properties,
      backup,
      rows: backup.manifest?.rows ?? rows,
      expectedBytes: backup.manifest?.database.bytes ?? null,
      tools: facts.tools,
    });
  } catch (error) {
    if (!ctx.signal.aborted && isBackupsFault(error)) {
      await dropBeside(ctx, name);
      const { said, problems } = error.facts;
      return [`it cannot be restored: ${problems ?? said}`];
    }
    // The first failure is the one to tell; where the server is away, a resumed run drops it.
    await dropBeside(ctx, name).catch(() => {});
    ctx.signal.throwIfAborted();
    throw error;
  }
  await dropBeside(ctx, name);
  return [];
}

function scratchName(ctx: StepContext): string {
  return besideName(ctx.database().target.name, 'verify', ctx.runId);
}
