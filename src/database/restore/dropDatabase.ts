import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';

/** Ends its sessions and drops it. Does nothing where there is none of that name. */
export async function dropDatabase(
  maintenance: Database,
  parameters: { readonly name: string },
): Promise<void> {
  await sql`drop database if exists ${sql.id(parameters.name)} with (force)`.execute(maintenance.kysely);
}
