import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lockPrefix } from '../../src/database/acquireRunLock.ts';
import { connectDatabase } from '../../src/database/connectDatabase.ts';
import { renamedUrl } from '../../src/database/parseDatabaseUrl.ts';
import { swapUnderLoad } from '../../src/database/restore/swapUnderLoad.ts';
import type { Database } from '../../src/runbook/context.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { until } from '../support/until.ts';

const swaps = 20;
const never = new AbortController().signal;

describe('databases that change names while clients use them', () => {
  let cluster: Cluster;
  let maintenance: Database;
  const urlOf = (name: string) => renamedUrl(cluster.superuserUrl, { name, applicationName: 'api' });
  beforeAll(async () => {
    cluster = await startCluster();
    const url = renamedUrl(cluster.superuserUrl, { name: 'postgres', applicationName: 'x' });
    maintenance = connectDatabase({ url, timeoutMs: 10_000, applicationName: 'tv' });
    const client = new Client({ connectionString: url });
    await client.connect();
    for (const name of ['live', 'copy']) await client.query(`CREATE DATABASE ${name}`);
    await client.end();
    for (const name of ['live', 'copy']) {
      const inside = new Client({ connectionString: urlOf(name) });
      await inside.connect();
      await inside.query(`CREATE TABLE which AS SELECT '${name}' AS name`);
      await inside.end();
    }
  });
  afterAll(async () => {
    await maintenance?.close();
    await cluster?.[Symbol.asyncDispose]();
  });

  const swap = () =>
    swapUnderLoad(maintenance, {
      renames: [
        { from: 'live', to: 'aside' },
        { from: 'copy', to: 'live' },
        { from: 'aside', to: 'copy' },
      ],
      signal: never,
    });

  it('requests of several statements, some on new connections → not one fails, each is of one database', async () => {
    const pool = new Pool({ connectionString: urlOf('live'), max: 3 });
    pool.on('error', () => {});
    const failed: string[] = [];
    const seen: string[] = [];
    let stopped = false;
    let begun = 0;
    let ended = 0;
    const request = async () => {
      const fresh = new Client({ connectionString: urlOf('live') });
      fresh.on('error', () => {});
      await fresh.connect();
      await fresh.end();
      const names = new Set<string>();
      for (let statement = 0; statement < 5; statement++) {
        const { rows } = await pool.query<{ name: string }>('SELECT name FROM which');
        names.add(rows[0]?.name ?? 'none');
      }
      seen.push([...names].join('+'));
    };
    const polling = (async () => {
      while (!stopped) {
        const number = ++begun;
        await request().catch((error: Error) => failed.push(error.message));
        ended = number;
        await sleep(120);
      }
    })();
    for (let count = 0; count < swaps; count++) {
      await swap();
      const next = begun + 1;
      await until(() => ended >= next, {
        what: 'a request that began after the swap',
        limitMs: 10_000,
        everyMs: 37,
      });
    }
    stopped = true;
    await polling;
    await pool.end();
    expect(failed).toEqual([]);
    expect(new Set(seen.flatMap((names) => names.split('+')))).toEqual(new Set(['live', 'copy']));
    expect(seen.length).toBeGreaterThanOrEqual(swaps);
  });

  it('a session that never rests → ended after a second, and swapped', async () => {
    const busy = new Client({ connectionString: urlOf('live') });
    busy.on('error', () => {});
    await busy.connect();
    const statement = busy.query('SELECT pg_sleep(30)').then(
      () => 'answered',
      (error: Error) => error.message,
    );
    const start = performance.now();
    await swap();
    expect(performance.now() - start).toBeGreaterThan(900);
    expect(await statement).toMatch(/terminating connection/);
    await busy.end().catch(() => {});
  });

  it('the lock of another run → named as that, and its session is not ended', async () => {
    const url = renamedUrl(cluster.superuserUrl, { name: 'live', applicationName: `${lockPrefix}db vacuum` });
    const other = new Client({ connectionString: url });
    await other.connect();
    await expect(swap()).rejects.toMatchObject({ code: 'lock.held', exitCode: 6 });
    expect((await other.query('SELECT name FROM which')).rows).toHaveLength(1);
    await other.end();
  });

  it('a name that is taken → nothing is renamed', async () => {
    const taken = {
      renames: [
        { from: 'live', to: 'away' },
        { from: 'copy', to: 'postgres' },
      ],
      signal: never,
    };
    await expect(swapUnderLoad(maintenance, taken)).rejects.toThrow();
    const { rows } = await new Promise<{ rows: { datname: string }[] }>((done, fail) => {
      const client = new Client({ connectionString: urlOf('postgres') });
      client
        .connect()
        .then(() =>
          client.query(
            "SELECT datname FROM pg_database WHERE datname IN ('live', 'copy', 'away') ORDER BY 1",
          ),
        )
        .then(async (answer) => {
          await client.end();
          done(answer);
        })
        .catch(fail);
    });
    expect(rows.map(({ datname }) => datname)).toEqual(['copy', 'live']);
  });
});
