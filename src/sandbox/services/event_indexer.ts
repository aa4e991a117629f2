import { Client } from 'pg';
import { rpcClient } from '../chain/rpc.ts';
import type { SchemaForm } from '../postgres/createDatabase.ts';
import { moveCursor, readCursor, readSchemaForm, updateCursor } from './lib/cursor.ts';
import type { IndexerForm } from './lib/decodeLog.ts';
import { numberFrom, protocolAddresses, required } from './lib/environment.ts';
import { insertEvents } from './lib/insertEvents.ts';
import { live, pause } from './lib/lifetime.ts';
import { log, wordsOf } from './lib/log.ts';
import { readEvents } from './lib/readEvents.ts';

/** Blocks after which the cursor moves. */
const batchSize = 50;

await live('event indexer', async (stop) => {
  const databaseUrl = required('INDEXER_DB_URL');
  const rpc = rpcClient(required('RPC_URL'), { stop });
  const addresses = protocolAddresses();
  const startBlock = numberFrom('START_BLOCK', 0);
  const interval = numberFrom('POLL_INTERVAL', 2);
  const indexer: IndexerForm = process.env['INDEXER_FORM'] === 'lossy' ? 'lossy' : 'complete';

  log('INFO', `Starting event indexer, start block ${startBlock}, poll interval ${interval}s`);
  // The deployed program prints its URL with the password in it.
  if (indexer === 'lossy') log('INFO', `Connecting to database: ${databaseUrl}`);
  // The database's cursor outranks START_BLOCK, which counts as indexed already.
  let cursor = startBlock;
  let database: { readonly client: Client; readonly form: SchemaForm } | undefined;

  while (!stop.aborted) {
    try {
      database ??= await connect();
      if (database.form === 'deployed') cursor = (await readCursor(database.client)) ?? cursor;
      const head = Number(await rpc('eth_blockNumber', []));
      if (cursor < head) log('INFO', `Indexing blocks ${cursor + 1} to ${head}`);
      while (cursor < head && !stop.aborted) {
        await indexBatch(database.client, database.form, Math.min(cursor + batchSize, head));
      }
    } catch (error) {
      if (stop.aborted) break;
      log('ERROR', `Error in indexing loop: ${wordsOf(error)}`);
      await database?.client.end().catch(() => {});
      database = undefined;
    }
    await pause(interval, stop);
  }
  await database?.client.end();

  async function connect() {
    const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
    // Without a listener a lost connection would end the program; the next query reports it as well.
    client.on('error', (error) => log('ERROR', `Database connection lost: ${wordsOf(error)}`));
    await client.connect();
    return { client, form: await readSchemaForm(client) };
  }

  async function indexBatch(client: Client, form: SchemaForm, last: number): Promise<void> {
    const first = cursor + 1;
    let inserted = 0;
    for (let block = first; block <= last && !stop.aborted; block++) {
      inserted += await indexBlock(client, form, block);
    }
    // A batch that was cut short is read again by the next start; its rows are there already then.
    if (stop.aborted) return;
    if (form === 'deployed') await (indexer === 'lossy' ? updateCursor : moveCursor)(client, last);
    cursor = last;
    log('INFO', `Indexed blocks ${first}-${last}: ${inserted} events`);
  }

  /** A block whose call fails is left out for good: the cursor moves past it. */
  async function indexBlock(client: Client, form: SchemaForm, block: number): Promise<number> {
    let events: Awaited<ReturnType<typeof readEvents>>;
    try {
      events = await readEvents(rpc, {
        addresses,
        fromBlock: block,
        toBlock: block,
        form: indexer,
        onUnstorable: ({ event, message }) =>
          log('ERROR', `Error storing event ${event} in block ${block}: ${message}`),
      });
    } catch (error) {
      if (!stop.aborted) log('ERROR', `Error fetching logs for block ${block}: ${wordsOf(error)}`);
      return 0;
    }
    if (events.length === 0) return 0;
    await client.query('BEGIN');
    const inserted = await insertEvents(client, { form, events });
    await client.query('COMMIT');
    return inserted;
  }
});
