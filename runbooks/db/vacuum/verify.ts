import { listVacuumTables } from '../../../src/database/vacuum/listVacuumTables.ts';
import type { Check } from '../../../src/runbook/check.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { block, Preflight, pass, warn } from '../../../src/runbook/preflight.ts';
import { count } from '../../../src/text/format.ts';
import type { VacuumFacts } from './facts.ts';

/** PostgreSQL 14 hands statistics on by a process of its own, within a second or so (milliseconds). */
const statisticsMs = 5_000;

/** Every table has been vacuumed and analyzed since the plan was made, by the server's own account. */
export async function verify(ctx: StepContext, facts: VacuumFacts): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  const label = ({ schema, name }: { readonly schema: string; readonly name: string }) => `${schema}.${name}`;

  const tables = preflight.check('tables', 'database', async (signal) => {
    const deadline = ctx.clock.now().getTime() + statisticsMs;
    for (;;) {
      const now = await listVacuumTables(ctx.database());
      const late = facts.tables.filter((table) => {
        const found = now.find((one) => label(one) === label(table));
        // A table that was dropped meanwhile needs no vacuum.
        return found !== undefined && (found.lastVacuum === null || found.lastVacuum === table.lastVacuum);
      });
      if (late.length === 0) return pass(`${facts.tables.length} vacuumed and analyzed`, now);
      if (ctx.clock.now().getTime() > deadline) {
        return block(`the server says of ${late.length} tables that they were not vacuumed`, {
          facts: { tables: late.slice(0, 8).map(label).join(', ') },
          next: [{ tv: ['db', 'vacuum'] }],
        });
      }
      await ctx.clock.sleep(200, signal);
    }
  });

  preflight.check('dead rows', 'database', async () => {
    const now = await tables;
    const dead = (rows: readonly { readonly deadRows: number }[]) =>
      rows.reduce((sum, { deadRows }) => sum + deadRows, 0);
    const mine = (now ?? []).filter((one) => facts.tables.some((table) => label(table) === label(one)));
    const summary = `${count(dead(facts.tables))} before, ${count(dead(mine))} now`;
    const kept = dead(mine) > 0 && dead(mine) >= dead(facts.tables);
    return kept
      ? warn(`${summary}: an open transaction keeps them`, { next: [{ tv: ['db', 'slow-queries'] }] })
      : pass(summary);
  });
  return preflight.checks();
}
