import { resolve } from 'node:path';
import { readAddress, wrongChecksum } from './address.ts';
import { databasePasswords, maskDatabaseUrl, maskUrls, urlCredentials } from './mask.ts';
import { readPairs, readSigner, showSigner } from './readSigner.ts';
import type { Address, PairSetting, SignerSource } from './settings.ts';

/** A value as it was written: text, or in a configuration file also a list. */
export type Raw = string | readonly string[];

/** One setting: where it can come from, how it is read, and how it is shown. */
export interface Key<T> {
  /** Completes "expected …". */
  readonly expected: string;
  /** Undefined where the value is not what is expected. */
  read(raw: Raw): T | undefined;
  show(value: T): string;
  /** Environment variable of tv. */
  readonly variable?: string;
  /** Name in TempoVault's `.env`. */
  readonly envKey?: string;
  /** Where `.env` holds something else: what that is, and how the value is made from it. */
  readonly inEnv?: { readonly expected: string; toValue(text: string): string };
  readonly fallback?: T;
  /** The secrets in a value, also in a malformed one; a key that has this is never quoted in an error. */
  credentials?(raw: Raw): readonly string[];
  /** What exactly is wrong with a malformed value, where that can be said better than by what is expected. */
  explain?(raw: Raw): Readonly<Record<string, string>> | undefined;
  /** Set in files only. */
  readonly fileOnly?: true;
  /** A map in a file, handed to `read` as JSON with every value as text. */
  readonly map?: true;
}

const text =
  <T>(read: (text: string) => T | undefined) =>
  (raw: Raw): T | undefined =>
    typeof raw === 'string' ? read(raw.trim()) : undefined;

const matching = (pattern: RegExp) => text((value) => (pattern.test(value) ? value : undefined));

const wholeNumber = text((value) => {
  const number = /^\d+(_\d+)*$/.test(value) ? Number(value.replaceAll('_', '')) : 0;
  return number > 0 && Number.isSafeInteger(number) ? number : undefined;
});

const isHttpUrl = (value: string) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);

function splitUrls(raw: Raw): readonly string[] {
  const urls = typeof raw === 'string' ? raw.split(',') : raw;
  return urls.map((url) => url.trim()).filter((url) => url !== '');
}

function readUrls(raw: Raw): readonly string[] | undefined {
  const urls = splitUrls(raw);
  return urls.length > 0 && urls.every(isHttpUrl) ? urls : undefined;
}

/** Words at spaces. Quotes are not guessed at: a list says the same without doubt. */
function readWords(raw: Raw): readonly string[] | undefined {
  if (typeof raw !== 'string') return raw.every((word) => word !== '') ? raw : undefined;
  const written = raw.trim();
  if (written.startsWith('[')) {
    try {
      const list: unknown = JSON.parse(written);
      return Array.isArray(list) && list.every((word) => typeof word === 'string' && word !== '')
        ? (list as string[])
        : undefined;
    } catch {
      return undefined;
    }
  }
  return /['"\\]/.test(written) ? undefined : written.split(/\s+/).filter((word) => word !== '');
}

const plain = (value: unknown) => String(value);

const milliseconds = (fallback: number): Key<number> => ({
  expected: `milliseconds, such as ${fallback}`,
  read: wholeNumber,
  show: plain,
  fallback,
});

const address = (name: string): Key<Address> => ({
  expected: 'an address: 0x and 40 hex digits',
  read: text(readAddress),
  explain: (raw) => wrongChecksum(String(raw)),
  show: plain,
  variable: `TV_${name}_ADDRESS`,
  envKey: `${name}_ADDRESS`,
});

const unit = (fallback: string): Key<string> => ({
  expected: `the name of a systemd unit, such as ${fallback}`,
  read: matching(/^\w[\w@:.-]*$/),
  show: plain,
  fallback,
});

const program = (fallback: string): Key<string> => ({
  expected: `a script's name without extension, such as ${fallback}`,
  read: matching(/^\w[\w.-]*$/),
  show: plain,
  fallback,
});

/** A path on the host: it may be another machine, so it has to be absolute. */
const hostPath = (fallback: string, variable: string): Key<string> => ({
  expected: `an absolute path, such as ${fallback}`,
  read: matching(/^\/[^\n]*$/),
  show: plain,
  variable,
  fallback,
});

const signer: Key<SignerSource> = {
  expected: 'one of keystore (with passwordFile or without), command, env, or prompt: true',
  read: text(readSigner),
  show: showSigner,
  fileOnly: true,
  map: true,
  // A key does not belong here, but somebody will write it here one day.
  credentials: (raw) => String(raw).match(/(0x)?[0-9a-f]{64}/gi) ?? [],
};

/** All settings, in the order in which they are shown. Limits in milliseconds. */
export const keys = {
  'chain.id': {
    expected: 'a chain id, such as 4217',
    read: wholeNumber,
    show: plain,
    variable: 'TV_CHAIN_ID',
    envKey: 'CHAIN_ID',
  } satisfies Key<number>,
  'chain.rpcUrls': {
    expected: 'one or more http or https URLs',
    read: readUrls,
    show: maskUrls,
    variable: 'TV_RPC_URL',
    envKey: 'RPC_URL',
    credentials: (raw) => splitUrls(raw).flatMap(urlCredentials),
  } satisfies Key<readonly string[]>,
  'chain.timeoutMs': milliseconds(10_000),
  'contracts.governanceRoles': address('GOVERNANCE_ROLES'),
  'contracts.riskController': address('RISK_CONTROLLER'),
  'contracts.treasuryVault': address('TREASURY_VAULT'),
  'contracts.dexStrategy': address('DEX_STRATEGY'),
  'database.url': {
    expected: 'a URL such as postgres://user:password@host:5432/database',
    read: matching(/^postgres(ql)?(\+\w+)?:\/\/./),
    show: maskDatabaseUrl,
    variable: 'TV_DATABASE_URL',
    envKey: 'INDEXER_DB_URL',
    credentials: (raw) => databasePasswords(String(raw)),
  } satisfies Key<string>,
  'database.adminUrl': {
    expected: 'a URL such as postgres://postgres:password@host:5432/postgres',
    read: matching(/^postgres(ql)?(\+\w+)?:\/\/./),
    show: maskDatabaseUrl,
    variable: 'TV_DATABASE_ADMIN_URL',
    credentials: (raw) => databasePasswords(String(raw)),
  } satisfies Key<string>,
  'database.timeoutMs': milliseconds(10_000),
  'host.prefix': {
    expected: 'words, such as sudo -n, or a list, such as ["ssh", "ops@vault-1"]',
    read: readWords,
    show: (words) => (words.length === 0 ? '(none)' : words.join(' ')),
    variable: 'TV_HOST_PREFIX',
    fallback: [],
  } satisfies Key<readonly string[]>,
  'host.envFile': hostPath('/home/tempovault/tempovault/.env', 'TV_ENV_FILE'),
  'host.units.api': unit('tempovault-api'),
  'host.units.indexer': unit('tempovault-indexer'),
  'host.units.oracle': unit('tempovault-oracle'),
  'host.programs.api': program('api_server'),
  'host.programs.indexer': program('event_indexer'),
  'host.programs.oracle': program('oracle_relay'),
  'host.timeoutMs': milliseconds(30_000),
  'api.url': {
    expected: 'an http or https URL',
    read: text((value) => (isHttpUrl(value) ? value.replace(/\/+$/, '') : undefined)),
    show: (url) => maskUrls([url]),
    variable: 'TV_API_URL',
    envKey: 'API_PORT',
    inEnv: { expected: 'a port, such as 3000', toValue: (port) => `http://127.0.0.1:${port}` },
    // The port is the API's own default.
    fallback: 'http://127.0.0.1:3000',
    credentials: (raw) => urlCredentials(String(raw)),
  } satisfies Key<string>,
  'api.timeoutMs': milliseconds(5_000),
  'backup.directory': hostPath('/backup', 'TV_BACKUP_DIR'),
  'signers.admin': signer,
  'signers.emergency': signer,
  'signers.riskOfficer': signer,
  'signers.treasuryManager': signer,
  pairs: {
    expected: 'lines of name: id, or name: [token, token]',
    read: text(readPairs),
    show: (pairs) => Object.keys(pairs).join(', ') || '(none)',
    explain: (raw) => wrongChecksum(String(raw)),
    fallback: {},
    fileOnly: true,
    map: true,
  } satisfies Key<Readonly<Record<string, PairSetting>>>,
  'withdraw.recipients': {
    expected: 'a list of addresses',
    read: (raw) => {
      const list = typeof raw === 'string' ? raw.split(',').map((one) => one.trim()) : raw;
      return list.every((one) => readAddress(one) !== undefined) ? (list as readonly Address[]) : undefined;
    },
    explain: (raw) => wrongChecksum(String(raw)),
    show: (list) => list.join(', ') || '(none)',
    fallback: [],
    fileOnly: true,
  } satisfies Key<readonly Address[]>,
  stateDirectory: {
    expected: 'a directory of this machine',
    read: text((value) => (value === '' ? undefined : resolve(value))),
    show: plain,
    variable: 'TV_STATE_DIR',
  } satisfies Key<string>,
  sandbox: {
    expected: 'true or false',
    read: text((value) => (value === 'true' ? true : value === 'false' ? false : undefined)),
    show: plain,
    fallback: false,
    fileOnly: true,
  } satisfies Key<boolean>,
} as const;

export type KeyName = keyof typeof keys;
export type ValueOf<K extends KeyName> = NonNullable<ReturnType<(typeof keys)[K]['read']>>;

export const keyNames = Object.keys(keys) as readonly KeyName[];

export function keyOf<K extends KeyName>(name: K): Key<ValueOf<K>> {
  return keys[name] as unknown as Key<ValueOf<K>>;
}

/** Ways to say `database.url` in a file without having the password in it. */
const urlSources = ['database.urlCommand', 'database.urlEnv'] as const;

/** Settings that are maps in a file; what stands below them is theirs. */
export function isMapKey(name: string): boolean {
  return keyNames.some((known) => known === name && keyOf(known).map === true);
}

export const fileKeys: readonly string[] = [...keyNames, ...urlSources];

/** RPC endpoints that are known by name, and the chain behind each. */
export const publicChains: ReadonlyMap<number, string> = new Map([
  [4217, 'https://rpc.tempo.xyz'],
  [42431, 'https://rpc.moderato.tempo.xyz'],
]);
