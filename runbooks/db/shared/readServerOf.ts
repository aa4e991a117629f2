import { sqlState } from '../../../src/database/describeDatabaseError.ts';
import { type DatabaseServer, readServer } from '../../../src/database/readServer.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { withMaintenance } from './maintenance.ts';

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
