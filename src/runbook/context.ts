import type { Kysely } from 'kysely';
import type { PublicClient } from 'viem';
import type { Settings, SettingsOrigins } from '../config/settings.ts';
import type { AuditRecord, ChainLink, LogVerdict } from './audit.ts';
import type { ChecklistRecord } from './checklist.ts';
import type { JournalLine } from './events.ts';
import type { Relations } from './relations.ts';

/** Result of a finished host command. A non-zero exit is an answer, not an exception. */
export interface CommandOutput {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Written to the command's standard input. */
  readonly input?: string;
  /**
   * Environment variables that hold secrets (`PGPASSWORD`). They travel through standard input,
   * never on a command line, and reach the command as environment, through any prefix.
   */
  readonly secrets?: Readonly<Record<string, string>>;
  /** A program of PostgreSQL: it also gets `PGPASSFILE`, `PGSSLCERT` and the like from tv's environment. */
  readonly libpq?: true;
  /** Default: the environment's `host.timeoutMs`. `0` means no limit. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** The machine that TempoVault runs on, reached directly, through sudo, ssh or nsenter. */
export interface Host {
  readonly prefix: readonly string[];
  /**
   * Runs one command, without a shell.
   * @throws UnavailableError where the command or the prefix cannot be started at all
   * @throws TimeoutError past its limit
   */
  run(command: readonly string[], options?: CommandOptions): Promise<CommandOutput>;
}

/** One chain: a viem client over all configured URLs, with fallback, batching and time limits. */
export interface Chain {
  readonly client: Pick<PublicClient, 'request' | 'transport'>;
  readonly expectedId: number | undefined;
  /** Without credentials, for display. */
  readonly urls: readonly string[];
  readonly contracts: Settings['contracts'];
}

/** What libpq programs need, apart from the password. */
export interface DatabaseTarget {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly user: string;
}

/** TempoVault's event database. Tables are read from the catalogue, so the schema type is open. */
export interface Database {
  /** Knows the relations of PostgreSQL itself; event tables are known only at run time. */
  readonly kysely: Kysely<Relations>;
  readonly target: DatabaseTarget;
  /** For `CommandOptions.secrets` of libpq programs; empty where no password is set. */
  readonly secrets: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly durationMs: number;
}

/** TempoVault's HTTP API. */
export interface Api {
  readonly url: string;
  /** @throws UnavailableError where there is no answer or not JSON. @throws TimeoutError */
  get(path: string): Promise<ApiAnswer>;
}

export interface Clock {
  now(): Date;
  /** Milliseconds since a fixed moment, which a change of the clock does not move. Absent in most tests: then `now` serves. */
  monotonic?(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when that fires first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Keys and passwords on their way in. What comes through here is taken out of everything that tv writes. */
export interface SecretPrompt {
  /** Whether there is a person to ask. */
  readonly interactive: boolean;
  /** Asks without showing what is typed. Undefined where the person gave up. */
  ask(question: string): Promise<string | undefined>;
  /** Takes a value that came another way out of everything that tv writes. */
  keep(value: string): void;
  /**
   * Runs a command of this machine whose standard output is a secret (a password manager's CLI).
   * @param limitMs default: half a minute, since it may wait for a touch or a PIN
   */
  output(words: readonly string[], limitMs?: number): Promise<SecretOutput>;
}

/** The output without the end of the line, or why there is none. Never what the command said about it. */
export type SecretOutput = { readonly text: string } | { readonly failure: string };

/** A run, and a mark that changes with its journal. */
export interface RunStamp {
  readonly run: string;
  readonly stamp: string;
}

/** The journals of the state directory. */
export interface Runs {
  readonly directory: string;
  file(run: string): string;
  /** Where a journal continues when the state directory cannot be written. */
  secondFiles(run: string): readonly string[];
  /** Ids of all runs, oldest first. @throws TvError where the directory cannot be read */
  ids(): readonly string[];
  /** The same, each with the mark of its journal. @throws TvError where the directory cannot be read */
  stamps(): readonly RunStamp[];
  /** @throws TvError where the journal is damaged, or not there */
  read(run: string): readonly JournalLine[];
  /** The lines of a damaged journal that can be read. */
  readable(run: string): readonly JournalLine[];
  /** Why no journal can be written; undefined where it can. */
  problem(): string | undefined;
  /** The id that a part of it means. @throws UsageError where none or several fit */
  find(fragment: string): string;
}

/** A log to which records are only ever added, each durable and chained to the one before. */
export interface ChainedRecords<R> {
  readonly file: string;
  append(record: R): Promise<R & ChainLink>;
  entries(): readonly (R & ChainLink)[];
  verify(): LogVerdict;
}

/** The audit log: an entry for every call that asked for a change. */
export type Audit = ChainedRecords<AuditRecord>;

/** What a runbook may use. Everything is made on first use: who needs no database opens none. */
export interface Context {
  readonly settings: Settings;
  /** Where every setting came from, and what is wrong with them. */
  readonly settingsOrigins: SettingsOrigins;
  readonly version: string;
  readonly runs: Runs;
  readonly audit: Audit;
  /** What was done of the security checklist. */
  readonly checklist: ChainedRecords<ChecklistRecord>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly secrets: SecretPrompt;
  chain(): Chain;
  database(): Database;
  host(): Host;
  api(): Api;
}
