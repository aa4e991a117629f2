import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';
import { countEveryTable } from '../countEveryTable.ts';
import { inSnapshot } from '../inSnapshot.ts';

export type FilledVerdict = {
  readonly rows: Readonly<Record<string, number>>;
  /** Empty where the database holds what it should. */
  readonly problems: readonly string[];
};

/** Counts every table of a restored database and looks for indexes and constraints that do not hold. */
export async function checkFilled(
  database: Database,
  parameters: { readonly rows: Readonly<Record<string, number>>; readonly signal?: AbortSignal },
): Promise<FilledVerdict> {
  const rows = await inSnapshot(database, { statementTimeoutMs: 0 }, (transaction) =>
    countEveryTable(transaction, parameters.signal),
  );
  const invalid = await database.kysely
    .selectFrom('pg_catalog.pg_index')
    .select(sql<string>`'the index ' || indexrelid::regclass || ' is not valid'`.as('what'))
    .where('indisvalid', '=', false)
    .execute();
  const different = Object.entries(parameters.rows).flatMap(([table, expected]) => {
    const found = rows[table];
    if (found === undefined) return [`${table} is not there (expected ${expected} rows)`];
    return found === expected ? [] : [`${table} has ${found} rows, expected ${expected}`];
  });
  return { rows, problems: [...different, ...invalid.map(({ what }) => what)] };
}
