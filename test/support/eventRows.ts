import type { TestSandbox } from './sandbox.ts';

/** One row of an event table, as text. */
export interface EventRow {
  readonly block: number;
  /** All columns, as PostgreSQL writes the row. */
  readonly whole: string;
  /** Without surrogate ids and indexing time; a child names its event by transaction and log index. */
  readonly content: string;
}

/** By table; rows ordered by id. */
export type EventRows = Readonly<Record<string, readonly EventRow[]>>;

/** All event tables in one statement, so in one snapshot, by what the catalogue says. */
export async function readEventRows(
  sandbox: Pick<TestSandbox, 'sql'>,
  schema = 'public',
): Promise<EventRows> {
  const tables = await sandbox.sql<{ name: string; columns: string[] }>(
    `SELECT t.table_name AS name, array_agg(c.column_name::text) AS columns
     FROM information_schema.tables t JOIN information_schema.columns c USING (table_schema, table_name)
     WHERE t.table_schema = $1 AND t.table_type = 'BASE TABLE' AND t.table_name <> 'indexer_state'
     GROUP BY 1 ORDER BY 1`,
    [schema],
  );
  const selects = tables.map(({ name, columns }) => {
    const isChild = columns.includes('event_id');
    const from = `${schema}.${name} t${isChild ? ` LEFT JOIN ${schema}.events e ON e.id = t.event_id` : ''}`;
    const identity = isChild ? ` || e.transaction_hash || ':' || e.log_index` : '';
    return `SELECT '${name}' AS name, ${isChild ? 'e' : 't'}.block_number::int AS block, t.id, t::text AS whole,
      (to_jsonb(t) - '{id,event_id,indexed_at}'::text[])::text${identity} AS content FROM ${from}`;
  });
  const rows = await sandbox.sql<EventRow & { name: string }>(
    `${selects.join(' UNION ALL ')} ORDER BY name, id`,
  );
  const byTable: Record<string, EventRow[]> = Object.fromEntries(tables.map(({ name }) => [name, []]));
  for (const { name, block, whole, content } of rows) byTable[name]?.push({ block, whole, content });
  return byTable;
}

/** Every row of some blocks, all columns. */
export function wholeRows(rows: EventRows, keep: (block: number) => boolean): readonly string[] {
  return pick(rows, keep, ({ whole }) => whole);
}

/** Every row of some blocks, apart from surrogate ids and indexing times, in an order of its own. */
export function contentOf(rows: EventRows, keep: (block: number) => boolean): readonly string[] {
  return pick(rows, keep, ({ content }) => content).toSorted();
}

/** The newest block with an event. */
export function newestBlock(rows: EventRows): number {
  return Math.max(...Object.values(rows).flatMap((list) => list.map(({ block }) => block)));
}

/** Number of events, each counted once though the deployed form keeps it twice. */
export function countEvents(rows: EventRows, keep: (block: number) => boolean): number {
  const once = rows['events'] === undefined ? rows : { events: rows['events'] };
  return wholeRows(once, keep).length;
}

function pick(
  rows: EventRows,
  keep: (block: number) => boolean,
  what: (row: EventRow) => string,
): readonly string[] {
  return Object.entries(rows).flatMap(([table, list]) =>
    list.filter(({ block }) => keep(block)).map((row) => `${table} ${what(row)}`),
  );
}
