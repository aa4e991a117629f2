import { homedir } from 'node:os';
import { resolve } from 'node:path';
import * as z from 'zod';
import { isPrintable } from '../text/outsideText.ts';
import { address, wrongChecksum } from './address.ts';
import {
  copyCredentials,
  copyProblem,
  copySetting,
  hostPrefixes,
  pairSettings,
  showSigner,
  signerSource,
} from './mapSettings.ts';
import { databasePasswords, maskDatabaseUrl, maskUrls, urlCredentials } from './mask.ts';
import type { Address, CopySettings, SignerSource } from './settings.ts';
import { showSpan, timeSpan } from './timeSpan.ts';

/** A value as it was written: text, or in a configuration file also a list or a map. */
export type Raw = string | readonly string[] | Readonly<Record<string, string | readonly string[]>>;

/** One setting: where it can come from, how it is read, and how it is shown. */
export interface Key<T> {
  /** Completes "expected …". */
  readonly expected: string;
  /** A function, so that a start builds only the schemas of the values that it reads. */
  schema(): z.ZodType<T>;
  /** Default: as text. */
  show?(value: T): string;
  /** Default: as it is in the settings. What a file holds, where that is something else. */
  write?(value: T): unknown;
  /** Environment variable of tv. */
  readonly variable?: string;
  /** Name in TempoVault's `.env`. */
  readonly envKey?: string;
  /** Where `.env` holds something else: what that is, and how the value is made from it. */
  readonly inEnv?: { readonly expected: string; toValue(text: string): string };
  readonly fallback?: T;
  /** The secrets in a value, also in a malformed one. A key that has this is never quoted in an error. */
  credentials?(raw: Raw): readonly string[];
  /** A more exact reason for a malformed value than what is expected. */
  explain?(raw: Raw): Readonly<Record<string, string>> | undefined;
  /** What is wrong with a malformed value of several parts, without a word of it. */
  reason?(raw: Raw): string | undefined;
  /** Set in files only. */
  readonly fileOnly?: true;
  /** A map in a file. */
  readonly map?: true;
}

const key = <T>(definition: Key<T>): Key<T> => definition;

/** A value as text, for searching and for messages. */
export function rawText(raw: Raw): string {
  if (typeof raw === 'string') return raw;
  return Array.isArray(raw) ? raw.join(', ') : JSON.stringify(raw);
}

const text = () => z.string().trim();
const positive = () =>
  text()
    .regex(/^\d+(_\d+)*$/)
    .transform((digits) => Number(digits.replaceAll('_', '')))
    .pipe(z.int().positive());
const httpUrl = () => text().refine((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol));

/** A list in a file; in a flag or variable text with commas. */
const list = <T>(item: z.ZodType<T>) =>
  z.preprocess((raw) => (typeof raw === 'string' ? raw.split(',') : raw), z.array(item));
const rpcUrls = () =>
  z.preprocess((raw) => splitUrls(raw as Raw), z.array(httpUrl())).refine((urls) => urls.length > 0);

function splitUrls(raw: Raw): readonly unknown[] {
  const urls: readonly unknown[] =
    typeof raw === 'string' ? raw.split(',') : Array.isArray(raw) ? raw : [raw];
  return urls.filter((url) => typeof url !== 'string' || url.trim() !== '');
}

/**
 * Words at spaces, or a JSON list of words. Text with quotes is refused, since a list says without doubt how it
 * is split.
 */
export const words = (): z.ZodType<readonly string[]> => z.preprocess(splitWords, z.array(z.string().min(1)));

function splitWords(raw: unknown): unknown {
  if (typeof raw !== 'string') return raw;
  const written = raw.trim();
  if (written.startsWith('[')) {
    try {
      return JSON.parse(written);
    } catch {
      return undefined;
    }
  }
  return /['"\\]/.test(written) ? undefined : written.split(/\s+/).filter((word) => word !== '');
}

const milliseconds = (fallback: number) =>
  key<number>({ expected: `milliseconds, such as ${fallback}`, schema: positive, fallback });

/** A number with its unit. */
const threshold = (unit: string, fallback: number) =>
  key<number>({ expected: `${unit}, such as ${fallback}`, schema: positive, fallback });

const percent = (fallback: number) =>
  key<number>({
    expected: `a percentage, such as ${fallback}`,
    schema: () => positive().pipe(z.number().max(100)),
    fallback,
  });

const contract = (name: string) =>
  key<Address>({
    expected: 'an address: 0x and 40 hex digits',
    schema: address,
    explain: (raw) => wrongChecksum(rawText(raw)),
    variable: `TV_${name}_ADDRESS`,
    envKey: `${name}_ADDRESS`,
  });

const unit = (fallback: string) =>
  key<string>({
    expected: `the name of a systemd unit, such as ${fallback}`,
    schema: () => text().regex(/^\w[\w@:.-]*$/),
    fallback,
  });

const program = (fallback: string) =>
  key<string>({
    expected: `a script's name without extension, such as ${fallback}`,
    schema: () => text().regex(/^\w[\w.-]*$/),
    fallback,
  });

/** Absolute, since the host may be another machine. */
const hostPath = (fallback: string, variable: string) =>
  key<string>({
    expected: `an absolute path, such as ${fallback}`,
    schema: () => text().regex(/^\/[^\n]*$/),
    variable,
    fallback,
  });

/** How many signatures of others a run needs. In files only: a flag could waive it. */
const approvals = key<number>({
  expected: 'a number of signatures, 0 to 9',
  schema: () => text().regex(/^\d$/).transform(Number),
  fallback: 0,
  fileOnly: true,
});

/** Absolute, or below the home directory. */
const localFile = (fallback?: string) =>
  key<string>({
    expected: 'a file of this machine: an absolute path, or one that begins with ~/',
    schema: () =>
      text()
        .regex(/^~?\/[^\n]*$/)
        .refine(isPrintable)
        .transform((path) => path.replace(/^~/, homedir())),
    ...(fallback === undefined ? {} : { fallback }),
  });

const postgresUrl = {
  schema: () => text().regex(/^postgres(ql)?(\+\w+)?:\/\/./),
  show: maskDatabaseUrl,
  credentials: (raw: Raw) => databasePasswords(rawText(raw)),
};

/** In characters: a line of a screen. */
const longestContact = 120;

const signer = key<SignerSource>({
  expected: 'one of keystore (with passwordFile or without), command, env, or prompt: true',
  schema: signerSource,
  show: showSigner,
  fileOnly: true,
  map: true,
  // A private key does not belong here, but may be pasted here by mistake.
  credentials: (raw) => rawText(raw).match(/(0x)?[0-9a-f]{64}/gi) ?? [],
});

const contact = key<readonly string[]>({
  expected: 'a list of names with how to reach them, such as ["Anna, +1 555 0100"]',
  schema: () => list(text().min(1).max(longestContact).refine(isPrintable)),
  show: (names) => names.join('; ') || '(none)',
  fallback: [],
  fileOnly: true,
});

/** Who is expected to hold a role; an empty list means that no account should. */
const holders = key<readonly Address[]>({
  expected: 'a list of addresses',
  schema: () => list(address()),
  explain: (raw) => wrongChecksum(rawText(raw)),
  show: (accounts) => accounts.join(', ') || '(none)',
});

/** All settings, in the order in which they are shown. Limits in milliseconds. */
export const keys = {
  'chain.id': key<number>({
    expected: 'a chain id, such as 4217',
    schema: positive,
    variable: 'TV_CHAIN_ID',
    envKey: 'CHAIN_ID',
  }),
  'chain.rpcUrls': key<readonly string[]>({
    expected: 'one or more http or https URLs',
    schema: rpcUrls,
    show: maskUrls,
    variable: 'TV_RPC_URL',
    envKey: 'RPC_URL',
    credentials: (raw) => splitUrls(raw).flatMap((url) => urlCredentials(String(url).trim())),
  }),
  'chain.timeoutMs': milliseconds(10_000),
  'contracts.governanceRoles': contract('GOVERNANCE_ROLES'),
  'contracts.riskController': contract('RISK_CONTROLLER'),
  'contracts.treasuryVault': contract('TREASURY_VAULT'),
  'contracts.dexStrategy': contract('DEX_STRATEGY'),
  'database.url': key<string>({
    ...postgresUrl,
    expected: 'a URL such as postgres://user:password@host:5432/database',
    variable: 'TV_DATABASE_URL',
    envKey: 'INDEXER_DB_URL',
  }),
  'database.adminUrl': key<string>({
    ...postgresUrl,
    expected: 'a URL such as postgres://postgres:password@host:5432/postgres',
    variable: 'TV_DATABASE_ADMIN_URL',
  }),
  'database.unit': unit('postgresql'),
  'database.timeoutMs': milliseconds(10_000),
  'host.prefix': key<readonly string[]>({
    expected: 'words, such as sudo -n, or a list, such as ["ssh", "ops@vault-1"]',
    schema: words,
    show: (prefix) => (prefix.length === 0 ? '(none)' : prefix.join(' ')),
    variable: 'TV_HOST_PREFIX',
    fallback: [],
  }),
  'host.others': key<Readonly<Record<string, readonly string[]>>>({
    expected: 'lines of name: prefix, such as api-2: ["ssh", "ops@vault-2"]',
    schema: () => hostPrefixes(words),
    show: (others) =>
      Object.entries(others)
        .map(([name, prefix]) => `${name}: ${prefix.join(' ')}`)
        .join('; ') || '(none)',
    fallback: {},
    fileOnly: true,
    map: true,
  }),
  'host.envFile': hostPath('/home/tempovault/tempovault/.env', 'TV_ENV_FILE'),
  'host.units.api': unit('tempovault-api'),
  'host.units.indexer': unit('tempovault-indexer'),
  'host.units.oracle': unit('tempovault-oracle'),
  'host.programs.api': program('api_server'),
  'host.programs.indexer': program('event_indexer'),
  'host.programs.oracle': program('oracle_relay'),
  'host.accessLog': hostPath('/var/log/nginx/access.log', 'TV_ACCESS_LOG'),
  'host.timeoutMs': milliseconds(30_000),
  'api.url': key<string>({
    expected: 'an http or https URL',
    schema: () => httpUrl().transform((url) => url.replace(/\/+$/, '')),
    show: (url) => maskUrls([url]),
    variable: 'TV_API_URL',
    envKey: 'API_PORT',
    inEnv: { expected: 'a port, such as 3000', toValue: (port) => `http://127.0.0.1:${port}` },
    // The port is the API's own default.
    fallback: 'http://127.0.0.1:3000',
    credentials: (raw) => urlCredentials(rawText(raw)),
  }),
  'api.publicUrl': key<string>({
    expected: 'an http or https URL, such as https://api.tempovault.xyz',
    schema: () => httpUrl().transform((url) => url.replace(/\/+$/, '')),
    show: (url) => maskUrls([url]),
    credentials: (raw) => urlCredentials(rawText(raw)),
  }),
  'api.origins': key<readonly string[]>({
    expected: 'a list of origins, such as https://app.tempovault.xyz',
    schema: () => list(httpUrl().transform((url) => new URL(url).origin)),
    show: (origins) => origins.join(', ') || '(none)',
    fallback: [],
  }),
  'api.timeoutMs': milliseconds(5_000),
  'backup.directory': hostPath('/backup', 'TV_BACKUP_DIR'),
  'backup.copy': key<CopySettings>({
    expected: 'a map, such as command: [rclone, copyto, "{path}", "offsite:backups/{name}"]',
    schema: copySetting,
    show: ({ command: [program = ''], check, fetch }) =>
      `command ${program}${check === undefined ? '' : `, check ${check[0]}`}${fetch === undefined ? '' : `, fetch ${fetch[0]}`}`,
    write: ({ timeoutMs, ...programs }) => ({ ...programs, timeout: showSpan(timeoutMs) }),
    credentials: copyCredentials,
    reason: copyProblem,
    fileOnly: true,
    map: true,
  }),
  'signers.admin': signer,
  'signers.emergency': signer,
  'signers.riskOfficer': signer,
  'signers.treasuryManager': signer,
  'roles.admin': holders,
  'roles.emergency': holders,
  'roles.riskOfficer': holders,
  'roles.treasuryManager': holders,
  'roles.strategist': holders,
  'roles.vaultOwner': holders,
  'contacts.level1': contact,
  'contacts.level2': contact,
  'contacts.level3': contact,
  'contacts.security': contact,
  pairs: key({
    expected: 'lines of name: id, or name: [token, token]',
    schema: pairSettings,
    show: (pairs) => Object.keys(pairs).join(', ') || '(none)',
    explain: (raw) => wrongChecksum(rawText(raw)),
    fallback: {},
    fileOnly: true,
    map: true,
  }),
  'oracle.fundDays': threshold('days', 30),
  // The security checklist rotates the relay's key quarterly.
  'oracle.keyMaxAgeDays': threshold('days', 90),
  'withdraw.recipients': key<readonly Address[]>({
    expected: 'a list of addresses',
    schema: () => list(address()),
    explain: (raw) => wrongChecksum(rawText(raw)),
    show: (recipients) => recipients.join(', ') || '(none)',
    fallback: [],
    fileOnly: true,
  }),
  'monitor.limitMs': { ...milliseconds(2_500), variable: 'TV_MONITOR_LIMIT_MS' },
  'monitor.lagBlocks': threshold('blocks', 100),
  'monitor.apiSlowMs': milliseconds(2_000),
  'monitor.diskPercent': percent(80),
  'monitor.memoryPercent': percent(85),
  'monitor.connectionPercent': percent(80),
  // A daily backup, and two hours for one that takes longer.
  'monitor.backupHours': threshold('hours', 26),
  // certbot renews 30 days ahead: what is left at 14 was not renewed twice.
  'monitor.certificateDays': threshold('days', 14),
  'approvals.moderate': approvals,
  'approvals.severe': approvals,
  'approvals.allowedSigners': { ...localFile('/etc/tempovault/allowed_signers'), fileOnly: true },
  'approvals.revokedKeys': { ...localFile(), fileOnly: true },
  'approvals.expiry': key<number>({
    expected: 'a time, such as 30m, 4h or 1d',
    schema: timeSpan,
    show: showSpan,
    fallback: 4 * 3_600_000,
    fileOnly: true,
  }),
  'approvals.operator': key<string>({
    expected: 'a name in the file of allowed signers',
    schema: () => text().min(1).max(longestContact).refine(isPrintable),
    variable: 'TV_OPERATOR',
  }),
  'approvals.key': { ...localFile(), variable: 'TV_SIGNING_KEY' },
  'audit.anchor': key<readonly string[]>({
    expected: 'command: with a list of words, such as command: [logger, -t, tv-audit]',
    schema: () =>
      z.strictObject({ command: z.array(z.string().min(1)).min(1) }).transform(({ command }) => command),
    show: ([program = '']) => `command ${program}`,
    fileOnly: true,
    map: true,
  }),
  stateDirectory: key<string>({
    expected: 'a directory of this machine',
    schema: () =>
      text()
        .min(1)
        .transform((path) => resolve(path)),
    variable: 'TV_STATE_DIR',
  }),
  sandbox: key<boolean>({
    expected: 'true or false',
    schema: () =>
      text()
        .pipe(z.enum(['true', 'false']))
        .transform((word) => word === 'true'),
    fallback: false,
    fileOnly: true,
  }),
};

export type KeyName = keyof typeof keys;
export type ValueOf<K extends KeyName> = (typeof keys)[K] extends Key<infer T> ? T : never;

export const keyNames = Object.keys(keys) as readonly KeyName[];

export function keyOf<K extends KeyName>(name: K): Key<ValueOf<K>> {
  return keys[name] as unknown as Key<ValueOf<K>>;
}

/** Undefined where the value is malformed. */
export function readValue<K extends KeyName>(name: K, raw: Raw): ValueOf<K> | undefined {
  return keyOf(name).schema().safeParse(raw).data;
}

export function showValue<K extends KeyName>(name: K, value: ValueOf<K>): string {
  return keyOf(name).show?.(value) ?? String(value);
}

/** Ways to give `database.url` in a file without the password in it. */
const urlSources = ['database.urlCommand', 'database.urlEnv'] as const;

export const fileKeys: readonly string[] = [...keyNames, ...urlSources];

/** `chain`, `host.units`. */
export function isGroup(name: string): boolean {
  return fileKeys.some((known) => known.startsWith(`${name}.`));
}

/** RPC endpoints that are known by name, and the chain behind each. */
export const publicChains: ReadonlyMap<number, string> = new Map([
  [4217, 'https://rpc.tempo.xyz'],
  [42431, 'https://rpc.moderato.tempo.xyz'],
]);
