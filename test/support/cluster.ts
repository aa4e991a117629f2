import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type QueryResultRow } from 'pg';
import { freePorts } from '../../src/sandbox/machine/freePorts.ts';
import { createDatabase, databaseUrl, type SchemaForm } from '../../src/sandbox/postgres/createDatabase.ts';
import { findServer, type PostgresServer } from '../../src/sandbox/postgres/findServer.ts';
import { initCluster } from '../../src/sandbox/postgres/initCluster.ts';
import { postgresCommand } from '../../src/sandbox/postgres/postgresCommand.ts';
import { waitForServer } from '../../src/sandbox/postgres/waitForServer.ts';

/** What people put into passwords: each character means something to a URL, a shell or SQL. */
export const password = `p@ss/w:rd?#%41 '"\\$HOME`;
const superuserPassword = `su'per"$ecret`;

export interface Cluster extends AsyncDisposable {
  readonly port: number;
  readonly superuserUrl: string;
  /** Everything that the server has written to stderr. */
  readonly log: () => string;
  create(form: SchemaForm): Promise<string>;
}

/** The sandbox's own cluster, started by its own command in a folder of its own. */
export async function startCluster(server?: PostgresServer): Promise<Cluster> {
  const found = server ?? (await findServer());
  const parent = await mkdtemp(join(tmpdir(), 'tv-cluster-'));
  await chmod(parent, 0o711);
  const directory = join(parent, 'data');
  const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined;
  const [port = 0] = await freePorts(1);
  try {
    await initCluster(found, {
      directory,
      port,
      superuserPassword,
      ...(nobody === undefined ? {} : { user: nobody }),
    });
  } catch (error) {
    await rm(parent, { recursive: true });
    throw error;
  }
  const [program = '', ...rest] = postgresCommand(found, { directory });
  const child = spawn(program, rest, { ...nobody, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString('utf8');
  });
  const end = async () => {
    child.kill('SIGQUIT');
    await exited;
    await rm(parent, { recursive: true });
  };
  try {
    await waitForServer({ port, superuserPassword });
  } catch (error) {
    await end();
    throw new Error(`the server did not start:\n${log}`, { cause: error });
  }
  return {
    port,
    superuserUrl: `postgresql://postgres:${encodeURIComponent(superuserPassword)}@127.0.0.1:${port}/postgres`,
    log: () => log,
    async create(form) {
      await createDatabase({ port, superuserPassword, password, form });
      return databaseUrl({ port, password });
    },
    [Symbol.asyncDispose]: end,
  };
}

/** One query on a connection of its own. */
export async function rowsOf<R extends QueryResultRow>(url: string, text: string): Promise<R[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<R>(text)).rows;
  } finally {
    await client.end();
  }
}
