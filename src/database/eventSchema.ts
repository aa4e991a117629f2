import { type RawBuilder, sql } from 'kysely';

/**
 * Where an event table keeps what we need. These are `type`s with `null` rather than interfaces
 * with optional fields, so that a schema can travel through a run's journal as JSON.
 */
export type EventTable = {
  readonly name: string;
  readonly schema: string;
  /** `raw`: every log once; `child`: belongs to a raw row; `kind`: one kind of event, on its own. */
  readonly role: 'raw' | 'child' | 'kind';
  /** Null in a child: its block is that of the raw row. */
  readonly blockColumn: string | null;
  readonly transactionColumn: string | null;
  readonly logIndexColumn: string | null;
  /** Names the kind of event; null where the table keeps none, or is itself one kind. */
  readonly kindColumn: string | null;
  /** In a child: its column that holds the raw row's key. */
  readonly rawColumn: string | null;
  /** The following are absent in the journals of builds that did not compare them. */
  readonly contractColumn?: string | null;
  readonly blockHashColumn?: string | null;
  /** A timestamp, with or without its zone. */
  readonly timeColumn?: string | null;
};

export type CursorTable = {
  readonly name: string;
  readonly schema: string;
  readonly blockColumn: string;
  readonly timeColumn: string | null;
  /** An integer primary key, set to 1 where a row has to be made. */
  readonly keyColumn: string | null;
};

export type EventSchema = {
  /** As deployed, or as the original runbook assumes. */
  readonly form: 'raw-and-kinds' | 'per-kind';
  /** Parents before children, by foreign keys: the order in which rows can be restored. */
  readonly tables: readonly EventTable[];
  readonly raw: {
    readonly name: string;
    readonly schema: string;
    readonly key: string;
    readonly blockColumn: string;
  } | null;
  readonly cursor: CursorTable | null;
  /** Tables that the runbook names and that do not exist here. */
  readonly missing: readonly string[];
  /** Tables with block numbers of their own that are not tied to the raw table: left alone. */
  readonly others: readonly string[];
  /** Foreign keys from other tables into these; clearing would fail on them, or cascade. */
  readonly dependents: readonly { readonly table: string; readonly refersTo: string }[];
  /** Equal for equal tables and columns. */
  readonly fingerprint: string;
};

/** A schema-qualified, quoted table name. */
export function tableId(table: { readonly schema: string; readonly name: string }): RawBuilder<unknown> {
  return sql.id(table.schema, table.name);
}

/** `FROM` of an event table and the expression of its block; rows whose block is unknown have NULL. */
export function fromTable(
  schema: EventSchema,
  table: EventTable,
): { readonly from: RawBuilder<unknown>; readonly block: RawBuilder<number> } {
  if (table.blockColumn !== null) {
    return { from: sql`${tableId(table)} as t`, block: sql`t.${sql.id(table.blockColumn)}` };
  }
  const { raw } = schema;
  if (raw === null || table.rawColumn === null)
    throw new Error(`${table.name} has neither a block nor a raw row`);
  return {
    from: sql`${tableId(table)} as t left join ${tableId(raw)} as r on r.${sql.id(raw.key)} = t.${sql.id(table.rawColumn)}`,
    block: sql`r.${sql.id(raw.blockColumn)}`,
  };
}

/** Event tables and the cursor. */
export function allTables(
  schema: EventSchema,
): readonly { readonly schema: string; readonly name: string }[] {
  return schema.cursor === null ? schema.tables : [...schema.tables, schema.cursor];
}
