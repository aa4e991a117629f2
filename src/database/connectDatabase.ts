import { Kysely, PostgresDialect } from 'kysely';
import type { TvError } from '../errors/TvError.ts';
import type { Database } from '../runbook/context.ts';
import type { Relations } from '../runbook/relations.ts';
import { describeDatabaseError } from './describeDatabaseError.ts';
import { guardedPool } from './guardedPool.ts';
import { type DatabaseAddress, otherTls, parseDatabaseUrl, tlsOptions } from './parseDatabaseUrl.ts';

export interface DatabaseConnectionSettings {
  /** `postgres://user:password@host:port/name`. */
  readonly url: string;
  /** Limit of connecting, and of one statement that only reads, in milliseconds. */
  readonly timeoutMs: number;
  /** Limit of every statement where it is another one; 0 for none. */
  readonly statementTimeoutMs?: number;
  /** Shown to other sessions in `pg_stat_activity`. At most 63 bytes. */
  readonly applicationName: string;
}

interface Origin {
  readonly address: DatabaseAddress;
  readonly settings: DatabaseConnectionSettings;
}

// Beside the Database and not in it: the interface that runbooks see holds no password but `secrets`.
const origins = new WeakMap<Database, Origin>();

/** Enough for the checks of one preflight at once; a tenth of what a server allows by default. */
const maxConnections = 8;

/**
 * Opens nothing yet: the first statement connects. Every error that comes out of it is a TvError.
 * @throws TvError where the URL cannot be read
 */
export function connectDatabase(settings: DatabaseConnectionSettings): Database {
  const address = parseDatabaseUrl(settings.url);
  return build({ address, settings }, maxConnections, {});
}

/**
 * A connection of its own beside the pool, for what lives as long as a session (an advisory lock).
 * @param parameters.name of another database of the server
 * @param parameters.adminUrl another role's URL on the same server; default: the same role
 * @param parameters.onLost called once it breaks
 * @param parameters.onConnect called with the process id that was announced for it
 */
export function openSession(
  database: Database,
  parameters: {
    readonly applicationName: string;
    readonly name?: string | undefined;
    readonly adminUrl?: string | undefined;
    readonly onLost: (error: TvError) => void;
    readonly onConnect?: (backendPid: number | undefined) => void;
  },
): Database {
  const { address, settings } = originOf(database);
  const { applicationName, name = address.name, adminUrl, ...events } = parameters;
  const role = adminUrl === undefined ? address : parseDatabaseUrl(adminUrl);
  return build({ address: { ...role, name }, settings: { ...settings, applicationName } }, 1, events);
}

export interface BesideParameters {
  /** The database to open; it may be another than the one that `database` has open. */
  readonly name: string;
  /** Another role's URL on the same server (`database.adminUrl`); its database name does not count. */
  readonly adminUrl: string | undefined;
  readonly applicationName: string;
}

/** Another database of the same server, without a limit for statements: for work that takes as long as it takes. */
export function openBeside(database: Database, parameters: BesideParameters): Database {
  const { address, settings } = originOf(database);
  const { name, adminUrl, applicationName } = parameters;
  const role = adminUrl === undefined ? { ...address, options: undefined } : parseDatabaseUrl(adminUrl);
  const own = { ...settings, applicationName, statementTimeoutMs: 0 };
  return build({ address: { ...role, name }, settings: own }, maxConnections, {});
}

/** The name under which this database's own sessions appear in `pg_stat_activity`. */
export function applicationNameOf(database: Database): string {
  return originOf(database).settings.applicationName;
}

/**
 * Set for every session, whatever was set for the role or the database (`ALTER ROLE … SET`): dates are
 * read in ISO form, writing needs a transaction that may write, and tv has limits of its own.
 */
const sessionSettings = [
  'DateStyle=ISO',
  'IntervalStyle=postgres',
  'bytea_output=hex',
  'extra_float_digits=1',
  'standard_conforming_strings=on',
  'default_transaction_read_only=off',
  'default_transaction_isolation=read\\ committed',
  'lock_timeout=0',
  'idle_in_transaction_session_timeout=0',
  'idle_session_timeout=0',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

/** libpq's connection string, without the password: for `-d` of pg_dump and psql. */
function libpqConnection(database: Database, applicationName: string, settings: string): string {
  const { address } = originOf(database);
  const parts: Record<string, string | undefined> = {
    dbname: address.name,
    application_name: applicationName,
    sslmode: address.sslMode === 'prefer' ? undefined : address.sslMode,
    sslrootcert: address.sslRootCert,
    options: [address.options, sessionSettings, '-c statement_timeout=0', settings].filter(Boolean).join(' '),
  };
  return Object.entries(parts)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}='${value.replace(/[\\']/g, '\\$&')}'`]))
    .join(' ');
}

/**
 * `-h`, `-p`, `-U` and `-d` of pg_dump and psql; never asks for a password.
 * @param settings more of the session, as libpq's `options` (`-c work_mem=1GB`)
 */
export function libpqArguments(
  database: Database,
  applicationName: string,
  settings = '',
): readonly string[] {
  const { host, port, user } = database.target;
  const connection = libpqConnection(database, applicationName, settings);
  return ['-w', '-h', host, '-p', String(port), '-U', user, '-d', connection];
}

function originOf(database: Database): Origin {
  const origin = origins.get(database);
  if (origin === undefined) throw new Error('this database was not made by connectDatabase');
  return origin;
}

function build(origin: Origin, max: number, events: Parameters<typeof guardedPool>[2]): Database {
  const { address, settings } = origin;
  const { host, port, name, user } = address;
  // As libpq does. It is passed on to its programs like one from the URL, and kept out of all output.
  const password = address.password ?? (process.env['PGPASSWORD'] || undefined);
  const target = { host, port, name, user };
  // Relations of PostgreSQL itself are read with the builder, which checks their columns. Raw SQL is for tables known
  // from the catalogue alone (events, their kinds, the cursor), for functions without a relation, for arrays and JSON
  // that the server builds, and for utility commands (VACUUM, ALTER SYSTEM, LOCK), which take no parameters.
  const kysely = new Kysely<Relations>({
    dialect: new PostgresDialect({
      pool: async () =>
        guardedPool(
          {
            host,
            port,
            user,
            database: name,
            ...(password === undefined ? {} : { password }),
            options: [address.options, sessionSettings].filter(Boolean).join(' '),
            ssl: host.startsWith('/') ? false : tlsOptions(address),
            application_name: settings.applicationName,
            statement_timeout: settings.statementTimeoutMs ?? settings.timeoutMs,
            connectionTimeoutMillis: settings.timeoutMs,
            keepAlive: true,
            keepAliveInitialDelayMillis: 10_000,
            max,
            // A session of its own lives until it is released.
            idleTimeoutMillis: max === 1 ? 0 : 10_000,
            allowExitOnIdle: max > 1,
          },
          (error) => describeDatabaseError(error, target),
          { ...events, fallback: otherTls(address) },
        ),
    }),
  });
  const database: Database = {
    kysely,
    target,
    secrets: password === undefined ? {} : { PGPASSWORD: password },
    close: () => kysely.destroy(),
  };
  origins.set(database, origin);
  return database;
}
