import { openBeside } from '../../../src/database/connectDatabase.ts';
import {
  type DatabaseProperties,
  readDatabaseProperties,
} from '../../../src/database/restore/readDatabaseProperties.ts';
import { readRights } from '../../../src/database/restore/readRights.ts';
import type { Context, Database } from '../../../src/runbook/context.ts';
import { block, pass, warn } from '../../../src/runbook/lookout.ts';

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

export type MaintenanceFacts = {
  readonly properties: DatabaseProperties;
  readonly user: string;
  readonly dataDirectory: string | null;
};

/** Whether a database can be made beside the live one, and what it has to be like. */
export function lookAtMaintenance(ctx: Context) {
  const { name, user: role } = ctx.database().target;
  return withMaintenance(ctx, 'tv', async (database) => {
    const properties = await readDatabaseProperties(database, { name });
    if (properties === undefined) return block<MaintenanceFacts>(`there is no database ${name}`);
    const rights = await readRights(database, { owner: properties.owner });
    const value = { properties, user: rights.user, dataDirectory: rights.dataDirectory };
    const remedy = [
      'set database.adminUrl to a superuser of PostgreSQL: tv config show',
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
    if (!rights.isSuperuser) {
      return warn(`${rights.user} may make databases, but not every extension (no superuser)`, { value });
    }
    return pass(
      `${rights.user} may make databases; owner ${properties.owner}, ${properties.encoding}`,
      value,
    );
  });
}
