import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { TimeoutError } from '../../errors/TvError.ts';

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
  const { port, superuserPassword, timeoutMs = 15_000, signal } = parameters;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const refusal = await tryQuery(port, superuserPassword);
    if (refusal === undefined) return;
    if (Date.now() > deadline) {
      throw new TimeoutError(
        'sandbox.not-started',
        `PostgreSQL did not answer within ${timeoutMs / 1000} s.`,
        {
          facts: { address: `127.0.0.1:${port}`, 'last answer': refusal },
        },
      );
    }
    await sleep(50);
  }
}

async function tryQuery(port: number, password: string): Promise<string | undefined> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password,
    database: 'postgres',
    connectionTimeoutMillis: 2_000,
  });
  // A server that goes away in mid-connection is reported twice: by the rejection below and by this event.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await client.end().catch(() => {});
  }
}
