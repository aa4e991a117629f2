import { publishBackup } from '../../../src/database/backup/publishBackup.ts';
import type { Step } from '../../../src/runbook/define.ts';
import { type BackupFacts, backupPath, partialPath } from './facts.ts';

/** One rename: from then on it is a backup. */
export function publish(facts: BackupFacts): Step {
  const end = facts.form === 'directory' ? '' : '.sql.gz';
  const path = `${facts.directory}/${facts.database.name}_$RUN${end}`;
  return {
    id: 'publish',
    title: 'give it its name',
    command: `mv ${path}.partial ${path}`,
    effect: 'reversible',
    undoTitle: 'undo: take the name away',
    probe: async (ctx) => {
      const { exitCode } = await ctx.host().run(['test', '-e', backupPath(facts, ctx.runId)]);
      return exitCode === 0 ? 'done' : 'not-done';
    },
    run: async (ctx) => {
      const path = backupPath(facts, ctx.runId);
      await publishBackup(ctx.database(), {
        run: ctx.host().run,
        partial: partialPath(facts, ctx.runId),
        path,
      });
      return { path };
    },
    undo: async (ctx) => {
      const path = backupPath(facts, ctx.runId);
      const script = 'if [ -e "$1" ]; then mv -T -- "$1" "$2"; fi';
      await ctx.host().run(['sh', '-c', script, 'tv', path, partialPath(facts, ctx.runId)]);
    },
  };
}
