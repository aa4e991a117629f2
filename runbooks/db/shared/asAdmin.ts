import { openBeside } from '../../../src/database/connectDatabase.ts';
import type { Context, Database } from '../../../src/runbook/context.ts';

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
