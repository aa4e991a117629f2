import { inTheWay } from '../database/restore/clearSessions.ts';
import { listForeignSessions } from '../database/restore/listForeignSessions.ts';
import { listRenameBlockers, type RenameBlockers } from '../database/restore/listRenameBlockers.ts';
import type { Advice } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { Context } from '../runbook/context.ts';
import { withMaintenance } from './maintenance.ts';

/**
 * Once more before the services stop: what has come since would refuse the change after that, in vain.
 * @throws TvError that lists what blocks
 */
export async function assertNoBlockers(ctx: Context): Promise<void> {
  const { name } = ctx.database().target;
  const found = await withMaintenance(ctx, 'tv', (database) => listRenameBlockers(database, { name }));
  const slots = found.slots.filter(({ active }) => active);
  const { facts, next } = describeBlockers({ ...found, slots }, name);
  if (Object.keys(facts).length === 0) return;
  throw new TvError(
    'db.objects-in-use',
    `${name} cannot be renamed or dropped while these use it; no service was stopped.`,
    {
      facts,
      next,
    },
  );
}

/** A line and a remedy for each. Exported for its table of situations. */
export function describeBlockers({ slots, prepared, workers, subscriptions }: RenameBlockers, name: string) {
  const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
  const psql = (statement: string, database = 'postgres') =>
    `sudo -u postgres psql -d ${database} -c "${statement.replace(/["\\$`]/g, '\\$&')}"`;
  const facts: Record<string, string> = {};
  const next: Advice[] = [];
  for (const slot of slots) {
    facts[`slot ${slot.name}`] =
      `logical, ${slot.plugin}, ${slot.active ? 'being read now' : 'not read now'}`;
    if (slot.active) next.push(`stop the program that reads the slot ${slot.name}`);
    next.push(psql(`SELECT pg_drop_replication_slot(${literal(slot.name)})`));
  }
  for (const gid of prepared) {
    facts[`prepared transaction ${gid}`] = 'neither committed nor rolled back';
    next.push(psql(`ROLLBACK PREPARED ${literal(gid)}`, name));
  }
  for (const { pid, type, application } of workers) {
    facts[`pid ${pid}`] = application === '' ? type : `${type}, ${application}`;
    if (type !== 'walsender') next.push(`stop the ${type} of ${name} (pid ${pid})`);
  }
  for (const subscription of subscriptions) {
    facts[`subscription ${subscription}`] = 'receives from another server';
    next.push(psql(`ALTER SUBSCRIPTION "${subscription}" DISABLE`, name));
  }
  return { facts, next: next.slice(0, 4) };
}

/** What people work with: these do not end when the services do. */
const byHand = /^(psql|pg_dump|pgadmin|dbeaver|datagrip|tableplus)/i;

/**
 * A session that stays connected would otherwise be found only after the services were stopped, in vain.
 * @throws TvError that lists them
 */
export async function assertNobodyStays(ctx: Context): Promise<void> {
  const { user } = ctx.database().target;
  const { strangers } = await readSwapSessions(ctx);
  const stay = strangers.filter((one) => one.user !== user || byHand.test(one.application));
  if (stay.length > 0) throw inTheWay(stay);
}

/** Sessions of the live database, and those of them that are not of the services, as far as their names tell. */
export async function readSwapSessions(ctx: Context) {
  const { settings } = ctx;
  const { name, user } = ctx.database().target;
  const all = await withMaintenance(ctx, 'tv', (database) =>
    listForeignSessions(database, { names: [name] }),
  );
  // Those of the services end with them. A program with a name of its own, or another role, is not one of theirs.
  const own = new Set<string>([
    '',
    ...Object.values(settings.host.programs),
    ...Object.values(settings.host.units),
  ]);
  return { all, strangers: all.filter((one) => one.user !== user || !own.has(one.application)) };
}
