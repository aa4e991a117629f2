import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';
import type { DatabaseProperties } from './readDatabaseProperties.ts';

/**
 * Whether new sessions of a database wait for the disk when they commit. What is lost in a crash of the server
 * without that is lost from the end: rows and cursor stay in step.
 * @param parameters.like its setting is restored, or that of the server where it has none
 */
export async function setCommitMode(
  maintenance: Database,
  parameters: { readonly name: string } & (
    | { readonly mode: 'off' }
    | { readonly like: Pick<DatabaseProperties, 'settings'> }
  ),
): Promise<void> {
  const database = sql`alter database ${sql.id(parameters.name)}`;
  const before =
    'mode' in parameters
      ? parameters.mode
      : parameters.like.settings.find(({ role, name }) => role === null && name === 'synchronous_commit')
          ?.value;
  const change =
    before === undefined
      ? sql`${database} reset synchronous_commit`
      : sql`${database} set synchronous_commit to ${sql.lit(before)}`;
  await maintenance.kysely.transaction().execute(async (transaction) => {
    // The log is written in order: once this commit is on disk, so is all that was committed before.
    await sql`set local synchronous_commit to on`.execute(transaction);
    await change.execute(transaction);
  });
}
