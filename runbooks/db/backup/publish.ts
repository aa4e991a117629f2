import { listBackups } from '../../../src/database/backup/listBackups.ts';
import { publishBackup } from '../../../src/database/backup/publishBackup.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import { checkGone } from '../../../src/host/checkAsBefore.ts';
import type { Step, StepContext } from '../../../src/runbook/define.ts';
import { quoteForShell } from '../../../src/text/shellLine.ts';
import { type BackupFacts, backupPath, partialPath } from './facts.ts';

/** One rename: from then on it is a backup. */
export function publish(facts: BackupFacts): Step {
  const end = facts.form === 'directory' ? '' : '.sql.gz';
  const path = `${quoteForShell(`${facts.directory}/${facts.database.name}_`)}$RUN${end}`;
  return {
    id: 'publish',
    title: 'give it its name',
    command: `mv ${path}.partial ${path}`,
    effect: 'reversible',
    undoTitle: 'remove the name',
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
    assertUndoable: (ctx) => assertNotPinned(ctx, facts),
    undo: async (ctx) => {
      await assertNotPinned(ctx, facts);
      const path = backupPath(facts, ctx.runId);
      const script = 'if [ -e "$1" ]; then mv -T -- "$1" "$2"; fi';
      await ctx.host().run(['sh', '-c', script, 'tv', path, partialPath(facts, ctx.runId)]);
    },
    checkUndone: (ctx) => checkGone(ctx.host(), [backupPath(facts, ctx.runId)]),
  };
}

/**
 * Whoever has pinned it since relies on it.
 * @throws TvError where it is pinned
 */
async function assertNotPinned(ctx: StepContext, facts: BackupFacts): Promise<void> {
  const path = backupPath(facts, ctx.runId);
  const { backups } = await listBackups({ run: ctx.host().run, directory: facts.directory });
  const found = backups.find((backup) => backup.path === path);
  if (found === undefined || found.marks.pinned === null) return;
  throw new TvError('The backup is pinned; it was not undone.', {
    facts: { backup: found.name, reason: found.marks.pinned.reason },
    next: { tv: ['db', 'unpin', found.name] },
  });
}
