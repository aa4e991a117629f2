import { exitCodes, TvError } from '../errors/TvError.ts';
import type { KeyName } from './keys.ts';
import { toError } from './problem.ts';
import type { Settings, SettingsOrigins } from './settings.ts';

interface Resolved {
  readonly settings: Settings;
  readonly origins: SettingsOrigins;
}

/** @throws TvError that says why it is missing and where it could come from */
export function requireRpcUrls({ settings, origins }: Resolved): readonly string[] {
  if (settings.chain.rpcUrls.length === 0) throw missing('chain.rpcUrls', 'RPC_URL', origins);
  return settings.chain.rpcUrls;
}

/** @throws TvError that says why it is missing and where it could come from */
export function requireDatabaseUrl({ settings, origins }: Resolved): string {
  return settings.database.url ?? fail(missing('database.url', 'INDEXER_DB_URL', origins));
}

/** @throws TvError that says why it is missing and where it could come from */
export function requireApiUrl({ settings, origins }: Resolved): string {
  return settings.api.url ?? fail(missing('api.url', 'API_PORT', origins));
}

function fail(error: TvError): never {
  throw error;
}

function missing(key: KeyName, envKey: string, { problems, files }: SettingsOrigins): TvError {
  // The problem of a setting that has no source at all (`settingsWarnings`) names the setting as its place.
  const known = problems.find((problem) => problem.key === key && problem.where !== key);
  if (known !== undefined) return toError(known);
  const envFile = files.find(({ role }) => role === '.env');
  const unread = problems.find(({ where, level }) => where === envFile?.path && level === 'error');
  const what =
    unread === undefined ? 'is not set' : 'is unknown: .env could not be read, and no other source has it';
  return new TvError('config.setting-missing', `${key} ${what}.`, {
    facts: {
      '.env': `${envFile?.path} is ${envFile?.state}${envFile?.state === 'used' ? `, but has no ${envKey}` : ''}`,
      reason: unread?.message,
    },
    next: unread?.next ?? [`set ${envKey} in .env`, { tv: ['config', 'init'] }],
    exitCode: exitCodes.usage,
  });
}
