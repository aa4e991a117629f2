import * as z from 'zod';
import { choosePrune, withoutCopies } from '../../src/database/backup/choosePrune.ts';
import { type Backup, listBackups, readableAdvice, someOf } from '../../src/database/backup/listBackups.ts';
import { removeBackup, removeLeft } from '../../src/database/backup/removeBackup.ts';
import { keepDaysDefault, pruneRule } from '../../src/database/backup/retention.ts';
import { clearSessions } from '../../src/database/restore/clearSessions.ts';
import { dropPlanned, isStillThere, probeDropped } from '../../src/database/restore/dropDatabase.ts';
import { listOldDatabases } from '../../src/database/restore/listDatabases.ts';
import { onHost } from '../../src/errors/advice.ts';
import { findPaths } from '../../src/host/findPaths.ts';
import { isRemoved } from '../../src/operations/backup.ts';
import { checkFolder } from '../../src/operations/checkTools.ts';
import { applicationName, checkMaintenance, withMaintenance } from '../../src/operations/maintenance.ts';
import type { PlannedChange } from '../../src/runbook/changes.ts';
import { defineRunbook, field, type Step } from '../../src/runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { bytes, bytesIfKnown, count, howMany } from '../../src/text/format.ts';
import { quoteForShell } from '../../src/text/shellLine.ts';
import { byHand } from './prune.byHand.ts';

type PruneFacts = {
  readonly remove: readonly Pick<Backup, 'name' | 'path' | 'bytes' | 'createdAt'>[];
  /** What an interrupted backup or removal has left, a day or longer ago. */
  readonly leftovers: readonly string[];
  /** Databases that a restore has put aside; only with --old. */
  readonly databases: readonly {
    readonly name: string;
    readonly oid: number;
    readonly bytes: number | null;
  }[];
  readonly keep: number;
  readonly keepDays: number;
};

const input = {
  keepDays: field(
    '--keep-days <days>',
    'younger ones stay (default 30)',
    z.coerce.number().int().positive().default(keepDaysDefault),
  ),
  old: field(
    '--old',
    'drop the databases that a restore has put aside, and touch no backup',
    z.boolean().default(false),
  ),
};

const dayMs = 86_400_000;

/** Runbook §3, nightly: old backups go, but never the last ones that can be relied on. */
export default defineRunbook<typeof input, PruneFacts>({
  title: 'Prune backups',
  summary: 'Remove old backups, never the proven few',
  section: '3',
  order: 7,
  risk: 'moderate',
  description: `
Removes backups older than 30 days, by the time in their manifests. Never the newest, never a pinned
one, and of the verified ones never the last three, whatever their age. Where the setting backup.copy is set,
only those count that also have a verified copy off the host, and an old backup goes only where three newer
ones have one. --dry-run lists what would go.
With --old it drops the databases that a restore has put aside instead.`,
  byHand,
  examples: [
    { what: 'What would be removed', line: 'tv db prune --dry-run' },
    { what: 'Keep two weeks', line: 'tv db prune --keep-days 14' },
  ],
  input,
  example: {
    facts: {
      remove: [
        {
          name: 'tempovault_20261020-020000-11aa',
          path: '/backup/tempovault_20261020-020000-11aa',
          bytes: 1_181_116_006,
          createdAt: '2026-10-20T02:00:00.000Z',
        },
      ],
      leftovers: [],
      databases: [],
      keep: 31,
      keepDays: 30,
    },
    input: { keepDays: 30, old: false },
  },
  onFailure: 'continue',
  preflight: async (ctx, { keepDays, old }) => {
    const preflight = new Preflight(ctx);
    const nothing = { remove: [], leftovers: [], databases: [], keep: 0, keepDays };
    if (old) {
      preflight.check('rights', 'database', () => checkMaintenance(ctx));
      const found = preflight.check('databases', 'database', async () => {
        const databases = await listOldDatabases(ctx.database(), { live: ctx.database().target.name });
        const value = databases.map(({ name, oid, bytes: size }) => ({ name, oid, bytes: size }));
        if (value.length === 0) return pass('a restore has put none aside', value);
        return pass(`put aside: ${value.map(({ name }) => name).join(', ')}`, value);
      });
      const [checks, databases] = [await preflight.checks(), await found];
      return { checks, facts: databases === undefined ? undefined : { ...nothing, databases } };
    }
    const folder = preflight.check('folder', 'host', () => checkFolder(ctx, ctx.settings.backup.directory));
    const found = preflight.check('backups', 'host', async () => {
      const directory = await need(folder, 'folder');
      const list = await listBackups({ run: ctx.host().run, directory });
      const { backups, leftovers } = list;
      const denied = list.unreadable.map(({ name }) => name);
      if (backups.length === 0 && denied.length > 0)
        return block(`this user may not read the backups in ${directory}`, {
          facts: { 'not readable': someOf(denied) },
          next: [readableAdvice(directory)],
        });
      if (backups.length === 0)
        return block(`there is no backup in ${directory}`, {
          next: [
            { tv: ['db', 'backup'] },
            onHost(`df -h ${quoteForShell(directory)}`, 'where the disk is full'),
          ],
        });
      const rule = pruneRule(ctx.settings, { now: ctx.clock.now(), keepDays });
      const choices = choosePrune(backups, rule);
      const stay = choices.filter(({ remove }) => !remove);
      const reasons = [...new Set(stay.map(({ reason }) => reason))].map(
        (reason) => [reason, String(stay.filter((one) => one.reason === reason).length)] as const,
      );
      const value = {
        remove: choices
          .filter(({ remove }) => remove)
          .map(({ backup: { name, path, bytes: size, createdAt } }) => ({
            name,
            path,
            bytes: size,
            createdAt,
          })),
        keep: stay.length,
        leftovers: leftovers
          .filter(({ changedAt }) => ctx.clock.now().getTime() - Date.parse(changedAt) > dayMs)
          .map(({ path }) => path),
      };
      const why = reasons.map(([reason, many]) => `${many} ${reason}`).join(', ');
      const words = `${count(choices.length)}, of which ${count(stay.length)} stay: ${why}`;
      const copies = reasons.some(([reason]) => reason === withoutCopies(rule));
      if (!copies && denied.length === 0) return pass(words, value);
      const alsoStay = denied.length === 0 ? '' : `; also stays what this user may not read`;
      return warn(`${words}${alsoStay}`, {
        value,
        facts: {
          ...(denied.length === 0 ? {} : { 'not readable': someOf(denied) }),
          ...(copies ? { 'tv db copy --all': 'copies those without one' } : {}),
        },
        ...(denied.length === 0 ? {} : { next: [readableAdvice(directory)] }),
      });
    });
    const [checks, value] = [await preflight.checks(), await found];
    return { checks, facts: value === undefined ? undefined : { ...nothing, ...value } };
  },
  basis: ({ remove, leftovers, databases }) => ({
    remove: remove.map(({ path }) => path),
    leftovers,
    databases: databases.map(({ name }) => name),
  }),
  changes: ({ remove, leftovers, databases }) => [
    ...remove.map(({ path, bytes: size }): PlannedChange => {
      return { kind: 'file', what: path, course: [bytes(size), 'removed'] };
    }),
    ...leftovers.map(
      (path): PlannedChange => ({ kind: 'file', what: path, course: ['left over', 'removed'] }),
    ),
    ...databases.map(({ name, bytes: size }): PlannedChange => {
      return { kind: 'database', what: name, course: [bytesIfKnown(size), 'dropped'] };
    }),
  ],
  consequence: ({ remove, databases }) => {
    const sizes = [...remove, ...databases].map((one) => one.bytes);
    const known = sizes.filter((size) => size !== null);
    const more = known.length < sizes.length ? ` and ${sizes.length - known.length} of unknown size` : '';
    const size = `${bytes(known.reduce((sum, one) => sum + one, 0))}${more}`;
    if (databases.length > 0)
      return `This drops ${howMany(databases.length, 'database')}, ${size}; there is no way back.`;
    return remove.length === 0
      ? 'There is no backup to remove.'
      : `This removes ${howMany(remove.length, 'backup')}, ${size}; there is no way back.`;
  },
  plan: (facts) => [
    ...facts.remove.map((backup, index) => removeOne(facts, backup, index)),
    ...(facts.leftovers.length === 0 ? [] : [removeLeftovers(facts)]),
    ...facts.databases.map(dropOld),
  ],
  verify: async (ctx, { remove, leftovers, databases, keep, keepDays }) => {
    const preflight = new Preflight(ctx);
    if (leftovers.length > 0) {
      preflight.check('leftovers', 'host', async () => {
        const left = await findPaths(ctx.host(), { paths: leftovers });
        return left.length > 0
          ? block(`still there: ${left.join(', ')}`)
          : pass(`what ${leftovers.length} interrupted backups or removals had left is gone`);
      });
    }
    preflight.check('backups', 'host', async () => {
      if (databases.length > 0) return pass('none touched');
      const { backups } = await listBackups({
        run: ctx.host().run,
        directory: ctx.settings.backup.directory,
      });
      // One that was pinned in the meantime stays.
      const due = choosePrune(backups, pruneRule(ctx.settings, { now: ctx.clock.now(), keepDays }));
      const left = remove.filter(({ path }) => due.some((one) => one.remove && one.backup.path === path));
      if (left.length > 0) return block(`still there: ${left.map(({ name }) => name).join(', ')}`);
      return backups.length < keep
        ? block(`${backups.length} are left, and ${keep} should be`)
        : pass(`${count(backups.length)} left`);
    });
    if (databases.length > 0) {
      preflight.check('databases', 'database', async () => {
        const left = await listOldDatabases(ctx.database(), { live: ctx.database().target.name });
        const stay = left.filter(({ oid }) => databases.some((one) => one.oid === oid));
        return stay.length > 0
          ? block(`still there: ${stay.map(({ name }) => name).join(', ')}`)
          : pass(`${databases.length} dropped`);
      });
    }
    return preflight.checks();
  },
});

/** One backup a step. Each is checked again before its removal: it may have been pinned since. */
export function removeOne(facts: PruneFacts, backup: PruneFacts['remove'][number], index: number): Step {
  return {
    id: `remove-${index + 1}`,
    title: `remove ${backup.name}, ${bytes(backup.bytes)}`,
    command: `rm -r ${quoteForShell(backup.path)}`,
    effect: 'final',
    probe: async (ctx) => ((await isRemoved(ctx, backup)) ? 'done' : 'not-done'),
    run: async (ctx) => {
      const { run } = ctx.host();
      const now = ctx.clock.now();
      const { backups, unreadable } = await listBackups({ run, directory: ctx.settings.backup.directory });
      if (unreadable.some(({ name }) => name === backup.name)) {
        return { kept: backup.name, reason: 'this user may not read it' };
      }
      const choice = choosePrune(backups, pruneRule(ctx.settings, { now, keepDays: facts.keepDays })).find(
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

/** Files of backups and removals that were interrupted: they do not have a backup's name. */
function removeLeftovers({ leftovers }: PruneFacts): Step {
  return {
    id: 'leftovers',
    title: `remove what ${leftovers.length} interrupted backups or removals have left`,
    command: `rm -r ${leftovers.map(quoteForShell).join(' ')}`,
    effect: 'final',
    probe: async () => 'not-done',
    run: async (ctx) => {
      await removeLeft(ctx.host().run, { paths: leftovers });
      return { removed: leftovers.length };
    },
  };
}

function dropOld({ name, oid, bytes: size }: PruneFacts['databases'][number], index: number): Step {
  return {
    id: `drop-${index + 1}`,
    title: `drop ${name}, ${bytesIfKnown(size)}`,
    command: `dropdb ${quoteForShell(name)}`,
    effect: 'final',
    probe: (ctx) =>
      withMaintenance(ctx, applicationName(ctx.runId), (maintenance) =>
        probeDropped(maintenance, { name, oid }),
      ),
    run: (ctx) =>
      withMaintenance(ctx, applicationName(ctx.runId), async (maintenance) => {
        if (await isStillThere(maintenance, { name, oid })) {
          await clearSessions(maintenance, { names: [name], endSessions: false, signal: ctx.signal });
        }
        await dropPlanned(maintenance, { name, oid });
        return { dropped: name };
      }),
  };
}
