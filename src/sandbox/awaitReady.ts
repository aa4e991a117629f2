import { Client } from 'pg';
import { until } from './machine/until.ts';
import type { IndexerForm } from './services/lib/decodeLog.ts';

export interface AwaitReadyParameters {
  readonly apiUrl: string;
  /** Secret. */
  readonly databaseUrl: string;
  readonly indexer: IndexerForm;
  /** `readProgress` before the services were started. */
  readonly before: number;
  readonly signal: AbortSignal;
}

/**
 * Resolves once TempoVault works: the API is ready, and the database holds a signal that the relay
 * has sent since, so that relay, chain and indexer have all done their part.
 * @throws TimeoutError naming the part that is missing
 */
export async function awaitReady({
  apiUrl,
  databaseUrl,
  indexer,
  before,
  signal,
}: AwaitReadyParameters): Promise<void> {
  await until(
    async () => (await fetch(`${apiUrl}/ready`, { signal: AbortSignal.timeout(2_000) })).status === 200,
    { limitMs: 15_000, what: 'the API to be ready', everyMs: 100, signal },
  );
  await until(async () => (await readProgress(databaseUrl, indexer)) > before, {
    limitMs: 20_000,
    what: indexer === 'lossy' ? 'the indexer to move' : 'a signal of the oracle relay to reach the database',
    everyMs: 150,
    signal,
  });
}

/**
 * Rows of `oracle_updates`, which both forms of the database have. The lossy indexer stores none of
 * them: there the cursor counts.
 */
export async function readProgress(databaseUrl: string, indexer: IndexerForm): Promise<number> {
  const client = new Client({ connectionString: databaseUrl });
  // The query reports a server that goes away; without a listener it would end tv as well.
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<{ progress: string }>(
      indexer === 'lossy'
        ? 'SELECT max(last_indexed_block) AS progress FROM indexer_state'
        : 'SELECT count(*) AS progress FROM oracle_updates',
    );
    return Number(rows[0]?.progress);
  } finally {
    await client.end();
  }
}
