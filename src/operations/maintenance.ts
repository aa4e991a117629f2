import { openBeside } from '../database/connectDatabase.ts';
import { sqlState } from '../database/describeDatabaseError.ts';
import { type DatabaseServer, readServer } from '../database/readServer.ts';
import { besidePrefix } from '../database/restore/listDatabases.ts';
import {
  type DatabaseProperties,
  readDatabaseProperties,
} from '../database/restore/readDatabaseProperties.ts';
import { readRights } from '../database/restore/readRights.ts';
import type { Context, Database } from '../runbook/context.ts';
import { block, pass, warn } from '../runbook/preflight.ts';

/** Every server has it, and no service uses it: from there other databases are made and renamed. */
const maintenanceName = 'postgres';

/** Opens another database of the server as whoever may make databases, for the time of some work. */
export async function withDatabase<T>(
  ctx: Context,
  { name, applicationName }: { readonly name: string; readonly applicationName: string },
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const { adminUrl } = ctx.settings.database;
  const database = openBeside(ctx.database(), { name, adminUrl, applicationName });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** From where databases are made, renamed and dropped. */
export function withMaintenance<T>(
  ctx: Context,
  applicationName: string,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  return withDatabase(ctx, { name: maintenanceName, applicationName }, work);
}

/** Of a database without a recorded definition: as `createdb` makes it on this server, for this owner. */
async function plainProperties(
  maintenance: Database,
  { name, owner }: { readonly name: string; readonly owner: string },
): Promise<DatabaseProperties> {
  const template = await readDatabaseProperties(maintenance, { name: 'template0' });
  if (template === undefined) throw new Error('every server has template0');
  return { ...template, name, owner, comment: null, settings: [], grants: null };
}

export type MaintenanceFacts = {
  readonly properties: DatabaseProperties;
  readonly user: string;
  readonly dataDirectory: string | null;
};

/**
 * Whether a database can be made beside the live one, and what it has to be like.
 * @param kept what it was like when a backup was made: serves where there is no live database
 */
export function checkMaintenance(ctx: Context, kept?: DatabaseProperties) {
  const { name, user: role } = ctx.database().target;
  return withMaintenance(ctx, 'tv', async (database) => {
    const live = await readDatabaseProperties(database, { name });
    const properties = live ?? kept ?? (await plainProperties(database, { name, owner: role }));
    const rights = await readRights(database, { owner: properties.owner });
    const value = { properties, user: rights.user, dataDirectory: rights.dataDirectory };
    const remedy = [
      { when: 'set database.adminUrl to a superuser of PostgreSQL', tv: ['config', 'show'] },
      `or: sudo -u postgres psql -c 'ALTER ROLE ${role} CREATEDB'`,
    ];
    if (!rights.mayCreateDatabases) {
      return block<MaintenanceFacts>(`${rights.user} may not make databases`, { next: remedy });
    }
    if (!rights.mayActAsOwner) {
      return block<MaintenanceFacts>(`${rights.user} may not hand a database to ${properties.owner}`, {
        next: remedy,
      });
    }
    if (live === undefined && kept === undefined) {
      return warn(
        `nothing says what ${name} was like: made with owner ${properties.owner}, no settings, no grants`,
        { value },
      );
    }
    if (!rights.isSuperuser) {
      return warn(`${rights.user} may make databases, but not every extension (no superuser)`, { value });
    }
    return pass(
      `${rights.user} may make databases; owner ${properties.owner}, ${properties.encoding}`,
      value,
    );
  });
}

/** Work on the same database as the role of `database.adminUrl`, or as the ordinary one where there is none. */
export async function asAdmin<T>(ctx: Context, work: (admin: Database) => Promise<T>): Promise<T> {
  const database = ctx.database();
  const admin = openBeside(database, {
    name: database.target.name,
    adminUrl: ctx.settings.database.adminUrl,
    applicationName: 'tv',
  });
  try {
    return await work(admin);
  } finally {
    await admin.close();
  }
}

/** `20261123-221500-db-backup-7f3a` → `20261123-221500-7f3a`: the time of a run, and what sets it apart. */
export function stampOf(run: string): string {
  return `${run.slice(0, 15)}-${run.slice(-4)}`;
}

/** The name under which a run's dumps and restores appear in `pg_stat_activity`; the server cuts at 63 bytes. */
export function applicationName(run: string): string {
  return `tv ${run}`.slice(0, 63);
}

/** A database beside the live one, of one run alone. */
export function besideName(live: string, purpose: Parameters<typeof besidePrefix>[1], run: string): string {
  return `${besidePrefix(live, purpose)}${stampOf(run).replaceAll('-', '_')}`;
}

/**
 * All or nothing: what a step had done when it failed is rolled back, so that its probe may rightly
 * say "not done". The first failure is the one to report.
 */
export async function withRollback<T>(work: () => Promise<T>, rollBack: () => Promise<void>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await rollBack().catch(() => {});
    throw error;
  }
}

/** The server, and of the live database what there is: without one it has no oid and no size. */
export type FoundServer = Omit<DatabaseServer, 'databaseOid'> & { readonly databaseOid: number | null };

/** SQLSTATE invalid_catalog_name: there is no database of that name. */
const noDatabase = '3D000';

/** The server behind the live database, also where that database is gone. */
export async function readServerOf(ctx: Context): Promise<FoundServer> {
  try {
    return await readServer(ctx.database());
  } catch (error) {
    if (sqlState(error) !== noDatabase) throw error;
    const found = await withMaintenance(ctx, 'tv', readServer);
    return { ...found, databaseOid: null, sizeBytes: 0 };
  }
}
