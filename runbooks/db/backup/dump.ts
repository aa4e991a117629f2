import { dumpTo } from '../../../src/database/backup/dumpTo.ts';
import { endSessions } from '../../../src/database/endSessions.ts';
import { readServer } from '../../../src/database/readServer.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import { checkGone } from '../../../src/host/checkAsBefore.ts';
import type { Step } from '../../../src/runbook/define.ts';
import { quoteForShell } from '../../../src/text/shellLine.ts';
import { applicationName } from '../shared/names.ts';
import { type BackupFacts, backupPath, partialPath } from './facts.ts';

/** The dump, the row counts and the cursor, all of one snapshot. */
export function dump(facts: BackupFacts): Step {
  const { form, database, tools, directory } = facts;
  const target = `${quoteForShell(`${directory}/${database.name}_`)}$RUN`;
  return {
    id: 'dump',
    title: `dump ${database.name}${form === 'directory' ? `, ${tools.cores} tables at once` : ' as one .sql.gz'}`,
    command:
      form === 'directory'
        ? `pg_dump -Fd -j ${tools.cores} -d ${quoteForShell(database.name)} -f ${target}.partial`
        : `pg_dump -Z 6 -d ${quoteForShell(database.name)} -f ${target}.sql.gz.partial`,
    effect: 'reversible',
    undoTitle: 'remove the dump',
    // What a dump that was cut off has left is worth nothing: begin again.
    probe: async () => 'not-done',
    run: async (ctx) => {
      const { databaseOid } = await readServer(ctx.database());
      if (databaseOid !== database.oid) {
        throw new TvError('The database is another one than when this run was planned.', {
          next: { tv: ['db', 'backup'] },
        });
      }
      return dumpTo(ctx.database(), {
        run: ctx.host().run,
        form,
        partial: partialPath(facts, ctx.runId),
        jobs: tools.cores,
        applicationName: applicationName(ctx.runId),
        signal: ctx.signal,
        onProgress: ctx.progress,
      });
    },
    undo: async (ctx) => {
      await endSessions(ctx.database(), { applicationName: applicationName(ctx.runId) });
      await ctx.host().run(['rm', '-rf', '--', ...written(facts, ctx.runId)], { timeoutMs: 0 });
    },
    checkUndone: (ctx) => checkGone(ctx.host(), written(facts, ctx.runId)),
  };
}

/** What a dump leaves, once its name is taken away. */
function written(facts: BackupFacts, run: string): readonly string[] {
  const path = backupPath(facts, run);
  return [partialPath(facts, run), `${path}.manifest.json`, `${path}.marks.json`];
}
