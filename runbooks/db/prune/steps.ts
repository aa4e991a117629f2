import { choosePrune } from '../../../src/database/backup/choosePrune.ts';
import { listBackups } from '../../../src/database/backup/listBackups.ts';
import { isRemoved, removeBackup } from '../../../src/database/backup/removeBackup.ts';
import { keepVerified } from '../../../src/database/backup/retention.ts';
import { clearSessions } from '../../../src/database/restore/clearSessions.ts';
import { dropDatabase } from '../../../src/database/restore/dropDatabase.ts';
import { databaseOids } from '../../../src/database/restore/listDatabases.ts';
import type { Step } from '../../../src/runbook/define.ts';
import { bytes } from '../../../src/text/format.ts';
import { quoteForShell } from '../../../src/text/shellLine.ts';
import { withMaintenance } from '../shared/maintenance.ts';
import { applicationName } from '../shared/names.ts';
import type { PruneFacts } from './facts.ts';

/** One backup a step, and each is looked at once more before: it may have been pinned since. */
export function removeOne(facts: PruneFacts, backup: PruneFacts['remove'][number], index: number): Step {
  return {
    id: `remove-${index + 1}`,
    title: `remove ${backup.name}, ${bytes(backup.bytes)}`,
    command: `rm -r ${quoteForShell(backup.path)}`,
    effect: 'final',
    probe: async (ctx) => ((await isRemoved({ run: ctx.host().run, backup })) ? 'done' : 'not-done'),
    run: async (ctx) => {
      const { run } = ctx.host();
      const now = ctx.clock.now();
      const { backups } = await listBackups({ run, directory: ctx.settings.backup.directory });
      const choice = choosePrune(backups, { now, keepDays: facts.keepDays, keepVerified }).find(
        (one) => one.backup.path === backup.path,
      );
      if (choice !== undefined && !choice.remove) {
        return { kept: backup.name, reason: choice.reason };
      }
      await removeBackup({ run, backup });
      return { removed: backup.name, bytes: backup.bytes };
    },
  };
}

/** What has no backup's name any more or not yet. */
export function removeLeftovers({ leftovers }: PruneFacts): Step {
  return {
    id: 'leftovers',
    title: `remove what ${leftovers.length} interrupted backups or removals have left`,
    command: `rm -r ${leftovers.map(quoteForShell).join(' ')}`,
    effect: 'final',
    probe: async () => 'not-done',
    run: async (ctx) => {
      await ctx.host().run(['rm', '-rf', '--', ...leftovers], { timeoutMs: 0 });
      return { removed: leftovers.length };
    },
  };
}

export function dropOld({ name, bytes: size }: PruneFacts['databases'][number], index: number): Step {
  return {
    id: `drop-${index + 1}`,
    title: `drop ${name}, ${bytes(size)}`,
    command: `dropdb ${quoteForShell(name)}`,
    effect: 'final',
    probe: (ctx) =>
      withMaintenance(ctx, applicationName(ctx.runId), async (maintenance) =>
        (await databaseOids(maintenance, { names: [name] })).size === 0 ? 'done' : 'not-done',
      ),
    run: (ctx) =>
      withMaintenance(ctx, applicationName(ctx.runId), async (maintenance) => {
        await clearSessions(maintenance, { names: [name], endSessions: false, signal: ctx.signal });
        await dropDatabase(maintenance, { name });
        return { dropped: name };
      }),
  };
}
