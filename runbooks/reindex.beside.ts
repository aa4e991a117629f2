import { withoutLockInside } from '../src/database/acquireRunLock.ts';
import { findBackup } from '../src/database/backup/findBackup.ts';
import { clearEvents } from '../src/database/clearEvents.ts';
import { type EventKind, readEventKinds } from '../src/database/readEventKinds.ts';
import { readServer } from '../src/database/readServer.ts';
import { readTableChanges } from '../src/database/readTableChanges.ts';
import { setCommitMode } from '../src/database/restore/commitMode.ts';
import { dropPlanned } from '../src/database/restore/dropDatabase.ts';
import { besidePrefix, databaseOids, oldName, oldPrefix } from '../src/database/restore/listDatabases.ts';
import { readDatabaseProperties } from '../src/database/restore/readDatabaseProperties.ts';
import { swapUnderLoad } from '../src/database/restore/swapUnderLoad.ts';
import { onHost } from '../src/errors/advice.ts';
import { TvError } from '../src/errors/TvError.ts';
import { besideUnit, removeBesideLine } from '../src/host/besideUnit.ts';
import { changeUnit } from '../src/host/changeUnit.ts';
import { checkUnitsAsBefore } from '../src/host/checkAsBefore.ts';
import { startUnit } from '../src/host/startUnit.ts';
import { stopUnit } from '../src/host/stopUnit.ts';
import { backupPath } from '../src/operations/backup.ts';
import { type IndexedBeside, indexBeside, stopBeside } from '../src/operations/indexer/indexBeside.ts';
import { lastBlockKept } from '../src/operations/indexer/waitForCatchUp.ts';
import { applicationName, besideName, withDatabase, withMaintenance } from '../src/operations/maintenance.ts';
import {
  checkDropped,
  dropBeside,
  probeBeside,
  type Restored,
  restoreBeside,
} from '../src/operations/restoreBeside.ts';
import { assertNoBlockers, assertNobodyStays } from '../src/operations/swapObstacles.ts';
import type { Step, StepContext } from '../src/runbook/define.ts';
import { type Leftover, leftoverNote, messageNote } from '../src/runbook/events.ts';
import { failpoint } from '../src/runbook/failpoint.ts';
import { block, type Preflight, pass, warn } from '../src/runbook/preflight.ts';
import { note, step } from '../src/runbook/step.ts';
import { count, duration, howMany } from '../src/text/format.ts';
import { quoteForShell } from '../src/text/shellLine.ts';
import type { BesideFacts } from './reindex.checks.ts';
import { planAnew, type ReindexFacts } from './reindex.preflight.ts';

// `tv reindex` without --in-place: a copy of the database is indexed beside the live one, and takes its name.

const copied = step<Restored>('copy');
const filled = step<Filled>('fill');
const stopped = step<{ readonly at: string }>('stop');
const started = step<{ readonly at: string }>('start');
const leftover = note<Leftover>(leftoverNote);
const renaming = note<true>('renaming');
const stoppedAt = note<string>('at');

type Filled = IndexedBeside & {
  /** Kinds whose rows differ in number from the live database, up to `comparedTo`: what the reindex is for. */
  readonly differences: readonly Difference[];
};

export type Difference = { readonly kind: string; readonly live: number; readonly copy: number };

/** The last block of the new database that is known to be as on the chain. */
export function comparedTo(ctx: Pick<StepContext, 'results'>): number | undefined {
  return filled.result(ctx)?.comparedTo;
}

function nameOf(facts: ReindexFacts, run: string): string {
  return besideName(facts.database.name, 'reindex', run);
}

/** The backup is restored beside the live database, and cleared there. */
export function copyDatabase(facts: ReindexFacts, { maintenance, leftovers }: BesideFacts): Step {
  const { database, backup, fromBlock, truncate } = facts;
  const into = `${quoteForShell(besidePrefix(database.name, 'reindex'))}$RUN`;
  const drop = leftovers.map((one) => `dropdb --if-exists ${quoteForShell(one.name)} && `).join('');
  return copied.define({
    title: `restore the backup beside the live database, clear ${count(database.clear)} rows there`,
    command: `${drop}createdb -O ${quoteForShell(maintenance.properties.owner)} ${into} && pg_restore -d ${into} "$BACKUP" && psql -d ${into} -c 'DELETE … WHERE block_number >= ${fromBlock}'`,
    effect: 'reversible',
    undoTitle: 'drop the new database',
    probe: (ctx) => probeBeside(ctx, nameOf(facts, ctx.runId)),
    run: async (ctx) => {
      const name = nameOf(facts, ctx.runId);
      const own = applicationName(ctx.runId);
      leftover.write(ctx, {
        what: `the database ${name}`,
        until: 'swap',
        remove: onHost(`sudo -u postgres dropdb --if-exists --force ${quoteForShell(name)}`),
      });
      await withMaintenance(ctx, own, async (server) => {
        for (const one of leftovers) if (one.name !== name) await dropPlanned(server, one);
      });
      const found = await findBackup({
        ...{ run: ctx.host().run, directory: backup.directory, wanted: backupPath(backup, ctx.runId) },
      });
      if (found.manifest === null) {
        throw new TvError('backup.damaged', 'The manifest of the backup is gone, or cannot be read.', {
          facts: { backup: found.path, problems: found.problems.join('; ') || undefined },
          next: planAnew(facts),
        });
      }
      const restored = await restoreBeside(ctx, {
        ...{ name, properties: maintenance.properties, backup: found, tools: backup.tools },
        rows: found.manifest.rows,
        expectedBytes: found.manifest.database.bytes,
      });
      failpoint(ctx.settings.sandbox, 'copy:restored');
      await withDatabase(ctx, { name, applicationName: own }, (copy) =>
        clearEvents(copy, {
          ...{ schema: database.schema, fromBlock, all: truncate, cursor: lastBlockKept(fromBlock) },
          applicationName: own,
          signal: ctx.signal,
        }),
      );
      await withMaintenance(ctx, own, (server) => setCommitMode(server, { name, mode: 'off' }));
      return restored;
    },
    undo: (ctx) => dropBeside(ctx, nameOf(facts, ctx.runId)),
    checkUndone: (ctx) => checkDropped(ctx, nameOf(facts, ctx.runId)),
  });
}

/** The deployed indexer itself fills the copy, so that every column is what it would have written. */
export function fillCopy(facts: ReindexFacts, { maintenance }: BesideFacts): Step {
  const { unit } = facts.indexer;
  const { schema, kinds } = facts.database;
  const { fromBlock, timeoutMs: limitMs } = facts;
  const second = besideUnit(unit);
  const blocks = facts.chain.head - lastBlockKept(fromBlock);
  return filled.define({
    title: `index ${count(blocks)} blocks there with a second indexer, and compare with the chain`,
    command: `systemctl start ${second}; journalctl -u ${second} -f`,
    effect: 'reversible',
    interruptible: true,
    leaves: { subject: 'second indexer', state: 'RUNNING', until: 'fill' },
    undoTitle: 'stop the second indexer',
    idempotent: true,
    run: async (ctx) => {
      const name = nameOf(facts, ctx.runId);
      leftover.write(ctx, {
        ...{ what: `the unit ${second}`, until: 'fill', remove: onHost(removeBesideLine(unit)) },
      });
      const indexed = await indexBeside(ctx, {
        ...{ name, unit, schema, contracts: facts.chain.contracts, fromBlock, kinds, limitMs },
        envFile: facts.env.file,
      });
      const own = applicationName(ctx.runId);
      await withMaintenance(ctx, own, (server) =>
        setCommitMode(server, { name, like: maintenance.properties }),
      );
      const range = { schema, fromBlock, toBlock: indexed.comparedTo };
      const copy = await withDatabase(ctx, { name, applicationName: own }, (database) =>
        readEventKinds(database, range),
      );
      const differences = differencesOf(await readEventKinds(ctx.database(), range), copy);
      if (differences.length > 0) {
        const words = differences.map(
          ({ kind, live, copy: now }) =>
            `${kind} ${count(live)} in the live database, ${count(now)} in the copy`,
        );
        ctx.note(messageNote, words.join('; '));
      }
      return { ...indexed, differences };
    },
    undo: (ctx) => stopBeside(ctx, { unit }),
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), [{ unit: second, wasActive: false }]),
  });
}

function differencesOf(live: readonly EventKind[], copy: readonly EventKind[]): readonly Difference[] {
  const rows = (kinds: readonly EventKind[], kind: string) =>
    kinds.find((one) => one.kind === kind)?.inRange ?? 0;
  return [...new Set([...live, ...copy].map(({ kind }) => kind))]
    .toSorted()
    .map((kind) => ({ kind, live: rows(live, kind), copy: rows(copy, kind) }))
    .filter(({ live: before, copy: now }) => before !== now);
}

/** For as long as the names change. Before, all that could refuse that is looked for once more. */
export function stopLive(facts: ReindexFacts, { changes }: BesideFacts): Step {
  const { unit, wasActive } = facts.indexer;
  return stopped.define({
    title: 'stop the indexer',
    command: `systemctl stop ${unit}`,
    effect: 'reversible',
    undoTitle: wasActive ? 'start the indexer' : 'leave the indexer stopped, as it was',
    // Stopping what is stopped changes nothing.
    idempotent: true,
    run: async (ctx) => {
      await assertSame(ctx, facts);
      await assertUnchanged(ctx, facts, changes);
      await assertNobodyStays(ctx);
      await assertNoBlockers(ctx);
      const at = await stoppedAt.once(ctx, () => ctx.clock.now().toISOString());
      await stopUnit(ctx.host(), { unit, signal: ctx.signal });
      return { at };
    },
    undo: async (ctx) => {
      if (wasActive) await startUnit(ctx.host(), { unit, signal: ctx.signal });
    },
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), [{ unit, wasActive }]),
  });
}

/** The run may be resumed long after it was cut off, and a restore may have come in between. */
async function assertSame(ctx: StepContext, facts: ReindexFacts): Promise<void> {
  const { database, backup } = facts;
  const { databaseOid } = await readServer(ctx.database());
  if (databaseOid === backup.database.oid) return;
  throw new TvError(
    'run.target-changed',
    `${database.name} is another database than when this run was planned.`,
    { next: planAnew(facts) },
  );
}

/**
 * Tables without events of the database of before that were written to since: the copy does not have that. The
 * server counts what an idle session has written up to ten seconds late, and at once when the session ends: only
 * once the swap has ended all of them, nothing is left out.
 */
async function writtenTo(
  ctx: StepContext,
  name: string,
  { database: { schema } }: ReindexFacts,
  changes: BesideFacts['changes'],
): Promise<readonly string[]> {
  const now = await withDatabase(ctx, { name, applicationName: applicationName(ctx.runId) }, (database) =>
    readTableChanges(database, { schema }),
  );
  return [...new Set([...Object.keys(now), ...Object.keys(changes)])].filter(
    (table) => now[table] !== changes[table],
  );
}

/** @throws TvError where a table that holds no events was written to since */
async function assertUnchanged(
  ctx: StepContext,
  facts: ReindexFacts,
  changes: BesideFacts['changes'],
): Promise<void> {
  const { fromBlock, database } = facts;
  const written = await writtenTo(ctx, database.name, facts, changes);
  if (written.length === 0) return;
  throw new TvError(
    'run.changed-outside',
    'Tables without events were written to meanwhile; the swap would lose that.',
    {
      facts: { tables: written.slice(0, 8).join(', ') },
      next: {
        when: 'with the indexer down while it reads the chain',
        tv: ['reindex', '--from-block', String(fromBlock), '--in-place'],
      },
    },
  );
}

/** All names change in one transaction, while the API goes on answering. */
export function swapCopy(facts: ReindexFacts): Step {
  const live = facts.database.name;
  const kept = (run: string) => oldName(live, run);
  const renames = (ctx: StepContext) => [
    { from: live, to: kept(ctx.runId), oid: facts.backup.database.oid },
    { from: nameOf(facts, ctx.runId), to: live, oid: copied.result(ctx)?.oid },
  ];
  const change = (ctx: StepContext, changes: ReturnType<typeof renames>) =>
    withoutLockInside(() =>
      withMaintenance(ctx, applicationName(ctx.runId), (maintenance) =>
        swapUnderLoad(maintenance, {
          ...{ renames: changes, signal: ctx.signal },
          onLocked: () => failpoint(ctx.settings.sandbox, 'swap:locked'),
        }),
      ),
    );
  return {
    id: 'swap',
    title: `swap the databases; the present one is kept as ${oldPrefix(live)}…`,
    command: `psql -d postgres -c "BEGIN; ALTER DATABASE ${live} RENAME TO ${oldPrefix(live)}$TIME; ALTER DATABASE ${besidePrefix(live, 'reindex')}$RUN RENAME TO ${live}; COMMIT"`,
    effect: 'reversible',
    undoTitle: 'swap the databases back',
    probe: async (ctx) => {
      if (renaming.read(ctx) === undefined) return 'not-done';
      return (await oids(ctx, [live])).get(live) === copied.result(ctx)?.oid ? 'done' : 'not-done';
    },
    run: async (ctx) => {
      await assertSame(ctx, facts);
      await renaming.once(ctx, () => true);
      await change(ctx, renames(ctx));
      return { live, keptAs: kept(ctx.runId) };
    },
    assertUndoable: async (ctx) => void (await isSwapped(ctx, facts)),
    undo: async (ctx) => {
      if (!(await isSwapped(ctx, facts))) return;
      await change(
        ctx,
        renames(ctx)
          .toReversed()
          .map(({ from, to, oid }) => ({ from: to, to: from, oid })),
      );
    },
    checkUndone: async (ctx) =>
      (await oids(ctx, [live])).get(live) === facts.backup.database.oid
        ? pass(`${live} is the database that had this name before the run`)
        : block(`${live} is not the database that had this name before the run`, {
            next: [{ tv: ['db', 'backups'] }],
          }),
  };
}

/** @throws TvError where another database has the live name by now, or the one that was put aside is gone */
async function isSwapped(ctx: StepContext, facts: ReindexFacts): Promise<boolean> {
  const live = facts.database.name;
  const before = facts.backup.database.oid;
  const kept = oldName(live, ctx.runId);
  const found = await oids(ctx, [live, kept]);
  if (found.get(live) === before) return false;
  if (found.get(live) === copied.result(ctx)?.oid && found.get(kept) === before) return true;
  throw new TvError(
    'db.previous-missing',
    found.get(kept) === before
      ? `${live} is not the database of this run any more: a restore has come since.`
      : 'The database that this run put aside is gone; there is nothing to go back to.',
    { facts: { 'put aside as': kept }, next: { tv: ['db', 'backups'] } },
  );
}

function oids(ctx: StepContext, names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  return withMaintenance(ctx, applicationName(ctx.runId), (maintenance) =>
    databaseOids(maintenance, { names }),
  );
}

export function startLive({ indexer: { unit, wasActive } }: ReindexFacts): Step {
  return started.define({
    title: 'start the indexer',
    command: `systemctl start ${unit}`,
    effect: 'reversible',
    undoTitle: 'stop the indexer',
    idempotent: true,
    run: async (ctx) => {
      const { signal } = ctx;
      await changeUnit(ctx.host(), 'start', { unit, signal });
      failpoint(ctx.settings.sandbox, 'start:begun');
      // Up from here on; that it stays up is looked at next, and takes a second.
      const at = ctx.clock.now().toISOString();
      await startUnit(ctx.host(), { unit, signal });
      return { at };
    },
    undo: async (ctx) => void (await stopUnit(ctx.host(), { unit, signal: ctx.signal })),
    // Once the undo of the stop has followed.
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), [{ unit, wasActive }]),
  });
}

/** What the verification reads back of this way. */
export function verifyBeside(
  ctx: StepContext,
  preflight: Preflight,
  facts: ReindexFacts,
  { maintenance, changes }: BesideFacts,
): void {
  const { name } = facts.database;
  preflight.check('database', 'database', async () => {
    const found = await readDatabaseProperties(ctx.database(), { name });
    const same = (one: typeof found) => JSON.stringify({ ...one, name: '' });
    if (same(found) !== same(maintenance.properties)) {
      return block(`${name} is not as it was: owner, settings or grants differ`);
    }
    const { databaseOid } = await readServer(ctx.database());
    return databaseOid === copied.result(ctx)?.oid
      ? pass(`${name}: owner ${found?.owner ?? '?'}, settings and grants as before`)
      : block(`${name} is another database than the one that this run has put there`);
  });
  preflight.check('differences', 'database', async () => {
    const result = filled.result(ctx);
    if (result === undefined) return block('what the copy held is unknown');
    const { differences, comparedTo: to } = result;
    if (differences.length === 0)
      return pass(`as many rows of each kind as before, up to block ${count(to)}`);
    return warn(`${howMany(differences.length, 'kind')} with another number of rows than before`, {
      facts: Object.fromEntries(
        differences.map(({ kind, live, copy }) => [kind, `${count(live)} before, ${count(copy)} now`]),
      ),
    });
  });
  preflight.check('rate', 'chain', async () => {
    const result = filled.result(ctx);
    if (result === undefined || result.indexingMs === 0) return pass('unknown');
    const rate = Math.round((result.blocks * 1000) / result.indexingMs);
    return pass(`${count(result.blocks)} blocks in ${duration(result.indexingMs)}: ${count(rate)} a second`);
  });
  preflight.check('downtime', 'host', async () => {
    const [from, to] = [stopped.result(ctx)?.at, started.result(ctx)?.at];
    if (from === undefined || to === undefined) return block('how long the indexer was down is unknown');
    return pass(`the indexer was down for ${duration(Date.parse(to) - Date.parse(from))}`);
  });
  preflight.check('kept', 'database', async () => {
    const kept = oldName(name, ctx.runId);
    return (await oids(ctx, [kept])).get(kept) === facts.backup.database.oid
      ? pass(`${kept}: tv runs undo brings it back, prune --old drops it`)
      : block(`${kept} is not there`, { next: [onHost('psql -l')] });
  });
  preflight.check('other tables', 'database', async () => {
    const kept = oldName(name, ctx.runId);
    const written = await writtenTo(ctx, kept, facts, changes);
    if (written.length === 0) return pass('tables without events were not written to before the swap');
    return block(`tables without events were written to before the swap: those rows are in ${kept} only`, {
      facts: { tables: written.slice(0, 8).join(', ') },
      next: [
        { when: 'bring that database back', tv: ['runs', 'undo', ctx.runId] },
        `or copy these rows from ${kept}`,
      ],
    });
  });
}
