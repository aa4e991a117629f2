import { endSessions } from '../../src/database/endSessions.ts';
import { readServer } from '../../src/database/readServer.ts';
import { countHidden } from '../../src/database/statements/readRunning.ts';
import { listVacuumTables } from '../../src/database/vacuum/listVacuumTables.ts';
import { oldestTransaction } from '../../src/database/vacuum/oldestTransaction.ts';
import { TableLocked, vacuumTable } from '../../src/database/vacuum/vacuumTable.ts';
import { TvError } from '../../src/errors/TvError.ts';
import type { Check } from '../../src/runbook/check.ts';
import { harmless } from '../../src/runbook/concurrency.ts';
import type { Context } from '../../src/runbook/context.ts';
import {
  defineRunbook,
  type PreflightResult,
  type Step,
  type StepContext,
} from '../../src/runbook/define.ts';
import { poll } from '../../src/runbook/poll.ts';
import { block, need, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { note } from '../../src/runbook/step.ts';
import { bytes, count, duration, howMany } from '../../src/text/format.ts';
import { quoteForShell } from '../../src/text/shellLine.ts';
import { byHand } from './vacuum.byHand.ts';

/** What preflight found, and the plan is made from. */
type VacuumFacts = {
  readonly database: string;
  /** Largest first. */
  readonly tables: readonly {
    readonly schema: string;
    readonly name: string;
    readonly bytes: number;
    /** As the server's statistics estimate them; null where it has none of the table. */
    readonly deadRows: number | null;
    /** When it was last vacuumed, ISO 8601; null where never. */
    readonly lastVacuum: string | null;
  }[];
};

/** The name under which the run's session appears in `pg_stat_activity`. */
export function applicationName(run: string): string {
  return `tv ${run}`;
}

/** The imagined case that the exported document shows. */
const exampleFacts: VacuumFacts = {
  database: 'tempovault',
  tables: [
    { schema: 'public', name: 'events', bytes: 1_900_000_000, deadRows: 1_204_332, lastVacuum: null },
    { schema: 'public', name: 'deposits', bytes: 210_000_000, deadRows: 88_210, lastVacuum: null },
  ],
};

const input = {};

/** Runbook §3, "Vacuum and Analyze". */
export default defineRunbook<typeof input, VacuumFacts>({
  title: 'Vacuum the database',
  summary: 'Reclaim dead rows and refresh the statistics',
  section: '3',
  order: 11,
  risk: 'mild',
  description: `
Reclaims the space of deleted and changed rows, and refreshes the planner's statistics: VACUUM (ANALYZE),
table by table. The services keep running and are not locked out. Run it weekly
(\`tv db schedule install\`), and after a reindex.`,
  byHand,
  examples: [{ what: 'Reclaim dead rows', line: 'tv db vacuum' }],
  input,
  example: { facts: exampleFacts, input: {} },
  onFailure: 'stop',
  // It changes nothing of another run, and the next scheduled one does what this one leaves.
  concurrency: () => harmless,
  preflight,
  basis: ({ database, tables }) => ({
    database,
    tables: tables.map(({ schema, name }) => `${schema}.${name}`),
  }),
  changes: ({ tables }) =>
    tables.map(({ schema, name, deadRows }) => ({
      kind: 'rows',
      what: schema === 'public' ? name : `${schema}.${name}`,
      course: [
        deadRows === null ? 'dead rows unknown' : `about ${count(deadRows)} dead`,
        'freed, except what open transactions may see',
      ],
    })),
  consequence: ({ tables }) =>
    `This cleans ${tables.length} tables of ${bytes(sum(tables.map((table) => table.bytes)))} with ${describeDead(tables)}. No row that is in use is touched.`,
  plan: (facts) => [vacuumTables(facts)],
  verify,
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Null where the dead rows of one table are unknown. */
function sumKnown(tables: VacuumFacts['tables']): number | null {
  const known = tables.flatMap(({ deadRows }) => deadRows ?? []);
  return known.length < tables.length ? null : sum(known);
}

/** `1 292 542 dead rows`, of the tables that the server has statistics of. */
function describeDead(tables: VacuumFacts['tables']): string {
  const without = tables.filter(({ deadRows }) => deadRows === null).length;
  if (without === tables.length) return 'an unknown number of dead rows';
  const known = `${count(sum(tables.map(({ deadRows }) => deadRows ?? 0)))} dead rows`;
  return without === 0 ? known : `${known}, and an unknown number in ${howMany(without, 'table')} more`;
}

/** A transaction open for longer than this (seconds) is worth a word: rows that it may see are not freed. */
const longOpenSeconds = 60;

export async function preflight(ctx: Context): Promise<PreflightResult<VacuumFacts>> {
  const preflight = new Preflight(ctx);

  preflight.check('server', 'database', async () => {
    const { version, user, inRecovery } = await readServer(ctx.database());
    return inRecovery
      ? block('this PostgreSQL is a read-only standby', {
          next: [{ when: 'use the primary', tv: ['config', 'show'] }],
        })
      : pass(`PostgreSQL ${version} as ${user}`);
  });

  const tables = preflight.check('tables', 'database', async () => {
    const found = await listVacuumTables(ctx.database());
    const value = found
      .filter(({ allowed }) => allowed)
      .map(({ schema, name, bytes, deadRows, liveRows, lastVacuum, lastAnalyze }) => {
        // After a crash or a reset the server starts to count anew, from nothing.
        const isCounted = deadRows + liveRows > 0 || lastVacuum !== null || lastAnalyze !== null;
        return { schema, name, bytes, deadRows: isCounted ? deadRows : null, lastVacuum };
      });
    const others = found.filter(({ allowed }) => !allowed).map(({ schema, name }) => `${schema}.${name}`);
    if (value.length === 0) {
      return block(
        found.length === 0 ? 'there is no table in this database' : 'this role may vacuum none of the tables',
        { next: ["connect as the tables' owner: database.url, tv config show"] },
      );
    }
    const locked = found.filter((table) => table.locked && table.allowed).map(({ name }) => name);
    const summary = `${value.length}, ${describeDead(value)}`;
    if (others.length === 0 && locked.length === 0) return pass(summary, value);
    return warn(summary, {
      facts: {
        ...(others.length === 0 ? {} : { "others', left out": others.slice(0, 8).join(', ') }),
        ...(locked.length === 0 ? {} : { 'locked by others': locked.slice(0, 8).join(', ') }),
      },
      ...(locked.length === 0 ? {} : { next: [{ tv: ['db', 'slow-queries'] }] }),
      value,
    });
  });

  preflight.check('transactions', 'database', async () => {
    const [oldest, hidden] = await Promise.all([
      oldestTransaction(ctx.database()),
      countHidden(ctx.database()),
    ]);
    if (oldest === undefined || oldest.seconds < longOpenSeconds) {
      return hidden === 0
        ? pass('none open for long')
        : warn(`none that can be seen is open for long; ${howMany(hidden, 'session')} of other roles cannot`);
    }
    return warn(`one is open for ${duration(oldest.seconds * 1000)}: what died since then cannot be freed`, {
      facts: { pid: String(oldest.pid), user: oldest.user, application: oldest.application },
      next: [{ tv: ['db', 'slow-queries'] }],
    });
  });

  const [checks, found] = await Promise.all([preflight.checks(), tables]);
  return {
    checks,
    facts: found === undefined ? undefined : { database: ctx.database().target.name, tables: found },
  };
}

/** Cut off anywhere it leaves a sound database, a part of it cleaned already; a resumed run does the others. */
export function vacuumTables({ database, tables }: VacuumFacts): Step {
  return {
    id: 'vacuum',
    title: `vacuum and analyze ${tables.length} tables`,
    command: `psql -d ${quoteForShell(database)} -c 'VACUUM (ANALYZE)'`,
    // There is nothing to undo: vacuumed tables stay so, and a run that fails is resumed.
    effect: 'final',
    afterwards: 'nothing to undo',
    interruptible: true,
    probe: async (ctx) => {
      // The VACUUM of a killed tv keeps running on the server.
      await endSessions(ctx.database(), { applicationName: applicationName(ctx.runId) });
      return doneBefore(ctx).length === 0 ? 'not-done' : 'begun';
    },
    run: async (ctx) => {
      const done = [...doneBefore(ctx)];
      const locked: Record<string, string> = {};
      const total = tables.reduce((bytes, table) => bytes + table.bytes, 0);
      let before = 0;
      for (const { schema, name, bytes } of tables) {
        const label = `${schema}.${name}`;
        if (!done.includes(label)) {
          ctx.progress({ done: before, total, unit: 'bytes', note: name });
          const held = await unlessLocked(
            vacuumTable(ctx.database(), {
              schema,
              name,
              applicationName: applicationName(ctx.runId),
              signal: ctx.signal,
              onProgress: ({ phase, scanned, total: pages }) => {
                const share = pages === 0 ? 0 : scanned / pages;
                ctx.progress({
                  done: before + Math.floor(bytes * share),
                  total,
                  unit: 'bytes',
                  note: `${name}, ${phase}`,
                });
              },
            }),
          );
          if (held === undefined) {
            done.push(label);
            finished.write(ctx, done);
          } else locked[label] = held.holders;
        }
        before += bytes;
      }
      if (Object.keys(locked).length > 0) throw stillLocked(locked, tables.length);
      return countDead(ctx, tables);
    },
  };
}

const finished = note<readonly string[]>('done');

/** Tables that this run has finished already. */
function doneBefore(ctx: StepContext): readonly string[] {
  return finished.read(ctx) ?? [];
}

/** One that is locked is no reason to leave out the others. @returns who has it locked */
async function unlessLocked(vacuuming: Promise<void>): Promise<TableLocked | undefined> {
  try {
    await vacuuming;
  } catch (error) {
    if (error instanceof TableLocked) return error;
    throw error;
  }
}

function stillLocked(locked: Readonly<Record<string, string>>, all: number): TvError {
  return new TvError(
    'db.table-locked',
    `Others have ${Object.keys(locked).length} of ${all} tables locked; the rest is done.`,
    {
      facts: locked,
      next: { tv: ['db', 'slow-queries'] },
    },
  );
}

/** Dead rows of the same tables, before and after. */
async function countDead(ctx: StepContext, tables: VacuumFacts['tables']) {
  const now = await listVacuumTables(ctx.database());
  const after = tables.map(
    ({ schema, name }) => now.find((one) => one.schema === schema && one.name === name)?.deadRows ?? 0,
  );
  return {
    tables: tables.length,
    deadBefore: sumKnown(tables),
    deadAfter: sum(after),
  };
}

/** PostgreSQL 14 hands statistics on by a process of its own, within a second or so (milliseconds). */
const statisticsMs = 5_000;

/** Every table has been vacuumed and analyzed since the plan was made, by the server's own account. */
export async function verify(ctx: StepContext, facts: VacuumFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  const label = ({ schema, name }: { readonly schema: string; readonly name: string }) => `${schema}.${name}`;

  const tables = preflight.check('tables', 'database', async (signal) => {
    const lateOf = (now: Awaited<ReturnType<typeof listVacuumTables>>) =>
      facts.tables.filter((table) => {
        const found = now.find((one) => label(one) === label(table));
        // A table that was dropped meanwhile needs no vacuum.
        return found !== undefined && (found.lastVacuum === null || found.lastVacuum === table.lastVacuum);
      });
    const now = await poll(
      ctx.clock,
      { everyMs: 200, limitMs: statisticsMs, signal },
      () => listVacuumTables(ctx.database()),
      (tables) => lateOf(tables).length === 0,
    );
    const late = lateOf(now);
    if (late.length === 0) return pass(`${facts.tables.length} vacuumed and analyzed`, now);
    return block(`the server says of ${late.length} tables that they were not vacuumed`, {
      value: now,
      facts: { tables: late.slice(0, 8).map(label).join(', ') },
      next: [{ tv: ['db', 'vacuum'] }],
    });
  });

  preflight.check('dead rows', 'database', async () => {
    const now = await need(tables, 'tables');
    const mine = now.filter((one) => facts.tables.some((table) => label(table) === label(one)));
    const before = sumKnown(facts.tables);
    const left = sum(mine.map(({ deadRows }) => deadRows));
    const summary = `${before === null ? 'unknown' : count(before)} before, ${count(left)} now`;
    const kept = before !== null && left > 0 && left >= before;
    return kept
      ? warn(`${summary}: not fewer than before; an open transaction may keep them`, {
          next: [{ tv: ['db', 'slow-queries'] }],
        })
      : pass(summary);
  });
  return preflight.checks();
}
