import type { Advice } from '../errors/advice.ts';
import type { ErrorCode } from '../errors/codes.ts';

/** `0x` and 40 hex digits. */
export type Address = `0x${string}`;

export type ServiceName = 'api' | 'indexer' | 'oracle';

/** The roles that operators sign for, each with its own key. */
export type SignerRole = 'admin' | 'emergency' | 'riskOfficer' | 'treasuryManager';

/** The roles whose holders the settings can name. Who holds ORACLE follows from `.env`. */
export type ExpectedRole = SignerRole | 'strategist' | 'vaultOwner';

/** Where a key comes from. Never the key itself. */
export type SignerSource =
  /** An encrypted keystore (Web3 Secret Storage v3) on this machine; without a password file it is asked for. */
  | { readonly kind: 'keystore'; readonly path: string; readonly passwordFile: string | undefined }
  /** A command on this machine whose output is the key. */
  | { readonly kind: 'command'; readonly words: readonly string[] }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'prompt' };

/** How a named pair is given: by its id, or by its two tokens in any order. */
export type PairSetting = { readonly id: `0x${string}` } | { readonly tokens: readonly [Address, Address] };

/** Copies of backups off the host: programs of the host, each a program and its arguments, run without a shell. */
export interface CopySettings {
  /** Copies `{path}`, a file or a folder of the host. */
  readonly command: readonly string[];
  /** Prints sums or sizes of what the copy `{name}` holds. */
  readonly check: readonly string[] | undefined;
  /** Brings the copy `{name}` back into the empty folder `{path}`. */
  readonly fetch: readonly string[] | undefined;
  /** Limit of each of them, in milliseconds. */
  readonly timeoutMs: number;
}

/** The settings of one environment, resolved from all sources (flags, `TV_…`, file, `.env`, defaults). */
export interface Settings {
  readonly environment: string;
  /** True only for an environment that `tv sandbox up` made. */
  readonly sandbox: boolean;
  readonly chain: {
    /** The expected chain id; undefined if not configured. */
    readonly id: number | undefined;
    /** In order of preference. May hold credentials: mask before showing. */
    readonly rpcUrls: readonly string[];
    /** Limit of one RPC call, in milliseconds. */
    readonly timeoutMs: number;
  };
  readonly contracts: {
    readonly governanceRoles: Address | undefined;
    readonly riskController: Address | undefined;
    readonly treasuryVault: Address | undefined;
    readonly dexStrategy: Address | undefined;
  };
  readonly database: {
    /** `postgres://user:password@host:port/name`. Secret: mask before showing. */
    readonly url: string | undefined;
    /** For creating and renaming databases, where the role of `url` may not. Secret: mask before showing. */
    readonly adminUrl: string | undefined;
    /** The systemd unit of PostgreSQL, where it runs on the host. */
    readonly unit: string;
    /** Limit of one statement that only reads, in milliseconds. */
    readonly timeoutMs: number;
  };
  readonly host: {
    /** Put in front of every host command: `[]`, `['sudo','-n']`, `['ssh','ops@vault-1']`. */
    readonly prefix: readonly string[];
    /** Further hosts by a name of the operator's, each with its own prefix. `scale check` reads them too. */
    readonly others: Readonly<Record<string, readonly string[]>>;
    readonly envFile: string;
    readonly units: Readonly<Record<ServiceName, string>>;
    /** Script names without extension, by which a service's processes are known. */
    readonly programs: Readonly<Record<ServiceName, string>>;
    /** Of the reverse proxy; its rotated parts are beside it. */
    readonly accessLog: string;
    /** Limit of one ordinary host command, in milliseconds. */
    readonly timeoutMs: number;
  };
  readonly api: {
    readonly url: string | undefined;
    /** As users reach it, through the reverse proxy. */
    readonly publicUrl: string | undefined;
    /** Origins whose pages are to read what the API answers (CORS). */
    readonly origins: readonly string[];
    readonly timeoutMs: number;
  };
  readonly backup: {
    readonly directory: string;
    /** Undefined where backups are not copied. */
    readonly copy?: CopySettings | undefined;
  };
  readonly signers: Readonly<Record<SignerRole, SignerSource | undefined>>;
  /** Who should hold which role, for the review of the security checklist; undefined where it is not set. */
  readonly roles: Readonly<Record<ExpectedRole, readonly Address[] | undefined>>;
  /** By the name that operators use. */
  readonly pairs: Readonly<Record<string, PairSetting>>;
  readonly oracle: {
    /** `oracle fund` tops the relay up to the fees of so many days. */
    readonly fundDays: number;
    /** The relay's key is to be rotated after so many days. */
    readonly keyMaxAgeDays: number;
  };
  /** Where treasury may be withdrawn to without typing the address out. */
  readonly withdraw: { readonly recipients: readonly Address[] };
  /** Whom to call, by the level of the escalation path. Each a name with how to reach it. */
  readonly contacts: Readonly<Record<'level1' | 'level2' | 'level3' | 'security', readonly string[]>>;
  /** Thresholds of warnings. Runbook section 8. */
  readonly monitor: {
    /** Limit of one source, in milliseconds. All are read at once: a screen is complete within this time. */
    readonly limitMs: number;
    /** Blocks behind the head. */
    readonly lagBlocks: number;
    /** Of one answer of the API, in milliseconds. */
    readonly apiSlowMs: number;
    readonly diskPercent: number;
    readonly memoryPercent: number;
    /** Of `max_connections`. */
    readonly connectionPercent: number;
    /** Age of the last verified backup, in hours. */
    readonly backupHours: number;
    /** Until the certificate of the public URL expires. */
    readonly certificateDays: number;
  };
  /** Who else has to sign a plan before it is run. */
  readonly approvals: {
    /** Signatures of others that a run of this risk needs. */
    readonly moderate: number;
    readonly severe: number;
    /** Of this machine, in the form of ssh-keygen(1), "ALLOWED SIGNERS". */
    readonly allowedSigners: string;
    /** Keys, or a key revocation list, whose signatures no longer count. */
    readonly revokedKeys: string | undefined;
    /** How long a plan file may be used after it was written, in milliseconds. */
    readonly expiryMs: number;
    /** The name of the operator of this call in the file of allowed signers. */
    readonly operator: string | undefined;
    /** Private key, or the public key of one that an agent holds. */
    readonly key: string | undefined;
  };
  readonly audit: {
    /** A command of this machine that keeps the head of the audit log somewhere else. */
    readonly anchor: readonly string[] | undefined;
  };
  /** Journals, locks and the audit log. */
  readonly stateDirectory: string;
}

export type SettingSource = 'flag' | 'environment' | 'file' | '.env' | 'default' | 'unset';

/** One setting, to be shown. */
export interface SettingOrigin {
  /** As `--set` takes it: `chain.rpcUrls`. */
  readonly key: string;
  /** The value, credentials masked; empty where it is unset. */
  readonly shown: string;
  readonly source: SettingSource;
  /** `TV_RPC_URL`, `/etc/tempovault/tv.yaml:12`, `/home/…/.env:3 (API_PORT)`; empty for defaults. */
  readonly where: string;
}

/**
 * `fatal`: only `tv config …` continues. `error`: a value is missing or unusable, and commands that need it
 * refuse. `warning`: usable, but weak.
 */
export type ProblemLevel = 'fatal' | 'error' | 'warning';

/** Something wrong or weak in the settings. Never with a secret in it. */
export interface SettingsProblem {
  readonly level: ProblemLevel;
  /** Of the error that it becomes. Default: `config.invalid`. */
  readonly code?: ErrorCode;
  /** One sentence. */
  readonly message: string;
  /** `/etc/tempovault/tv.yaml:12`, `TV_CHAIN_ID`, `--set chain.id`. */
  readonly where: string;
  /** The setting, or group of settings, that has no value because of it. */
  readonly key?: string;
  readonly facts?: Readonly<Record<string, string>>;
  readonly next: Advice;
  /** All values are readable, but another user may have changed them. An emergency continues with a warning. */
  readonly untrusted?: true;
}

export interface ConsideredFile {
  readonly path: string;
  readonly role: 'config' | 'sandbox' | '.env';
  readonly state: 'used' | 'missing' | 'unreadable' | 'not used';
}

/** The sources of this run's settings, and their problems. */
export interface SettingsOrigins {
  readonly values: readonly SettingOrigin[];
  /** Whether `-e` or `TV_ENVIRONMENT` named the environment; false where it is only the default. */
  readonly named: boolean;
  /** Names that `-e` takes, sandboxes included. */
  readonly environments: readonly string[];
  /** In the order of the search. */
  readonly files: readonly ConsideredFile[];
  readonly problems: readonly SettingsProblem[];
}
