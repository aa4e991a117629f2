import { setTimeout as sleep } from 'node:timers/promises';
import type { GlobalFlags } from './cli/parse.ts';
import type { RunLockAnswer } from './database/acquireRunLock.ts';
import { TvError } from './errors/TvError.ts';
import { AuditLog } from './runbook/audit.ts';
import type { Api, Chain, Clock, Context, Database, Host } from './runbook/context.ts';
import type { Entry, Room } from './runbook/entry.ts';
import type { Interrupt } from './runbook/interrupt.ts';
import { RunStore } from './runbook/journal.ts';
import type { LockAnswer, LockHolder } from './runbook/lock.ts';
import type { Outlet } from './runbook/outlet.ts';
import type { Secrets } from './runbook/secrets.ts';

/** What tv is, apart from any environment. */
export interface Program {
  readonly shelf: readonly Entry[];
  readonly version: string;
}

/** A context, and the way to end what it opened. */
export interface World {
  readonly ctx: Context;
  remoteLock(holder: LockHolder): Promise<LockAnswer | undefined>;
  close(): Promise<void>;
}

const clock: Clock = {
  now: () => new Date(),
  sleep: async (ms, signal) => {
    try {
      await sleep(ms, undefined, { signal });
    } catch (error) {
      // Node wraps the reason; callers compare it.
      throw signal?.aborted === true ? signal.reason : error;
    }
  },
};

/**
 * Puts the settings and the rooms together. The rooms that the command names are imported here and
 * opened on first use: a command that needs no database loads no database driver.
 */
export async function buildContext(
  program: Program,
  entry: Entry,
  flags: GlobalFlags,
  secrets: Secrets,
  outlet: Outlet,
  interrupt: Interrupt,
): Promise<World> {
  const resolved = await resolve(entry, flags, secrets);
  const { settings } = resolved;
  const opened: (() => Promise<void>)[] = [];
  const signal = interrupt.stop;
  const rooms = await load(entry.rooms);

  const chain = once((): Chain => {
    const { rpcUrls, id, timeoutMs } = settings.chain;
    return rooms.chain({ rpcUrls, id, timeoutMs, contracts: settings.contracts });
  });
  const database = once((): Database => {
    const { url, timeoutMs } = settings.database;
    if (url === undefined) {
      throw new TvError('No database is set.', { next: 'set INDEXER_DB_URL in .env, or database.url: tv config show' });
    }
    const connection = rooms.database({ url, timeoutMs, applicationName: 'tv' });
    for (const secret of Object.values(connection.secrets)) secrets.add(secret as string);
    opened.push(() => connection.close());
    return connection;
  });
  const host = once((): Host => rooms.host({ prefix: settings.host.prefix, timeoutMs: settings.host.timeoutMs }));
  const api = once((): Api => {
    const { url, timeoutMs } = settings.api;
    if (url === undefined) throw new TvError('No API URL is set.', { next: 'tv config show' });
    return rooms.api({ url, timeoutMs });
  });

  return {
    ctx: {
      settings,
      version: program.version,
      shelf: program.shelf,
      runs: new RunStore(settings.stateDirectory),
      audit: new AuditLog(settings.stateDirectory, outlet, clock),
      clock,
      signal,
      chain,
      database,
      host,
      api,
    },
    remoteLock: async (holder) => {
      const { acquireRunLock } = await import('./database/acquireRunLock.ts');
      return remoteLock(holder, () => acquireRunLock(database(), { holder: nameOf(holder) }));
    },
    close: async () => {
      for (const end of opened) await end();
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** A room's connector where the command named the room; a call to any other is a bug in the shelf. */
async function load(rooms: readonly Room[]) {
  const [chain, database, host, api] = await Promise.all([
    rooms.includes('chain') ? import('./chain/connectChain.ts') : undefined,
    rooms.includes('database') ? import('./database/connectDatabase.ts') : undefined,
    rooms.includes('host') ? import('./host/connectHost.ts') : undefined,
    rooms.includes('api') ? import('./api/connectApi.ts') : undefined,
  ]);
  return {
    chain: chain?.connectChain ?? notNamed('chain'),
    database: database?.connectDatabase ?? notNamed('database'),
    host: host?.connectHost ?? notNamed('host'),
    api: api?.connectApi ?? notNamed('api'),
  };
}

function notNamed(room: Room): () => never {
  return () => {
    throw new Error(`the shelf does not say that this command uses the room ${room}`);
  };
}

function nameOf(holder: LockHolder): { readonly who: string; readonly what: string } {
  return { who: `${holder.operator.user}@${holder.operator.host}`, what: holder.what };
}

/** The database's lock in the engine's terms. Where the database is away, its checks will say so. */
async function remoteLock(
  holder: LockHolder,
  acquire: () => Promise<RunLockAnswer>,
): Promise<LockAnswer | undefined> {
  try {
    const answer = await acquire();
    if (answer.held) return { held: true, release: answer.release };
    const [user = answer.by.who, host = '?'] = answer.by.who.split('@');
    const operator = { user, host, pid: 0, mark: null };
    return { held: false, by: { operator, what: answer.by.what, since: answer.by.since ?? holder.since } };
  } catch (error) {
    if (error instanceof TvError) return undefined;
    throw error;
  }
}

// TEMPORARY until src/config lands
async function resolve(entry: Entry, flags: GlobalFlags, secrets: Secrets) {
  const { readFileSync, existsSync } = await import('node:fs');
  const { parse } = (await import('yaml')).default;
  const name = flags.env ?? process.env['TV_ENVIRONMENT'] ?? 'production';
  const file = `${process.env['TV_STATE_DIR'] ?? '/var/lib/tv'}/sandbox/${name}/tv.yaml`;
  if (entry.standalone === true || !existsSync(file)) return { settings: { stateDirectory: '/var/lib/tv', environment: name } as never as import('./config/settings.ts').Settings };
  const e = parse(readFileSync(file, 'utf8')).environments[name];
  const env = readFileSync(e.host.envFile, 'utf8');
  const { readEnvValue } = await import('./host/envFile.ts');
  secrets.add(readEnvValue(env, 'ORACLE_PRIVATE_KEY'));
  return { settings: { environment: name, ...e, chain: { timeoutMs: 5000, ...e.chain }, host: { timeoutMs: 30000, ...e.host }, api: { timeoutMs: 5000, ...e.api }, database: { url: readEnvValue(env, 'INDEXER_DB_URL'), timeoutMs: 10000 } } as import('./config/settings.ts').Settings };
}
