import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Client, type ClientConfig } from 'pg';

const run = promisify(execFile);

/** What is changed in each copy of the database. */
const copies: Readonly<Record<string, string>> = {
  liar_stale: `UPDATE indexer_state SET last_indexed_block = last_indexed_block - 300;
    CREATE TEMP TABLE old AS SELECT id FROM events WHERE block_number > (SELECT last_indexed_block FROM indexer_state)`,
  liar_empty: 'CREATE TEMP TABLE old AS SELECT id FROM events',
  liar_other: `UPDATE events SET contract_address = '0x' || repeat('11', 20)`,
  liar_chain: `UPDATE events SET transaction_hash = '0x' || md5(transaction_hash) || md5(transaction_hash || 'b')`,
  liar_ahead: 'UPDATE indexer_state SET last_indexed_block = last_indexed_block + 10000',
};

/** Copies the database of the services, and changes each copy. They are stopped meanwhile: a template has no sessions. */
export async function copyDatabases(server: ClientConfig, inside: string): Promise<void> {
  const users = ['tempovault-api', 'tempovault-indexer'];
  await run(inside, ['systemctl', 'stop', ...users]);
  const admin = new Client({ ...server, database: 'postgres' });
  await admin.connect();
  try {
    for (const name of Object.keys(copies))
      await admin.query(`CREATE DATABASE ${name} TEMPLATE tempovault OWNER tempovault`);
  } finally {
    await admin.end();
    await run(inside, ['systemctl', 'start', ...users]);
  }
  for (const [name, sql] of Object.entries(copies)) {
    const client = new Client({ ...server, database: name });
    await client.connect();
    try {
      await client.query(sql);
      if (sql.includes(' old ')) await deleteOld(client);
    } finally {
      await client.end();
    }
  }
}

/** The events of the table `old`, with the rows that belong to them. */
async function deleteOld(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.columns WHERE column_name = 'event_id' AND table_schema = 'public'`,
  );
  for (const { name } of rows)
    await client.query(`DELETE FROM ${name} WHERE event_id IN (SELECT id FROM old)`);
  await client.query('DELETE FROM events WHERE id IN (SELECT id FROM old)');
}

/** Events of the table that was written before some were taken out, as `hash:index`. */
export async function readLost(database: Client): Promise<readonly string[]> {
  const { rows } = await database.query<{ event: string }>(
    `SELECT transaction_hash || ':' || log_index AS event FROM liar_events
      EXCEPT SELECT transaction_hash || ':' || log_index FROM events`,
  );
  return rows.map(({ event }) => event);
}
