import * as z from 'zod';
import { readReady } from '../../src/api/readReady.ts';
import { withoutLockInside } from '../../src/database/acquireRunLock.ts';
import { readEventSchema } from '../../src/database/readEventSchema.ts';
import { readProgress } from '../../src/database/readProgress.ts';
import { readServer } from '../../src/database/readServer.ts';
import { clearSessions } from '../../src/database/restore/clearSessions.ts';
import { dropPlanned, isStillThere, probeDropped } from '../../src/database/restore/dropDatabase.ts';
import {
  besidePrefix,
  databaseOids,
  listOldDatabases,
  oldName,
  oldPrefix,
} from '../../src/database/restore/listDatabases.ts';
import { readDatabaseProperties } from '../../src/database/restore/readDatabaseProperties.ts';
import { type Rename, swapDatabases } from '../../src/database/restore/swapDatabases.ts';
import { onHost } from '../../src/errors/advice.ts';
import { answer } from '../../src/errors/answer.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { changeUnit } from '../../src/host/changeUnit.ts';
import { checkUnitsAsBefore } from '../../src/host/checkAsBefore.ts';
import { readUnits } from '../../src/host/readUnits.ts';
import { startUnit } from '../../src/host/startUnit.ts';
import { stopUnit } from '../../src/host/stopUnit.ts';
import { requireSound } from '../../src/operations/backup.ts';
import { awaitProgress } from '../../src/operations/indexer/awaitProgress.ts';
import {
  applicationName,
  besideName,
  readServerOf,
  withMaintenance,
} from '../../src/operations/maintenance.ts';
import {
  checkDropped,
  dropBeside,
  markingFailure,
  probeBeside,
  type Restored,
  restoreBeside,
  restoreCommand,
  restoreDefinitions,
} from '../../src/operations/restoreBeside.ts';
import { assertNoBlockers, assertNobodyStays } from '../../src/operations/swapObstacles.ts';
import { type PlannedChange, stoppedMeanwhile } from '../../src/runbook/changes.ts';
import { defineRunbook, field, type Step, type StepContext } from '../../src/runbook/define.ts';
import { poll } from '../../src/runbook/poll.ts';
import { block, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { during, note, step } from '../../src/runbook/step.ts';
import { bytesIfKnown, count, duration, localTime } from '../../src/text/format.ts';
import { quoteForShell } from '../../src/text/shellLine.ts';
import { byHand } from './restore.byHand.ts';
import { exampleFacts, preflight, type RestoreFacts } from './restore.preflight.ts';

const input = {
  backup: field('[backup]', 'its name, the beginning of it, or a path', z.string().optional()),
  latest: field('--latest', 'the newest backup', z.boolean().default(false)),
  swapBack: field(
    '--swap-back',
    'no backup: the database that the last restore has put aside',
    z.boolean().default(false),
  ),
  inPlace: field(
    '--in-place',
    'drop the database first, for want of disk; the services are down all the while',
    z.boolean().default(false),
  ),
  endSessions: field(
    '--end-sessions',
    'end sessions of others that block the swap',
    z.boolean().default(false),
  ),
};

/** Runbook §3, without its trap: the database is dropped only after there is another one, if at all. */
export default defineRunbook<typeof input, RestoreFacts>({
  title: 'Restore the database',
  summary: 'Restore beside the live database, then swap',
  section: '3',
  order: 6,
  risk: 'severe',
  description: `
Restores a backup of any form (.sql, .sql.gz, a custom archive, a directory) into a new database
beside the live one, while the services keep running. Rows are counted there. Only then the services
stop, the two databases change names in one transaction, and the services start again: they are down
for seconds, however large the database is. The old one is kept under a dated name, until
tv db prune --old; tv db restore --swap-back brings it back.

Owner, grants, settings (such as the search path) and extensions stay as they are. A backup that is
damaged, is of another database, or comes from a newer PostgreSQL is refused before anything is
touched, and so is one that lacks tables of the live database (--override missing-tables). Making a
database needs a role that may: database.adminUrl in the settings, or CREATEDB. One with an extension
that only a superuser may create needs a superuser there (--override superuser-extensions).

With --in-place, for want of disk, the database is dropped first, as the runbook does it: only with a
verified backup whose definitions this server has taken in a scratch database, and the services are
down until it is restored. A restore that fails by what the backup holds marks that backup as failed.
A restore that failed or was cut off need not be finished first: another one supersedes it once it is
verified, starts the services that it stopped, and drops what it left half restored.

Where the live database is gone it is made anew: with owner, settings and grants as they were when the
backup was made, where its manifest says so, or else as the server's defaults have it.`,
  byHand,
  examples: [
    {
      what: 'What would be done, and how long the services are down',
      line: 'tv db restore --latest --dry-run',
    },
    { what: 'Restore the newest backup beside the live database, then swap', line: 'tv db restore --latest' },
    { what: 'Back to the database from before the restore', line: 'tv db restore --swap-back' },
  ],
  input,
  example: {
    facts: exampleFacts,
    input: {
      backup: 'tempovault_20261123-020000-7f3a',
      latest: false,
      swapBack: false,
      inPlace: false,
      endSessions: false,
    },
  },
  onFailure: 'stop',
  // With another database under the live name there is nothing left of an earlier restore to finish.
  supersedes: () => ['db restore'],
  preflight,
  basis: ({ mode, backup, back, database, services, endSessions }) => ({
    mode,
    backup: backup && { path: backup.path, rows: backup.rows },
    back,
    database,
    services,
    endSessions,
  }),
  changes: ({ mode, backup, back, database, services }) => {
    const present = database.oid === null ? 'missing' : 'present';
    const from = mode === 'swap-back' ? (back?.name ?? '') : (backup?.name ?? '');
    return [
      { kind: 'database', what: database.name, course: [present, `as in ${from}`] },
      ...(present === 'present' && mode !== 'in-place'
        ? [
            {
              kind: 'database',
              what: 'the present one',
              course: [database.name, 'kept under another name'],
            } as const,
          ]
        : []),
      ...Object.entries(backup?.rows ?? {}).map(
        ([table, rows]): PlannedChange => ({
          kind: 'rows',
          what: table,
          course: ['those of now', `${count(rows)} of the backup`],
        }),
      ),
      ...services.filter(({ wasActive }) => wasActive).map(({ unit }) => stoppedMeanwhile(unit, true)),
    ];
  },
  consequence: ({ mode, backup, back, database }) => {
    const { name } = database;
    const lost = database.oid === null;
    if (backup === null) {
      return lost
        ? `This gives ${back?.name} the name ${name}; there is no such database now.`
        : `This puts ${back?.name} in the place of ${name}, which is kept as ${oldPrefix(name)}….`;
    }
    const from = `the backup of ${localTime(new Date(backup.createdAt))}`;
    if (lost) return `This makes ${name} anew from ${from}; there is no such database now.`;
    return mode === 'in-place'
      ? `This drops ${name}, then restores ${from}; nothing else is left of it.`
      : `This replaces ${name} by ${from}; the present one is kept as ${oldPrefix(name)}….`;
  },
  plan: (facts) => {
    const { mode, backup } = facts;
    const withoutServices = (...body: readonly Step[]) =>
      during({
        ...{ subject: 'services', plural: true, state: 'STOPPED' },
        open: stopServices(facts),
        body,
        close: startServices(facts),
      });
    if (backup === null) return withoutServices(swap(facts));
    return mode === 'in-place'
      ? [
          tryDefinitions(facts, backup),
          ...withoutServices(dropLive(facts, backup), restoreIntoNew(facts, backup), swap(facts)),
        ]
      : [restoreIntoNew(facts, backup), ...withoutServices(swap(facts))];
  },
  verify: async (ctx, facts) => {
    const preflight = new Preflight(ctx);
    preflight.check('database', 'database', () => checkDatabase(ctx, facts));
    preflight.check('services', 'host', () => checkServices(ctx, facts));
    preflight.check('api', 'api', () => checkApi(ctx, facts));
    preflight.check('cursor', 'database', () => checkCursor(ctx, facts));
    if (facts.services.some((one) => one.wasActive && one.unit === ctx.settings.host.units.indexer)) {
      preflight.check('indexer', 'database', () => checkIndexer(ctx, facts), progressLimitMs);
    }
    preflight.check('downtime', 'host', async () => checkDowntime(ctx));
    preflight.check('kept', 'database', () => checkKept(ctx, facts));
    return preflight.checks();
  },
});

const restored = step<Restored>('restore');
/** When the services went down and came up again: what the downtime is counted from. */
const stopped = step<{ readonly at: string }>('stop');
const started = step<{ readonly at: string }>('start');
const renaming = note<true>('renaming');
const stoppedAt = note<string>('at');

/** Where the backup is restored to, before it gets the live name. */
function newName(facts: RestoreFacts, run: string): string {
  return facts.back?.name ?? besideName(facts.database.name, 'restore', run);
}

/** The name that the present database gets, by the time of the run (UTC). */
function keptAs(facts: RestoreFacts, run: string): string {
  return oldName(facts.database.name, run);
}

/** Whether the new database replaces a live one, which is kept. */
function keepsOld({ mode, database }: RestoreFacts): boolean {
  return !dropsFirst({ mode }) && database.oid !== null;
}

/** Whether the live database goes before another one is there: from then on there is no way back. */
function dropsFirst({ mode }: Pick<RestoreFacts, 'mode'>): boolean {
  return mode === 'in-place';
}

function renames(ctx: StepContext, facts: RestoreFacts): readonly Rename[] {
  const { name: live, oid } = facts.database;
  const arrive = { from: newName(facts, ctx.runId), to: live, oid: arrivingOid(ctx, facts) };
  return keepsOld(facts)
    ? [{ from: live, to: keptAs(facts, ctx.runId), oid: oid ?? undefined }, arrive]
    : [arrive];
}

/** Before the live database is dropped: that this server takes what is in the backup. */
function tryDefinitions(facts: RestoreFacts, backup: NonNullable<RestoreFacts['backup']>): Step {
  const { maintenance, name } = facts.database;
  const into = `${besidePrefix(name, 'trial')}$RUN`;
  const trialName = (ctx: StepContext) => besideName(name, 'trial', ctx.runId);
  return {
    id: 'try',
    title: `restore the definitions of ${backup.name} into a scratch database, then drop that`,
    command: `createdb -O ${quoteForShell(maintenance.properties.owner)} ${into} && ${restoreCommand(backup, { jobs: facts.tools.cores, into })} && dropdb ${into}`,
    effect: 'reversible',
    undoTitle: 'drop the scratch database',
    probe: (ctx) => probeBeside(ctx, trialName(ctx)),
    run: async (ctx) => {
      await markingFailure(ctx, backup, () =>
        restoreDefinitions(ctx, {
          name: trialName(ctx),
          properties: maintenance.properties,
          backup,
          tools: facts.tools,
        }),
      );
      return { tried: backup.name };
    },
    undo: (ctx) => dropBeside(ctx, trialName(ctx)),
    checkUndone: (ctx) => checkDropped(ctx, trialName(ctx)),
  };
}

/** Into a database of its own: the live one, if there is one, is not touched. */
function restoreIntoNew(facts: RestoreFacts, backup: NonNullable<RestoreFacts['backup']>): Step {
  const { maintenance, name } = facts.database;
  const into = `${quoteForShell(besidePrefix(name, 'restore'))}$RUN`;
  const left = facts.leftovers.map((one) => one.name);
  const drop = left.map((one) => `dropdb --if-exists ${quoteForShell(one)} && `).join('');
  return restored.define({
    title: `${left.length === 0 ? '' : 'drop what an earlier restore left, '}restore ${backup.name} into a new database, count its rows`,
    command: `${drop}createdb -O ${quoteForShell(maintenance.properties.owner)} ${into} && ${restoreCommand(backup, { jobs: facts.tools.cores, into })}`,
    ...(dropsFirst(facts)
      ? { effect: 'final', afterwards: 'kept' }
      : {
          effect: 'reversible',
          undoTitle: 'drop the new database',
          undo: (ctx) => dropBeside(ctx, newName(facts, ctx.runId)),
          checkUndone: (ctx) => checkDropped(ctx, newName(facts, ctx.runId)),
        }),
    probe: (ctx) => probeBeside(ctx, newName(facts, ctx.runId)),
    run: async (ctx) => {
      if (left.length > 0) {
        await withMaintenance(ctx, applicationName(ctx.runId), async (maintenance) => {
          for (const one of facts.leftovers) await dropPlanned(maintenance, one);
        });
      }
      return markingFailure(ctx, backup, () =>
        restoreBeside(ctx, {
          name: newName(facts, ctx.runId),
          properties: maintenance.properties,
          backup,
          rows: backup.rows,
          expectedBytes: backup.expectedBytes,
          tools: facts.tools,
        }),
      );
    },
  });
}

/** The indexer writes, the API and the relay read: no session may be connected while names change. */
function stopServices({ services, endSessions }: RestoreFacts): Step {
  const units = services.map(({ unit }) => unit);
  return stopped.define({
    title: 'stop the services',
    command: `systemctl stop ${units.join(' ')}`,
    effect: 'reversible',
    undoTitle: 'start the services',
    // Some may have stopped before one did not. Stopping what is stopped changes nothing.
    idempotent: true,
    run: async (ctx) => {
      if (!endSessions) await assertNobodyStays(ctx);
      await assertNoBlockers(ctx);
      const at = await stoppedAt.once(ctx, () => ctx.clock.now().toISOString());
      const { signal } = ctx;
      await Promise.all(units.map((unit) => stopUnit(ctx.host(), { unit, signal })));
      return { at };
    },
    undo: async (ctx) => {
      await awaitServer(ctx);
      await startAgain(ctx, { services });
    },
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), services),
  });
}

/** For want of disk: from here on there is only the backup. It is read once more before. */
function dropLive(facts: RestoreFacts, backup: NonNullable<RestoreFacts['backup']>): Step {
  const { name } = facts.database;
  // Without a live database the run drops none (preflight).
  const planned = { name, oid: facts.database.oid ?? 0 };
  return {
    id: 'drop',
    title: `read the backup once more, then drop ${name}`,
    command: `dropdb ${quoteForShell(name)}`,
    effect: 'final',
    probe: (ctx) =>
      withMaintenance(ctx, applicationName(ctx.runId), (maintenance) => probeDropped(maintenance, planned)),
    run: async (ctx) => {
      await requireSound(ctx, {
        path: backup.path,
        depth: 'sums',
        tools: facts.tools,
        server: facts.server,
        failure: 'The backup is damaged; the database was not dropped.',
      });
      await withoutLockInside(() =>
        withMaintenance(ctx, applicationName(ctx.runId), async (maintenance) => {
          // Reading the backup takes its time; no session of another database is to be ended.
          if (!(await isStillThere(maintenance, planned))) return;
          await clearSessions(maintenance, {
            names: [name],
            endSessions: facts.endSessions,
            signal: ctx.signal,
          });
          await dropPlanned(maintenance, planned);
        }),
      );
      return { dropped: name };
    },
  };
}

/** All names change in one transaction: the live one always leads to a whole database. */
export function swap(facts: RestoreFacts): Step {
  const live = facts.database.name;
  const keeps = keepsOld(facts);
  // By the run's time, so that the plan is the same whenever it is made.
  const shown = `${oldPrefix(live)}$TIME`;
  const arriving = facts.back?.name ?? `${besidePrefix(live, 'restore')}$RUN`;
  const arrive = `ALTER DATABASE ${arriving} RENAME TO ${live};`;
  return {
    id: 'swap',
    title: keeps
      ? `swap the databases; the present one is kept as ${oldPrefix(live)}…`
      : `name the new database ${live}`,
    command: `psql -d postgres -c "${keeps ? `BEGIN; ALTER DATABASE ${live} RENAME TO ${shown}; ${arrive} COMMIT` : arrive}"`,
    // With nothing to go back to, a service that does not start is no reason to take the database away again.
    ...(keeps
      ? {
          effect: 'reversible',
          undoTitle: 'swap the databases back',
          assertUndoable: async (ctx) => void (await isSwapped(ctx, facts)),
          undo: async (ctx) => {
            if (!(await isSwapped(ctx, facts))) return;
            const back = renames(ctx, facts).toReversed();
            await change(
              ctx,
              facts,
              back.map(({ from, to, oid }) => ({ from: to, to: from, oid })),
            );
          },
          checkUndone: async (ctx) =>
            (await oids(ctx, [live])).get(live) === facts.database.oid
              ? pass(`${live} is the database that had this name before the run`)
              : block(`${live} is not the database that had this name before the run`, {
                  next: [{ tv: ['db', 'backups'] }],
                }),
        }
      : { effect: 'final', afterwards: 'kept' }),
    probe: async (ctx) => {
      // Known without the database: where that has gone away, the services can be started again all the same.
      if (renaming.read(ctx) === undefined) return 'not-done';
      return (await oids(ctx, [live])).get(live) === arrivingOid(ctx, facts) ? 'done' : 'not-done';
    },
    run: async (ctx) => {
      await assertSame(ctx, facts);
      await renaming.once(ctx, () => true);
      await change(ctx, facts, renames(ctx, facts));
      return { live, keptAs: keeps ? keptAs(facts, ctx.runId) : null };
    },
  };
}

/** Which database gets the live name: a name may lead to another one by the time it is asked for. */
function arrivingOid(ctx: StepContext, { back }: RestoreFacts): number | undefined {
  return back?.oid ?? restored.result(ctx)?.oid;
}

/**
 * Whether this run's databases were renamed. Their OIDs decide: a later restore uses the same names.
 * @throws TvError where another database has the live name by now, or the one that was put aside is gone
 */
async function isSwapped(ctx: StepContext, facts: RestoreFacts): Promise<boolean> {
  const { name, oid: before } = facts.database;
  const kept = keptAs(facts, ctx.runId);
  const found = await oids(ctx, [name, kept]);
  if (found.get(name) === before) return false;
  if (found.get(name) === arrivingOid(ctx, facts) && found.get(kept) === before) return true;
  throw new TvError(
    'db.previous-missing',
    found.get(kept) === before
      ? `${name} is not the database of this run any more: another restore has come since.`
      : `The database that this run put aside is gone; there is nothing to go back to.`,
    {
      facts: { 'put aside as': kept },
      next: found.get(kept) === before ? { tv: ['db', 'restore', '--swap-back'] } : { tv: ['db', 'backups'] },
    },
  );
}

/** The run may be resumed long after it was cut off, and another restore may have come in between. */
async function assertSame(ctx: StepContext, facts: RestoreFacts): Promise<void> {
  const { database, services } = facts;
  const planned = dropsFirst(facts) ? null : database.oid;
  const { databaseOid } = await readServerOf(ctx);
  if (databaseOid === planned) return;
  throw new TvError(
    'run.target-changed',
    dropsFirst(facts)
      ? `${database.name} was made anew since this run dropped it; it is left as it is.`
      : `${database.name} is another database than when this run was planned.`,
    {
      facts: { services: services.map(({ unit }) => unit).join(', ') },
      next: { tv: ['db', 'backups'] },
    },
  );
}

async function change(
  ctx: StepContext,
  { endSessions }: RestoreFacts,
  changes: readonly Rename[],
): Promise<void> {
  await withoutLockInside(() =>
    withMaintenance(ctx, applicationName(ctx.runId), (maintenance) =>
      swapDatabases(maintenance, { renames: changes, endSessions, signal: ctx.signal }),
    ),
  );
}

function oids(ctx: StepContext, names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  return withMaintenance(ctx, applicationName(ctx.runId), (maintenance) =>
    databaseOids(maintenance, { names }),
  );
}

function startServices(facts: RestoreFacts): Step {
  const { services } = facts;
  const units = running({ services });
  return started.define({
    title: units.length === services.length ? 'start the services' : 'start the services that ran before',
    command: units.length === 0 ? '# none was running' : `systemctl start ${units.join(' ')}`,
    ...(units.length === 0 ? { runs: 'here' as const } : {}),
    // Stopped again only for a swap back.
    ...(keepsOld(facts)
      ? {
          effect: 'reversible',
          undoTitle: 'stop the services',
          undo: async (ctx) => {
            const { signal } = ctx;
            await Promise.all(units.map((unit) => stopUnit(ctx.host(), { unit, signal })));
          },
          // Once the undo of the stop has followed.
          checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), services),
        }
      : { effect: 'final', afterwards: 'kept' }),
    idempotent: true,
    run: async (ctx) => {
      const { signal } = ctx;
      await Promise.all(units.map((unit) => changeUnit(ctx.host(), 'start', { unit, signal })));
      // Up from here on; that they stay up is looked at next, and takes a second.
      const at = ctx.clock.now().toISOString();
      await startAgain(ctx, { services });
      return { at };
    },
  });
}

/** A PostgreSQL that restarts is back within this time (ms). */
const restartMs = 15_000;

/** A service that starts while its database is away fails at once. Started they are in any case. */
async function awaitServer(ctx: StepContext): Promise<void> {
  await poll(
    ctx.clock,
    { everyMs: 500, limitMs: restartMs, signal: ctx.signal },
    () => answer(withMaintenance(ctx, 'tv', readServer)),
    ({ known }) => known,
  );
}

async function startAgain(ctx: StepContext, facts: Pick<RestoreFacts, 'services'>): Promise<void> {
  const { signal } = ctx;
  // What systemd says of these is no news: they failed before, and are only left as they were found.
  const crashing = facts.services.filter(({ crashes }) => crashes === true);
  await Promise.all([
    ...running(facts).map((unit) => startUnit(ctx.host(), { unit, signal })),
    ...crashing.map(({ unit }) => changeUnit(ctx.host(), 'start', { unit, signal })),
  ]);
}

function running({ services }: Pick<RestoreFacts, 'services'>): readonly string[] {
  return services.filter(({ wasActive }) => wasActive).map(({ unit }) => unit);
}

// What the verification reads back: database, services, API, cursor, what is kept, and how long it was down.

/** The API connects anew to the database within this time (milliseconds). */
const apiLimitMs = 15_000;
/** Of the whole check of the indexer, whose own limit goes by its polls (milliseconds). */
const progressLimitMs = 600_000;

/** Every row was counted before the swap, and a new name changes none: it has to be that very database. */
async function checkDatabase(ctx: StepContext, facts: RestoreFacts) {
  const { name, oid, maintenance } = facts.database;
  const found = await readDatabaseProperties(ctx.database(), { name });
  if (found === undefined) return block(`there is no database ${name}`);
  const same = (one: typeof found) => JSON.stringify({ ...one, name: '' });
  if (same(found) !== same(maintenance.properties)) {
    return block(`${name} is not as it was: owner, settings or grants differ`);
  }
  const { databaseOid } = await readServer(ctx.database());
  if (databaseOid !== arrivingOid(ctx, facts)) {
    return block(`${name} is another database than the one that this run has put there`);
  }
  const filled = restored.result(ctx);
  const rows = filled === undefined ? '' : `${count(total(filled.rows))} rows, `;
  return pass(
    `${name}: ${rows}owner ${found.owner}, settings and grants as ${oid === null ? 'planned' : 'before'}`,
  );
}

function total(rows: Restored['rows']): number {
  return Object.values(rows).reduce((sum, one) => sum + one, 0);
}

async function checkServices(ctx: StepContext, { services }: RestoreFacts) {
  const states = await readUnits(ctx.host(), { units: services.map(({ unit }) => unit) });
  const notActive = services.filter((_, index) => states[index]?.activeState !== 'active');
  const down = notActive.filter(({ wasActive }) => wasActive).map(({ unit }) => unit);
  if (down.length > 0) {
    return block(`not active: ${down.join(', ')}`, { next: down.map((unit) => journalOf(unit)) });
  }
  const crashing = notActive.filter(({ crashes }) => crashes === true).map(({ unit }) => unit);
  if (crashing.length > 0) {
    return warn(`still crashing, as before: ${crashing.join(', ')}`, {
      next: crashing.map((unit) => journalOf(unit)),
    });
  }
  const up = running({ services }).length;
  return pass(up === services.length ? 'all active' : `${up} active, the others as before`);
}

function journalOf(unit: string) {
  return onHost(`journalctl -u ${unit} -n 50 --no-pager`);
}

async function checkApi(ctx: StepContext, { services }: RestoreFacts) {
  const unit = ctx.settings.host.units.api;
  if (services.some((one) => one.unit === unit && !one.wasActive)) return pass('was not running');
  const trouble = await poll(
    ctx.clock,
    { everyMs: 500, limitMs: apiLimitMs, signal: ctx.signal },
    () => apiTrouble(ctx),
    (found) => found === undefined,
  );
  if (trouble === undefined) return pass('ready, with the database');
  return warn(`the API is not ready: ${trouble}`, { next: [journalOf(unit), { tv: ['status'] }] });
}

async function apiTrouble(ctx: StepContext): Promise<string | undefined> {
  try {
    const { checks } = await readReady(ctx.api());
    return checks.database === false ? (checks.databaseError ?? 'it does not reach the database') : undefined;
  } catch (error) {
    if (error instanceof TvError) return error.message;
    throw error;
  }
}

async function checkCursor(ctx: StepContext, { backup }: RestoreFacts) {
  const schema = await readEventSchema(ctx.database());
  const { block: at, source } = await readProgress(ctx.database(), { schema });
  const from = backup?.cursorBlock ?? null;
  const summary = `block ${at === null ? 'none' : count(at)}${from === null ? '' : `; the backup was at ${count(from)}`}`;
  if (source === 'cursor') return pass(summary);
  return warn(`${summary}; no cursor here, so START_BLOCK decides where the indexer resumes`, {
    next: [{ tv: ['reindex', '--from-block', String(at ?? 'earliest')] }],
  });
}

async function checkIndexer(ctx: StepContext, { backup }: RestoreFacts) {
  const since = started.result(ctx)?.at;
  return since === undefined
    ? block('it is unknown when the services were started')
    : awaitProgress(ctx, backup?.cursorBlock ?? null, new Date(since));
}

function checkDowntime(ctx: StepContext) {
  const [from, to] = [stopped.result(ctx)?.at, started.result(ctx)?.at];
  if (from === undefined || to === undefined) return block('it is unknown how long the services were down');
  return pass(`the services were down for ${duration(Date.parse(to) - Date.parse(from))}`);
}

async function checkKept(ctx: StepContext, facts: RestoreFacts) {
  const { name } = facts.database;
  if (facts.mode === 'in-place') return pass('nothing, as --in-place says');
  if (!keepsOld(facts)) return pass(`nothing: there was no ${name} before`);
  const wanted = keptAs(facts, ctx.runId);
  const kept = await listOldDatabases(ctx.database(), { live: name });
  const found = kept.find((one) => one.name === wanted);
  if (found === undefined) return block(`${wanted} is not there`);
  return pass(
    `${found.name} (${bytesIfKnown(found.bytes)}): restore --swap-back brings it back, prune --old drops it`,
  );
}
