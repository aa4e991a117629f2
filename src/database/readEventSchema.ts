import { createHash } from 'node:crypto';
import { onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { Database } from '../runbook/context.ts';
import type { CursorTable, EventSchema, EventTable } from './eventSchema.ts';
import {
  type CatalogueColumn,
  type CatalogueKey,
  type CatalogueTable,
  readCatalogue,
} from './readCatalogue.ts';

/** The original runbook, section 1, step 3. */
const runbookTables = [
  'deposits',
  'withdrawals',
  'deployments',
  'recalls',
  'losses',
  'rebalances',
  'circuit_breakers',
] as const;

const integer = /^(smallint|integer|bigint|numeric)/;
const time = /^timestamp/;

/**
 * What form the event tables have here, by the catalogue: a raw table has block number, transaction
 * hash and log index, and tables without a block of their own refer to it; otherwise each table with
 * block number and transaction hash is a kind of event.
 * @throws TvError where neither form is found, or more than one raw table
 */
export async function readEventSchema(database: Database): Promise<EventSchema> {
  const catalogue = await readCatalogue(database);
  const visible = catalogue.filter((table) => table.visible);
  const cursor = findCursor(visible);
  const withBlock = visible.filter((t) => blockColumn(t) !== null && transactionColumn(t) !== null);
  const raws = withBlock.filter(
    (t) => logIndexColumn(t) !== null && childrenOf(t, visible, cursor).length > 0,
  );
  if (raws.length > 1) {
    throw new TvError('db.schema-unsupported', 'More than one table looks like the raw event table.', {
      facts: { tables: raws.map((t) => t.id).join(', ') },
    });
  }
  const [raw] = raws;
  const members = raw === undefined ? withBlock : [raw, ...childrenOf(raw, visible, cursor)];
  if (members.length === 0) throw notFound(catalogue, database);
  const ordered = parentsFirst(members);
  const tables = ordered.map((table) => describe(table, raw));
  const ids = new Set(members.map((t) => t.id));
  return {
    form: raw === undefined ? 'per-kind' : 'raw-and-kinds',
    tables,
    raw: raw === undefined ? null : describeRaw(raw),
    cursor,
    missing: runbookTables.filter((name) => !tables.some((t) => t.name === name)),
    others: withBlock.filter((t) => !ids.has(t.id)).map((t) => t.name),
    dependents: catalogue
      .filter((t) => !ids.has(t.id))
      .flatMap((t) =>
        t.foreignKeys.flatMap((key) => (ids.has(key.table) ? [{ table: t.id, refersTo: key.table }] : [])),
      ),
    fingerprint: fingerprint(ordered, cursor),
  };
}

function describe(table: CatalogueTable, raw: CatalogueTable | undefined): EventTable {
  const role = raw === undefined ? 'kind' : table.id === raw.id ? 'raw' : 'child';
  return {
    name: table.name,
    schema: table.schema,
    role,
    blockColumn: blockColumn(table),
    transactionColumn: transactionColumn(table),
    logIndexColumn: logIndexColumn(table),
    kindColumn: role === 'raw' ? column(table, /^(event_type|event_name|event|kind|type)$/) : null,
    rawColumn: role === 'child' && raw !== undefined ? rawColumn(table, raw) : null,
    // In the table of one kind, `address` may be an argument of the event.
    contractColumn: column(
      table,
      role === 'raw' ? /^(contract_address|contract|address)$/ : /^contract_address$/,
    ),
    blockHashColumn: column(table, /^block_hash$/),
    timeColumn: column(table, /^block_time(stamp)?$/, time),
  };
}

function describeRaw(raw: CatalogueTable): NonNullable<EventSchema['raw']> {
  const block = blockColumn(raw);
  const [key] = raw.primaryKey;
  if (block === null || key === undefined || raw.primaryKey.length > 1) {
    throw new TvError(
      'db.schema-unsupported',
      `The raw event table ${raw.id} has no primary key of one column.`,
      {
        facts: {
          'primary key': raw.primaryKey.join(', ') || 'none',
          hint: 'a partitioned table has its partition key in the primary key, and tv cannot clear one',
        },
        next: [
          onHost(`psql -c '\\d+ ${raw.id}'`),
          { when: 'clear it by hand, after tv db backup', tv: ['runbook', 'show', 'reindex'] },
        ],
      },
    );
  }
  return { name: raw.name, schema: raw.schema, key, blockColumn: block };
}

/** Tables without a block of their own that refer to `raw` by foreign key, or by an `event_id` without a declared foreign key. */
function childrenOf(
  raw: CatalogueTable,
  tables: readonly CatalogueTable[],
  cursor: CursorTable | null,
): readonly CatalogueTable[] {
  return tables.filter(
    (t) =>
      t.id !== raw.id && t.name !== cursor?.name && blockColumn(t) === null && rawColumn(t, raw) !== null,
  );
}

function rawColumn(table: CatalogueTable, raw: CatalogueTable): string | null {
  const declared = table.foreignKeys.find((key) => key.table === raw.id && isWholeKey(key, raw));
  if (declared !== undefined) return declared.columns[0] ?? null;
  // event_id without a foreign key, in the schema of a table named events.
  return raw.name === 'events' && raw.schema === table.schema ? column(table, /^event_id$/, integer) : null;
}

function isWholeKey(key: CatalogueKey, raw: CatalogueTable): boolean {
  return key.columns.length === 1 && key.referencedColumns[0] === raw.primaryKey[0];
}

function findCursor(tables: readonly CatalogueTable[]): CursorTable | null {
  const found = tables.flatMap((table): CursorTable[] => {
    const block = column(table, /^last_([a-z]+_)?block(_number)?$/, integer);
    if (block === null) return [];
    const [key] = table.primaryKey;
    const integerKey = table.columns.some((c) => c.name === key && integer.test(c.type));
    return [
      {
        name: table.name,
        schema: table.schema,
        blockColumn: block,
        timeColumn: column(table, /^(last_[a-z]+_at|updated_at)$/, time),
        keyColumn: table.primaryKey.length === 1 && integerKey ? (key ?? null) : null,
      },
    ];
  });
  if (found.length > 1) {
    throw new TvError('db.schema-unsupported', "More than one table looks like the indexer's cursor.", {
      facts: { tables: found.map((t) => `${t.schema}.${t.name}`).join(', ') },
    });
  }
  return found[0] ?? null;
}

function parentsFirst(tables: readonly CatalogueTable[]): readonly CatalogueTable[] {
  const ordered: CatalogueTable[] = [];
  const visit = (table: CatalogueTable, path: readonly string[]): void => {
    if (ordered.includes(table) || path.includes(table.id)) return;
    for (const key of table.foreignKeys) {
      const parent = tables.find((t) => t.id === key.table);
      if (parent !== undefined) visit(parent, [...path, table.id]);
    }
    ordered.push(table);
  };
  for (const table of tables) visit(table, []);
  return ordered;
}

function column(table: CatalogueTable, name: RegExp, type?: RegExp): string | null {
  const matches = (c: CatalogueColumn) => name.test(c.name) && (type === undefined || type.test(c.type));
  return table.columns.find(matches)?.name ?? null;
}

function blockColumn(table: CatalogueTable): string | null {
  return column(table, /^block_(number|height)$/, integer);
}

function transactionColumn(table: CatalogueTable): string | null {
  return column(table, /^(transaction|tx)_hash$/);
}

function logIndexColumn(table: CatalogueTable): string | null {
  return column(table, /^log_index$/, integer);
}

function fingerprint(tables: readonly CatalogueTable[], cursor: CursorTable | null): string {
  const shape = tables.map((t) => [t.id, ...t.columns.map((c) => `${c.name} ${c.type}`)]).sort();
  return createHash('sha256')
    .update(JSON.stringify([shape, cursor]))
    .digest('hex');
}

function notFound(catalogue: readonly CatalogueTable[], database: Database): TvError {
  const elsewhere = catalogue.filter(
    (t) => !t.visible && blockColumn(t) !== null && transactionColumn(t) !== null,
  );
  const schemas = [...new Set(elsewhere.map((t) => t.schema))];
  if (schemas.length > 0) {
    return new TvError(
      'db.events-missing',
      'The event tables are in a schema that is not on the search path.',
      {
        facts: { tables: elsewhere.map((t) => t.id).join(', '), user: database.target.user },
        next: onHost(
          `psql -c 'ALTER ROLE "${database.target.user}" SET search_path = ${schemas.join(', ')}, public'`,
        ),
      },
    );
  }
  return new TvError('db.events-missing', `The database ${database.target.name} holds no event tables.`, {
    facts: {
      database: database.target.name,
      tables: catalogue.map((t) => t.id).join(', ') || 'none',
      'searched for': 'tables with block_number and transaction_hash (or tx_hash)',
    },
    next: { tv: ['config', 'show'] },
  });
}
