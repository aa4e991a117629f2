import { withoutLockInside } from '../../src/database/acquireRunLock.ts';
import { readServer } from '../../src/database/readServer.ts';
import { clearSessions } from '../../src/database/restore/clearSessions.ts';
import { dropDatabase } from '../../src/database/restore/dropDatabase.ts';
import { databaseOids } from '../../src/database/restore/listDatabases.ts';
import { swapDatabases } from '../../src/database/restore/swapDatabases.ts';
import { answer } from '../../src/errors/answer.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { changeUnit } from '../../src/host/changeUnit.ts';
import { checkUnitsAsBefore } from '../../src/host/checkAsBefore.ts';
import { startUnit } from '../../src/host/startUnit.ts';
import { stopUnit } from '../../src/host/stopUnit.ts';
import { requireSound } from '../../src/operations/backup.ts';
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
import type { Step, StepContext } from '../../src/runbook/define.ts';
import { poll } from '../../src/runbook/poll.ts';
import { block, pass } from '../../src/runbook/preflight.ts';
import { note, step } from '../../src/runbook/step.ts';
import { quoteForShell } from '../../src/text/shellLine.ts';
import { assertNoBlockers, assertNobodyStays } from './restore.checks.ts';
import { dropsFirst, keepsOld, keptAs, newName, type RestoreFacts, renames } from './restore.facts.ts';

export const restored = step<Restored>('restore');
/** When the services went down and came up again: what the downtime is counted from. */
export const stopped = step<{ readonly at: string }>('stop');
export const started = step<{ readonly at: string }>('start');
const renaming = note<true>('renaming');
const stoppedAt = note<string>('at');

/** Into a database of its own: the live one, if there is one, is not touched. */
export function restoreIntoNew(facts: RestoreFacts, backup: NonNullable<RestoreFacts['backup']>): Step {
  const { maintenance, name } = facts.database;
  const into = `${quoteForShell(`${name}_restore_`)}$RUN`;
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
          for (const one of left) await dropDatabase(maintenance, { name: one });
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

/** Before the live database is dropped: that this server takes what is in the backup. */
export function tryDefinitions(facts: RestoreFacts, backup: NonNullable<RestoreFacts['backup']>): Step {
  const { maintenance, name } = facts.database;
  const into = `${name}_trial_$RUN`;
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

/** For want of disk: from here on there is only the backup. It is read once more before. */
export function dropLive(facts: RestoreFacts, backup: NonNullable<RestoreFacts['backup']>): Step {
  const { name } = facts.database;
  return {
    id: 'drop',
    title: `read the backup once more, then drop ${name}`,
    command: `dropdb ${quoteForShell(name)}`,
    effect: 'final',
    probe: async (ctx) => ((await oids(ctx, [name])).size === 0 ? 'done' : 'not-done'),
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
          await clearSessions(maintenance, {
            names: [name],
            endSessions: facts.endSessions,
            signal: ctx.signal,
          });
          await dropDatabase(maintenance, { name });
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
  const shown = `${live}_old_$TIME`;
  const arriving = facts.back?.name ?? `${live}_restore_$RUN`;
  const arrive = `ALTER DATABASE ${arriving} RENAME TO ${live};`;
  return {
    id: 'swap',
    title: keeps
      ? `swap the databases; the present one is kept as ${live}_old_…`
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
            const back = renames(facts, ctx.runId).toReversed();
            await change(
              ctx,
              facts,
              back.map(({ from, to }) => ({ from: to, to: from })),
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
      if (!dropsFirst(facts)) await assertSame(ctx, facts);
      await renaming.once(ctx, () => true);
      await change(ctx, facts, renames(facts, ctx.runId));
      return { live, keptAs: keeps ? keptAs(facts, ctx.runId) : null };
    },
  };
}

/** Which database gets the live name: a name may lead to another one by the time it is asked for. */
function arrivingOid(ctx: StepContext, { back }: RestoreFacts): number | undefined {
  return back?.oid ?? restored.result(ctx)?.oid;
}

/**
 * Whether this run's databases have changed names. Told by what they are, since a later restore uses the same names.
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

/** The run may be carried on long after it was cut off, and another restore may have come in between. */
async function assertSame(ctx: StepContext, { database, services }: RestoreFacts): Promise<void> {
  const { databaseOid } = await readServerOf(ctx);
  if (databaseOid === database.oid) return;
  throw new TvError(
    'run.target-changed',
    `${database.name} is another database than when this run was planned.`,
    {
      facts: { services: services.map(({ unit }) => unit).join(', ') },
      next: { tv: ['runs', 'undo', ctx.runId] },
    },
  );
}

async function change(
  ctx: StepContext,
  { endSessions }: RestoreFacts,
  changes: ReturnType<typeof renames>,
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

/** The indexer writes, the API and the relay read: no session may be connected while names change. */
export function stopServices({ services, endSessions }: RestoreFacts): Step {
  const units = services.map(({ unit }) => unit);
  return stopped.define({
    title: 'stop the services',
    command: `systemctl stop ${units.join(' ')}`,
    effect: 'reversible',
    undoTitle: 'start the services',
    // Some may have stopped before one did not. Stopping what is stopped changes nothing.
    probe: async () => 'begun',
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

export function startServices(facts: RestoreFacts): Step {
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
    probe: async () => 'begun',
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
