import { sql } from 'kysely';
import type { OpenTransaction } from './inSnapshot.ts';
import { listDataTables } from './listDataTables.ts';

/** Rows of each table whose data pg_dump writes, by `schema.table`; those of tables that inherit from it are theirs. */
export async function countEveryTable(
  transaction: OpenTransaction,
  signal: AbortSignal | undefined,
): Promise<Readonly<Record<string, number>>> {
  const tables = await listDataTables(transaction);
  const counts: Record<string, number> = {};
  for (const { schema, name } of tables) {
    signal?.throwIfAborted();
    const { rows } = await sql<{ count: number }>`
      select count(*) as count from only ${sql.id(schema, name)}
    `.execute(transaction);
    counts[`${schema}.${name}`] = rows[0]?.count ?? 0;
  }
  return counts;
}
