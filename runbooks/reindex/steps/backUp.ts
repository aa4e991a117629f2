import { dumpDatabase } from '../../../src/database/dumpDatabase.ts';
import { endSessions } from '../../../src/database/endSessions.ts';
import type { Step } from '../../../src/runbook/define.ts';
import { quoteForShell } from '../../../src/text/shellLine.ts';
import { applicationName, backupFile, type ReindexFacts } from '../facts.ts';

/** A dump whose rows were counted, table by table, before anything is deleted. It is kept. */
export function backUp(facts: ReindexFacts): Step {
  const { directory } = facts.backup;
  const { name } = facts.database;
  return {
    id: 'backup',
    title: 'back up the database, and read the backup to its end',
    command: `pg_dump -Fc -d ${quoteForShell(name)} -f ${quoteForShell(`${directory}/${name}_`)}$RUN.dump`,
    effect: 'reversible',
    afterwards: 'kept',
    probe: async (ctx) => {
      // A dump that was cut off goes on without us; its sessions carry the run's name.
      await endSessions(ctx.database(), { applicationName: applicationName(ctx.runId) });
      const { exitCode } = await ctx.host().run(['test', '-s', backupFile(facts, ctx.runId)]);
      // Only a verified dump ever gets its final name.
      return exitCode === 0 ? 'done' : 'not-done';
    },
    run: (ctx) =>
      dumpDatabase(ctx.database(), {
        run: ctx.host().run,
        file: backupFile(facts, ctx.runId),
        applicationName: applicationName(ctx.runId),
        signal: ctx.signal,
        onProgress: ctx.progress,
      }),
  };
}
