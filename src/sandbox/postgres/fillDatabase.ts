import { Client } from 'pg';
import type { Address } from '../../config/settings.ts';
import { rpcClient } from '../chain/rpc.ts';
import { moveCursor, readSchemaForm } from '../services/lib/cursor.ts';
import type { IndexerForm } from '../services/lib/decodeLog.ts';
import { insertEvents } from '../services/lib/insertEvents.ts';
import { eventTables } from '../services/lib/protocolEvents.ts';
import { readEvents } from '../services/lib/readEvents.ts';

export interface FillDatabaseParameters {
  /** Of the role `tempovault`. Secret. */
  readonly databaseUrl: string;
  readonly rpcUrl: string;
  /** Default: the head of the chain. */
  readonly lastBlock?: number;
  /** The protocol's contracts, as in the indexer's settings. */
  readonly addresses: readonly Address[];
  /** Default `complete`. */
  readonly indexer?: IndexerForm;
}

export interface FilledDatabase {
  readonly events: number;
  /** Block of the cursor, in the form that has one. */
  readonly lastIndexedBlock: number;
}

/**
 * Loads the chain's whole history at once, through the indexer's own code: what it would have written
 * block by block, in one transaction.
 */
export async function fillDatabase(parameters: FillDatabaseParameters): Promise<FilledDatabase> {
  const { databaseUrl, rpcUrl, addresses, indexer = 'complete' } = parameters;
  const rpc = rpcClient(rpcUrl, { timeoutMs: 60_000 });
  const lastIndexedBlock = parameters.lastBlock ?? Number(await rpc('eth_blockNumber', []));
  const events = await readEvents(rpc, {
    addresses,
    fromBlock: 0,
    toBlock: lastIndexedBlock,
    form: indexer,
  });
  const client = new Client({ connectionString: databaseUrl });
  // The query reports a server that goes away; without a listener it would end tv as well.
  client.on('error', () => {});
  await client.connect();
  try {
    const form = await readSchemaForm(client);
    await client.query('BEGIN');
    await insertEvents(client, { form, events });
    if (form === 'deployed') await moveCursor(client, lastIndexedBlock);
    await client.query('COMMIT');
    // A later reader plans with real figures, without waiting for autovacuum.
    const tables = [...(form === 'deployed' ? ['events'] : []), ...eventTables.keys()];
    await client.query(`ANALYZE ${tables.join(', ')}`);
  } finally {
    await client.end();
  }
  return { events: events.length, lastIndexedBlock };
}
