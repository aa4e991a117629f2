import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import { findPast } from '../../src/sandbox/chain/chainSnapshot.ts';
import { rpc } from '../../src/sandbox/chain/rpc.ts';
import { cgroupProcesses, sandboxCgroup } from '../../src/sandbox/machine/cgroup.ts';
import { systemdObstacle } from '../../src/sandbox/machine/systemdObstacle.ts';
import { until } from '../../src/sandbox/machine/until.ts';
import { readPassword } from '../../src/sandbox/passwords.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { findCluster } from '../../src/sandbox/postgres/clusterSnapshot.ts';
import { keptPasts, startSandbox, tracesOf, tvHome } from '../support/sandbox.ts';

const launcher = fileURLToPath(new URL('../../bin/tv.js', import.meta.url));
const obstacle = await systemdObstacle();
const minutes = 60_000;

// Says so, where the real one cannot be had.
if (obstacle !== undefined) it.skip(`a real systemd cannot be tested here: ${obstacle}`);

describe.skipIf(obstacle !== undefined)('on a systemd of its own', () => {
  it(
    'database kept with the past of its chain → all rows, no block left out, new passwords',
    async () => {
      const [folder, form] = [keptPasts('short'), { network: 'tempo', contracts: 'full' }] as const;
      const kept = () => findCluster(folder, { ...form, schema: 'deployed', indexer: 'complete' });
      // The first one of its form may still have to write the past, and the second one keeps the database.
      for (let round = 0; round < 2 && (await kept()) === undefined; round++)
        await (await startSandbox()).stop();
      const [cluster, past] = [await kept(), findPast(folder, form)];
      if (cluster === undefined || past === undefined) throw new Error('nothing was kept');

      await using sandbox = await startSandbox();
      // An indexer writes the rows of a range before its cursor: up to the cursor, nothing may be missing.
      let row: { old: string; fresh: string[] | null; reached: string } | undefined;
      await until(
        async () => {
          [row] = await sandbox.sql(
            `SELECT count(*) FILTER (WHERE block_number <= $1) AS old,
                    array_agg(DISTINCT transaction_hash)
                      FILTER (WHERE block_number > $1 AND block_number <= last_indexed_block) AS fresh,
                    max(last_indexed_block) AS reached
             FROM events, indexer_state`,
            [past.lastBlock],
          );
          return row?.fresh != null;
        },
        { limitMs: minutes, what: `an event after block ${past.lastBlock}, up to the cursor` },
      );
      expect(Number(row?.old)).toBe(cluster.events);
      const hex = (block: number | string | undefined) => `0x${Number(block).toString(16)}`;
      const logs = await rpc<{ transactionHash: string }[]>(
        `http://127.0.0.1:${sandbox.info.ports.chain}`,
        'eth_getLogs',
        [
          {
            address: Object.values(past.deployment.addresses),
            fromBlock: hex(past.lastBlock + 1),
            toBlock: hex(row?.reached),
          },
        ],
      );
      // Only the relay has sent transactions; a signal has logs of two kinds, of which one is indexed.
      const signals = new Set(logs.map(({ transactionHash }) => transactionHash));
      expect(signals.size).toBeGreaterThan(0);
      expect(row?.fresh).toEqual([...signals].sort());

      const paths = sandboxPaths(sandbox.dir);
      const own = [readPassword(paths, 'tempovault'), readPassword(paths, 'postgres')];
      expect(own).not.toContain(cluster.superuserPassword);
      const superuser = { user: 'postgres', database: 'postgres', password: cluster.superuserPassword };
      const client = new Client({ host: '127.0.0.1', port: sandbox.info.ports.database, ...superuser });
      await expect(client.connect()).rejects.toThrow(/password authentication failed/);
      const statements = await sandbox.sql('SELECT query FROM pg_stat_statements', [], 'postgres');
      const { stdout } = await sandbox.inside('journalctl', '-u', 'sandbox-database');
      expect(stdout).toContain('database system is ready');
      for (const secret of own) expect(`${JSON.stringify(statements)}${stdout}`).not.toContain(secret);
    },
    4 * minutes,
  );

  it(
    'comes up once, shows and lends its tools, breaks, heals, and goes without a trace',
    async () => {
      await using home = await tvHome();
      const dir = join(home.directory, 'sandbox', 'drill');
      const up = await home.tv(['sandbox', 'up', '--name', 'drill', '--json']);
      expect(up.stderr).toBe('');
      expect(up.exitCode).toBe(0);
      const made = JSON.parse(up.stdout);
      expect(made).toMatchObject({
        already: false,
        name: 'drill',
        dir,
        network: 'tempo',
        contracts: 'full',
        databaseSchema: 'deployed',
        machine: { kind: 'systemd' },
      });
      expect(up.stdout).not.toMatch(/password"|PRIVATE/i);

      const again = await home.tv(['sandbox', 'up', '--name', 'drill', '--json']);
      expect(JSON.parse(again.stdout)).toEqual({ ...made, already: true });

      const shell = (...command: readonly string[]) =>
        home.tv(['sandbox', 'shell', '--name', 'drill', '--', ...command]);
      expect(await shell('systemctl', 'is-active', 'tempovault-indexer')).toMatchObject({
        exitCode: 0,
        stdout: 'active',
      });
      expect(Number((await shell('psql', '-Atc', 'SELECT count(*) FROM events')).stdout)).toBeGreaterThan(
        5_000,
      );
      // Its output is buffered: the chain alone shows that it works.
      expect((await shell('tv', 'oracle', 'status', '--json')).stdout).toMatch(/"health": ?"healthy"/);
      expect((await shell('tv', 'sandbox', 'status', '--json')).stdout).toContain(dir);
      expect((await shell('sh', '-c', 'exit 23')).exitCode).toBe(23);

      const breakIt = (...words: readonly string[]) =>
        home.tv(['sandbox', 'break', ...words, '--name', 'drill']);
      const unit = async (name: string) => {
        const { stdout } = await home.tv(['sandbox', 'status', '--name', 'drill', '--json']);
        const units = JSON.parse(stdout).units as { unit: string; active: string }[];
        return units.find((each) => each.unit === name)?.active;
      };
      const rpcUrl = `http://127.0.0.1:${made.ports.rpc}`;
      const answer = (method: string) =>
        fetch(rpcUrl, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: [] }),
        });
      const count = async () => Number((await shell('psql', '-Atc', 'SELECT count(*) FROM deposits')).stdout);
      const deposits = await count();

      for (const fault of ['kill-oracle', 'rate-limit-rpc', 'corrupt-db', 'fill-disk', 'stop-db']) {
        expect((await breakIt(fault)).exitCode).toBe(0);
      }
      await until(async () => (await unit('tempovault-oracle')) === 'failed', {
        limitMs: 10_000,
        what: 'the relay to be dead',
      });
      expect(await unit('sandbox-database')).toBe('inactive');
      expect((await answer('eth_chainId')).status).toBe(429);
      const full = await shell('systemctl', 'is-system-running');
      expect(full.stdout).not.toBe('');
      expect((await home.tv(['sandbox', 'break', 'no-such-fault', '--name', 'drill'])).exitCode).toBe(2);

      const healed = await breakIt('--heal', '--json');
      expect(JSON.parse(healed.stdout).faults).toHaveLength(5);
      expect(await unit('tempovault-oracle')).toBe('active');
      expect((await answer('eth_chainId')).status).toBe(200);
      expect(await count()).toBe(deposits);

      const down = await home.tv(['sandbox', 'down', '--name', 'drill', '--json']);
      expect(JSON.parse(down.stdout)).toMatchObject({ found: true });
      expect(tracesOf(dir)).toEqual([]);
      const nothing = await home.tv(['sandbox', 'down', '--name', 'drill']);
      expect(nothing.exitCode).toBe(0);
      expect(nothing.stdout).toContain('There was no sandbox');
    },
    4 * minutes,
  );

  it(
    'also has the form that RUNBOOK.md describes, on a chain with a native gas token',
    async () => {
      await using sandbox = await startSandbox({ network: 'plain', contracts: 'runbook', schema: 'runbook' });
      const tables = await sandbox.sql<{ name: string }>(
        "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
      );
      expect(tables.map(({ name }) => name)).toContain('rebalances');
      expect(tables.map(({ name }) => name)).not.toContain('events');
      const env = readFileSync(join(sandbox.dir, 'tempovault', '.env'), 'utf8');
      expect(statSync(join(sandbox.dir, 'tempovault', '.env')).mode & 0o777).toBe(0o640);
      for (const name of [
        'RPC_URL',
        'ORACLE_PRIVATE_KEY',
        'INDEXER_DB_URL',
        'START_BLOCK',
        'ALLOWED_ORIGINS',
      ]) {
        expect(env).toMatch(new RegExp(`^${name}=`, 'm'));
      }
      expect(readFileSync(join(sandbox.dir, 'sandbox.json'), 'utf8')).not.toContain(
        /^ORACLE_PRIVATE_KEY=(.*)$/m.exec(env)?.[1],
      );
      await sandbox.stop();
      expect(tracesOf(sandbox.dir)).toEqual([]);
    },
    3 * minutes,
  );

  /** Moments in the life of an `up`, by what can be seen of it from outside. */
  const moments: Readonly<Record<string, (dir: string) => boolean>> = {
    'as soon as its directory is there': (dir) => existsSync(join(dir, '.tv-sandbox')),
    'when systemd has just been started': (dir) => cgroupProcesses(sandboxCgroup(dir) ?? '').length > 0,
    'while the database is being made': (dir) => existsSync(join(dir, 'postgres', 'data')),
    'when the services start': (dir) => existsSync(join(dir, 'tv.yaml')),
  };

  it.each(Object.keys(moments))(
    'leaves nothing after kill -9 of up %s, once taken down',
    async (moment) => {
      await using home = await tvHome();
      const dir = join(home.directory, 'sandbox', 'sandbox');
      const child = spawn(process.execPath, [launcher, 'sandbox', 'up'], { env: home.env, stdio: 'ignore' });
      const ended = once(child, 'exit');
      await until(() => moments[moment]?.(dir) ?? false, { limitMs: 60_000, what: moment, everyMs: 2 });
      child.kill('SIGKILL');
      await ended;

      const status = await home.tv(['sandbox', 'status', '--json']);
      expect(JSON.parse(status.stdout).condition).toBe('broken');
      expect((await home.tv(['sandbox', 'down'])).exitCode).toBe(0);
      expect(tracesOf(dir)).toEqual([]);
      expect(readdirSync(home.directory)).toEqual([]);
    },
    2 * minutes,
  );

  it.each([
    ['before its directory is there', undefined],
    ['before its first file', []],
    ['with its first file half written', ['.tv-sandbox.draft']],
    ['with an empty first file', ['.tv-sandbox']],
  ])('leaves nothing of an up that was killed %s, once taken down', async (_, files) => {
    await using home = await tvHome();
    const dir = join(home.directory, 'sandbox', 'sandbox');
    mkdirSync(files === undefined ? dirname(dir) : dir, { recursive: true });
    for (const file of files ?? []) writeFileSync(join(dir, file), '');
    expect((await home.tv(['sandbox', 'down'])).exitCode).toBe(0);
    expect(readdirSync(home.directory)).toEqual([]);
  });

  it('takes everything away again when it is interrupted', async () => {
    await using home = await tvHome();
    const dir = join(home.directory, 'sandbox', 'sandbox');
    const child = spawn(process.execPath, [launcher, 'sandbox', 'up'], { env: home.env, stdio: 'ignore' });
    const ended = once(child, 'exit');
    await until(() => existsSync(join(dir, 'postgres', 'data')), {
      limitMs: 60_000,
      what: 'up to be running',
    });
    child.kill('SIGINT');
    expect(await ended).toEqual([7, null]);
    expect(tracesOf(dir)).toEqual([]);
    expect(readdirSync(home.directory)).toEqual([]);
  });

  it(
    'comes up over the remains of a killed one, and again after its systemd was killed',
    async () => {
      await using home = await tvHome();
      const dir = join(home.directory, 'sandbox', 'sandbox');
      const child = spawn(process.execPath, [launcher, 'sandbox', 'up'], { env: home.env, stdio: 'ignore' });
      const ended = once(child, 'exit');
      await until(() => existsSync(join(dir, 'postgres', 'data')), {
        limitMs: 60_000,
        what: 'up to be running',
      });
      child.kill('SIGKILL');
      await ended;
      const up = await home.tv(['sandbox', 'up', '--json']);
      expect(up.exitCode).toBe(0);
      process.kill(JSON.parse(up.stdout).machine.init.pid, 'SIGKILL');
      await until(() => cgroupProcesses(sandboxCgroup(dir) ?? '').length === 0, {
        limitMs: 10_000,
        what: 'everything to die with process 1',
      });
      const shell = await home.tv(['sandbox', 'shell', '--', 'true']);
      expect(shell.exitCode).toBe(1);
      expect(shell.stderr).toContain('The sandbox has stopped.');
      await home.tv(['sandbox', 'down']);
      expect(tracesOf(dir)).toEqual([]);
    },
    3 * minutes,
  );
});
