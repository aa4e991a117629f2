import { setTimeout as sleep } from 'node:timers/promises';
import type { GlobalFlags } from './cli/parse.ts';
import type { EnvFileText } from './config/layers.ts';
import { assertUsable } from './config/problem.ts';
import { requireApiUrl, requireDatabaseUrl, requireRpcUrls } from './config/requireSetting.ts';
import { type ResolvedSettings, resolveSettings } from './config/resolveSettings.ts';
import type { Settings } from './config/settings.ts';
import type { RunLockAnswer } from './database/acquireRunLock.ts';
import { TvError } from './errors/TvError.ts';
import { connectHost } from './host/connectHost.ts';
import { readEnvFile } from './host/readEnvFile.ts';
import { FileError } from './host/readTextFile.ts';
import { whoseFile } from './host/whoseFile.ts';
import { AuditLog, ChecklistLog } from './journal/audit.ts';
import type { LockAnswer } from './journal/fileLock.ts';
import { RunStore } from './journal/journal.ts';
import type { RedactingWriter } from './output/redactingWriter.ts';
import type { Secrets } from './output/secrets.ts';
import type { Api, Chain, Clock, Database, Host, SecretPrompt } from './runbook/context.ts';
import type { CommandDefinition, Service, ToolContext } from './runbook/define.ts';
import type { LockHolder } from './runbook/events.ts';

/** What tv is, apart from any environment. */
export interface Program {
  readonly registry: readonly CommandDefinition[];
  readonly version: string;
}

/** A context, and the way to end what it opened. */
export interface AppContext {
  readonly ctx: ToolContext;
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
 * Puts the settings and the services together. The services that the command opens are imported here and
 * opened on first use: a command that needs no database loads no database driver.
 * @param signals `asked` fires when the operator wants an end, `services` when calls under way have to end
 */
export async function buildContext(
  program: Program,
  entry: CommandDefinition,
  flags: GlobalFlags,
  secrets: Secrets,
  writer: RedactingWriter,
  signals: { readonly asked: AbortSignal; readonly services: AbortSignal },
  clearBusy: () => void,
): Promise<AppContext> {
  const resolved = await resolve(entry, flags, secrets, signals.asked);
  const { settings } = resolved;
  const opened: (() => Promise<void>)[] = [];
  const signal = signals.services;
  const services = await load(entry.services);

  const chain = once((): Chain => {
    const { id, timeoutMs } = settings.chain;
    return services.chain({
      rpcUrls: requireRpcUrls(resolved),
      id,
      timeoutMs,
      contracts: settings.contracts,
      signal,
    });
  });
  const database = once((): Database => {
    const url = requireDatabaseUrl(resolved);
    const { timeoutMs } = settings.database;
    const connection = services.database({ url, timeoutMs, applicationName: 'tv' });
    for (const secret of Object.values(connection.secrets)) secrets.add(secret);
    opened.push(() => connection.close());
    return connection;
  });
  const host = once((): Host => {
    const { prefix, timeoutMs } = settings.host;
    return services.host({ prefix, timeoutMs, signal });
  });
  const api = once(
    (): Api => services.api({ url: requireApiUrl(resolved), timeoutMs: settings.api.timeoutMs, signal }),
  );

  return {
    ctx: {
      settings,
      settingsOrigins: resolved.origins,
      version: program.version,
      registry: program.registry,
      runs: new RunStore(settings.stateDirectory),
      audit: new AuditLog(settings.stateDirectory, writer, clock),
      checklist: new ChecklistLog(settings.stateDirectory, writer, clock),
      clock,
      signal: signals.asked,
      secrets: secretPrompt(settings, secrets, signals.asked, clearBusy),
      chain,
      database,
      host,
      api,
    },
    remoteLock: async (holder) => {
      const { acquireRunLock } = await import('./database/acquireRunLock.ts');
      return remoteLock(holder, () =>
        acquireRunLock(database(), { holder: nameOf(holder), adminUrl: settings.database.adminUrl }),
      );
    },
    close: async () => {
      for (const end of opened) await end();
    },
  };
}

function secretPrompt(
  settings: Settings,
  secrets: Secrets,
  signal: AbortSignal,
  clearBusy: () => void,
): SecretPrompt {
  const withheld = Object.values(settings.signers).flatMap((source) =>
    source?.kind === 'env' ? [source.name] : [],
  );
  return {
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    ask: async (question) => {
      const { terminalPrompt } = await import('./cli/terminal/prompt.ts');
      clearBusy();
      const answer = await terminalPrompt().hidden(question, signal);
      secrets.add(answer);
      return answer;
    },
    keep: (value) => secrets.add(value),
    output: async (words, limitMs) => {
      const { secretOutput } = await import('./host/secretOutput.ts');
      return secretOutput({ words, limitMs, withheld, signal });
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

/** A service's connector where the command opens it; a call to any other is a bug in scripts/registry.ts. */
async function load(services: readonly Service[]) {
  const [chain, database, host, api] = await Promise.all([
    services.includes('chain') ? import('./chain/connectChain.ts') : undefined,
    services.includes('database') ? import('./database/connectDatabase.ts') : undefined,
    services.includes('host') ? import('./host/connectHost.ts') : undefined,
    services.includes('api') ? import('./api/connectApi.ts') : undefined,
  ]);
  return {
    chain: chain?.connectChain ?? notNamed('chain'),
    database: database?.connectDatabase ?? notNamed('database'),
    host: host?.connectHost ?? notNamed('host'),
    api: api?.connectApi ?? notNamed('api'),
  };
}

function notNamed(service: Service): () => never {
  return () => {
    throw new Error(`the registry does not have it that this command opens the service ${service}`);
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
    if (answer.held) return { held: true, assertHeld: answer.assertHeld, release: answer.release };
    const [user = answer.by.who, host = '?'] = answer.by.who.split('@');
    const operator = { user, host, pid: 0, mark: null };
    return { held: false, by: { operator, what: answer.by.what, since: answer.by.since ?? holder.since } };
  } catch (error) {
    // Through a pooler each of two runs would have the lock: that is no lock, and no checks would say so.
    if (error instanceof TvError && error.code !== 'lock.pooler') return undefined;
    throw error;
  }
}

/** Where an environment's `.env` is: on the host of the services, behind the prefix. */
async function resolve(
  entry: CommandDefinition,
  flags: GlobalFlags,
  secrets: Secrets,
  signal: AbortSignal,
): Promise<ResolvedSettings> {
  const resolved = await resolveSettings({
    flags,
    processEnv: process.env,
    hurried: entry.settings === 'vital' || entry.command === 'status',
    runSecretCommand: async (words) => {
      const { secretOutput } = await import('./host/secretOutput.ts');
      return secretOutput({ words, signal });
    },
    readEnvFile: async ({ path, prefix, timeoutMs, units }) =>
      entry.settings === 'none'
        ? undefined
        : readEnvFileIfThere(connectHost({ prefix, timeoutMs, signal }), { path, units }),
  });
  for (const weak of resolved.weakSecrets) secrets.addWeak(weak);
  for (const secret of resolved.secrets) secrets.add(secret);
  if (entry.settings === undefined) assertUsable(resolved.origins);
  if (entry.settings === 'vital') assertUsable(resolved.origins, 'vital');
  return resolved;
}

async function readEnvFileIfThere(
  host: Host,
  { path, units }: { readonly path: string; readonly units: readonly string[] },
): Promise<EnvFileText | undefined> {
  try {
    const { entries, mode, uid, owner } = await readEnvFile(host, { path });
    const whose = await whoseFile(host, { path, uid, units });
    if (whose === 'own') return { entries, mode };
    return { entries, mode, stranger: { name: `${owner} (uid ${uid})`, sure: whose === 'foreign' } };
  } catch (error) {
    if (error instanceof FileError && error.problem === 'missing') return undefined;
    throw error;
  }
}
