import { Client } from 'pg';
import type { BrokenWorld, Fault } from './breakRecord.ts';
import { readFault } from './breakRecord.ts';
import { inside } from './breakServices.ts';
import { readPassword } from './passwords.ts';
import { waitForServer } from './postgres/waitForServer.ts';

/** Rows that were taken out, by table. */
type Kept = readonly { readonly table: string; readonly rows: readonly unknown[] }[];

/** Of every so many events one is lost. */
const everyNth = 97;

export const databaseFaults: Readonly<Record<string, Fault>> = {
  'stop-db': {
    summary: 'PostgreSQL is stopped',
    impose: (world) => inside(world, ['systemctl', 'stop', 'sandbox-database']),
    mend: async (world) => {
      await inside(world, ['systemctl', 'start', 'sandbox-database']);
      const superuserPassword = readPassword(world.paths, 'postgres');
      await waitForServer({ port: world.state.ports.database, superuserPassword });
    },
  },
  'corrupt-db': {
    summary: 'one in 97 events is missing in the database',
    prepare: (world) => inDatabase(world, readLost),
    impose: (world) =>
      inDatabase(world, async (client) => {
        for (const { table, rows } of readFault<Kept>(world.paths, 'corrupt-db').toReversed()) {
          const ids = rows.map((row) => (row as { id: string }).id);
          await client.query(`DELETE FROM ${table} WHERE id = ANY($1)`, [ids]);
        }
      }),
    mend: (world) =>
      inDatabase(world, (client) => putRowsBack(client, readFault<Kept>(world.paths, 'corrupt-db'))),
  },
};

/**
 * Inserts rows that were taken out. A reindex may have brought their events back meanwhile, under other
 * ids and with rows of their own: what belongs to an id that is not there is left out.
 */
async function putRowsBack(client: Pick<Client, 'query'>, kept: Kept): Promise<void> {
  for (const { table, rows } of kept) {
    const isChild = rows.some((row) => (row as { event_id?: unknown }).event_id !== undefined);
    const condition = isChild
      ? 'WHERE event_id IS NULL OR EXISTS (SELECT FROM events e WHERE e.id = event_id)'
      : '';
    await client.query(
      `INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1) ${condition} ON CONFLICT DO NOTHING`,
      [JSON.stringify(rows)],
    );
  }
}

/** Parents before their children, so that they can be restored in this order. */
async function readLost(client: Client): Promise<Kept> {
  const { rows: tables } = await client.query<{ name: string; child: boolean }>(
    `SELECT table_name AS name, bool_or(column_name = 'event_id') AS child
       FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
      WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'indexer_state'
      GROUP BY 1 ORDER BY 2, 1`,
  );
  const kept = [];
  for (const { name, child } of tables) {
    const { rows } = await client.query<{ row: unknown }>(
      `SELECT to_jsonb(t) AS row FROM ${name} t WHERE ${child ? 'event_id' : 'id'} % ${everyNth} = 0`,
    );
    kept.push({ table: name, rows: rows.map(({ row }) => row) });
  }
  return kept;
}

/** One transaction, as the role that TempoVault uses. */
export async function inDatabase<T>(
  { paths, state }: BrokenWorld,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({
    host: '127.0.0.1',
    port: state.ports.database,
    user: 'tempovault',
    database: 'tempovault',
    password: readPassword(paths, 'tempovault'),
  });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } finally {
    await client.end();
  }
}
