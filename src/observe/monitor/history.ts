import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { TvError } from '../../errors/TvError.ts';
import { isAbsent } from '../../output/durableFile.ts';
import type { Level } from '../level.ts';
import type { Alert } from './alerts.ts';

/** What one check records for the next ones. */
export interface CheckRecord {
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly level: Level;
  /** Figures by the name of their metric. */
  readonly figures: Readonly<Record<string, number>>;
}

/** A change of state as it is sent, with its number. */
export interface StoredEvent<E> {
  readonly number: number;
  readonly event: E;
}

interface Remembered {
  readonly alerts: readonly Alert[];
  /** Time of the previous check, in milliseconds since 1970. */
  readonly before: number | undefined;
}

interface Recorded<E> extends CheckRecord {
  readonly alerts: readonly Alert[];
  readonly events: readonly E[];
}

/** Rows are kept so long, in milliseconds, and so many of them, whichever is less. */
const keepMs = 7 * 86_400_000;
const mostChecks = 50_000;
const mostEvents = 5_000;
/** How long one process waits for another that is writing, in milliseconds. */
const busyMs = 2_000;
/** Of the tables below. A file of another version is not touched. */
const version = 1;

const tables = `
  CREATE TABLE alerts (environment TEXT, id TEXT, alert TEXT, PRIMARY KEY (environment, id)) WITHOUT ROWID;
  CREATE TABLE looks (number INTEGER PRIMARY KEY, environment TEXT, at INTEGER, level TEXT, figures TEXT);
  CREATE INDEX looks_by_time ON looks (environment, at);
  CREATE TABLE events (number INTEGER PRIMARY KEY AUTOINCREMENT, environment TEXT, at INTEGER, event TEXT);
  CREATE TABLE receivers (environment TEXT, name TEXT, seen INTEGER, PRIMARY KEY (environment, name)) WITHOUT ROWID;
  PRAGMA user_version = ${version};
`;

/**
 * What a monitor remembers, in one SQLite file for all environments of a state directory. Each check is one
 * transaction, so that several monitors may share it. Where the file cannot be used, the memory of this process
 * takes its place, and `problem` says why.
 */
export class History<E> {
  readonly file: string;
  readonly #environment: string;
  /** Takes secrets out of what is written. */
  readonly #redact: (text: string) => string;
  readonly #sqlite: Sqlite;
  #database: DatabaseSync;
  #problem: string | undefined;
  #last: Remembered = { alerts: [], before: undefined };

  /** @param file `:memory:` for none */
  static async open<E>(
    file: string,
    environment: string,
    redact: (text: string) => string,
  ): Promise<History<E>> {
    const sqlite = await loadSqlite();
    return new History<E>(sqlite, file, environment, redact);
  }

  private constructor(sqlite: Sqlite, file: string, environment: string, redact: (text: string) => string) {
    this.file = file;
    this.#sqlite = sqlite;
    this.#environment = environment;
    this.#redact = redact;
    try {
      this.#database = openFile(sqlite, file);
    } catch (error) {
      this.#problem = (error as Error).message;
      this.#database = openFile(sqlite, ':memory:');
    }
  }

  /** Why nothing is kept beyond this process; undefined where it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Records a check. `work` gets what was remembered before it; no other process writes meanwhile.
   * @returns what `work` returned
   */
  record<R extends Recorded<E>>(work: (before: Remembered) => R): R {
    return this.#orInMemory(() => this.#record(work));
  }

  #record<R extends Recorded<E>>(work: (before: Remembered) => R): R {
    const database = this.#database;
    const environment = this.#environment;
    const result = this.#transaction(() => {
      const rows = database.prepare('SELECT alert FROM alerts WHERE environment = ?').all(environment);
      const last = database
        .prepare('SELECT at FROM looks WHERE environment = ? ORDER BY number DESC LIMIT 1')
        .get(environment);
      const done = work({
        alerts: rows.map(({ alert }) => JSON.parse(String(alert)) as Alert),
        before: last === undefined ? undefined : Number(last['at']),
      });
      database.prepare('DELETE FROM alerts WHERE environment = ?').run(environment);
      const keepAlert = database.prepare('INSERT INTO alerts VALUES (?, ?, ?)');
      for (const alert of done.alerts) keepAlert.run(environment, this.#redact(alert.id), this.#text(alert));
      database
        .prepare('INSERT INTO looks (environment, at, level, figures) VALUES (?, ?, ?, ?)')
        .run(environment, done.at, done.level, JSON.stringify(done.figures));
      const keepEvent = database.prepare('INSERT INTO events (environment, at, event) VALUES (?, ?, ?)');
      for (const event of done.events) keepEvent.run(environment, done.at, this.#text(event));
      this.#prune('looks', done.at, mostChecks);
      this.#prune('events', done.at, mostEvents);
      return done;
    });
    this.#last = { alerts: result.alerts, before: result.at };
    return result;
  }

  /** The newest checks, oldest first. */
  checks(most: number): readonly CheckRecord[] {
    return this.#orInMemory(() =>
      this.#database
        .prepare('SELECT at, level, figures FROM looks WHERE environment = ? ORDER BY number DESC LIMIT ?')
        .all(this.#environment, most)
        .map(({ at, level, figures }) => ({
          at: Number(at),
          level: String(level) as Level,
          figures: JSON.parse(String(figures)) as Record<string, number>,
        }))
        .toReversed(),
    );
  }

  /**
   * What a receiver has not had yet, oldest first. For one that is new nothing is old news: `isNew`, no events.
   * @param receiver a name that holds no secret
   */
  unsent(receiver: string): {
    readonly isNew: boolean;
    readonly events: readonly StoredEvent<E>[];
    /** Number of the newest event of all, 0 where there is none. */
    readonly newest: number;
  } {
    return this.#orInMemory(() => {
      const database = this.#database;
      const row = database
        .prepare('SELECT seen FROM receivers WHERE environment = ? AND name = ?')
        .get(this.#environment, receiver);
      const top = database
        .prepare('SELECT max(number) AS number FROM events WHERE environment = ?')
        .get(this.#environment);
      const events = database
        .prepare('SELECT number, event FROM events WHERE environment = ? AND number > ? ORDER BY number')
        .all(this.#environment, row?.['seen'] ?? Number.MAX_SAFE_INTEGER)
        .map(({ number, event }) => ({ number: Number(number), event: JSON.parse(String(event)) as E }));
      return { isNew: row === undefined, events, newest: Number(top?.['number'] ?? 0) };
    });
  }

  /** It has had all events up to this number. */
  sent(receiver: string, number: number): void {
    this.#orInMemory(() => {
      this.#database
        .prepare('INSERT OR REPLACE INTO receivers VALUES (?, ?, ?)')
        .run(this.#environment, receiver, number);
    });
  }

  close(): void {
    this.#database.close();
  }

  #text(value: unknown): string {
    return this.#redact(JSON.stringify(value));
  }

  #prune(table: 'looks' | 'events', now: number, most: number): void {
    this.#database.prepare(`DELETE FROM ${table} WHERE at < ?`).run(now - keepMs);
    this.#database
      .prepare(`DELETE FROM ${table} WHERE number <= (SELECT max(number) FROM ${table}) - ?`)
      .run(most);
  }

  #transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      // A failed write may have ended it already.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** After a failure the file is no longer used; the history continues in memory. */
  #orInMemory<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (this.#problem !== undefined || !isOfSqlite(error)) throw error;
      this.#problem = (error as Error).message;
      try {
        this.#database.close();
      } catch {
        // It is given up in any case.
      }
      this.#database = openFile(this.#sqlite, ':memory:');
      const { alerts, before } = this.#last;
      if (before !== undefined)
        this.#record(() => ({ at: before, level: 'ok', figures: {}, alerts, events: [] }));
      return work();
    }
  }
}

/** What a file holds of an environment, one row at a time, oldest first. */
export interface Past {
  /** Checks up to a time, in milliseconds since 1970. */
  checks(since: number, until: number): Iterable<CheckRecord>;
  /** Times of the oldest and the newest check of all, in milliseconds since 1970; undefined where there is none. */
  extent(): { readonly oldest: number; readonly newest: number } | undefined;
  /** Changes of state up to a time, as they were recorded; undefined for one that cannot be read. */
  events(until: number): Iterable<unknown>;
}

/**
 * Reads what monitors have recorded, without changing the file.
 * @returns undefined where there is no file: no monitor has used this state directory
 * @throws TvError where it cannot be read
 */
export async function readPast<T>(
  file: string,
  environment: string,
  read: (past: Past) => T,
): Promise<T | undefined> {
  try {
    if (isAbsent(file)) return undefined;
  } catch (error) {
    throw unreadable(file, (error as Error).message);
  }
  const { DatabaseSync: Database } = await loadSqlite();
  let database: DatabaseSync | undefined;
  try {
    database = new Database(file, { timeout: busyMs, readOnly: true });
    const found = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (found !== version) throw unreadable(file, `it was made by another version of tv (${found})`);
    return read(pastOf(database, environment));
  } catch (error) {
    if (isOfSqlite(error)) throw unreadable(file, (error as Error).message);
    throw error;
  } finally {
    database?.close();
  }
}

function pastOf(database: DatabaseSync, environment: string): Past {
  return {
    *checks(since, until) {
      const rows = database
        .prepare(
          'SELECT at, level, figures FROM looks WHERE environment = ? AND at BETWEEN ? AND ? ORDER BY at, number',
        )
        .iterate(environment, since, until);
      for (const { at, level, figures } of rows) {
        const read = parse(figures);
        const numbers = Object.entries(typeof read === 'object' && read !== null ? read : {}).filter(
          (entry): entry is [string, number] => typeof entry[1] === 'number',
        );
        yield { at: Number(at), level: String(level) as Level, figures: Object.fromEntries(numbers) };
      }
    },
    extent() {
      const row = database
        .prepare('SELECT min(at) AS oldest, max(at) AS newest FROM looks WHERE environment = ?')
        .get(environment);
      const { oldest, newest } = row ?? {};
      if (typeof oldest !== 'number' || typeof newest !== 'number') return undefined;
      return { oldest, newest };
    },
    *events(until) {
      const rows = database
        .prepare('SELECT event FROM events WHERE environment = ? AND at <= ? ORDER BY at, number')
        .iterate(environment, until);
      for (const { event } of rows) yield parse(event);
    },
  };
}

function parse(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

function unreadable(file: string, reason: string): TvError {
  return new TvError('monitor.history-unreadable', `The history of tv monitor cannot be read: ${reason}.`, {
    facts: { file },
    next: { tv: ['monitor'] },
  });
}

interface Sqlite {
  readonly DatabaseSync: typeof DatabaseSync;
}

/** Node 22 writes a warning on stderr when this module is loaded for the first time. */
async function loadSqlite(): Promise<Sqlite> {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return await import('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** @throws Error of SQLite or of the file system */
function openFile({ DatabaseSync: Database }: Sqlite, file: string): DatabaseSync {
  if (file !== ':memory:') {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // SQLite would make it readable for all, and follow a link.
    const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
    closeSync(openSync(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600));
  }
  const database = new Database(file, { timeout: busyMs });
  try {
    const found = () => Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (found() === 0) {
      database.exec('BEGIN IMMEDIATE');
      // Another process may have been first.
      if (found() === 0) database.exec(tables);
      database.exec('COMMIT');
    }
    if (found() !== version) throw new Error(`it was made by another version of tv (${found()})`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function isOfSqlite(error: unknown): boolean {
  return (error as { readonly code?: string }).code === 'ERR_SQLITE_ERROR';
}
