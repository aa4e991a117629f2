import * as z from 'zod';
import { choosePrune } from '../../src/database/backup/choosePrune.ts';
import type { DumpedSnapshot } from '../../src/database/backup/dumpTo.ts';
import { findBackup } from '../../src/database/backup/findBackup.ts';
import { listBackups, readableAdvice } from '../../src/database/backup/listBackups.ts';
import { archiveFolder, isFolder } from '../../src/database/backup/manifest.ts';
import { pruneRule } from '../../src/database/backup/retention.ts';
import { readServer } from '../../src/database/readServer.ts';
import { onHost } from '../../src/errors/advice.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { checkGone } from '../../src/host/checkAsBefore.ts';
import {
  type BackupFacts,
  backupPath,
  checkFormat,
  dumpBackup,
  endOwnSessions,
  nameBackup,
  partialPath,
  plannedBackup,
  probeNamed,
  proveBackup,
  readRoom,
  removeUnfinished,
  unfinishedPaths,
} from '../../src/operations/backup.ts';
import { checkFolder, checkTools } from '../../src/operations/checkTools.ts';
import {
  type CopyFacts,
  type CopyOutcome,
  checkCopied,
  checkCopyPrograms,
  copyFacts,
  copyStep,
  plannedCopy,
} from '../../src/operations/copyBackup.ts';
import { readCommand } from '../../src/operations/restoreBeside.ts';
import { harmless } from '../../src/runbook/concurrency.ts';
import type { Context } from '../../src/runbook/context.ts';
import {
  defineRunbook,
  field,
  type PreflightResult,
  type Step,
  type StepContext,
} from '../../src/runbook/define.ts';
import { block, need, Preflight, pass } from '../../src/runbook/preflight.ts';
import { step } from '../../src/runbook/step.ts';
import { bytes, count, duration } from '../../src/text/format.ts';
import { quoteForShell } from '../../src/text/shellLine.ts';
import { byHand } from './backup.byHand.ts';

const input = {
  plain: field('--plain', 'one .sql.gz file, as the runbook makes it', z.boolean().default(false)),
};

/** With what copies it off the host afterwards; null where the setting `backup.copy` is not set. */
type Facts = BackupFacts & { readonly copy: CopyFacts | null };

async function preflight(
  ctx: Context,
  { plain }: { readonly plain: boolean },
): Promise<PreflightResult<Facts>> {
  const preflight = new Preflight(ctx);
  const server = preflight.check('server', 'database', async () => {
    const found = await readServer(ctx.database());
    return pass(
      `PostgreSQL ${found.version}, ${ctx.database().target.name} has ${bytes(found.sizeBytes)}`,
      found,
    );
  });
  const tools = preflight.check('tools', 'host', async () => checkTools(ctx, await need(server, 'server')));
  const format = preflight.check('format', 'host', async () =>
    checkFormat(ctx, { plain, tools: await need(tools, 'tools') }),
  );
  const folder = preflight.check('folder', 'host', () => checkFolder(ctx, ctx.settings.backup.directory));
  preflight.check('space', 'host', async () => {
    const path = await need(folder, 'folder');
    const { sizeBytes } = await need(server, 'server');
    const { freeBytes, neededBytes } = await readRoom(ctx, { directory: path, sizeBytes });
    const room = `${bytes(freeBytes)} free, needs about ${bytes(neededBytes)}`;
    if (freeBytes >= neededBytes) return pass(room);
    // Only what frees something is a remedy: prune keeps the newest, the pinned and three verified ones.
    const { backups } = await listBackups({ run: ctx.host().run, directory: path });
    const old = choosePrune(backups, pruneRule(ctx.settings, { now: ctx.clock.now() }));
    const freed = old.filter(({ remove }) => remove).reduce((sum, { backup }) => sum + backup.bytes, 0);
    return block(room, {
      facts: { 'tv db prune': freed > 0 ? `would free ${bytes(freed)}` : 'would free nothing' },
      next: [
        ...(freed > 0 ? [{ tv: ['db', 'prune'] }] : []),
        onHost(`df -h ${quoteForShell(path)}`),
        { when: 'set backup.directory to a folder with more room', tv: ['config', 'show'] },
      ],
      override: 'backup-space',
    });
  });
  const { copy } = ctx.settings.backup;
  if (copy !== undefined) preflight.check('copy', 'host', () => checkCopyPrograms(ctx, copy, 'warns'));
  return preflight.result({ server, tools, format, directory: folder }, (known) => {
    const { systemIdentifier, databaseOid: oid, version, major, sizeBytes } = known.server;
    return {
      ...known.format,
      directory: known.directory,
      database: { name: ctx.database().target.name, systemIdentifier, oid },
      server: { version, major },
      tools: known.tools,
      sizeBytes,
      copy: copyFacts(ctx.settings),
    };
  });
}

/** Runbook §3: a consistent backup that has been read back before it is called one. */
export default defineRunbook<typeof input, Facts>({
  title: 'Back up the database',
  summary: 'Back up the database and verify the result',
  section: '3',
  order: 1,
  risk: 'mild',
  description: `
Dumps the database with pg_dump, in parallel and compressed, while everything keeps running. In the
same snapshot every row is counted and the indexer's cursor is read. The dump is then read back to
its last byte and compared with those counts. Only after that it gets its name, with a manifest
beside it: sums and sizes of every file, versions, counts, cursor. Where any part fails nothing is
left that looks like a backup. Where the setting backup.copy is set it is then copied off the host, and the copy is
checked. A copy that fails leaves the backup as it is, and ends the run with exit code 5.`,
  byHand,
  examples: [
    { what: 'Before maintenance', line: 'tv db backup' },
    { what: 'As one .sql.gz file', line: 'tv db backup --plain' },
  ],
  input,
  example: {
    facts: {
      form: 'directory',
      compression: 'zstd',
      directory: '/backup',
      database: { name: 'tempovault', systemIdentifier: null, oid: 0 },
      server: { version: '15.14', major: 15 },
      tools: { major: 15, version: '', cores: 4, memoryBytes: 17_179_869_184 },
      sizeBytes: 2_362_232_012,
      copy: null,
    },
    input: { plain: false },
  },
  onFailure: 'stop',
  // It touches nothing that another run has begun.
  concurrency: () => harmless,
  preflight,
  basis: ({ form, compression, directory, database }) => ({ form, compression, directory, database }),
  changes: (facts) => [
    plannedBackup(facts),
    ...(isCopied(facts) ? [plannedCopy('its copy off the host', 'none', facts.copy)] : []),
  ],
  consequence: ({ directory, copy }) =>
    `This writes a backup to ${directory}${copy === null ? '' : ', and copies it off the host'}.`,
  plan: (facts) => [dump(facts), readItBack(facts), publish(facts), ...copyOff(facts)],
  verify: async (ctx, facts) => {
    const preflight = new Preflight(ctx);
    preflight.check('backup', 'host', async () => {
      const wanted = backupPath(facts, ctx.runId);
      const found = await findBackup({ run: ctx.host().run, directory: facts.directory, wanted });
      if (found.manifest === null || found.problems.length > 0) {
        return block(`${found.name}: ${found.problems.join('; ') || 'it has no manifest'}`, {
          next: [{ tv: ['db', 'backups'] }],
        });
      }
      const { rows, cursorBlock, seconds } = found.manifest;
      const total = Object.values(rows).reduce((sum, one) => sum + one, 0);
      const cursor = cursorBlock === null ? '' : `, cursor at block ${count(cursorBlock)}`;
      return pass(
        `${found.name}: ${bytes(found.bytes)}, ${count(total)} rows in ${Object.keys(rows).length} tables${cursor}; dumped in ${duration(seconds * 1000)}, read back and equal`,
      );
    });
    if (copyOff(facts).length > 0) {
      const wanted = backupPath(facts, ctx.runId);
      preflight.check('copy', 'host', () => checkCopied(ctx, { key: copied, wanted }));
    }
    return preflight.checks();
  },
});

const copied = step<CopyOutcome>('copy');

/** Facts of a run that an earlier version began have no copy. */
function isCopied(facts: Partial<Facts>): facts is Facts & { readonly copy: CopyFacts } {
  return (facts.copy ?? null) !== null;
}

function copyOff(facts: Facts): readonly Step[] {
  if (!isCopied(facts)) return [];
  const { copy } = facts;
  const end = isFolder(facts.form) ? '' : '.sql.gz';
  const shown = (before: string) => `${quoteForShell(`${before}${facts.database.name}_`)}$RUN${end}`;
  return [
    copyStep({
      shown: { path: shown(`${facts.directory}/`), name: shown('') },
      ...{ key: copied, facts: copy, title: 'copy it off the host' },
      path: (ctx) => backupPath(facts, ctx.runId),
    }),
  ];
}

const dumped = step<DumpedSnapshot>('dump');

/** The dump, the row counts and the cursor, all of one snapshot. */
export function dump(facts: BackupFacts): Step {
  const { form, database, tools, directory } = facts;
  return dumped.define({
    title: {
      directory: `dump ${database.name}, ${tools.cores} tables at once`,
      ranges: `dump ${database.name}, ${tools.cores} ranges of rows at once`,
      'sql.gz': `dump ${database.name} as one .sql.gz`,
    }[form],
    command: dumpCommand(facts, `${quoteForShell(`${directory}/${database.name}_`)}$RUN`),
    effect: 'reversible',
    undoTitle: 'remove the dump',
    // What a dump that was cut off has left is worth nothing: begin again.
    probe: async () => 'not-done',
    run: (ctx) => dumpBackup(ctx, facts, { tv: ['db', 'backup'] }),
    undo: async (ctx) => {
      await endOwnSessions(ctx);
      await removeUnfinished(ctx, facts);
    },
    checkUndone: (ctx) => checkGone(ctx.host(), unfinishedPaths(facts, ctx.runId)),
  });
}

function dumpCommand({ form, compression, tools, database }: BackupFacts, target: string): string {
  const from = `-d ${quoteForShell(database.name)}`;
  if (form === 'sql.gz') return `pg_dump -Z 6 ${from} -f ${target}.sql.gz.partial`;
  if (form === 'directory') {
    const level = compression === 'zstd' ? 'zstd:1' : '6';
    return `pg_dump -Fd -j ${tools.cores} -Z ${level} ${from} -f ${target}.partial/${archiveFolder.directory}`;
  }
  const compress = compression === 'zstd' ? 'zstd -1' : 'gzip';
  return `pg_dump -Fd --exclude-table-data=$LARGE ${from} -f ${target}.partial/${archiveFolder.ranges}; psql ${from} -c 'COPY (SELECT … FROM $LARGE WHERE ctid …) TO STDOUT' | ${compress} > …`;
}

/** One rename: from then on it is a backup. */
export function publish(facts: BackupFacts): Step {
  const end = isFolder(facts.form) ? '' : '.sql.gz';
  const path = `${quoteForShell(`${facts.directory}/${facts.database.name}_`)}$RUN${end}`;
  return {
    id: 'publish',
    title: 'give it its name',
    command: `mv ${path}.partial ${path}`,
    effect: 'reversible',
    undoTitle: 'remove the name',
    probe: (ctx) => probeNamed(ctx, facts),
    run: (ctx) => nameBackup(ctx, facts),
    assertUndoable: (ctx) => assertNotPinned(ctx, facts),
    undo: async (ctx) => {
      await assertNotPinned(ctx, facts);
      const path = backupPath(facts, ctx.runId);
      const script = 'if [ -e "$1" ]; then mv -T -- "$1" "$2"; fi';
      const words = ['sh', '-c', script, 'tv', path, partialPath(facts, ctx.runId)];
      const { exitCode, stderr } = await ctx.host().run(words);
      if (exitCode === 0) return;
      throw new TvError('backup.not-written', 'The name of the backup cannot be taken away.', {
        facts: { backup: path, said: stderr.trim().split('\n').at(-1) },
      });
    },
    checkUndone: (ctx) => checkGone(ctx.host(), [backupPath(facts, ctx.runId)]),
  };
}

/**
 * Whoever has pinned it since relies on it.
 * @throws TvError where it is pinned, or that cannot be read
 */
async function assertNotPinned(ctx: StepContext, facts: BackupFacts): Promise<void> {
  const path = backupPath(facts, ctx.runId);
  const list = await listBackups({ run: ctx.host().run, directory: facts.directory });
  const { backups, directory } = list;
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (list.unreadable.some((one) => one.name === name)) {
    throw new TvError('backup.unreadable', 'Whether the backup is pinned is unknown; it was not undone.', {
      facts: { backup: name },
      next: readableAdvice(directory),
    });
  }
  const found = backups.find((backup) => backup.path === path);
  if (found === undefined || found.marks.pinned === null) return;
  throw new TvError('backup.pinned', 'The backup is pinned; it was not undone.', {
    facts: { backup: found.name, reason: found.marks.pinned.reason },
    next: { tv: ['db', 'unpin', found.name] },
  });
}

/** Reads the dump to its last byte, compares its rows with those counted, and writes the manifest. */
export function readItBack(facts: BackupFacts): Step {
  return {
    id: 'read',
    title: 'read it back to its last byte, compare rows, write the manifest',
    command: readCommand({ form: facts.form, archive: shownArchive(facts) }),
    effect: 'reversible',
    probe: async () => 'not-done',
    run: async (ctx) => {
      const snapshot = dumped.result(ctx);
      if (snapshot === undefined) throw new Error('a dump is read back after it was made');
      return proveBackup(ctx, facts, snapshot);
    },
  };
}

/** As `dump` shows it. */
function shownArchive({ form, directory, database }: BackupFacts): string {
  const path = `${quoteForShell(`${directory}/${database.name}_`)}$RUN`;
  return isFolder(form) ? `${path}.partial/${archiveFolder[form]}` : `${path}.sql.gz.partial`;
}
