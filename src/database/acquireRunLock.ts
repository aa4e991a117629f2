import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { exitCodes, TvError } from '../errors/TvError.ts';
import type { Database } from '../runbook/context.ts';
import { openSession } from './connectDatabase.ts';
import { sqlState } from './describeDatabaseError.ts';

/** `tempovault` and `run`, as the two halves of an advisory lock's key; any constant would do. */
const lockKey = { space: 0x7e_3d_0a_17, item: 0x72_75_6e } as const;
/** The same lock in the maintenance database, where the other half is the hash of the live one's name. */
const outsideSpace = 0x7e_3d_0a_18;
/** Every server has it, and a restore neither drops nor renames it. */
const maintenanceName = 'postgres';

/** A server that does not answer must not keep tv from ending: it frees the lock with the session. */
const unlockMs = 2_000;
/** Well below the time after which firewalls forget an idle connection (often 5 min), in milliseconds. */
const keepAliveMs = 30_000;

/** NAMEDATALEN - 1: the server cuts longer application names. */
const nameBytes = 63;

/** No such database, no right to connect to it, refused by pg_hba.conf: held in the live database alone. */
const notThere = ['3D000', '42501', '28000', '28P01'];

export type RunLockHolder = {
  readonly who: string;
  /** Absent where the holder's tv does not name it apart from the rest. */
  readonly runbook?: string;
  readonly what: string;
  /** When it connected to take the lock, ISO 8601; null where our role may not see it. */
  readonly since: string | null;
};

export interface HeldRunLock {
  readonly held: true;
  /** Fires when a connection, and with it the lock, is lost; its reason is the error. */
  readonly lost: AbortSignal;
  /**
   * Asks the server whether this very session still holds the lock.
   * @throws TvError where it does not, or does not answer
   */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

export type RunLockAnswer = HeldRunLock | { readonly held: false; readonly by: RunLockHolder };

type Place = 'inside' | 'outside';

interface Seat {
  readonly pid: number;
  readonly kysely: Database['kysely'];
  assertHeld(): Promise<void>;
  close(): Promise<void>;
}

/** What this process holds: a restore has to let go of the part inside the database that it renames. */
const ownLocks = new Set<{
  pids(): readonly number[];
  withoutInside<T>(work: () => Promise<T>): Promise<T>;
}>();

/**
 * Takes the lock of this environment's runs, seen by every machine that uses the database. It is held
 * by two sessions: one in the maintenance database, which no restore ends, and one in the live
 * database, where older releases of tv search. Where the role may not connect to the maintenance database,
 * `adminUrl` may; without either the lock is in the live database alone. It lives as long as they do: a killed tv frees it. The
 * holder's name is the sessions' application name, so anyone at a psql prompt can read it too.
 * @param parameters.holder.who `alice@vault-1`
 * @param parameters.holder.what what it does: `reindex (reindex events)`, `resume RUN`
 * @throws TvError `lock.pooler` behind a connection pooler, which hands the session with the lock to other clients
 */
export async function acquireRunLock(
  database: Database,
  parameters: {
    readonly holder: Omit<RunLockHolder, 'since'>;
    readonly adminUrl?: string | undefined;
  },
): Promise<RunLockAnswer> {
  const lost = new AbortController();
  const applicationName = lockName(parameters.holder);
  let released = false;
  let moving = false;
  const onLost = (place: Place) => (error: TvError) => {
    if (!released && !(moving && place === 'inside')) lost.abort(error);
  };
  const take = (place: Place, adminUrl?: string) =>
    takeSeat(database, { place, applicationName, adminUrl, onLost: onLost(place) });
  const takeOutside = async () => {
    const own = await orNone(take('outside'));
    const { adminUrl } = parameters;
    return own === undefined && adminUrl !== undefined ? orNone(take('outside', adminUrl)) : own;
  };

  // The holder may let go between our attempt and our query for its identity.
  for (;;) {
    const outside = await takeOutside();
    let inside: Seat | 'taken' | undefined;
    try {
      inside = outside === 'taken' ? undefined : await orNone(take('inside'));
      if (outside === undefined && inside === undefined) inside = await take('inside');
    } catch (error) {
      if (outside !== 'taken') await outside?.close();
      throw error;
    }
    const seats = [outside, inside].filter((seat) => seat !== 'taken' && seat !== undefined);
    // Each of two may hold the place that the other one cannot reach.
    const by = await otherHolder(database, seats).catch(async (error: unknown) => {
      await Promise.all(seats.map((seat) => seat.close()));
      throw error;
    });
    if (outside !== 'taken' && inside !== 'taken' && by === undefined) return hold(outside, inside);
    await Promise.all(seats.map((seat) => seat.close()));
    if (by !== undefined) return { held: false, by };
  }

  function hold(outside: Seat | undefined, first: Seat | undefined): HeldRunLock {
    let inside = first;
    const seats = () => [outside, inside].filter((seat) => seat !== undefined);
    const assertHeld = async () => {
      lost.signal.throwIfAborted();
      if (seats().length === 0) throw lostError();
      await Promise.all(seats().map((seat) => seat.assertHeld()));
    };
    const proveAlone = async () => {
      if (inside === undefined) {
        lost.abort(gapError());
        return;
      }
      const other = await otherHolder(database, seats()).catch(() => 'unknown' as const);
      if (other === 'unknown') lost.abort(gapError());
      else if (other !== undefined) lost.abort(lostTo(other));
    };
    const own = {
      pids: () => seats().map(({ pid }) => pid),
      async withoutInside<T>(work: () => Promise<T>): Promise<T> {
        await assertHeld();
        moving = true;
        await inside?.close();
        inside = undefined;
        try {
          return await work();
        } finally {
          // In the database that has the name now.
          const again = await orNone(take('inside')).catch((error: unknown) => {
            if (!(error instanceof TvError)) throw error;
            return undefined;
          });
          inside = again === 'taken' ? undefined : again;
          moving = false;
          if (again === 'taken') lost.abort(await takenError(database, seats()));
          // Without the other session nothing has kept others out meanwhile.
          else if (outside === undefined) await proveAlone();
        }
      },
    };
    const timer = setInterval(() => {
      if (!moving) assertHeld().catch((error: unknown) => lost.abort(error));
    }, keepAliveMs).unref();
    ownLocks.add(own);
    return {
      held: true,
      lost: lost.signal,
      assertHeld,
      async release() {
        released = true;
        clearInterval(timer);
        ownLocks.delete(own);
        await Promise.all(seats().map((seat) => seat.close()));
      },
    };
  }
}

/** The sessions of this process that hold its lock. */
export function ownLockPids(): readonly number[] {
  return [...ownLocks].flatMap((lock) => lock.pids());
}

/**
 * Renames or drops the live database without the lock's session inside it, which would keep it from
 * that; the one in the maintenance database is held all the while.
 */
export async function withoutLockInside<T>(work: () => Promise<T>): Promise<T> {
  const [lock] = ownLocks;
  return lock === undefined ? work() : lock.withoutInside(work);
}

interface SeatParameters {
  readonly place: Place;
  readonly adminUrl: string | undefined;
  readonly applicationName: string;
  readonly onLost: (error: TvError) => void;
}

async function takeSeat(
  database: Database,
  { place, applicationName, adminUrl, onLost }: SeatParameters,
): Promise<Seat | 'taken'> {
  const live = database.target.name;
  let announced: number | undefined;
  const session = openSession(database, {
    applicationName,
    name: place === 'outside' ? maintenanceName : undefined,
    adminUrl,
    onLost,
    onConnect: (pid) => {
      announced = pid;
    },
  });
  const space = place === 'outside' ? sql`${outsideSpace}::int` : sql`${lockKey.space}::int`;
  const item = place === 'outside' ? sql`hashtext(${live})` : sql`${lockKey.item}::int`;
  const close = async () => {
    // The server notices the end of a session a moment later; the next run may come sooner than that.
    const unlocked = sql`select pg_advisory_unlock_all()`.execute(session.kysely).catch(() => {});
    await Promise.race([unlocked, sleep(unlockMs, undefined, { ref: false })]);
    await session.close();
  };
  const assertHeld = async () => {
    const { rows } = await sql<{ pid: number; mine: boolean }>`
      select pg_backend_pid() as pid, exists (
        select from pg_catalog.pg_locks l
        where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.pid = pg_backend_pid()
          and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
          and l.classid::bigint = ${space} and l.objid::bigint = (${item}::bigint & 4294967295)
      ) as mine
    `.execute(session.kysely);
    if (rows[0]?.pid !== announced || !rows[0]?.mine) throw lostError();
  };
  try {
    const { rows: before } = await sql<{ pid: number; address: string | null; port: string | null }>`
      select pg_backend_pid() as pid, host(inet_server_addr()) as address, current_setting('port') as port
    `.execute(session.kysely);
    // Before anything is taken: it would stay with a connection of the pooler.
    const [server] = before;
    if (server?.pid !== announced) throw poolerError(database, server);
    const { rows } = await sql<{ held: boolean }>`
      select pg_try_advisory_lock(${space}, ${item}) as held
    `.execute(session.kysely);
    if (rows[0]?.held !== true) {
      await close();
      return 'taken';
    }
    await assertHeld();
    return { pid: announced ?? 0, kysely: session.kysely, assertHeld, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * A session's lock cannot be held through a pooler that hands each statement to whichever of its own
 * connections is free: two runs would share one, and both would have it.
 */
function poolerError(
  { target }: Database,
  server: { readonly address: string | null; readonly port: string | null } | undefined,
): TvError {
  const port = server?.port ?? '5432';
  // Without an address the pooler reaches it by a Unix socket.
  const direct = server?.address == null ? `port ${port} of the pooler's host` : `${server.address}:${port}`;
  return new TvError(
    'lock.pooler',
    `A connection pooler (PgBouncer or alike) answers on ${target.host}:${target.port}: tv cannot hold its lock through it.`,
    {
      exitCode: exitCodes.blocked,
      facts: { 'answers here': `${target.host}:${target.port}`, 'the server itself': direct },
      next: [
        {
          when: `name the server itself in the database URL (${direct}, by its own account)`,
          tv: ['config', 'show'],
        },
      ],
    },
  );
}

/** Who else holds the lock, in either place. The catalogue shows the locks of every database, whoever asks. */
function otherHolder(database: Database, seats: readonly Seat[]): Promise<RunLockHolder | undefined> {
  const [seat] = seats;
  const asked = seat === undefined ? database : { ...database, kysely: seat.kysely };
  return readRunLock(asked, { except: seats.map(({ pid }) => pid) });
}

async function takenError(database: Database, seats: readonly Seat[]): Promise<TvError> {
  const other = await otherHolder(database, seats).catch(() => undefined);
  return other === undefined ? lostError() : lostTo(other);
}

function lostTo({ who, what }: RunLockHolder): TvError {
  return new TvError('lock.lost', 'Another run has begun while the databases changed names.', {
    exitCode: exitCodes.locked,
    facts: { who, what },
    next: [{ tv: ['runs', 'list'] }],
  });
}

/** The lock was in the live database alone, and could not be taken again there. */
function gapError(): TvError {
  return new TvError(
    'lock.lost',
    'The lock could not be taken again in the database; whether another run has begun is unknown.',
    {
      exitCode: exitCodes.interrupted,
      facts: { 'lock kept in': 'the live database alone: this role may not connect to postgres' },
      next: [
        'set database.adminUrl, or let the role connect to the database postgres',
        { tv: ['runs', 'list'] },
      ],
    },
  );
}

function lostError(): TvError {
  return new TvError(
    'lock.lost',
    'The lock of this run in the database is lost; another run may have begun.',
    {
      exitCode: exitCodes.interrupted,
      next: [{ tv: ['runs', 'list'] }],
    },
  );
}

/** Undefined where there is no such place for this role. */
async function orNone(seat: Promise<Seat | 'taken'>): Promise<Seat | 'taken' | undefined> {
  try {
    return await seat;
  } catch (error) {
    if (notThere.includes(sqlState(error) ?? '')) return undefined;
    throw error;
  }
}

/** Who holds the lock of this environment's runs; undefined where it is free. */
export async function readRunLock(
  database: Database,
  { except = [] }: { readonly except?: readonly number[] } = {},
): Promise<RunLockHolder | undefined> {
  const row = await database.kysely
    .selectFrom('pg_catalog.pg_locks as l')
    .innerJoin('pg_catalog.pg_database as d', 'd.oid', 'l.database')
    .leftJoin('pg_catalog.pg_stat_activity as a', 'a.pid', 'l.pid')
    .select(['a.application_name as application', 'a.usename as user', 'a.backend_start as since'])
    .where('l.locktype', '=', 'advisory')
    .where('l.granted', '=', true)
    .where('l.objsubid', '=', 2)
    .where('l.pid', '<>', sql<number>`all (${[...except]}::int[])`)
    .where(({ or, and, eb }) =>
      or([
        and([
          eb('d.datname', '=', database.target.name),
          eb('l.classid', '=', lockKey.space),
          eb('l.objid', '=', lockKey.item),
        ]),
        and([
          eb('d.datname', '=', maintenanceName),
          sql<boolean>`l.classid::bigint = ${outsideSpace}`,
          sql<boolean>`l.objid::bigint = (hashtext(${database.target.name})::bigint & 4294967295)`,
        ]),
      ]),
    )
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const [, who, named, what = row.application ?? 'unknown'] =
    /^(.*?): (?:(.*?): )?(.*)$/.exec(lockHolderOf(row.application ?? '') ?? '') ?? [];
  // An earlier release names the command of a new run at the head of the text, and of a resume nowhere.
  const runbook = named ?? /^(.+?) \(/.exec(what)?.[1];
  return {
    who: who ?? row.user ?? 'unknown',
    ...(runbook === undefined ? {} : { runbook }),
    what,
    since: row.since?.toISOString() ?? null,
  };
}

/** The names of sessions that hold the lock of a run begin with it, in `pg_stat_activity`. */
export const lockPrefix = 'tv lock: ';

/** `WHO: RUNBOOK: WHAT` in the name of a session that holds the lock of a run; undefined for any other. */
export function lockHolderOf(application: string): string | undefined {
  return application.startsWith(lockPrefix) ? application.slice(lockPrefix.length) : undefined;
}

/** The server turns what is not printable ASCII into question marks, and cuts at 63 bytes: the command comes first. */
function lockName({ who, runbook, what }: Omit<RunLockHolder, 'since'>): string {
  const plain = (text: string) => text.replace(/[^\x20-\x7e]/g, '?').replaceAll(': ', ' ');
  const parts = [plain(who).slice(0, 32), ...(runbook === undefined ? [] : [runbook]), plain(what)];
  return `${lockPrefix}${parts.join(': ')}`.slice(0, nameBytes);
}
