import { listDataTables } from '../../src/database/listDataTables.ts';
import { inTheWay } from '../../src/database/restore/clearSessions.ts';
import { listForeignSessions, sessionLines } from '../../src/database/restore/listForeignSessions.ts';
import { listRenameBlockers, type RenameBlockers } from '../../src/database/restore/listRenameBlockers.ts';
import { type Advice, onHost } from '../../src/errors/advice.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { readUnits, type UnitState } from '../../src/host/readUnits.ts';
import { type FoundServer, withMaintenance } from '../../src/operations/maintenance.ts';
import type { Context } from '../../src/runbook/context.ts';
import { block, need, pass, warn } from '../../src/runbook/preflight.ts';
import { howMany } from '../../src/text/format.ts';
import type { RestoreFacts } from './restore.facts.ts';

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

function list(slots: RenameBlockers['slots']): string {
  return slots.map(({ name }) => name).join(', ');
}

export interface CheckServicesParameters {
  /** The database is gone: its services fail for want of it, and are meant to run. */
  readonly lost: boolean;
  /** The database is dropped first. */
  readonly inPlace: boolean;
  /** Units that an unfinished restore has stopped: they are meant to run. Default: none. */
  readonly stoppedEarlier?: readonly string[];
}

/** Between the two looks, in milliseconds: systemd restarts after 100 ms unless told otherwise. */
const windowMs = 2_000;
/** A service that has been restarted this often, and came up less than `freshMs` ago, is not up for good. */
const manyRestarts = 3;
const freshMs = 30_000;

/** Which services run, and so have to run afterwards. One that only crashes again and again does not. */
export async function checkServices(
  ctx: Context,
  { lost, inPlace, stoppedEarlier = [] }: CheckServicesParameters,
) {
  const units = Object.values(ctx.settings.host.units);
  const states = await readUnits(ctx.host(), { units });
  const missing = units.filter((_, index) => states[index]?.loadState !== 'loaded');
  if (missing.length > 0) {
    return block<RestoreFacts['services']>(`not installed here: ${missing.join(', ')}`, {
      next: [{ tv: ['config', 'show'] }],
    });
  }
  const crashing = lost ? [] : await crashLooping(ctx, units, states);
  // systemd starts one again and again that ends for want of its database: it is meant to run.
  const meant = ['active', 'activating', 'reloading', ...(lost ? ['failed'] : [])];
  const value = states.map(({ activeState }, index) => {
    const unit = units[index] ?? '';
    const crashes = crashing.includes(unit);
    const isMeant = meant.includes(activeState) || stoppedEarlier.includes(unit);
    return { unit, wasActive: isMeant && !crashes, ...(crashes ? { crashes } : {}) };
  });
  const downtime = inPlace && !lost ? 'all the while it is restored' : 'only for the swap';
  if (crashing.length > 0) {
    const restarts = states
      .filter((_, index) => crashing.includes(units[index] ?? ''))
      .map((state, index) => [crashing[index] ?? '', `${state.restarts} restarts`] as const);
    return warn(
      `${crashing.join(', ')}: crashes and is restarted again and again; started afterwards, but not required to run`,
      {
        value,
        facts: Object.fromEntries(restarts),
        next: crashing.map((unit) => onHost(`journalctl -u ${unit} -n 50 --no-pager`)),
      },
    );
  }
  const down = states
    .map(({ activeState }, index) => ({ unit: units[index] ?? '', activeState }))
    .filter(({ unit, activeState }) => stoppedEarlier.includes(unit) && !meant.includes(activeState));
  if (down.length > 0) {
    const names = down.map(({ unit }) => unit).join(', ');
    return warn(`${names}: stopped by a restore that was not finished; started afterwards`, { value });
  }
  const idle = value.filter(({ wasActive }) => !wasActive).map(({ unit }) => unit);
  return idle.length === 0
    ? pass(`all ${lost ? 'meant to run' : 'active'}; they are stopped ${downtime}`, value)
    : warn(`${idle.join(', ')}: not active, and stays so`, { value });
}

/** By two looks: `active` and `activating` alone say nothing about a service that crashes and comes again. */
async function crashLooping(
  ctx: Context,
  units: readonly string[],
  first: readonly UnitState[],
): Promise<readonly string[]> {
  const now = ctx.clock.now().getTime();
  const suspicious = (state: UnitState) =>
    state.activeState === 'activating' ||
    (state.restarts > 0 && (state.since === undefined || now - state.since.getTime() < freshMs));
  if (!first.some(suspicious)) return [];
  await ctx.clock.sleep(windowMs, ctx.signal);
  const second = await readUnits(ctx.host(), { units });
  return units.filter((_, index) => {
    const [before, after] = [first[index], second[index]];
    if (before === undefined || after === undefined || !suspicious(before)) return false;
    return (
      after.restarts > before.restarts ||
      after.subState === 'auto-restart' ||
      after.activeState === 'failed' ||
      (after.activeState === 'active' && after.restarts >= manyRestarts)
    );
  });
}

/** Sessions of the live database that would block a swap. */
export async function checkSessions(ctx: Context, input: { readonly endSessions: boolean }) {
  const { all, strangers } = await readSessions(ctx);
  if (strangers.length === 0) return pass(`${all.length}, of the services by their looks`);
  const what = `${strangers.length} that ${strangers.length === 1 ? 'does' : 'do'} not look like the services'`;
  return input.endSessions
    ? warn(`${what}: ended for the swap`, { facts: sessionLines(strangers) })
    : warn(`${what}: will block the swap unless closed first`, {
        facts: sessionLines(strangers),
        next: ['end them, or --end-sessions'],
      });
}

/** What people work with: these do not end when the services do. */
const byHand = /^(psql|pg_dump|pgadmin|dbeaver|datagrip|tableplus)/i;

/**
 * A session that stays connected would otherwise be found only after the services were stopped, in vain.
 * @throws TvError that lists them
 */
export async function assertNobodyStays(ctx: Context): Promise<void> {
  const { user } = ctx.database().target;
  const { strangers } = await readSessions(ctx);
  const stay = strangers.filter((one) => one.user !== user || byHand.test(one.application));
  if (stay.length > 0) throw inTheWay(stay);
}

async function readSessions(ctx: Context) {
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

export interface CompareTablesParameters {
  readonly server: Promise<FoundServer | undefined>;
  readonly backup: Promise<RestoreFacts['backup'] | undefined>;
}

/** As many names as an operator needs to see what kind of backup it is. */
const shown = 5;

/**
 * Whether every table of the live database is in the backup. One of a single table (`pg_dump -t`) is
 * sound by itself, and the services would find the others gone.
 */
export async function compareTables(ctx: Context, { server, backup }: CompareTablesParameters) {
  if ((await need(server, 'server')).databaseOid === null) return pass('none to compare with');
  const found = new Set(Object.keys((await need(backup, 'backup'))?.rows ?? {}));
  let live: readonly string[];
  try {
    live = (await listDataTables(ctx.database().kysely)).map(({ schema, name }) => `${schema}.${name}`);
  } catch (error) {
    // A damaged database is a reason to restore, not one against it.
    if (!(error instanceof TvError)) throw error;
    return warn('those of the live database cannot be read, nor compared');
  }
  const missing = live.filter((table) => !found.has(table));
  if (missing.length === 0) return pass(`all ${live.length} of the live database are in the backup`);
  const more = missing.length > shown ? `, and ${missing.length - shown} more` : '';
  return block(
    `${missing.length} of ${howMany(live.length, 'live table')} would be gone: not in the backup`,
    {
      facts: { missing: `${missing.slice(0, shown).join(', ')}${more}` },
      next: [{ tv: ['db', 'backups'] }],
      override: 'missing-tables',
    },
  );
}
