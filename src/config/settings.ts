/** `0x` and 40 hex digits. */
export type Address = `0x${string}`;

export type ServiceName = 'api' | 'indexer' | 'oracle';

/** The settings of one environment, resolved from all sources (flags, `TV_…`, file, `.env`, defaults). */
export interface Settings {
  readonly environment: string;
  /** True only for an environment that `tv sandbox up` made. */
  readonly sandbox: boolean;
  readonly chain: {
    /** What the chain id must be; undefined where nobody said. */
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
    /** Limit of one statement that only reads, in milliseconds. */
    readonly timeoutMs: number;
  };
  readonly host: {
    /** Put in front of every host command: `[]`, `['sudo','-n']`, `['ssh','ops@vault-1']`. */
    readonly prefix: readonly string[];
    readonly envFile: string;
    readonly units: Readonly<Record<ServiceName, string>>;
    /** Script names without extension, by which a service's processes are known. */
    readonly programs: Readonly<Record<ServiceName, string>>;
    /** Limit of one ordinary host command, in milliseconds. */
    readonly timeoutMs: number;
  };
  readonly api: { readonly url: string | undefined; readonly timeoutMs: number };
  readonly backup: { readonly directory: string };
  /** Journals, locks and the audit log. */
  readonly stateDirectory: string;
}
