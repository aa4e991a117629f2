import { inTheWay } from '../../../../src/database/restore/clearSessions.ts';
import { listForeignSessions, sessionLines } from '../../../../src/database/restore/listForeignSessions.ts';
import type { Context } from '../../../../src/runbook/context.ts';
import { pass, warn } from '../../../../src/runbook/preflight.ts';
import { withMaintenance } from '../../shared/maintenance.ts';

/** Who is connected to the live database, and would be in the way of a swap. */
export async function checkSessions(ctx: Context, input: { readonly endSessions: boolean }) {
  const { all, strangers } = await readSessions(ctx);
  if (strangers.length === 0) return pass(`${all.length}, of the services by their looks`);
  const what = `${strangers.length} that ${strangers.length === 1 ? 'does' : 'do'} not look like the services'`;
  return input.endSessions
    ? warn(`${what}: ended for the swap`, { facts: sessionLines(strangers) })
    : warn(`${what}: will block the swap unless closed first`, {
        facts: sessionLines(strangers),
        next: ['end them, or --end-sessions'],
      });
}

/** What people work with: these do not end when the services do. */
const byHand = /^(psql|pg_dump|pgadmin|dbeaver|datagrip|tableplus)/i;

/**
 * Somebody who surely stays connected would only be found after the services were stopped, in vain.
 * @throws TvError that lists them
 */
export async function assertNobodyStays(ctx: Context): Promise<void> {
  const { user } = ctx.database().target;
  const { strangers } = await readSessions(ctx);
  const stay = strangers.filter((one) => one.user !== user || byHand.test(one.application));
  if (stay.length > 0) throw inTheWay(stay);
}

async function readSessions(ctx: Context) {
  const { settings } = ctx;
  const { name, user } = ctx.database().target;
  const all = await withMaintenance(ctx, 'tv', (database) =>
    listForeignSessions(database, { names: [name] }),
  );
  // Those of the services end with them. A program that says its name, or another role, is somebody else.
  const own = new Set<string>([
    '',
    ...Object.values(settings.host.programs),
    ...Object.values(settings.host.units),
  ]);
  return { all, strangers: all.filter((one) => one.user !== user || !own.has(one.application)) };
}
