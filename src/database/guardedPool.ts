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
  /** node-postgres' own client, which reports a lost connection by an event. */
  readonly raw: pg.PoolClient;
}

/**
 * A pg pool in which no event can end the process and every error comes out described. A broken
 * connection makes node-postgres refuse the next statement (usually kysely's ROLLBACK) with words
 * that hide the cause: the first error of a client is kept, and reported instead.
 */
export function guardedPool(
  config: pg.PoolConfig,
  describe: (error: unknown) => TvError,
  {
    onLost = () => {},
    onConnect = () => {},
    fallback,
  }: {
    readonly onLost?: (error: TvError) => void;
    /** With the process id that the server announced for the new connection. */
    readonly onConnect?: (backendPid: number | undefined) => void;
    /** In place of `config.ssl`, where that was refused. */
    readonly fallback?: pg.PoolConfig['ssl'] | undefined;
  } = {},
): PostgresPool {
  const clients = new Set<pg.PoolClient>();
  const wrapped = new WeakMap<pg.PoolClient, Client>();
  const firstError = new WeakMap<pg.PoolClient, unknown>();
  const first = make(config);
  let pool = first;
  let ended = false;

  function make(settings: pg.PoolConfig): pg.Pool {
    const made = new pg.Pool({ ...settings, types });
    made.on('error', () => {});
    made.on('connect', welcome);
    return made;
  }

  function welcome(client: pg.PoolClient): void {
    clients.add(client);
    // Of BackendKeyData, which the types of node-postgres leave out.
    onConnect((client as unknown as { readonly processID?: number }).processID);
    client.on('error', (error) => {
      if (!firstError.has(client)) firstError.set(client, error);
      onLost(describe(firstError.get(client)));
    });
    client.on('end', () => clients.delete(client));
  }

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
    options: first.options,
    async connect() {
      const tried = pool;
      try {
        return wrap(await tried.connect());
      } catch (error) {
        const isFirst = tried === first;
        // The pool was ended while this one was connecting: another statement had failed, and the command with it.
        if (ended || !isFirst || fallback === undefined || !refusesThisWay(error)) throw describe(error);
        // Once and for all: what the server lets in does not change from one connection to the next.
        if (pool === first) {
          pool = make({ ...config, ssl: fallback });
          void first.end();
        }
        try {
          return wrap(await pool.connect());
        } catch (second) {
          // The way that was meant is the one to report, unless only the other reached the server.
          throw describe(hasNoTls(error) || isAuthentication(second) ? second : error);
        }
      }
    },
    async end() {
      ended = true;
      const goodbye = pool.end();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(resolve, goodbyeMs, 'late');
      });
      // A server that no longer answers must not keep tv from ending; end() cuts a busy client's socket.
      const cut = (await Promise.race([goodbye, late])) === 'late';
      clearTimeout(timer);
      if (cut) for (const client of clients) void (client as unknown as pg.Client).end().catch(() => {});
    },
  };
}

/** The server has no TLS, or its pg_hba.conf rejects this kind of connection: the other kind may work. */
function refusesThisWay(error: unknown): boolean {
  return codeOf(error) === '28000' || /SSL|TLS|EPROTO/.test(`${(error as Error).message} ${codeOf(error)}`);
}

function hasNoTls(error: unknown): boolean {
  return /does not support SSL/.test((error as Error).message);
}

function isAuthentication(error: unknown): boolean {
  return ['28P01', '3D000', '53300'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return String((error as { readonly code?: string }).code ?? '');
}
