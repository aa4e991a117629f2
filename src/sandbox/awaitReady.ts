import { Client } from 'pg';
import { until } from './machine/until.ts';

export interface AwaitReadyParameters {
  readonly apiUrl: string;
  /** Secret. */
  readonly databaseUrl: string;
  /** Oracle signals that were in the database before the relay was started. */
  readonly signals: number;
  readonly signal: AbortSignal;
}

/**
 * Resolves once TempoVault works: the API says so, and the database holds a signal that the relay
 * has sent since, so that relay, chain and indexer have all done their part.
 * @throws TimeoutError naming the part that is missing
 */
export async function awaitReady({
  apiUrl,
  databaseUrl,
  signals,
  signal,
}: AwaitReadyParameters): Promise<void> {
  await until(
    async () => (await fetch(`${apiUrl}/ready`, { signal: AbortSignal.timeout(2_000) })).status === 200,
    { limitMs: 15_000, what: 'the API to be ready', everyMs: 100, signal },
  );
  await until(async () => (await countSignals(databaseUrl)) > signals, {
    limitMs: 20_000,
    what: 'a signal of the oracle relay to reach the database',
    everyMs: 150,
    signal,
  });
}

/** Rows of `oracle_updates`: both forms of the database have that table. */
export async function countSignals(databaseUrl: string): Promise<number> {
  const client = new Client({ connectionString: databaseUrl });
  // A server that goes away is told by the query; without a listener it would end tv as well.
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<{ count: string }>('SELECT count(*) AS count FROM oracle_updates');
    return Number(rows[0]?.count);
  } finally {
    await client.end();
  }
}
