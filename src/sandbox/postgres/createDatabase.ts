import { Client, escapeLiteral } from 'pg';
import { deployedSchema } from './deployedSchema.ts';
import { runbookSchema } from './runbookSchema.ts';

/** The two forms of TempoVault's database: as it is deployed, and as the original runbook assumes it. */
export type SchemaForm = 'deployed' | 'runbook';

export interface CreateDatabaseParameters {
  readonly port: number;
  /** Password of the superuser `postgres`. */
  readonly superuserPassword: string;
  /** Password that the role `tempovault` gets. */
  readonly password: string;
  readonly form: SchemaForm;
}

/** For `INDEXER_DB_URL`. Secret. */
export function databaseUrl({ port, password }: Pick<CreateDatabaseParameters, 'port' | 'password'>): string {
  return `postgresql://tempovault:${encodeURIComponent(password)}@127.0.0.1:${port}/tempovault`;
}

/** Makes the role `tempovault` (no superuser), its database of the same name, and the schema, all its own. */
export async function createDatabase(parameters: CreateDatabaseParameters): Promise<void> {
  const { port, superuserPassword, password, form } = parameters;
  const server = { host: '127.0.0.1', port };
  const superuser = { ...server, user: 'postgres', password: superuserPassword };
  await withClient({ ...superuser, database: 'postgres' }, async (client) => {
    await client.query(unlogged);
    await client.query(`CREATE ROLE tempovault LOGIN PASSWORD ${escapeLiteral(password)}`);
    await client.query('CREATE DATABASE tempovault OWNER tempovault');
  });
  await withClient({ ...superuser, database: 'tempovault' }, async (client) => {
    await client.query('ALTER SCHEMA public OWNER TO tempovault');
    if (await isPreloaded(client)) await client.query('CREATE EXTENSION pg_stat_statements');
  });
  const owner = { ...server, user: 'tempovault', password, database: 'tempovault' };
  await withClient(owner, (client) => client.query(form === 'deployed' ? deployedSchema : runbookSchema));
}

/** Passwords cannot be parameters of a statement: keeps its text out of the server's log and statistics. */
const unlogged = "SET log_min_error_statement = 'panic'; SET pg_stat_statements.track = 'none'";

export interface ChangePasswordsParameters {
  readonly port: number;
  /** Of the superuser `postgres`, so far. */
  readonly from: string;
  readonly superuserPassword: string;
  /** Of the role `tempovault`. */
  readonly password: string;
}

export async function changePasswords(parameters: ChangePasswordsParameters): Promise<void> {
  const { port, from, superuserPassword, password } = parameters;
  const superuser = { host: '127.0.0.1', port, user: 'postgres', password: from, database: 'postgres' };
  await withClient(superuser, async (client) => {
    await client.query(unlogged);
    await client.query(`ALTER ROLE tempovault PASSWORD ${escapeLiteral(password)}`);
    await client.query(`ALTER ROLE postgres PASSWORD ${escapeLiteral(superuserPassword)}`);
  });
}

async function isPreloaded(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ libraries: string }>(
    "SELECT current_setting('shared_preload_libraries') AS libraries",
  );
  return rows[0]?.libraries.includes('pg_stat_statements') ?? false;
}

async function withClient<T>(
  config: ConstructorParameters<typeof Client>[0],
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client(config);
  // The query reports a server that goes away; without a listener it would end tv as well.
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
