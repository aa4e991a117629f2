import {
  listRenameBlockers,
  type RenameBlockers,
} from '../../../../src/database/restore/listRenameBlockers.ts';
import type { Advice } from '../../../../src/errors/advice.ts';
import { TvError } from '../../../../src/errors/TvError.ts';
import type { Context } from '../../../../src/runbook/context.ts';
import { block, need, pass } from '../../../../src/runbook/preflight.ts';
import { howMany } from '../../../../src/text/format.ts';
import { withMaintenance } from '../../shared/maintenance.ts';
import type { FoundServer } from '../../shared/readServerOf.ts';

export interface CheckBlockersParameters {
  readonly server: Promise<FoundServer | undefined>;
  /** The live database is dropped, and not put aside. */
  readonly inPlace: boolean;
}

/** What would refuse the change of names, found while the services still run. */
export async function checkBlockers(ctx: Context, { server, inPlace }: CheckBlockersParameters) {
  const { name } = ctx.database().target;
  if ((await need(server, 'server')).databaseOid === null) return pass(`there is no ${name} to rename`);
  const found = await withMaintenance(ctx, 'tv', (database) => listRenameBlockers(database, { name }));
  const { facts, next } = describeBlockers(found, name);
  if (Object.keys(facts).length === 0) return pass('no replication slot, prepared transaction or worker');
  const idle = found.slots.filter(({ active }) => !active);
  // An idle slot alone keeps nothing from being renamed: an operator may decide what becomes of it.
  if (Object.keys(facts).length === idle.length) {
    const fate = inPlace ? 'would be dropped with the database' : `would stay with the old database`;
    return block(`${howMany(idle.length, 'logical replication slot')} ${fate}: ${list(idle)}`, {
      facts,
      next,
      override: 'replication-slots',
    });
  }
  return block(`${name} cannot be renamed or dropped while these use it`, { facts, next });
}

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
  throw new TvError(`${name} cannot be renamed or dropped while these use it; no service was stopped.`, {
    facts,
    next,
  });
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

function list(slots: RenameBlockers['slots']): string {
  return slots.map(({ name }) => name).join(', ');
}
