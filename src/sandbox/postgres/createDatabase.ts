import { Client, escapeLiteral } from 'pg';
import { deployedSchema } from './deployedSchema.ts';
import { runbookSchema } from './runbookSchema.ts';
import type { SchemaForm } from './schemaForm.ts';

export interface CreateDatabaseParameters {
  readonly port: number;
  /** Password of the superuser `postgres`. */
  readonly superuserPassword: string;
  /** Password that the role `tempovault` gets. */
  readonly password: string;
  readonly form: SchemaForm;
}

export interface CreatedDatabase {
  /** For `INDEXER_DB_URL`. Secret. */
  readonly url: string;
}

/** Makes the role `tempovault` (no superuser), its database of the same name, and the schema, all its own. */
export async function createDatabase(parameters: CreateDatabaseParameters): Promise<CreatedDatabase> {
  const { port, superuserPassword, password, form } = parameters;
  const server = { host: '127.0.0.1', port };
  const superuser = { ...server, user: 'postgres', password: superuserPassword };
  await withClient({ ...superuser, database: 'postgres' }, async (client) => {
    // CREATE ROLE cannot take its password as a parameter: keep the text out of the server's log and statistics.
    await client.query("SET log_min_error_statement = 'panic'; SET pg_stat_statements.track = 'none'");
    await client.query(`CREATE ROLE tempovault LOGIN PASSWORD ${escapeLiteral(password)}`);
    await client.query('CREATE DATABASE tempovault OWNER tempovault');
  });
  await withClient({ ...superuser, database: 'tempovault' }, async (client) => {
    await client.query('ALTER SCHEMA public OWNER TO tempovault');
    if (await isPreloaded(client)) await client.query('CREATE EXTENSION pg_stat_statements');
  });
  const owner = { ...server, user: 'tempovault', password, database: 'tempovault' };
  await withClient(owner, (client) => client.query(form === 'deployed' ? deployedSchema : runbookSchema));
  return { url: `postgresql://tempovault:${encodeURIComponent(password)}@127.0.0.1:${port}/tempovault` };
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
  // A server that goes away is told by the query; without a listener it would end tv as well.
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
