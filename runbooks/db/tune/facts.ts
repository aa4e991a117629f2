/** One setting as it is and as it should be. */
export type SettingState = {
  readonly name: string;
  /** As people write it: `128MB`. */
  readonly now: string;
  readonly recommended: string;
  /**
   * `waiting`: set already, and waits for a restart. `outranked`: set where ALTER SYSTEM does not reach.
   */
  readonly state: 'same' | 'differs' | 'waiting' | 'outranked';
  /** Where it is set now: `postgresql.conf:12`, `default`, `command line`. */
  readonly where: string;
  readonly restart: boolean;
};

/** What `tv db tune` shows. */
export type Tuning = {
  readonly database: string;
  readonly version: string;
  readonly machine: {
    readonly memoryBytes: number;
    /** What the kernel reports; null where `--memory` said it. */
    readonly reportedBytes: number | null;
    readonly cores: number;
    readonly disk: 'ssd' | 'hdd';
    /** How the kind of disk is known. */
    readonly diskWhy: string;
    /** The database answers on another machine than the one that was measured. */
    readonly elsewhere: string | null;
  };
  readonly settings: readonly SettingState[];
  readonly api: {
    readonly workers: number | null;
    readonly recommended: number;
    readonly from: string;
  };
};

/** What `--apply` rests on. */
export type TuneFacts = {
  readonly database: string;
  readonly changes: readonly {
    readonly name: string;
    /** In effect now. */
    readonly from: string;
    readonly to: string;
    /** What ALTER SYSTEM had set; null where it had not. */
    readonly before: string | null;
    readonly restart: boolean;
  }[];
};

/** The imagined case that the exported document shows. */
export const exampleFacts: TuneFacts = {
  database: 'tempovault@localhost:5432',
  changes: [
    { name: 'shared_buffers', from: '128MB', to: '4GB', before: null, restart: true },
    { name: 'work_mem', from: '4MB', to: '10485kB', before: null, restart: false },
  ],
};
