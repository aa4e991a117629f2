import type { GlobalFlags } from './cli/parse.ts';
import { assertUsable } from './config/problem.ts';
import { requireApiUrl, requireDatabaseUrl, requireRpcUrls } from './config/requireSetting.ts';
import {
  envShareOfLimit,
  type ResolvedSettings,
  resolveSettings,
  type SettingsRequest,
} from './config/resolveSettings.ts';
import type { Settings } from './config/settings.ts';
import type { RunLockAnswer, RunLockHolder } from './database/acquireRunLock.ts';
import { TvError } from './errors/TvError.ts';
import { AuditLog, ChecklistLog } from './journal/audit.ts';
import type { RemoteLockAnswer } from './journal/fileLock.ts';
import { RunStore } from './journal/journal.ts';
import type { RedactingWriter } from './output/redactingWriter.ts';
import type { Secrets } from './output/secrets.ts';
import type { Api, Chain, Database, Host, SecretPrompt } from './runbook/context.ts';
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
  remoteLock(holder: LockHolder): Promise<RemoteLockAnswer>;
  close(): Promise<void>;
}

export interface ContextRequest {
  readonly program: Program;
  readonly entry: CommandDefinition;
  readonly flags: GlobalFlags;
  readonly secrets: Secrets;
  readonly writer: RedactingWriter;
  /** `asked` fires when the operator interrupts the command, `services` when pending calls must stop. */
  readonly signals: { readonly asked: AbortSignal; readonly services: AbortSignal };
  clearBusy(): void;
}

/**
 * Puts the settings and the services together. The services that the command opens are imported here and
 * opened on first use: a command that needs no database loads no database driver.
 */
export async function openEnvironment(
  request: ContextRequest,
  own: Pick<ToolContext, 'version' | 'registry' | 'clock' | 'signal'>,
): Promise<AppContext> {
  const { entry, flags, secrets, writer, signals, clearBusy } = request;
  const { clock } = own;
  const began = performance.now();
  const resolved = await resolve(entry, flags, secrets, signals.asked);
  const settings = entry.withinLimit
    ? withRestOfLimit(resolved.settings, performance.now() - began)
    : resolved.settings;
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
      ...own,
      settings,
      settingsOrigins: resolved.origins,
      runs: new RunStore(settings.stateDirectory),
      audit: new AuditLog(settings.stateDirectory, writer, clock),
      checklist: new ChecklistLog(settings.stateDirectory, writer, clock),
      secrets: secretPrompt(settings, secrets, signals.asked, clearBusy),
      chain,
      database,
      host,
      api,
    },
    remoteLock: async (holder) => {
      const { acquireRunLock } = await import('./database/acquireRunLock.ts');
      return remoteLock(() =>
        acquireRunLock(database(), { holder: nameOf(holder), adminUrl: settings.database.adminUrl }),
      );
    },
    close: async () => {
      for (const end of opened) await end();
    },
  };
}

/** Where the host has hung at `.env` already, what that took is taken off the limit of the sources. */
function withRestOfLimit(settings: Settings, tookMs: number): Settings {
  const { limitMs } = settings.monitor;
  if (tookMs < envShareOfLimit * limitMs) return settings;
  const left = Math.max((1 - envShareOfLimit) * limitMs, limitMs - tookMs);
  return { ...settings, monitor: { ...settings.monitor, limitMs: left } };
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

function nameOf({ operator, runbook, what }: LockHolder): Omit<RunLockHolder, 'since'> {
  return { who: `${operator.user}@${operator.host}`, ...(runbook === undefined ? {} : { runbook }), what };
}

/** The database's lock in the engine's terms. */
async function remoteLock(acquire: () => Promise<RunLockAnswer>): Promise<RemoteLockAnswer> {
  try {
    const answer = await acquire();
    if (answer.held) return { held: true, assertHeld: answer.assertHeld, release: answer.release };
    const { who, since, ...by } = answer.by;
    const [user = who, host = '?'] = who.split('@');
    const operator = { user, host, pid: 0, mark: null };
    return { held: false, by: { operator, ...by, since } };
  } catch (error) {
    // Through a pooler each of two runs would have the lock: that is no lock.
    if (!(error instanceof TvError) || error.code === 'lock.pooler') throw error;
    return { held: null, reason: error.message, next: error.next };
  }
}

/** Where an environment's `.env` is: on the host of the services, behind the prefix. */
async function resolve(
  entry: CommandDefinition,
  flags: GlobalFlags,
  secrets: Secrets,
  signal: AbortSignal,
): Promise<ResolvedSettings> {
  const sources: Pick<SettingsRequest, 'runSecretCommand' | 'readEnvFile'> = {
    runSecretCommand: async (words) => {
      const { secretOutput } = await import('./host/secretOutput.ts');
      return secretOutput({ words, signal });
    },
    readEnvFile: async (parameters) => {
      const { readDotEnv } = await import('./readDotEnv.ts');
      return readDotEnv({ ...parameters, signal });
    },
  };
  const resolved = await resolveSettings({
    flags,
    processEnv: process.env,
    hurried: entry.settings === 'vital',
    withinLimit: entry.withinLimit === true,
    ...(entry.settings === 'local' ? {} : sources),
  });
  for (const weak of resolved.weakSecrets) secrets.addWeak(weak);
  for (const secret of resolved.secrets) secrets.add(secret);
  if (entry.settings === undefined) assertUsable(resolved.origins);
  if (entry.settings === 'vital') assertUsable(resolved.origins, 'vital');
  return resolved;
}
