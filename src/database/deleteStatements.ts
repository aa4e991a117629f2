import { type QueryExecutorProvider, type RawBuilder, sql } from 'kysely';
import { type EventSchema, type EventTable, tableId } from './eventSchema.ts';

/**
 * Deletes of one clearing, children before their parents. A block bound goes into the text, so that
 * psql can run it too.
 * @param parameters.fromBlock undefined for all rows
 */
export function deleteStatements(parameters: {
  readonly schema: EventSchema;
  readonly fromBlock: number | undefined;
}): readonly { readonly table: EventTable; readonly statement: RawBuilder<unknown> }[] {
  const { schema, fromBlock } = parameters;
  const { raw } = schema;
  return schema.tables.toReversed().map((table) => {
    const id = tableId(table);
    if (fromBlock === undefined) return { table, statement: sql`delete from ${id}` };
    const bound = sql.lit(fromBlock);
    if (table.blockColumn !== null) {
      return { table, statement: sql`delete from ${id} where ${sql.id(table.blockColumn)} >= ${bound}` };
    }
    if (raw === null || table.rawColumn === null)
      throw new Error(`${table.name} has neither a block nor a raw row`);
    return {
      table,
      statement: sql`delete from ${id} as t using ${tableId(raw)} as r
        where r.${sql.id(raw.key)} = t.${sql.id(table.rawColumn)} and r.${sql.id(raw.blockColumn)} >= ${bound}`,
    };
  });
}

export interface HelperIndex {
  readonly table: RawBuilder<unknown>;
  readonly create: RawBuilder<unknown>;
  readonly drop: RawBuilder<unknown>;
}

/** Pages to look through without an index; above it (some seconds of work) one is worth its lock. */
const pagesWorthAnIndex = 500_000;

/**
 * Indexes for foreign keys into the raw table that lack one. Without, the server looks through the
 * whole child for each raw row that goes: 100 000 rows would take hours. They are made and dropped in
 * the clearing transaction, so no other session sees them, but dropping one shuts out readers as well: so
 * only where it pays. Only a table's owner can.
 */
export async function helperIndexes(
  executor: QueryExecutorProvider,
  parameters: { readonly schema: EventSchema; readonly fromBlock: number | undefined },
): Promise<readonly HelperIndex[]> {
  const { schema, fromBlock } = parameters;
  const { raw } = schema;
  if (raw === null) return [];
  const going =
    fromBlock === undefined ? sql`` : sql`where ${sql.id(raw.blockColumn)} >= ${sql.lit(fromBlock)}`;
  const { rows } = await sql<{ schema: string; name: string; column: string }>`
    select cn.nspname as schema, c.relname as name, a.attname as column
    from pg_catalog.pg_constraint f
    join pg_catalog.pg_class r on r.oid = f.confrelid and r.relname = ${raw.name}
    join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace and rn.nspname = ${raw.schema}
    join pg_catalog.pg_class c on c.oid = f.conrelid
    join pg_catalog.pg_namespace cn on cn.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = f.conkey[1]
    cross join (select count(*) as rows from ${tableId(raw)} ${going}) as going
    where f.contype = 'f'
      and pg_relation_size(c.oid) / current_setting('block_size')::bigint * going.rows > ${pagesWorthAnIndex}
      and pg_has_role(c.relowner, 'USAGE')
      and has_schema_privilege(cn.oid, 'CREATE')
      and not exists (
        select from pg_catalog.pg_index i
        where i.indrelid = c.oid and i.indisvalid and i.indpred is null and i.indkey[0] = f.conkey[1]
      )
    order by 1, 2, 3
  `.execute(executor);
  return rows.map((row, position) => {
    const index = `tv_helper_${position}`;
    const table = tableId(row);
    return {
      table,
      create: sql`create index ${sql.id(index)} on ${table} (${sql.id(row.column)})`,
      drop: sql`drop index ${sql.id(row.schema, index)}`,
    };
  });
}

/** Statements around the deletes. */
export function aroundDeletes(indexes: readonly HelperIndex[]): {
  readonly before: readonly RawBuilder<unknown>[];
  readonly after: readonly RawBuilder<unknown>[];
} {
  if (indexes.length === 0) return { before: [], after: [] };
  return {
    // The lock that dropping needs, before the work and not after it.
    before: [
      sql`lock table ${sql.join(indexes.map((index) => index.table))} in access exclusive mode`,
      ...indexes.map((index) => index.create),
    ],
    // A deferred foreign key would still be pending, and an index with pending checks cannot be dropped.
    after: [sql`set constraints all immediate`, ...indexes.map((index) => index.drop)],
  };
}
