import { openBeside } from '../../../src/database/connectDatabase.ts';
import {
  type DatabaseProperties,
  readDatabaseProperties,
} from '../../../src/database/restore/readDatabaseProperties.ts';
import { readRights } from '../../../src/database/restore/readRights.ts';
import type { Context, Database } from '../../../src/runbook/context.ts';
import { block, pass, warn } from '../../../src/runbook/preflight.ts';

/** Every server has it, and nobody works in it: from there other databases are made and renamed. */
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

/** Of a database that nobody has described: as `createdb` makes it on this server, for this owner. */
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
