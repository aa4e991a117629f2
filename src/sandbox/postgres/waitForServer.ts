import { Client } from 'pg';
import { until } from '../machine/until.ts';

export interface WaitForServerParameters {
  readonly port: number;
  /** Password of the superuser `postgres`. */
  readonly superuserPassword: string;
  /** Milliseconds; default 15 000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Resolves once the server on 127.0.0.1 answers a query.
 *
 * @throws TimeoutError past the limit, with the last refusal
 */
export async function waitForServer(parameters: WaitForServerParameters): Promise<void> {
  const { port, superuserPassword, timeoutMs: limitMs = 15_000, signal } = parameters;
  await until(() => answersQuery(port, superuserPassword), {
    ...{ limitMs, what: `PostgreSQL to answer at 127.0.0.1:${port}`, everyMs: 50 },
    ...(signal === undefined ? {} : { signal }),
  });
}

/** @throws what the connection or the query fails with */
async function answersQuery(port: number, password: string): Promise<boolean> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password,
    database: 'postgres',
    connectionTimeoutMillis: 2_000,
  });
  // A server that goes away in mid-connection is reported twice: by a rejection and by this event.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } finally {
    await client.end().catch(() => {});
  }
}
