import { readServer } from '../../../src/database/readServer.ts';
import { listVacuumTables } from '../../../src/database/vacuum/listVacuumTables.ts';
import { oldestTransaction } from '../../../src/database/vacuum/oldestTransaction.ts';
import type { Context } from '../../../src/runbook/context.ts';
import type { PreflightResult } from '../../../src/runbook/define.ts';
import { block, Preflight, pass, warn } from '../../../src/runbook/preflight.ts';
import { count, duration } from '../../../src/text/format.ts';
import type { VacuumFacts } from './facts.ts';

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
      .map(({ schema, name, bytes, deadRows, lastVacuum }) => ({
        schema,
        name,
        bytes,
        deadRows,
        lastVacuum,
      }));
    const others = found.filter(({ allowed }) => !allowed).map(({ schema, name }) => `${schema}.${name}`);
    const dead = value.reduce((sum, { deadRows }) => sum + deadRows, 0);
    if (value.length === 0) {
      return block(
        found.length === 0 ? 'there is no table in this database' : 'this role may vacuum none of the tables',
        { next: ["connect as the tables' owner: database.url, tv config show"] },
      );
    }
    const locked = found.filter((table) => table.locked && table.allowed).map(({ name }) => name);
    const summary = `${value.length}, ${count(dead)} dead rows`;
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
    const oldest = await oldestTransaction(ctx.database());
    if (oldest === undefined || oldest.seconds < longOpenSeconds) return pass('none open for long');
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
