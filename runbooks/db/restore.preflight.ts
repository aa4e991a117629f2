import { isVerified } from '../../src/database/backup/choosePrune.ts';
import type { Backup } from '../../src/database/backup/listBackups.ts';
import { verifyBackup } from '../../src/database/backup/verifyBackup.ts';
import { readEventSchema } from '../../src/database/readEventSchema.ts';
import { readProgress } from '../../src/database/readProgress.ts';
import { listOldDatabases } from '../../src/database/restore/listDatabases.ts';
import { lackedBy, missingNeeds } from '../../src/database/restore/missingNeeds.ts';
import { readDatabaseProperties } from '../../src/database/restore/readDatabaseProperties.ts';
import { TvError, UsageError } from '../../src/errors/TvError.ts';
import { readDisk } from '../../src/host/readDisk.ts';
import { checkTools, type Tools } from '../../src/operations/checkTools.ts';
import { chooseBackups } from '../../src/operations/chooseBackups.ts';
import { checkWriting } from '../../src/operations/indexer/checkWriting.ts';
import {
  checkMaintenance,
  type FoundServer,
  readServerOf,
  withMaintenance,
} from '../../src/operations/maintenance.ts';
import { checkCode } from '../../src/operations/restoreBeside.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { PreflightResult } from '../../src/runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { ago, bytes, count } from '../../src/text/format.ts';
import { visible } from '../../src/text/outsideText.ts';
import { checkBlockers, checkServices, checkSessions, compareTables } from './restore.checks.ts';
import { findLeftovers, type RestoreFacts, readEarlier } from './restore.facts.ts';

export interface RestoreInput {
  readonly backup?: string | undefined;
  readonly latest: boolean;
  readonly inPlace: boolean;
  readonly swapBack: boolean;
  readonly endSessions: boolean;
}

/** SampleValue a large backup to its last byte takes its time, for it and for the checks that need it. */
const readLimitMs = 14_400_000;
/** Room beside the restored database: write-ahead log and sorting, in bytes. */
const marginBytes = 512 * 1024 ** 2;
/** Without a manifest: a database has been seen to have up to this many times its backup's size. */
const growth = 12;

/** Everything that could go wrong later; the backup itself is read to its last byte. */
export async function preflight(ctx: Context, input: RestoreInput): Promise<PreflightResult<RestoreFacts>> {
  const { name } = ctx.database().target;
  const mode = input.swapBack ? 'swap-back' : input.inPlace ? 'in-place' : 'swap';
  if (input.swapBack && (input.inPlace || input.latest)) {
    throw new UsageError(
      'usage.conflicting-flags',
      '--swap-back restores nothing, so it goes with neither --latest nor --in-place.',
      {
        next: ['--swap-back alone, or without it'],
      },
    );
  }
  const [chosen] = input.swapBack
    ? []
    : await chooseBackups(ctx, { backup: input.backup, latest: input.latest });
  const earlier = readEarlier(ctx, name);
  const preflight = new Preflight(ctx);

  const server = preflight.check('server', 'database', async () => {
    const found = await readServerOf(ctx);
    if (found.inRecovery)
      return block('this PostgreSQL is a read-only standby', { next: ['use the primary'] });
    if (found.databaseOid === null) {
      const value = found;
      return warn(`PostgreSQL ${found.version}; there is no database ${name}: it is made anew`, { value });
    }
    return pass(`PostgreSQL ${found.version}, ${name} has ${bytes(found.sizeBytes)}`, found);
  });
  const tools = preflight.check('tools', 'host', async () => checkTools(ctx, await need(server, 'server')));
  const findOld = async () => {
    const old = await withMaintenance(ctx, 'tv', (database) => listOldDatabases(database, { live: name }));
    const found = input.backup === undefined ? old[0] : old.find((one) => one.name === input.backup);
    if (found === undefined)
      return block('there is no database that a restore has put aside', {
        next: [{ tv: ['db', 'backups'] }],
      });
    return pass(`${found.name} comes back, put aside ${ago(new Date(found.at), ctx.clock.now())}`, {
      name: found.name,
      oid: found.oid,
    });
  };
  const back = input.swapBack ? preflight.check('old', 'database', findOld) : Promise.resolve(null);

  const maintenance = preflight.check('rights', 'database', async () => {
    if (!input.swapBack) return checkMaintenance(ctx, chosen?.manifest?.database.properties);
    const old = await need(back, 'old');
    if (old === null) throw new Error('a swap back has a database that comes back');
    return checkMaintenance(
      ctx,
      await withMaintenance(ctx, 'tv', (database) => readDatabaseProperties(database, old)),
    );
  });

  const backup =
    chosen === undefined
      ? Promise.resolve(null)
      : preflight.check(
          'backup',
          'host',
          (signal) => readChosen(ctx, { chosen, inPlace: input.inPlace, server, tools, signal }),
          readLimitMs,
        );

  if (chosen !== undefined) {
    preflight.check(
      'code',
      'database',
      async (signal) => {
        await need(backup, 'backup');
        return checkCode(ctx, [chosen], signal);
      },
      readLimitMs,
    );
  }

  if (!input.swapBack)
    preflight.check('tables', 'database', () => compareTables(ctx, { server, backup }), readLimitMs);

  preflight.check('writing', 'database', async () => {
    const old = await need(back, 'old');
    return withMaintenance(ctx, 'tv', (database) => checkWriting(ctx, database, old?.name ?? name));
  });

  const services = preflight.check('services', 'host', async () =>
    checkServices(ctx, {
      lost: (await server)?.databaseOid === null,
      inPlace: input.inPlace,
      stoppedEarlier: earlier.stopped,
    }),
  );

  const leftovers =
    earlier.beside.length === 0 || input.swapBack
      ? Promise.resolve([])
      : preflight.check('leftovers', 'database', async () => {
          const found = await findLeftovers(ctx, earlier);
          const names = found.map(({ name: each }) => each).join(', ');
          return pass(
            found.length === 0 ? 'none of an earlier restore' : `${names}: half restored, dropped first`,
            found,
          );
        });

  preflight.check('blockers', 'database', () => checkBlockers(ctx, { server, inPlace: input.inPlace }));

  preflight.check('sessions', 'database', () => checkSessions(ctx, input));

  const checkSpace = async () => {
    const { dataDirectory } = await need(maintenance, 'rights');
    const found = await need(backup, 'backup');
    const live = (await need(server, 'server')).sizeBytes;
    const size = found?.expectedBytes ?? Math.max(live, (chosen?.bytes ?? 0) * growth);
    const needed = size + marginBytes - (input.inPlace ? live : 0);
    if (dataDirectory === null)
      return warn(`needs about ${bytes(needed)}; the server does not say where it keeps its data`);
    const disk = await readDisk(ctx.host(), { path: dataDirectory });
    const dropped = (await need(leftovers, 'leftovers')).reduce((sum, one) => sum + one.bytes, 0);
    const freeBytes = disk.freeBytes + dropped;
    const room = `${bytes(freeBytes)} free for the database server, needs about ${bytes(Math.max(0, needed))}`;
    return freeBytes < needed
      ? block(room, { next: [{ tv: ['db', 'prune', '--old'] }, '--in-place'], override: 'restore-space' })
      : pass(room);
  };
  if (!input.swapBack) preflight.check('space', 'host', checkSpace, readLimitMs);

  const checkCursor = async () => {
    if ((await need(server, 'server')).databaseOid === null) {
      const there = input.swapBack ? undefined : (await need(backup, 'backup'))?.cursorBlock;
      return pass(
        there === undefined || there === null
          ? 'the indexer goes on from where that database was'
          : `the indexer goes on from block ${count(there)}`,
      );
    }
    const now = await liveBlock(ctx);
    const there = input.swapBack ? undefined : (await need(backup, 'backup'))?.cursorBlock;
    const live = typeof now === 'number' ? `block ${count(now)}` : now;
    if (there === undefined) return pass(`now at ${live}; the indexer goes on from where that database was`);
    if (there === null) {
      return warn(`now at ${live}; the backup does not say where it stands`, {
        next: [{ when: 'afterwards', tv: ['reindex', 'check'] }],
      });
    }
    return pass(`now at ${live}; back to block ${count(there)}, and the indexer goes on from there`);
  };
  preflight.check('cursor', 'database', checkCursor, readLimitMs);

  const checks = await preflight.checks();
  const known = {
    server: await server,
    tools: await tools,
    maintenance: await maintenance,
    backup: await backup,
    back: await back,
    services: await services,
    leftovers: await leftovers,
  };
  if (
    known.server === undefined ||
    known.tools === undefined ||
    known.maintenance === undefined ||
    known.backup === undefined ||
    known.back === undefined ||
    known.services === undefined ||
    known.leftovers === undefined
  ) {
    return { checks, facts: undefined };
  }
  return {
    checks,
    facts: {
      // There is nothing to drop.
      mode: mode === 'in-place' && known.server.databaseOid === null ? 'swap' : mode,
      backup: known.backup,
      back: known.back,
      database: { name, oid: known.server.databaseOid, maintenance: known.maintenance },
      services: known.services,
      leftovers: known.leftovers,
      endSessions: input.endSessions,
      server: { major: known.server.major },
      tools: known.tools,
    },
  };
}

/** A damaged or locked database is a reason to restore, not one against it. */
async function liveBlock(ctx: Context): Promise<number | string> {
  try {
    const schema = await readEventSchema(ctx.database());
    return (await readProgress(ctx.database(), { schema })).block ?? 'no block';
  } catch (error) {
    if (error instanceof TvError) return 'a block that cannot be read';
    throw error;
  }
}

export interface ChosenParameters {
  readonly chosen: Backup;
  readonly inPlace: boolean;
  readonly server: Promise<FoundServer | undefined>;
  readonly tools: Promise<Tools | undefined>;
  readonly signal: AbortSignal;
}

/** Whether the backup can be relied on, and belongs here. Every byte of it is read. */
export async function readChosen(ctx: Context, parameters: ChosenParameters) {
  const { chosen, inPlace, server, tools, signal } = parameters;
  const { cores } = await need(tools, 'tools');
  const verdict = await verifyBackup(ctx.database(), {
    run: ctx.host().run,
    backup: chosen,
    depth: 'sums',
    jobs: cores,
    serverMajor: (await need(server, 'server')).major,
    signal,
  });
  const [first, ...more] = verdict.problems;
  if (first !== undefined) {
    return block(`${chosen.name}: ${first}`, {
      ...(more.length === 0 ? {} : { facts: { also: more.slice(0, 5).join('; ') } }),
      next: [{ tv: ['db', 'backups'] }],
    });
  }
  const failure = chosen.marks.verified?.problems[0];
  if (inPlace && !isVerified(chosen)) {
    return block(
      failure === undefined
        ? `${chosen.name} was never verified, and --in-place leaves nothing else`
        : `${chosen.name} failed its last verification (${visible(failure)}), and --in-place leaves nothing else`,
      { next: [{ tv: ['db', 'verify', chosen.name, '--restore'] }, { tv: ['db', 'backup'] }] },
    );
  }
  const lacked = lackedBy(
    'this server',
    await withMaintenance(ctx, 'tv', (database) => missingNeeds(database, verdict.needs)),
  );
  if (lacked !== undefined) return block(`${chosen.name}: ${lacked.what}`, { next: lacked.next });
  const { path, form, archive, createdAt, manifest } = chosen;
  const value = {
    path,
    name: chosen.name,
    form,
    archive,
    createdAt,
    cursorBlock: manifest?.cursorBlock ?? null,
    rows: verdict.rows,
    expectedBytes: manifest?.database.bytes ?? null,
  };
  const rows = Object.values(verdict.rows).reduce((sum, one) => sum + one, 0);
  const what = `${chosen.name}, ${ago(new Date(createdAt), ctx.clock.now())}, ${count(rows)} rows`;
  if (manifest === null) return warn(`${what}; sound in structure, without sums to compare with`, { value });
  const { systemIdentifier } = manifest.database;
  const own = (await need(server, 'server')).systemIdentifier;
  return systemIdentifier !== null && own !== null && systemIdentifier !== own
    ? warn(`${what}; sound to its last byte, but made on another server`, { value })
    : pass(`${what}; sound to its last byte`, value);
}
