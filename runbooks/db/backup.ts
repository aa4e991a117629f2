import * as z from 'zod';
import { choosePrune } from '../../src/database/backup/choosePrune.ts';
import { findBackup } from '../../src/database/backup/findBackup.ts';
import { listBackups } from '../../src/database/backup/listBackups.ts';
import { keepDaysDefault, keepVerified } from '../../src/database/backup/retention.ts';
import { readServer } from '../../src/database/readServer.ts';
import { onHost } from '../../src/errors/advice.ts';
import { readDisk } from '../../src/host/readDisk.ts';
import { harmless } from '../../src/runbook/concurrency.ts';
import type { Context } from '../../src/runbook/context.ts';
import { defineRunbook, field, type PreflightResult } from '../../src/runbook/define.ts';
import { block, need, Preflight, pass } from '../../src/runbook/preflight.ts';
import { bytes, count, duration } from '../../src/text/format.ts';
import { quoteForShell } from '../../src/text/shellLine.ts';
import { dump } from './backup/dump.ts';
import type { BackupFacts } from './backup/facts.ts';
import { backupPath } from './backup/facts.ts';
import { publish } from './backup/publish.ts';
import { readItBack } from './backup/readItBack.ts';
import { byHand } from './backup.byHand.ts';
import { checkFolder, checkTools } from './shared/tools.ts';

/**
 * Room for the backup: pg_dump compresses and leaves indexes out, so half of the database's size is
 * more than it has been seen to need; 32 MiB on top for a small one.
 */
const backupShare = 0.5;
const backupMarginBytes = 32 * 1024 ** 2;

const input = {
  plain: field('--plain', 'one .sql.gz file, as the runbook makes it', z.boolean().default(false)),
};

async function preflight(
  ctx: Context,
  { plain }: { readonly plain: boolean },
): Promise<PreflightResult<BackupFacts>> {
  const preflight = new Preflight(ctx);
  const server = preflight.check('server', 'database', async () => {
    const found = await readServer(ctx.database());
    return pass(
      `PostgreSQL ${found.version}, ${ctx.database().target.name} has ${bytes(found.sizeBytes)}`,
      found,
    );
  });
  const tools = preflight.check('tools', 'host', async () => checkTools(ctx, await need(server, 'server')));
  const folder = preflight.check('folder', 'host', () => checkFolder(ctx, ctx.settings.backup.directory));
  preflight.check('space', 'host', async () => {
    const path = await need(folder, 'folder');
    const { freeBytes } = await readDisk(ctx.host(), { path });
    const needed = (await need(server, 'server')).sizeBytes * backupShare + backupMarginBytes;
    const room = `${bytes(freeBytes)} free, needs about ${bytes(needed)}`;
    if (freeBytes >= needed) return pass(room);
    // Only what frees something is a remedy: prune keeps the newest, the pinned and three verified ones.
    const { backups } = await listBackups({ run: ctx.host().run, directory: path });
    const old = choosePrune(backups, { now: ctx.clock.now(), keepDays: keepDaysDefault, keepVerified });
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
  const checks = await preflight.checks();
  const known = { server: await server, tools: await tools, folder: await folder };
  if (known.server === undefined || known.tools === undefined || known.folder === undefined) {
    return { checks, facts: undefined };
  }
  return {
    checks,
    facts: {
      form: plain ? 'sql.gz' : 'directory',
      directory: known.folder,
      database: {
        name: ctx.database().target.name,
        systemIdentifier: known.server.systemIdentifier,
        oid: known.server.databaseOid,
      },
      server: { version: known.server.version, major: known.server.major },
      tools: known.tools,
    },
  };
}

/** Runbook §3: a consistent backup that has been read back before it is called one. */
export default defineRunbook<typeof input, BackupFacts>({
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
left that looks like a backup.`,
  byHand,
  input,
  example: {
    facts: {
      form: 'directory',
      directory: '/backup',
      database: { name: 'tempovault', systemIdentifier: null, oid: 0 },
      server: { version: '15.14', major: 15 },
      tools: { major: 15, version: '', cores: 4, memoryBytes: 17_179_869_184 },
    },
    input: { plain: false },
  },
  onFailure: 'stop',
  // It touches nothing that another run has begun.
  concurrency: () => harmless,
  preflight,
  basis: ({ form, directory, database }) => ({ form, directory, database }),
  consequence: ({ directory }) => `This writes a backup to ${directory}.`,
  plan: (facts) => [dump(facts), readItBack(facts), publish(facts)],
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
    return preflight.checks();
  },
});
