import type { PostgresPool, PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { TvError } from '../errors/TvError.ts';

/** How long an orderly goodbye may take before the sockets are cut. */
const goodbyeMs = 500;

/** int8 (oid 20): counts, blocks and ids stay far below 2^53, so numbers are exact. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === 20 ? Number : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

interface Client extends PostgresPoolClient {
  /** node-postgres' own client, which tells of a lost connection by an event. */
  readonly raw: pg.PoolClient;
}

/**
 * A pg pool in which no event can end the process and every error comes out described. A broken
 * connection makes node-postgres refuse the next statement (usually kysely's ROLLBACK) with words
 * that hide the cause: the first error of a client is kept, and told instead.
 */
export function guardedPool(
  config: pg.PoolConfig,
  describe: (error: unknown) => TvError,
  {
    onLost = () => {},
    onConnect = () => {},
  }: {
    readonly onLost?: (error: TvError) => void;
    /** With the process id that the server announced for the new connection. */
    readonly onConnect?: (backendPid: number | undefined) => void;
  } = {},
): PostgresPool {
  const pool = new pg.Pool({ ...config, types });
  const clients = new Set<pg.PoolClient>();
  const wrapped = new WeakMap<pg.PoolClient, Client>();
  const firstError = new WeakMap<pg.PoolClient, unknown>();
  pool.on('error', () => {});
  pool.on('connect', (client) => {
    clients.add(client);
    // Of BackendKeyData, which the types of node-postgres leave out.
    onConnect((client as unknown as { readonly processID?: number }).processID);
    client.on('error', (error) => {
      if (!firstError.has(client)) firstError.set(client, error);
      onLost(describe(firstError.get(client)));
    });
    client.on('end', () => clients.delete(client));
  });

  function wrap(client: pg.PoolClient): Client {
    const known = wrapped.get(client);
    if (known !== undefined) return known;
    const guarded = {
      raw: client,
      async query(text: string, values: readonly unknown[]) {
        try {
          return await client.query(text, [...values]);
        } catch (error) {
          const fatal = (error as { severity?: string }).severity === 'FATAL';
          if (fatal && !firstError.has(client)) firstError.set(client, error);
          throw describe(firstError.get(client) ?? error);
        }
      },
      // After a fatal error the socket may look alive for a moment: the pool must not hand it out again.
      release: () => client.release(firstError.has(client)),
    } as unknown as Client;
    wrapped.set(client, guarded);
    return guarded;
  }

  return {
    async connect() {
      try {
        return wrap(await pool.connect());
      } catch (error) {
        throw describe(error);
      }
    },
    async end() {
      const ended = pool.end();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(resolve, goodbyeMs, 'late');
      });
      // A server that no longer answers must not keep tv from ending; end() cuts a busy client's socket.
      const cut = (await Promise.race([ended, late])) === 'late';
      clearTimeout(timer);
      if (cut) for (const client of clients) void (client as unknown as pg.Client).end().catch(() => {});
    },
  };
}
