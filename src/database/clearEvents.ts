import { sql } from 'kysely';
import { onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { Database } from '../runbook/context.ts';
import { cancelOnAbort } from './cancelOnAbort.ts';
import { aroundDeletes, deleteStatements, helperIndexes } from './deleteStatements.ts';
import { sqlState } from './describeDatabaseError.ts';
import { allTables, type CursorTable, type EventSchema, tableId } from './eventSchema.ts';
import { limitStatements, type OpenTransaction } from './inSnapshot.ts';
import { readSessions, shorten } from './listSessions.ts';
import { onlyReads, readTableLocks } from './tableLocks.ts';

export interface ClearEventsParameters {
  readonly schema: EventSchema;
  /** First block whose rows go. Rows below it are not touched. */
  readonly fromBlock: number;
  /** The runbook's truncate: rows below `fromBlock` go too. */
  readonly all: boolean;
  /** What the cursor will say was indexed last: `fromBlock - 1`. Ignored where there is no cursor table. */
  readonly cursor: number;
  /** Of this clearing alone: an orphan of a killed run is found and ended by it. At most 63 bytes. */
  readonly applicationName?: string;
  readonly signal?: AbortSignal;
  /** How long to wait for a lock of another session, in milliseconds. Default 5 s. */
  readonly lockTimeoutMs?: number;
}

export type ClearedRows = {
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
  readonly rows: number;
};

/** Runbook section 1, step 3, in one transaction: all of it happens, or nothing. */
export async function clearEvents(
  database: Database,
  parameters: ClearEventsParameters,
): Promise<ClearedRows> {
  const { schema, signal } = parameters;
  signal?.throwIfAborted();
  try {
    return await database.kysely.transaction().execute(async (transaction) => {
      const stopWatching = await cancelOnAbort(database, { transaction, signal });
      try {
        return await clearInTransaction(transaction, parameters);
      } finally {
        await stopWatching();
      }
    });
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    // 55P03: lock_timeout ran out.
    throw sqlState(error) === '55P03' ? await namingHolders(database, schema, error) : error;
  }
}

async function clearInTransaction(
  transaction: OpenTransaction,
  parameters: ClearEventsParameters,
): Promise<ClearedRows> {
  const { schema, fromBlock, all, cursor, applicationName, signal, lockTimeoutMs = 5_000 } = parameters;
  if (applicationName !== undefined) {
    await sql`select set_config('application_name', ${applicationName}, true)`.execute(transaction);
  }
  await limitStatements(transaction, 0);
  await sql`select set_config('lock_timeout', ${String(lockTimeoutMs)}, true)`.execute(transaction);
  // Keeps every writer out until the end, and lets the API read on.
  const locked = sql.join(allTables(schema).map(tableId));
  await sql`lock table ${locked} in share row exclusive mode`.execute(transaction);
  const bound = all ? undefined : fromBlock;
  const { before, after } = aroundDeletes(await helperIndexes(transaction, { schema, fromBlock: bound }));
  for (const statement of before) await statement.execute(transaction);
  const tables: { table: string; rows: number }[] = [];
  for (const { table, statement } of deleteStatements({ schema, fromBlock: bound })) {
    signal?.throwIfAborted();
    const { numAffectedRows } = await statement.execute(transaction);
    tables.push({ table: table.name, rows: Number(numAffectedRows ?? 0n) });
  }
  for (const statement of after) await statement.execute(transaction);
  if (schema.cursor !== null) await setCursor(transaction, schema.cursor, cursor);
  signal?.throwIfAborted();
  return { tables, rows: tables.reduce((sum, t) => sum + t.rows, 0) };
}

async function setCursor(transaction: OpenTransaction, cursor: CursorTable, block: number): Promise<void> {
  const time = cursor.timeColumn === null ? sql`` : sql`, ${sql.id(cursor.timeColumn)} = now()`;
  const { numAffectedRows } = await sql`
    update ${tableId(cursor)} set ${sql.id(cursor.blockColumn)} = ${block}${time}
  `.execute(transaction);
  if (numAffectedRows === 1n) return;
  if (numAffectedRows !== 0n) {
    throw new TvError('db.schema-unsupported', `The cursor table ${cursor.name} holds more than one row.`, {
      facts: { rows: String(numAffectedRows) },
      next: onHost(`psql -c 'SELECT * FROM ${cursor.name}'`),
    });
  }
  const columns = [
    { name: cursor.keyColumn, value: sql`1` },
    { name: cursor.blockColumn, value: sql`${block}` },
    { name: cursor.timeColumn, value: sql`now()` },
  ].flatMap(({ name, value }) => (name === null ? [] : [{ id: sql.id(name), value }]));
  await sql`
    insert into ${tableId(cursor)} (${sql.join(columns.map((c) => c.id))})
    values (${sql.join(columns.map((c) => c.value))})
  `.execute(transaction);
}

async function namingHolders(database: Database, schema: EventSchema, cause: unknown): Promise<TvError> {
  const all = await readTableLocks(database.kysely, { schema });
  // A reader blocks this only where helper indexes are needed, and no session with a stronger lock does.
  const writers = all.filter((lock) => !onlyReads(lock));
  const locks = writers.length > 0 ? writers : all;
  const sessions = await readSessions(database.kysely);
  const held = locks.map(({ pid, table, mode }) => {
    const session = sessions.find((s) => s.pid === pid);
    const words = [
      `${mode} on ${table}`,
      session?.application || session?.user,
      session?.client,
      session?.state,
      shorten(session?.statement ?? ''),
    ];
    return [`pid ${pid}`, words.filter(Boolean).join(', ')] as const;
  });
  return new TvError(
    'db.table-locked',
    'Another session holds a lock on the event tables; nothing was cleared.',
    {
      facts: held.length === 0 ? { holder: 'gone meanwhile: try again' } : Object.fromEntries(held),
      next:
        held.length === 0
          ? []
          : onHost(`psql -c 'SELECT * FROM pg_stat_activity WHERE pid = ${locks[0]?.pid}'`),
      cause,
    },
  );
}
