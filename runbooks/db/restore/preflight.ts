import { isVerified } from '../../../src/database/backup/choosePrune.ts';
import type { Backup } from '../../../src/database/backup/listBackups.ts';
import { verifyBackup } from '../../../src/database/backup/verifyBackup.ts';
import { readEventSchema } from '../../../src/database/readEventSchema.ts';
import { readProgress } from '../../../src/database/readProgress.ts';
import { readServer } from '../../../src/database/readServer.ts';
import { listOldDatabases } from '../../../src/database/restore/listDatabases.ts';
import { listForeignSessions, sessionLines } from '../../../src/database/restore/listForeignSessions.ts';
import { TvError, UsageError } from '../../../src/errors/TvError.ts';
import { readDisk } from '../../../src/host/readDisk.ts';
import { readUnits } from '../../../src/host/readUnits.ts';
import type { Context } from '../../../src/runbook/context.ts';
import type { PreflightResult } from '../../../src/runbook/define.ts';
import { block, Lookout, need, pass, warn } from '../../../src/runbook/lookout.ts';
import { ago, bytes, count } from '../../../src/runbook/text.ts';
import { chooseBackups } from '../shared/chooseBackups.ts';
import { lookAtMaintenance, withMaintenance } from '../shared/maintenance.ts';
import { lookAtTools } from '../shared/tools.ts';
import type { RestoreFacts } from './facts.ts';

export interface RestoreInput {
  readonly backup?: string | undefined;
  readonly latest: boolean;
  readonly inPlace: boolean;
  readonly swapBack: boolean;
  readonly endSessions: boolean;
}

/** Reading a large backup to its last byte takes its time. */
const readLimitMs = 14_400_000;
/** Room beside the restored database: write-ahead log and sorting, in bytes. */
const marginBytes = 512 * 1024 ** 2;
/** Without a manifest: a database has been seen to have up to this many times its backup's size. */
const growth = 12;

/** Everything that could go wrong later; the backup itself is read to its last byte. */
export async function preflight(ctx: Context, input: RestoreInput): Promise<PreflightResult<RestoreFacts>> {
  const { settings } = ctx;
  const { name } = ctx.database().target;
  const mode = input.swapBack ? 'swap-back' : input.inPlace ? 'in-place' : 'swap';
  if (input.swapBack && (input.inPlace || input.latest)) {
    throw new UsageError('--swap-back restores nothing, so it goes with neither --latest nor --in-place.');
  }
  const [chosen] = input.swapBack
    ? []
    : await chooseBackups(ctx, { backup: input.backup, latest: input.latest });
  const lookout = new Lookout(ctx);

  const server = lookout.look('server', 'database', async () => {
    const found = await readServer(ctx.database());
    if (found.inRecovery)
      return block('this PostgreSQL is a read-only standby', { next: ['use the primary'] });
    return pass(`PostgreSQL ${found.version}, ${name} has ${bytes(found.sizeBytes)}`, found);
  });
  const tools = lookout.look('tools', 'host', async () => lookAtTools(ctx, await need(server, 'server')));
  const maintenance = lookout.look('rights', 'database', () => lookAtMaintenance(ctx));

  const readChosen = async (chosen: Backup, signal: AbortSignal) => {
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
        next: ['tv db backups'],
      });
    }
    if (input.inPlace && !isVerified(chosen)) {
      return block(`${chosen.name} was never verified, and --in-place leaves nothing else`, {
        next: [`tv db verify ${chosen.name} --restore`],
      });
    }
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
    if (manifest === null)
      return warn(`${what}; sound in structure, without sums to compare with`, { value });
    const { systemIdentifier } = manifest.database;
    const own = (await need(server, 'server')).systemIdentifier;
    return systemIdentifier !== null && own !== null && systemIdentifier !== own
      ? warn(`${what}; sound to its last byte, but made on another server`, { value })
      : pass(`${what}; sound to its last byte`, value);
  };
  const backup =
    chosen === undefined
      ? Promise.resolve(null)
      : lookout.look('backup', 'host', (signal) => readChosen(chosen, signal), readLimitMs);

  const findOld = async () => {
    const old = await listOldDatabases(ctx.database(), { live: name });
    const found = input.backup === undefined ? old[0] : old.find((one) => one.name === input.backup);
    if (found === undefined)
      return block('there is no database that a restore has put aside', { next: ['tv db backups'] });
    return pass(
      `${found.name} comes back, put aside ${ago(new Date(found.at), ctx.clock.now())}`,
      found.name,
    );
  };
  const back = input.swapBack ? lookout.look('old', 'database', findOld) : Promise.resolve(null);

  const services = lookout.look('services', 'host', async () => {
    const units = Object.values(settings.host.units);
    const states = await readUnits(ctx.host(), { units });
    const value = states.map(({ activeState }, index) => ({
      unit: units[index] ?? '',
      wasActive: activeState === 'active',
    }));
    const missing = units.filter((_, index) => states[index]?.loadState !== 'loaded');
    if (missing.length > 0)
      return block(`not installed here: ${missing.join(', ')}`, { next: ['tv config show'] });
    const idle = value.filter(({ wasActive }) => !wasActive).map(({ unit }) => unit);
    return idle.length === 0
      ? pass('all active; they are stopped only for the swap', value)
      : warn(`${idle.join(', ')}: not active, and stays so`, { value });
  });

  lookout.look('sessions', 'database', async () => {
    const sessions = await withMaintenance(ctx, 'tv', (database) =>
      listForeignSessions(database, { names: [name] }),
    );
    // Those of the services end with them. A program that says its name, or another role, is somebody else.
    const { user } = ctx.database().target;
    const own = new Set<string>([
      '',
      ...Object.values(settings.host.programs),
      ...Object.values(settings.host.units),
    ]);
    const strangers = sessions.filter((one) => one.user !== user || !own.has(one.application));
    if (strangers.length === 0) return pass(`${sessions.length}, of the services by their looks`);
    const what = `${strangers.length} that ${strangers.length === 1 ? 'does' : 'do'} not look like the services'`;
    return input.endSessions
      ? warn(`${what}: ended for the swap`, { facts: sessionLines(strangers) })
      : warn(`${what}: in the way, unless they are gone by then`, {
          facts: sessionLines(strangers),
          next: ['end them, or --end-sessions'],
        });
  });

  const lookAtSpace = async () => {
    const { dataDirectory } = await need(maintenance, 'rights');
    const found = await need(backup, 'backup');
    const live = (await need(server, 'server')).sizeBytes;
    const size = found?.expectedBytes ?? Math.max(live, (chosen?.bytes ?? 0) * growth);
    const needed = size + marginBytes - (input.inPlace ? live : 0);
    if (dataDirectory === null)
      return warn(`needs about ${bytes(needed)}; the server does not say where it keeps its data`);
    const { freeBytes } = await readDisk(ctx.host(), { path: dataDirectory });
    const room = `${bytes(freeBytes)} free for the database server, needs about ${bytes(Math.max(0, needed))}`;
    return freeBytes < needed
      ? block(room, { next: ['tv db prune --old', '--in-place'], override: 'restore-space' })
      : pass(room);
  };
  if (!input.swapBack) lookout.look('space', 'host', lookAtSpace);

  lookout.look('cursor', 'database', async () => {
    const now = await liveBlock(ctx);
    const there = input.swapBack ? undefined : (await need(backup, 'backup'))?.cursorBlock;
    const live = typeof now === 'number' ? `block ${count(now)}` : now;
    if (there === undefined) return pass(`now at ${live}; the indexer goes on from where that database was`);
    if (there === null) {
      return warn(`now at ${live}; the backup does not say where it stands`, {
        next: ['afterwards: tv reindex check'],
      });
    }
    return pass(`now at ${live}; back to block ${count(there)}, and the indexer goes on from there`);
  });

  const checks = await lookout.checks();
  const known = {
    server: await server,
    tools: await tools,
    maintenance: await maintenance,
    backup: await backup,
    back: await back,
    services: await services,
  };
  if (
    known.server === undefined ||
    known.tools === undefined ||
    known.maintenance === undefined ||
    known.backup === undefined ||
    known.back === undefined ||
    known.services === undefined
  ) {
    return { checks, facts: undefined };
  }
  return {
    checks,
    facts: {
      mode,
      backup: known.backup,
      back: known.back,
      database: { name, oid: known.server.databaseOid, maintenance: known.maintenance },
      services: known.services,
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
