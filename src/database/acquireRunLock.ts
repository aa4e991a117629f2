import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { TvError } from '../errors/TvError.ts';
import type { Database } from '../runbook/context.ts';
import { openSession } from './connectDatabase.ts';

/** `tempovault` and `run`, as the two halves of an advisory lock's key; any constant would do. */
const lockKey = { space: 0x7e_3d_0a_17, item: 0x72_75_6e } as const;

/** A server that does not answer must not keep tv from ending: it frees the lock with the session. */
const unlockMs = 2_000;

/** NAMEDATALEN - 1: the server cuts longer application names. */
const nameBytes = 63;

export type RunLockHolder = {
  readonly who: string;
  readonly what: string;
  /** When it connected to take the lock, ISO 8601; null where our role may not see it. */
  readonly since: string | null;
};

export type RunLockAnswer =
  | {
      readonly held: true;
      /** Fires when the connection, and with it the lock, is lost; its reason is the error. */
      readonly lost: AbortSignal;
      release(): Promise<void>;
    }
  | { readonly held: false; readonly by: RunLockHolder };

/**
 * Takes the lock of this environment's runs, seen by every machine that uses the database. It lives
 * as long as its connection: a killed tv frees it. The holder's name is that session's application
 * name, so anyone at a psql prompt can read it too.
 * @param parameters.holder.who `alice@vault-1`
 * @param parameters.holder.what the command and the run
 */
export async function acquireRunLock(
  database: Database,
  parameters: { readonly holder: { readonly who: string; readonly what: string } },
): Promise<RunLockAnswer> {
  const lost = new AbortController();
  let released = false;
  const session = openSession(database, {
    applicationName: lockName(parameters.holder),
    onLost: (error: TvError) => {
      if (!released) lost.abort(error);
    },
  });
  const release = async () => {
    released = true;
    // The server notices the end of a session a moment later; the next run may come sooner than that.
    const unlocked = sql`select pg_advisory_unlock_all()`.execute(session.kysely).catch(() => {});
    await Promise.race([unlocked, sleep(unlockMs, undefined, { ref: false })]);
    await session.close();
  };
  try {
    // The holder may let go between our attempt and our look at who it is.
    for (;;) {
      const { rows } = await sql<{ held: boolean }>`
        select pg_try_advisory_lock(${lockKey.space}::int, ${lockKey.item}::int) as held
      `.execute(session.kysely);
      if (rows[0]?.held === true) return { held: true, lost: lost.signal, release };
      const by = await readRunLock(database);
      if (by !== undefined) {
        await release();
        return { held: false, by };
      }
    }
  } catch (error) {
    await release();
    throw error;
  }
}

/** Who holds the lock of this environment's runs; undefined where it is free. */
export async function readRunLock(database: Database): Promise<RunLockHolder | undefined> {
  const { rows } = await sql<{ application: string | null; user: string | null; since: Date | null }>`
    select a.application_name as application, a.usename::text as "user", a.backend_start as since
    from pg_catalog.pg_locks l
    join pg_catalog.pg_database d on d.oid = l.database and d.datname = current_database()
    left join pg_catalog.pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and l.objsubid = 2
      and l.classid = ${lockKey.space} and l.objid = ${lockKey.item}
  `.execute(database.kysely);
  const [row] = rows;
  if (row === undefined) return undefined;
  const named = /^tv lock: (.*?): (.*)$/.exec(row.application ?? '');
  return {
    who: named?.[1] ?? row.user ?? 'unknown',
    what: named?.[2] ?? row.application ?? 'unknown',
    since: row.since?.toISOString() ?? null,
  };
}

/** The server turns what is not printable ASCII into question marks, and cuts at 63 bytes. */
function lockName(holder: { readonly who: string; readonly what: string }): string {
  const plain = (text: string) => text.replace(/[^\x20-\x7e]/g, '?').replaceAll(': ', ' ');
  const who = plain(holder.who).slice(0, 32);
  return `tv lock: ${who}: ${plain(holder.what)}`.slice(0, nameBytes);
}
