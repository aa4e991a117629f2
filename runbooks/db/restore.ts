import * as z from 'zod';
import { readReady } from '../../src/api/readReady.ts';
import { readEventSchema } from '../../src/database/readEventSchema.ts';
import { readProgress } from '../../src/database/readProgress.ts';
import { readServer } from '../../src/database/readServer.ts';
import { listOldDatabases } from '../../src/database/restore/listDatabases.ts';
import { readDatabaseProperties } from '../../src/database/restore/readDatabaseProperties.ts';
import { onHost } from '../../src/errors/advice.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { readUnits } from '../../src/host/readUnits.ts';
import { awaitProgress } from '../../src/operations/indexer/awaitProgress.ts';
import type { Check } from '../../src/runbook/check.ts';
import { defineRunbook, field, type Step, type StepContext } from '../../src/runbook/define.ts';
import { poll } from '../../src/runbook/poll.ts';
import { block, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { during } from '../../src/runbook/step.ts';
import { bytes, count, duration, localTime } from '../../src/text/format.ts';
import { byHand } from './restore.byHand.ts';
import { exampleFacts, keepsOld, keptAs, type RestoreFacts } from './restore.facts.ts';
import { preflight } from './restore.preflight.ts';
import {
  dropLive,
  restored,
  restoreIntoNew,
  started,
  startServices,
  stopped,
  stopServices,
  swap,
  tryDefinitions,
} from './restore.steps.ts';

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
touched, and so is one that lacks tables of the live database (--override missing-tables). Making a database needs a role that may: database.adminUrl in the settings, or CREATEDB.

With --in-place, for want of disk, the database is dropped first, as the runbook does it: only with a
verified backup whose definitions this server has taken in a scratch database, and the services are
down until it is restored. A restore that fails by what the backup holds marks that backup as failed.
A restore that failed or was cut off need not be finished first: another one supersedes it once it is
verified, starts the services that it stopped, and drops what it left half restored.

Where the live database is gone it is made anew: with owner, settings and grants as they were when the
backup was made, where its manifest says so, or else as the server's defaults have it.`,
  byHand,
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
  consequence: ({ mode, backup, back, database }) => {
    const { name } = database;
    const lost = database.oid === null;
    if (backup === null) {
      return lost
        ? `This gives ${back?.name} the name ${name}; there is no such database now.`
        : `This puts ${back?.name} in the place of ${name}, which is kept as ${name}_old_….`;
    }
    const from = `the backup of ${localTime(new Date(backup.createdAt))}`;
    if (lost) return `This makes ${name} anew from ${from}; there is no such database now.`;
    return mode === 'in-place'
      ? `This drops ${name}, then restores ${from}; nothing else is left of it.`
      : `This replaces ${name} by ${from}; the present one is kept as ${name}_old_….`;
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
  verify,
});

/** The API connects anew to the database within this time (milliseconds). */
const apiLimitMs = 15_000;

/** Of the whole look at the indexer, whose own limit goes by its polls (milliseconds). */
const progressLimitMs = 600_000;

/** Reads everything back: database, rows, cursor, services, what is kept, and how long it was down. */
export async function verify(ctx: StepContext, facts: RestoreFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  const { name, maintenance } = facts.database;

  preflight.check('database', 'database', async () => {
    const found = await readDatabaseProperties(ctx.database(), { name });
    if (found === undefined) return block(`there is no database ${name}`);
    const same = (one: typeof found) => JSON.stringify({ ...one, name: '' });
    if (same(found) !== same(maintenance.properties)) {
      return block(`${name} is not as it was: owner, settings or grants differ`);
    }
    const { databaseOid } = await readServer(ctx.database());
    const filled = restored.result(ctx);
    // Every row was counted before the swap, and a new name changes none: it has to be that very database.
    if (databaseOid !== (filled?.oid ?? facts.back?.oid)) {
      return block(`${name} is another database than the one that this run has put there`);
    }
    const rows =
      filled === undefined
        ? ''
        : `${count(Object.values(filled.rows).reduce((sum, one) => sum + one, 0))} rows, `;
    return pass(
      `${name}: ${rows}owner ${found.owner}, settings and grants as ${facts.database.oid === null ? 'planned' : 'before'}`,
    );
  });

  preflight.check('services', 'host', async () => {
    const states = await readUnits(ctx.host(), { units: facts.services.map(({ unit }) => unit) });
    const down = facts.services.filter(
      ({ wasActive }, index) => wasActive && states[index]?.activeState !== 'active',
    );
    if (down.length > 0) {
      return block(`not active: ${down.map(({ unit }) => unit).join(', ')}`, {
        next: down.map(({ unit }) => onHost(`journalctl -u ${unit} -n 50 --no-pager`)),
      });
    }
    const crashing = facts.services.filter(
      ({ crashes }, index) => crashes === true && states[index]?.activeState !== 'active',
    );
    if (crashing.length > 0) {
      return warn(`still crashing, as before: ${crashing.map(({ unit }) => unit).join(', ')}`, {
        next: crashing.map(({ unit }) => onHost(`journalctl -u ${unit} -n 50 --no-pager`)),
      });
    }
    const up = facts.services.filter(({ wasActive }) => wasActive).length;
    return pass(up === facts.services.length ? 'all active' : `${up} active, the others as before`);
  });

  preflight.check('api', 'api', () => apiReady(ctx, facts));

  preflight.check('cursor', 'database', async () => {
    const schema = await readEventSchema(ctx.database());
    const { block: at, source } = await readProgress(ctx.database(), { schema });
    const from = facts.backup?.cursorBlock ?? null;
    const summary = `block ${at === null ? 'none' : count(at)}${from === null ? '' : `; the backup was at ${count(from)}`}`;
    if (source === 'cursor') return pass(summary);
    return warn(`${summary}; no cursor here, so START_BLOCK decides where the indexer goes on`, {
      next: [{ tv: ['reindex', '--from-block', String(at ?? 'earliest')] }],
    });
  });

  const isIndexer = (one: { readonly unit: string }) => one.unit === ctx.settings.host.units.indexer;
  if (facts.services.some((one) => isIndexer(one) && one.wasActive)) {
    const since = started.result(ctx)?.at;
    preflight.check(
      'indexer',
      'database',
      async () =>
        since === undefined
          ? block('it is unknown when the services were started')
          : awaitProgress(ctx, facts.backup?.cursorBlock ?? null, new Date(since)),
      progressLimitMs,
    );
  }

  preflight.check('downtime', 'host', async () => {
    const [from, to] = [stopped.result(ctx)?.at, started.result(ctx)?.at];
    if (from === undefined || to === undefined) return block('it is unknown how long the services were down');
    const ms = Date.parse(to) - Date.parse(from);
    return pass(`the services were down for ${duration(ms)}`);
  });

  preflight.check('kept', 'database', async () => {
    if (facts.mode === 'in-place') return pass('nothing, as --in-place says');
    if (!keepsOld(facts)) return pass(`nothing: there was no ${name} before`);
    const kept = await listOldDatabases(ctx.database(), { live: name });
    const wanted = keptAs(facts, ctx.runId);
    const found = kept.find((one) => one.name === wanted);
    if (found === undefined) return block(`${wanted} is not there`);
    const size = found.bytes === 0 ? '' : ` (${bytes(found.bytes)})`;
    return pass(`${found.name}${size}: restore --swap-back brings it back, prune --old drops it`);
  });
  return preflight.checks();
}

async function apiReady(ctx: StepContext, { services }: RestoreFacts) {
  const unit = ctx.settings.host.units.api;
  if (services.some((one) => one.unit === unit && !one.wasActive)) return pass('was not running');
  const trouble = await poll(
    ctx.clock,
    { everyMs: 500, limitMs: apiLimitMs, signal: ctx.signal },
    () => askApi(ctx),
    (found) => found === undefined,
  );
  if (trouble === undefined) return pass('ready, with the database');
  return warn(`the API is not ready: ${trouble}`, {
    next: [onHost(`journalctl -u ${unit} -n 50 --no-pager`), { tv: ['status'] }],
  });
}

async function askApi(ctx: StepContext): Promise<string | undefined> {
  try {
    const { checks } = await readReady(ctx.api());
    return checks.database === false ? (checks.databaseError ?? 'it does not reach the database') : undefined;
  } catch (error) {
    if (error instanceof TvError) return error.message;
    throw error;
  }
}
