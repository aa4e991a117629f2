import { sql } from 'kysely';
import { TvError } from '../../errors/TvError.ts';
import type { Database } from '../../runbook/context.ts';
import type { ProbeAnswer } from '../../runbook/define.ts';

/** A database as it was planned with: the name alone may lead to another one by now. */
export interface PlannedDatabase {
  readonly name: string;
  readonly oid: number;
}

/** Ends its sessions and drops it. Does nothing where there is none. @param parameters.name of one run alone */
export async function dropDatabase(
  maintenance: Database,
  { name }: { readonly name: string },
): Promise<void> {
  await sql`drop database if exists ${sql.id(name)} with (force)`.execute(maintenance.kysely);
}

/**
 * Drops the database that was planned with, and no other. Does nothing where it is gone.
 * @throws TvError where another database has the name by now, or it has another name
 */
export async function dropPlanned(maintenance: Database, planned: PlannedDatabase): Promise<void> {
  if (await isStillThere(maintenance, planned)) await dropDatabase(maintenance, planned);
}

/**
 * Whether it is there, under its name.
 * @throws TvError where another database has the name by now, or it has another name
 */
export async function isStillThere(maintenance: Database, planned: PlannedDatabase): Promise<boolean> {
  const answer = await probeDropped(maintenance, planned);
  if (answer === 'unknown') throw isAnother(planned.name);
  return answer === 'not-done';
}

/** Whether it was dropped; unknown where another database has the name by now, or it has another name. */
export async function probeDropped(
  maintenance: Database,
  { name, oid }: PlannedDatabase,
): Promise<Exclude<ProbeAnswer, 'begun'>> {
  const [first, ...more] = await maintenance.kysely
    .selectFrom('pg_catalog.pg_database')
    .select(['datname as name', 'oid'])
    .where(({ or, eb }) => or([eb('datname', '=', name), eb('oid', '=', oid)]))
    .execute();
  if (first === undefined) return 'done';
  return more.length === 0 && first.name === name && first.oid === oid ? 'not-done' : 'unknown';
}

/** The name leads to another database than when the run was planned. */
export function isAnother(name: string): TvError {
  return new TvError(
    'run.target-changed',
    `${name} is another database than when this run was planned; it is left as it is.`,
    { next: { tv: ['db', 'backups'] } },
  );
}
