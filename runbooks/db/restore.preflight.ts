import { isVerified } from '../../src/database/backup/choosePrune.ts';
import type { Backup } from '../../src/database/backup/listBackups.ts';
import type { BackupForm } from '../../src/database/backup/manifest.ts';
import { areUnreadable } from '../../src/database/backup/marks.ts';
import { verifyBackup } from '../../src/database/backup/verifyBackup.ts';
import { listDataTables } from '../../src/database/listDataTables.ts';
import { readEventSchema } from '../../src/database/readEventSchema.ts';
import { readProgress } from '../../src/database/readProgress.ts';
import { databaseSizes, listOldDatabases } from '../../src/database/restore/listDatabases.ts';
import { sessionLines } from '../../src/database/restore/listForeignSessions.ts';
import { listRenameBlockers, type RenameBlockers } from '../../src/database/restore/listRenameBlockers.ts';
import { lackedBy, missingNeeds } from '../../src/database/restore/missingNeeds.ts';
import { readDatabaseProperties } from '../../src/database/restore/readDatabaseProperties.ts';
import { onHost } from '../../src/errors/advice.ts';
import { TvError, UsageError } from '../../src/errors/TvError.ts';
import { readDisk } from '../../src/host/readDisk.ts';
import { readUnits, type UnitState } from '../../src/host/readUnits.ts';
import { surveyRuns } from '../../src/journal/readRuns.ts';
import { residualState } from '../../src/journal/residualState.ts';
import { isRunOf, isUnfinished } from '../../src/journal/runState.ts';
import { checkTools, type Tools } from '../../src/operations/checkTools.ts';
import { chooseBackups } from '../../src/operations/chooseBackups.ts';
import { checkWriting } from '../../src/operations/indexer/checkWriting.ts';
import {
  besideName,
  checkMaintenance,
  type FoundServer,
  type MaintenanceFacts,
  readServerOf,
  withMaintenance,
} from '../../src/operations/maintenance.ts';
import { checkCode } from '../../src/operations/restoreBeside.ts';
import { describeBlockers, readSwapSessions } from '../../src/operations/swapObstacles.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { PreflightResult } from '../../src/runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { ago, bytes, count, howMany } from '../../src/text/format.ts';
import { visible } from '../../src/text/outsideText.ts';

export type RestoreFacts = {
  readonly mode: 'swap' | 'in-place' | 'swap-back';
  /** Null for a swap back. */
  readonly backup: {
    readonly path: string;
    readonly name: string;
    readonly form: BackupForm;
    readonly archive: string;
    readonly createdAt: string;
    readonly cursorBlock: number | null;
    /** By `schema.table`, found in it when it was read. */
    readonly rows: Readonly<Record<string, number>>;
    readonly expectedBytes: number | null;
  } | null;
  /** The old database that comes back, for a swap back. */
  readonly back: { readonly name: string; readonly oid: number } | null;
  readonly database: {
    readonly name: string;
    /** Null where there is none: it was lost, and is made anew. */
    readonly oid: number | null;
    readonly maintenance: MaintenanceFacts;
  };
  readonly services: readonly {
    readonly unit: string;
    readonly wasActive: boolean;
    /** It crashed again and again before: it is started afterwards, but need not run. */
    readonly crashes?: boolean;
  }[];
  /** Databases that earlier restores have left half restored; dropped before this one needs the disk. */
  readonly leftovers: readonly {
    readonly name: string;
    readonly oid: number;
    readonly bytes: number | null;
  }[];
  readonly endSessions: boolean;
  readonly server: { readonly major: number };
  readonly tools: Tools;
};

export interface RestoreInput {
  readonly backup?: string | undefined;
  readonly latest: boolean;
  readonly inPlace: boolean;
  readonly swapBack: boolean;
  readonly endSessions: boolean;
}

/** Reading a large backup to its last byte takes its time, for it and for the checks that need it. In milliseconds. */
const readLimitMs = 14_400_000;

/** Checks everything that could go wrong later; the backup itself is read to its last byte. */
export async function preflight(ctx: Context, input: RestoreInput): Promise<PreflightResult<RestoreFacts>> {
  const { swapBack, inPlace, endSessions } = input;
  if (swapBack && (inPlace || input.latest)) {
    throw new UsageError(
      'usage.conflicting-flags',
      '--swap-back restores nothing, so it goes with neither --latest nor --in-place.',
      { next: ['--swap-back alone, or without it'] },
    );
  }
  const { name } = ctx.database().target;
  const [chosen] = swapBack ? [] : await chooseBackups(ctx, { backup: input.backup, latest: input.latest });
  const earlier = readEarlier(ctx, name);
  const preflight = new Preflight(ctx);

  const server = preflight.check('server', 'database', () => checkServer(ctx));
  const tools = preflight.check('tools', 'host', async () =>
    checkTools(ctx, await need(server, 'server'), chosen === undefined ? [] : [chosen]),
  );
  const back = swapBack
    ? preflight.check('old', 'database', () => checkOld(ctx, input.backup))
    : Promise.resolve(null);
  const maintenance = preflight.check('rights', 'database', async () => {
    const old = await need(back, 'old');
    if (old === null) return checkMaintenance(ctx, chosen?.manifest?.database.properties);
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
          (signal) => readChosen(ctx, { chosen, inPlace, server, tools, signal }),
          readLimitMs,
        );
  if (chosen !== undefined) {
    const readable = async (signal: AbortSignal) => {
      await need(backup, 'backup');
      return checkCode(ctx, [chosen], signal);
    };
    preflight.check('code', 'database', readable, readLimitMs);
    preflight.check('tables', 'database', () => compareTables(ctx, { server, backup }), readLimitMs);
  }
  preflight.check('writing', 'database', async () => {
    const old = await need(back, 'old');
    return withMaintenance(ctx, 'tv', (database) => checkWriting(ctx, database, old?.name ?? name));
  });
  const services = preflight.check('services', 'host', async () =>
    checkServices(ctx, {
      lost: (await server)?.databaseOid === null,
      inPlace,
      stoppedEarlier: earlier.stopped,
    }),
  );
  const leftovers =
    earlier.beside.length === 0 || swapBack
      ? Promise.resolve([])
      : preflight.check('leftovers', 'database', () => findLeftovers(ctx, earlier));
  preflight.check('blockers', 'database', () => checkBlockers(ctx, { server, inPlace }));
  preflight.check('sessions', 'database', () => checkSessions(ctx, input));
  if (chosen !== undefined) {
    const space = () => checkSpace(ctx, { chosen, inPlace, server, maintenance, backup, leftovers });
    preflight.check('space', 'host', space, readLimitMs);
  }
  preflight.check('cursor', 'database', () => checkCursor(ctx, { server, backup }), readLimitMs);

  return preflight.result({ server, tools, maintenance, backup, back, services, leftovers }, (known) => {
    const oid = known.server.databaseOid;
    return {
      // Without a live database there is nothing to drop.
      mode: swapBack ? 'swap-back' : inPlace && oid !== null ? 'in-place' : 'swap',
      backup: known.backup,
      back: known.back,
      database: { name, oid, maintenance: known.maintenance },
      services: known.services,
      leftovers: known.leftovers,
      endSessions,
      server: { major: known.server.major },
      tools: known.tools,
    };
  });
}

async function checkServer(ctx: Context) {
  const { name } = ctx.database().target;
  const found = await readServerOf(ctx);
  if (found.inRecovery)
    return block<FoundServer>('this PostgreSQL is a read-only standby', { next: ['use the primary'] });
  return found.databaseOid === null
    ? warn(`PostgreSQL ${found.version}; there is no database ${name}: it is made anew`, { value: found })
    : pass(`PostgreSQL ${found.version}, ${name} has ${bytes(found.sizeBytes)}`, found);
}

/** The database that comes back in a swap back: the one of this name, or the newest. */
async function checkOld(ctx: Context, wanted: string | undefined) {
  const { name: live } = ctx.database().target;
  const old = await withMaintenance(ctx, 'tv', (database) => listOldDatabases(database, { live }));
  const found = wanted === undefined ? old[0] : old.find((one) => one.name === wanted);
  if (found === undefined)
    return block<NonNullable<RestoreFacts['back']>>('there is no database that a restore has put aside', {
      next: [{ tv: ['db', 'backups'] }],
    });
  const { name, oid, at } = found;
  return pass(`${name} comes back, put aside ${ago(new Date(at), ctx.clock.now())}`, { name, oid });
}

/** Values of other checks. */
interface Known {
  readonly server: Promise<FoundServer | undefined>;
  /** Null for a swap back. */
  readonly backup: Promise<RestoreFacts['backup'] | undefined>;
}

interface ChosenParameters {
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
    const why = areUnreadable(chosen.marks)
      ? `the marks of ${chosen.name} cannot be read: whether it was verified is unknown`
      : failure === undefined
        ? `${chosen.name} was never verified`
        : `${chosen.name} failed its last verification (${visible(failure)})`;
    return block(`${why}, and --in-place leaves nothing else`, {
      next: [{ tv: ['db', 'verify', chosen.name, '--restore'] }, { tv: ['db', 'backup'] }],
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
  const lacked = lackedBy(
    'this server',
    await withMaintenance(ctx, 'tv', (database) => missingNeeds(database, verdict.needs)),
  );
  if (lacked !== undefined) {
    const { what, ...rest } = lacked;
    return block(`${chosen.name}: ${what}`, { ...rest, value });
  }
  const rows = Object.values(verdict.rows).reduce((sum, one) => sum + one, 0);
  const what = `${chosen.name}, ${ago(new Date(createdAt), ctx.clock.now())}, ${count(rows)} rows`;
  if (manifest === null) return warn(`${what}; sound in structure, without sums to compare with`, { value });
  const { systemIdentifier } = manifest.database;
  const own = (await need(server, 'server')).systemIdentifier;
  return systemIdentifier !== null && own !== null && systemIdentifier !== own
    ? warn(`${what}; sound to its last byte, but made on another server`, { value })
    : pass(`${what}; sound to its last byte`, value);
}

/** As many names as an operator needs to see what kind of backup it is. */
const shown = 5;

/**
 * Whether every table of the live database is in the backup. One of a single table (`pg_dump -t`) is
 * sound by itself, and the services would find the others gone.
 */
async function compareTables(ctx: Context, { server, backup }: Known) {
  if ((await need(server, 'server')).databaseOid === null) return pass('none to compare with');
  const found = new Set(Object.keys((await need(backup, 'backup'))?.rows ?? {}));
  let live: readonly string[];
  try {
    live = (await listDataTables(ctx.database().kysely)).map(({ schema, name }) => `${schema}.${name}`);
  } catch (error) {
    // A damaged database is a reason to restore, not one against it.
    if (!(error instanceof TvError)) throw error;
    return warn('those of the live database cannot be read, nor compared');
  }
  const missing = live.filter((table) => !found.has(table));
  if (missing.length === 0) return pass(`all ${live.length} of the live database are in the backup`);
  const more = missing.length > shown ? `, and ${missing.length - shown} more` : '';
  return block(
    `${missing.length} of ${howMany(live.length, 'live table')} would be gone: not in the backup`,
    {
      facts: { missing: `${missing.slice(0, shown).join(', ')}${more}` },
      next: [{ tv: ['db', 'backups'] }],
      override: 'missing-tables',
    },
  );
}

interface CheckServicesParameters {
  /** The database is gone: its services fail for want of it, and are meant to run. */
  readonly lost: boolean;
  /** The database is dropped first. */
  readonly inPlace: boolean;
  /** Units that an unfinished restore has stopped: they are meant to run. Default: none. */
  readonly stoppedEarlier?: readonly string[];
}

/** Between the two checks, in milliseconds: systemd's default RestartSec is 100 ms. */
const windowMs = 2_000;
/** A service that has been restarted this often, and came up less than `freshMs` ago, is not up for good. */
const manyRestarts = 3;
const freshMs = 30_000;

/** Which services run, and so have to run afterwards. One that only crashes again and again does not. */
export async function checkServices(
  ctx: Context,
  { lost, inPlace, stoppedEarlier = [] }: CheckServicesParameters,
) {
  const units = Object.values(ctx.settings.host.units);
  const states = await readUnits(ctx.host(), { units });
  const missing = units.filter((_, index) => states[index]?.loadState !== 'loaded');
  if (missing.length > 0) {
    return block<RestoreFacts['services']>(`not installed here: ${missing.join(', ')}`, {
      next: [{ tv: ['config', 'show'] }],
    });
  }
  const crashing = lost ? [] : await crashLooping(ctx, units, states);
  // systemd starts one again and again that ends for want of its database: it is meant to run.
  const meant = ['active', 'activating', 'reloading', ...(lost ? ['failed'] : [])];
  const value = states.map(({ activeState }, index) => {
    const unit = units[index] ?? '';
    const crashes = crashing.includes(unit);
    const isMeant = meant.includes(activeState) || stoppedEarlier.includes(unit);
    return { unit, wasActive: isMeant && !crashes, ...(crashes ? { crashes } : {}) };
  });
  const downtime = inPlace && !lost ? 'all the while it is restored' : 'only for the swap';
  if (crashing.length > 0) {
    const restarts = states
      .filter((_, index) => crashing.includes(units[index] ?? ''))
      .map((state, index) => [crashing[index] ?? '', `${state.restarts} restarts`] as const);
    return warn(
      `${crashing.join(', ')}: crashes and is restarted again and again; started afterwards, but not required to run`,
      {
        value,
        facts: Object.fromEntries(restarts),
        next: crashing.map((unit) => onHost(`journalctl -u ${unit} -n 50 --no-pager`)),
      },
    );
  }
  const down = states
    .map(({ activeState }, index) => ({ unit: units[index] ?? '', activeState }))
    .filter(({ unit, activeState }) => stoppedEarlier.includes(unit) && !meant.includes(activeState));
  if (down.length > 0) {
    const names = down.map(({ unit }) => unit).join(', ');
    return warn(`${names}: stopped by a restore that was not finished; started afterwards`, { value });
  }
  const idle = value.filter(({ wasActive }) => !wasActive).map(({ unit }) => unit);
  return idle.length === 0
    ? pass(`all ${lost ? 'meant to run' : 'active'}; they are stopped ${downtime}`, value)
    : warn(`${idle.join(', ')}: not active, and stays so`, { value });
}

/** By two checks: `active` and `activating` alone say nothing about a service that crashes and comes again. */
async function crashLooping(
  ctx: Context,
  units: readonly string[],
  first: readonly UnitState[],
): Promise<readonly string[]> {
  const now = ctx.clock.now().getTime();
  const suspicious = (state: UnitState) =>
    state.activeState === 'activating' ||
    (state.restarts > 0 && (state.since === undefined || now - state.since.getTime() < freshMs));
  if (!first.some(suspicious)) return [];
  await ctx.clock.sleep(windowMs, ctx.signal);
  const second = await readUnits(ctx.host(), { units });
  return units.filter((_, index) => {
    const [before, after] = [first[index], second[index]];
    if (before === undefined || after === undefined || !suspicious(before)) return false;
    return (
      after.restarts > before.restarts ||
      after.subState === 'auto-restart' ||
      after.activeState === 'failed' ||
      (after.activeState === 'active' && after.restarts >= manyRestarts)
    );
  });
}

/** What restores that were never finished have left to the next one. */
interface EarlierRestores {
  /** Units that they have stopped, and that ran before: they are meant to run. */
  readonly stopped: readonly string[];
  /** Names that databases of theirs have, where they were cut off before one was whole. */
  readonly beside: readonly string[];
}

/** From the journals of this machine. */
function readEarlier(ctx: Pick<Context, 'runs' | 'settings'>, live: string): EarlierRestores {
  const states = surveyRuns(ctx).states.filter(
    (state) => isRunOf(state, 'db restore') && isUnfinished(state),
  );
  const stopped = states
    .filter((state) => residualState(state).length > 0)
    .flatMap(({ started }) => (started.facts as RestoreFacts).services)
    .filter(({ wasActive }) => wasActive)
    .map(({ unit }) => unit);
  const beside = states.flatMap(({ started: { run }, steps }) => [
    besideName(live, 'trial', run),
    // A whole one may be what a resume gives the live name.
    ...(steps.get('restore')?.status === 'done' ? [] : [besideName(live, 'restore', run)]),
  ]);
  return { stopped: [...new Set(stopped)], beside };
}

/** Those of their databases that are there. */
async function findLeftovers(ctx: Context, { beside }: EarlierRestores) {
  const found = await withMaintenance(ctx, 'tv', (database) => databaseSizes(database, { names: beside }));
  const names = found.map(({ name }) => name).join(', ');
  return pass(
    found.length === 0 ? 'none of an earlier restore' : `${names}: half restored, dropped first`,
    found,
  );
}

interface CheckBlockersParameters {
  readonly server: Promise<FoundServer | undefined>;
  /** The live database is dropped, and not put aside. */
  readonly inPlace: boolean;
}

/** What would refuse the change of names, found while the services still run. */
async function checkBlockers(ctx: Context, { server, inPlace }: CheckBlockersParameters) {
  const { name } = ctx.database().target;
  if ((await need(server, 'server')).databaseOid === null) return pass(`there is no ${name} to rename`);
  const found = await withMaintenance(ctx, 'tv', (database) => listRenameBlockers(database, { name }));
  const { facts, next } = describeBlockers(found, name);
  if (Object.keys(facts).length === 0) return pass('no replication slot, prepared transaction or worker');
  const idle = found.slots.filter(({ active }) => !active);
  // An idle slot alone keeps nothing from being renamed: an operator may decide what becomes of it.
  if (Object.keys(facts).length === idle.length) {
    const fate = inPlace ? 'would be dropped with the database' : `would stay with the old database`;
    return block(`${howMany(idle.length, 'logical replication slot')} ${fate}: ${list(idle)}`, {
      facts,
      next,
      override: 'replication-slots',
    });
  }
  return block(`${name} cannot be renamed or dropped while these use it`, { facts, next });
}

function list(slots: RenameBlockers['slots']): string {
  return slots.map(({ name }) => name).join(', ');
}

/** Sessions of the live database that would block a swap. */
async function checkSessions(ctx: Context, input: { readonly endSessions: boolean }) {
  const { all, strangers } = await readSwapSessions(ctx);
  if (strangers.length === 0)
    return pass(
      all.length === 0 ? 'none' : `${howMany(all.length, 'session')}, apparently all of the services`,
    );
  const what = `${strangers.length} that ${strangers.length === 1 ? 'does' : 'do'} not look like the services'`;
  return input.endSessions
    ? warn(`${what}: ended for the swap`, { facts: sessionLines(strangers) })
    : warn(`${what}: will block the swap unless closed first`, {
        facts: sessionLines(strangers),
        next: [{ when: 'close them, or have the swap end them', again: ['--end-sessions'] }],
      });
}

/** Room beside the restored database: write-ahead log and sorting, in bytes. */
const marginBytes = 512 * 1024 ** 2;
/** Without a manifest: a database has been seen to have up to this many times its backup's size. */
const growth = 12;

interface SpaceParameters extends Known {
  readonly chosen: Backup;
  readonly inPlace: boolean;
  readonly maintenance: Promise<MaintenanceFacts | undefined>;
  readonly leftovers: Promise<RestoreFacts['leftovers'] | undefined>;
}

async function checkSpace(ctx: Context, parameters: SpaceParameters) {
  const { chosen, inPlace, server, maintenance, backup, leftovers } = parameters;
  const { dataDirectory } = await need(maintenance, 'rights');
  const found = await need(backup, 'backup');
  const live = (await need(server, 'server')).sizeBytes;
  const size = found?.expectedBytes ?? Math.max(live, chosen.bytes * growth);
  const needed = size + marginBytes - (inPlace ? live : 0);
  if (dataDirectory === null)
    return warn(`needs about ${bytes(needed)}; the server does not say where it keeps its data`);
  const disk = await readDisk(ctx.host(), { path: dataDirectory });
  // One of unknown size is not counted on.
  const dropped = (await need(leftovers, 'leftovers')).reduce((sum, one) => sum + (one.bytes ?? 0), 0);
  const freeBytes = disk.freeBytes + dropped;
  const room = `${bytes(freeBytes)} free for the database server, needs about ${bytes(Math.max(0, needed))}`;
  return freeBytes < needed
    ? block(room, { next: [{ tv: ['db', 'prune', '--old'] }, '--in-place'], override: 'restore-space' })
    : pass(room);
}

/** From where the indexer continues. */
async function checkCursor(ctx: Context, { server, backup }: Known) {
  const isLost = (await need(server, 'server')).databaseOid === null;
  const there = (await need(backup, 'backup'))?.cursorBlock;
  if (isLost) {
    const from = typeof there === 'number' ? `block ${count(there)}` : 'where that database was';
    return pass(`the indexer resumes from ${from}`);
  }
  const now = `now at ${await liveBlock(ctx)}`;
  if (there === undefined) return pass(`${now}; the indexer resumes from where that database was`);
  if (there === null) {
    return warn(`${now}; the backup does not record its block`, {
      next: [{ when: 'afterwards', tv: ['reindex', 'check'] }],
    });
  }
  return pass(`${now}; back to block ${count(there)}, and the indexer resumes from there`);
}

/** A damaged or locked database is a reason to restore, not one against it. */
async function liveBlock(ctx: Context): Promise<string> {
  try {
    const schema = await readEventSchema(ctx.database());
    const { block } = await readProgress(ctx.database(), { schema });
    return block === null ? 'no block' : `block ${count(block)}`;
  } catch (error) {
    if (error instanceof TvError) return 'a block that cannot be read';
    throw error;
  }
}

/** The imagined case that the exported document shows. */
export const exampleFacts: RestoreFacts = {
  mode: 'swap',
  backup: {
    path: '/backup/tempovault_20261123-020000-7f3a',
    name: 'tempovault_20261123-020000-7f3a',
    form: 'directory',
    archive: '/backup/tempovault_20261123-020000-7f3a/data',
    createdAt: '2026-11-23T02:00:00.000Z',
    cursorBlock: 15_204_110,
    rows: {},
    expectedBytes: 9_663_676_416,
  },
  back: null,
  database: {
    name: 'tempovault',
    oid: 0,
    maintenance: {
      properties: {
        name: 'tempovault',
        owner: 'tempovault',
        encoding: 'UTF8',
        collate: 'C.UTF-8',
        ctype: 'C.UTF-8',
        provider: 'c',
        icuLocale: null,
        tablespace: 'pg_default',
        connectionLimit: -1,
        comment: null,
        settings: [],
        grants: null,
      },
      user: 'postgres',
      dataDirectory: null,
    },
  },
  services: [
    { unit: 'tempovault-api', wasActive: true },
    { unit: 'tempovault-indexer', wasActive: true },
    { unit: 'tempovault-oracle', wasActive: true },
  ],
  leftovers: [],
  endSessions: false,
  server: { major: 15 },
  tools: { major: 15, version: '', cores: 4, memoryBytes: 17_179_869_184 },
};
