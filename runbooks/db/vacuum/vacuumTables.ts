import { endSessions } from '../../../src/database/endSessions.ts';
import { listVacuumTables } from '../../../src/database/vacuum/listVacuumTables.ts';
import { TableLocked, vacuumTable } from '../../../src/database/vacuum/vacuumTable.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import type { Step, StepContext } from '../../../src/runbook/define.ts';
import { quoteForShell } from '../../../src/text/shellLine.ts';
import { applicationName, type VacuumFacts } from './facts.ts';

/** Cut off anywhere it leaves a sound database, a part of it cleaned already; a resumed run does the others. */
export function vacuumTables({ database, tables }: VacuumFacts): Step {
  return {
    id: 'vacuum',
    title: `vacuum and analyze ${tables.length} tables`,
    command: `psql -d ${quoteForShell(database)} -c 'VACUUM (ANALYZE)'`,
    // There is nothing to take back, so what was done stands, and a run that fails is resumed.
    effect: 'final',
    afterwards: 'nothing to undo',
    interruptible: true,
    probe: async (ctx) => {
      // A killed tv leaves its VACUUM at work on the server.
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
            ctx.note('done', done);
          } else locked[label] = held.holders;
        }
        before += bytes;
      }
      if (Object.keys(locked).length > 0) throw stillLocked(locked, tables.length);
      return countDead(ctx, tables);
    },
  };
}

/** Tables that this run has finished already. */
function doneBefore(ctx: StepContext): readonly string[] {
  return (ctx.notes['done'] ?? []) as readonly string[];
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
  return new TvError(`Others have ${Object.keys(locked).length} of ${all} tables locked; the rest is done.`, {
    facts: locked,
    next: { tv: ['db', 'slow-queries'] },
  });
}

/** Dead rows of the same tables, before and after. */
async function countDead(ctx: StepContext, tables: VacuumFacts['tables']) {
  const now = await listVacuumTables(ctx.database());
  const after = tables.map(
    ({ schema, name }) => now.find((one) => one.schema === schema && one.name === name)?.deadRows ?? 0,
  );
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  return {
    tables: tables.length,
    deadBefore: sum(tables.map(({ deadRows }) => deadRows)),
    deadAfter: sum(after),
  };
}
