import type { ClientBase } from 'pg';
import type { SchemaForm } from '../../postgres/createDatabase.ts';
import { eventTables } from './protocolEvents.ts';
import type { StampedEvent } from './readEvents.ts';

export interface InsertEventsParameters {
  readonly form: SchemaForm;
  readonly events: readonly StampedEvent[];
}

/**
 * Writes events with their rows; those that are there already stay as they are. The caller has begun
 * a transaction. Rows travel as one JSON parameter a table, so that one block and a whole history
 * take the same path.
 *
 * @returns how many events were new
 */
export async function insertEvents(client: ClientBase, parameters: InsertEventsParameters): Promise<number> {
  const { form, events } = parameters;
  return form === 'deployed' ? insertDeployed(client, events) : insertRunbook(client, events);
}

async function insertDeployed(client: ClientBase, events: readonly StampedEvent[]): Promise<number> {
  const raw = events.map((event) => ({
    block_number: event.blockNumber,
    block_timestamp: timeOf(event),
    transaction_hash: event.transactionHash,
    log_index: event.logIndex,
    event_type: event.type,
    contract_address: event.contract,
    event_data: event.data,
  }));
  const columns = Object.keys(raw[0] ?? {}).join(', ');
  if (columns === '') return 0;
  const { rows } = await client.query<{ id: string; transaction_hash: string; log_index: number }>({
    name: 'insert-events',
    text: `INSERT INTO events (${columns})
           SELECT ${columns} FROM json_populate_recordset(NULL::events, $1)
           ON CONFLICT (transaction_hash, log_index) DO NOTHING
           RETURNING id, transaction_hash, log_index`,
    values: [JSON.stringify(raw)],
  });
  const ids = new Map(rows.map((row) => [`${row.transaction_hash}:${row.log_index}`, row.id]));
  const children = events.flatMap((event) => {
    const id = ids.get(`${event.transactionHash}:${event.logIndex}`);
    if (id === undefined) return [];
    if (event.table === undefined) return [];
    return [{ table: event.table, row: { event_id: id, block_timestamp: timeOf(event), ...event.row } }];
  });
  for (const [table, own] of eventTables) {
    await insertRows(client, table, ['event_id', 'block_timestamp', ...own], rowsOf(children, table), '');
  }
  return rows.length;
}

async function insertRunbook(client: ClientBase, events: readonly StampedEvent[]): Promise<number> {
  const rows = events.map((event) => ({
    table: event.table,
    row: {
      block_number: event.blockNumber,
      tx_hash: event.transactionHash,
      log_index: event.logIndex,
      block_timestamp: timeOf(event),
      ...event.row,
    },
  }));
  let inserted = 0;
  for (const [table, own] of eventTables) {
    const columns = ['block_number', 'tx_hash', 'log_index', 'block_timestamp', ...own];
    const conflict = 'ON CONFLICT (tx_hash, log_index) DO NOTHING';
    inserted += await insertRows(client, table, columns, rowsOf(rows, table), conflict);
  }
  return inserted;
}

async function insertRows(
  client: ClientBase,
  table: string,
  columns: readonly string[],
  rows: readonly object[],
  conflict: string,
): Promise<number> {
  if (rows.length === 0) return 0;
  const list = columns.join(', ');
  const { rowCount } = await client.query({
    name: `insert-${table}`,
    text: `INSERT INTO ${table} (${list}) SELECT ${list} FROM json_populate_recordset(NULL::${table}, $1) ${conflict}`,
    values: [JSON.stringify(rows)],
  });
  return rowCount ?? 0;
}

function rowsOf(rows: readonly { table: string | undefined; row: object }[], table: string): object[] {
  return rows.filter((row) => row.table === table).map(({ row }) => row);
}

function timeOf(event: StampedEvent): string {
  return new Date(event.blockTimestamp * 1000).toISOString();
}
