import type { ClientBase } from 'pg';
import type { SchemaForm } from '../../postgres/createDatabase.ts';

/** Read from the catalogue: only the deployed form has a cursor table. */
export async function readSchemaForm(client: ClientBase): Promise<SchemaForm> {
  const { rows } = await client.query<{ found: boolean }>(
    "SELECT to_regclass('indexer_state') IS NOT NULL AS found",
  );
  return rows[0]?.found === true ? 'deployed' : 'runbook';
}

/** The last indexed block, or undefined where no row says so. */
export async function readCursor(client: ClientBase): Promise<number | undefined> {
  const { rows } = await client.query<{ block: string }>(
    'SELECT last_indexed_block AS block FROM indexer_state WHERE id = 1',
  );
  return rows[0] === undefined ? undefined : Number(rows[0].block);
}

export async function moveCursor(client: ClientBase, block: number): Promise<void> {
  await client.query({
    name: 'move-cursor',
    text: `INSERT INTO indexer_state (id, last_indexed_block, last_indexed_at) VALUES (1, $1, now())
           ON CONFLICT (id) DO UPDATE SET last_indexed_block = EXCLUDED.last_indexed_block, last_indexed_at = now()`,
    values: [block],
  });
}

/** The deployed program's own way: the DDL has seeded the row, and without it no cursor is kept. */
export async function updateCursor(client: ClientBase, block: number): Promise<void> {
  await client.query({
    name: 'update-cursor',
    text: 'UPDATE indexer_state SET last_indexed_block = $1, last_indexed_at = now() WHERE id = 1',
    values: [block],
  });
}
