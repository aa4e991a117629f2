import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';
import { type EventTable, tableId } from './eventSchema.ts';
import { inSnapshot } from './inSnapshot.ts';

/** Whether any of these tables holds a row. */
export async function holdsRows(
  database: Database,
  {
    tables,
    statementTimeoutMs,
  }: { readonly tables: readonly EventTable[]; readonly statementTimeoutMs: number },
): Promise<boolean> {
  if (tables.length === 0) return false;
  const each = tables.map((table) => sql`exists (select 1 from ${tableId(table)})`);
  return inSnapshot(database, { statementTimeoutMs }, async (transaction) => {
    const { rows } = await sql<{ found: boolean }>`select ${sql.join(each, sql` or `)} as found`.execute(
      transaction,
    );
    return rows[0]?.found === true;
  });
}
