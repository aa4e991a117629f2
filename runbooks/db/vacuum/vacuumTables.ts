import { endSessions } from '../../../src/database/endSessions.ts';
import { listVacuumTables } from '../../../src/database/vacuum/listVacuumTables.ts';
import { vacuumTable } from '../../../src/database/vacuum/vacuumTable.ts';
import type { Step, StepContext } from '../../../src/runbook/define.ts';
import { applicationName, type VacuumFacts } from './facts.ts';

/** Cut off anywhere it leaves a sound database, a part of it cleaned already; a resumed run does the others. */
export function vacuumTables({ database, tables }: VacuumFacts): Step {
  return {
    id: 'vacuum',
    title: `vacuum and analyze ${tables.length} tables`,
    command: `psql -d ${database} -c 'VACUUM (ANALYZE)'`,
    effect: 'reversible',
    undoTitle: 'nothing to undo',
    interruptible: true,
    probe: async (ctx) => {
      // A killed tv leaves its VACUUM at work on the server.
      await endSessions(ctx.database(), { applicationName: applicationName(ctx.runId) });
      return 'not-done';
    },
    run: async (ctx) => {
      const done = [...((ctx.notes['done'] ?? []) as readonly string[])];
      const total = tables.reduce((bytes, table) => bytes + table.bytes, 0);
      let before = 0;
      for (const { schema, name, bytes } of tables) {
        const label = `${schema}.${name}`;
        if (!done.includes(label)) {
          ctx.progress({ done: before, total, unit: 'bytes', note: name });
          await vacuumTable(ctx.database(), {
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
          });
          done.push(label);
          ctx.note('done', done);
        }
        before += bytes;
      }
      return countDead(ctx, tables);
    },
  };
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
