import { sql } from 'kysely';
import { TvError } from '../../errors/TvError.ts';
import type { Database } from '../../runbook/context.ts';
import { sqlState } from '../describeDatabaseError.ts';
import { currentDatabase } from '../expressions.ts';
import { maskStatement } from './maskStatement.ts';

export type StatementOrder = 'total' | 'mean' | 'calls';

export type SlowStatement = {
  /** One line, without text literals. */
  readonly statement: string;
  readonly user: string;
  readonly calls: number;
  readonly totalMs: number;
  readonly meanMs: number;
  readonly rows: number;
};

/** What keeps `pg_stat_statements` from being read. */
export type StatementsObstacle =
  /** The extension's files are not installed on the server's machine. */
  | 'not-installed'
  /** The server does not load it (`shared_preload_libraries`). */
  | 'not-loaded'
  /** Not created in this database, and the role may not see whether the server loads it. */
  | 'not-seen'
  /** Not created in this database. */
  | 'not-created';

export type Statements = {
  readonly obstacle: StatementsObstacle | null;
  /** As the server has it, for whoever has to add to it; null where no role that was tried may see it. */
  readonly preloaded: string | null;
  /** The role sees only its own statements. */
  readonly onlyOwn: boolean;
  readonly user: string;
  readonly statements: readonly SlowStatement[];
};

const orders = {
  total: 'total_exec_time',
  mean: 'mean_exec_time',
  calls: 'calls',
} as const;

export interface ReadStatementsParameters {
  readonly order: StatementOrder;
  readonly limit: number;
  /** The same database as a role that may see more, where there is one. */
  readonly admin?: Database;
}

/**
 * Runbook section 9: what this database's statements have cost since the statistics were last reset.
 * Needs PostgreSQL 13 or newer, which named the columns so.
 */
export async function readStatements(
  database: Database,
  parameters: ReadStatementsParameters,
): Promise<Statements> {
  const { schema, ...about } = await readExtension(database);
  const atAnObstacle = async (obstacle: (preloaded: string | null) => Promise<StatementsObstacle>) => {
    const preloaded = about.preloaded ?? (await askAdmin(parameters.admin));
    return { ...about, preloaded, obstacle: await obstacle(preloaded), statements: [] };
  };
  if (schema === null) return atAnObstacle((preloaded) => findObstacle(database, preloaded));
  try {
    return { ...about, obstacle: null, statements: await readView(database, schema, parameters) };
  } catch (error) {
    // "must be loaded via shared_preload_libraries"
    if (sqlState(error) !== '55000') throw error;
    return atAnObstacle(async () => 'not-loaded');
  }
}

interface Extension {
  readonly schema: string | null;
  readonly preloaded: string | null;
  readonly onlyOwn: boolean;
  readonly user: string;
}

async function readExtension(database: Database): Promise<Extension> {
  const { rows } = await sql<Extension>`
    select
      (select n.nspname from pg_catalog.pg_extension e
        join pg_catalog.pg_namespace n on n.oid = e.extnamespace
        where e.extname = 'pg_stat_statements') as schema,
      case when pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')
        then current_setting('shared_preload_libraries') end as preloaded,
      not pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') as "onlyOwn",
      current_user::text as "user"
  `.execute(database.kysely);
  const [row] = rows;
  if (row === undefined) throw new Error('a SELECT without FROM gave no row');
  return row;
}

async function findObstacle(database: Database, preloaded: string | null): Promise<StatementsObstacle> {
  const available = await database.kysely
    .selectFrom('pg_catalog.pg_available_extensions')
    .select('name')
    .where('name', '=', 'pg_stat_statements')
    .executeTakeFirst();
  if (available === undefined) return 'not-installed';
  if (preloaded === null) return 'not-seen';
  return preloaded.split(',').some((name) => name.trim() === 'pg_stat_statements')
    ? 'not-created'
    : 'not-loaded';
}

/** Only for the advice: where the administrator cannot get in either, it does without. */
async function askAdmin(admin: Database | undefined): Promise<string | null> {
  if (admin === undefined) return null;
  try {
    return (await readExtension(admin)).preloaded;
  } catch (error) {
    if (error instanceof TvError) return null;
    throw error;
  }
}

async function readView(
  database: Database,
  schema: string,
  { order, limit }: { readonly order: StatementOrder; readonly limit: number },
): Promise<readonly SlowStatement[]> {
  const rows = await database.kysely
    .withSchema(schema)
    .selectFrom('pg_stat_statements as s')
    .innerJoin('pg_catalog.pg_database as d', 'd.oid', 's.dbid')
    .leftJoin('pg_catalog.pg_roles as r', 'r.oid', 's.userid')
    .select(({ fn, val }) => [
      's.query as statement',
      fn.coalesce('r.rolname', val('')).as('user'),
      's.calls',
      's.total_exec_time as totalMs',
      's.mean_exec_time as meanMs',
      's.rows',
    ])
    .where('d.datname', '=', currentDatabase)
    // What others ran, and the role may not see.
    .where('s.query', 'is not', null)
    .where('s.query', '<>', '<insufficient privilege>')
    .orderBy(`s.${orders[order]}`, 'desc')
    .limit(limit)
    .$narrowType<{ statement: string }>()
    .execute();
  return rows.map((row) => ({ ...row, statement: maskStatement(row.statement) }));
}
