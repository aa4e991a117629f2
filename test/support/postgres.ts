import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePorts } from '../../src/sandbox/machine/freePorts.ts';
import { eventTables } from './eventTables.ts';

export type Form = 'raw-and-kinds' | 'per-kind' | 'empty';

/** What people put into passwords: each character means something to a URL, a shell, libpq or SQL. */
export const awkwardPassword = `p@ss/w:rd?#%41 '"\\$HOME\`x\``;

export interface TestDatabase {
  readonly name: string;
  /** For the role `tempovault`, which owns it. */
  readonly url: string;
  /** Runs statements as superuser in this database. */
  admin(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
}

export interface TestPostgres {
  readonly port: number;
  readonly bin: string;
  /** Unix socket directory, where the superuser `postgres` needs no password. */
  readonly socketDirectory: string;
  /** The main server process. */
  readonly pid: number;
  createDatabase(form: Form): Promise<TestDatabase>;
  stop(): Promise<void>;
}

/**
 * A throw-away cluster on a free port of 127.0.0.1, owned by `tempovault` with an awkward password.
 * @param bin folder of the server's programs; default: the newest of this machine
 */
export async function startPostgres(bin = serverPrograms()): Promise<TestPostgres> {
  const directory = mkdtempSync(join(tmpdir(), 'tv-postgres-'));
  const user = unprivilegedUser();
  const prefix =
    user === undefined
      ? []
      : ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--pdeathsig=INT'];
  if (user !== undefined) chownSync(directory, user.uid, user.gid);
  const data = join(directory, 'data');
  let server: ChildProcess | undefined;
  try {
    const [file = '', ...rest] = [
      ...prefix,
      join(bin, 'initdb'),
      '-D',
      data,
      '-U',
      'postgres',
      '-N',
      '-E',
      'UTF8',
    ];
    const made = spawnSync(file, [...rest, '--auth-local=trust', '--auth-host=scram-sha-256'], {
      cwd: directory,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' },
    });
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
    const [port = 0] = await freePorts(1);
    writeFileSync(
      join(data, 'postgresql.auto.conf'),
      `listen_addresses = '127.0.0.1'\nport = ${port}\nunix_socket_directories = '${directory}'
fsync = off\nshared_buffers = 32MB\nmax_connections = 40\ntimezone = 'UTC'\nwal_level = logical\nmax_prepared_transactions = 4\n`,
    );
    server = await start([...prefix, join(bin, 'postgres'), '-D', data], directory);
    const { pid } = server;
    if (pid === undefined) throw new Error('postgres did not start');
    const running = server;
    const admin = (database: string) => superuser(directory, port, database);
    await admin('postgres')(`CREATE ROLE tempovault LOGIN PASSWORD ${pg.escapeLiteral(awkwardPassword)}`);
    let count = 0;
    return {
      port,
      bin,
      pid,
      socketDirectory: directory,
      async createDatabase(form) {
        const name = `vault_${++count}`;
        await admin('postgres')(`CREATE DATABASE ${name} OWNER tempovault TEMPLATE template0`);
        const run = admin(name);
        await run('ALTER SCHEMA public OWNER TO tempovault');
        if (form !== 'empty') await run(`SET ROLE tempovault; ${eventTables[form]}`);
        const url = `postgresql://tempovault:${encodeURIComponent(awkwardPassword)}@127.0.0.1:${port}/${name}`;
        return { name, url, admin: run };
      },
      async stop() {
        await stop(running);
        rmSync(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    if (server !== undefined) await stop(server);
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

function superuser(host: string, port: number, database: string): TestDatabase['admin'] {
  return async (text, values) => {
    const client = new pg.Client({ host, port, database, user: 'postgres' });
    // The server may end the session between two queries; the next query says so.
    client.on('error', () => {});
    await client.connect();
    try {
      const result = await client.query(text, values === undefined ? undefined : [...values]);
      return Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows;
    } finally {
      await client.end();
    }
  };
}

/** Ready once it says so: nothing to poll. */
async function start(command: readonly string[], directory: string): Promise<ChildProcess> {
  const [file = '', ...rest] = command;
  const server = spawn(file, rest, {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' },
  });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    server.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000);
      if (said.includes('ready to accept connections')) resolve();
    });
    server.once('exit', (code) => reject(new Error(`postgres ended with ${code}: ${said}`)));
    server.once('error', reject);
  });
  return server;
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  // Immediate shutdown: the cluster is thrown away. Reaches a stopped server as well.
  server.kill('SIGQUIT');
  server.kill('SIGCONT');
  await ended;
}

function serverPrograms(): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const found = versions.map((v) => join(root, v, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
  if (found === undefined) throw new Error(`no PostgreSQL server programs under ${root}`);
  return found;
}

/** PostgreSQL refuses to run as root. */
function unprivilegedUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const line = lines.find((l) => l.startsWith('postgres:')) ?? lines.find((l) => l.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('neither postgres nor nobody in /etc/passwd');
  return { uid: Number(uid), gid: Number(gid) };
}
