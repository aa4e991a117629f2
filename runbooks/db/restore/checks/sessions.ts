import { listForeignSessions, sessionLines } from '../../../../src/database/restore/listForeignSessions.ts';
import type { Context } from '../../../../src/runbook/context.ts';
import { pass, warn } from '../../../../src/runbook/lookout.ts';
import { withMaintenance } from '../../shared/maintenance.ts';

/** Who is connected to the live database, and would be in the way of a swap. */
export async function lookAtSessions(ctx: Context, input: { readonly endSessions: boolean }) {
  const { settings } = ctx;
  const { name } = ctx.database().target;
  const sessions = await withMaintenance(ctx, 'tv', (database) =>
    listForeignSessions(database, { names: [name] }),
  );
  // Those of the services end with them. A program that says its name, or another role, is somebody else.
  const { user } = ctx.database().target;
  const own = new Set<string>([
    '',
    ...Object.values(settings.host.programs),
    ...Object.values(settings.host.units),
  ]);
  const strangers = sessions.filter((one) => one.user !== user || !own.has(one.application));
  if (strangers.length === 0) return pass(`${sessions.length}, of the services by their looks`);
  const what = `${strangers.length} that ${strangers.length === 1 ? 'does' : 'do'} not look like the services'`;
  return input.endSessions
    ? warn(`${what}: ended for the swap`, { facts: sessionLines(strangers) })
    : warn(`${what}: in the way, unless they are gone by then`, {
        facts: sessionLines(strangers),
        next: ['end them, or --end-sessions'],
      });
}
