import { readServer } from '../../../src/database/readServer.ts';
import { answer } from '../../../src/errors/answer.ts';
import { changeUnit } from '../../../src/host/changeUnit.ts';
import { checkUnitsAsBefore } from '../../../src/host/checkAsBefore.ts';
import { startUnit } from '../../../src/host/startUnit.ts';
import { stopUnit } from '../../../src/host/stopUnit.ts';
import type { Step, StepContext } from '../../../src/runbook/define.ts';
import { withMaintenance } from '../shared/maintenance.ts';
import { assertNoBlockers } from './checks/blockers.ts';
import { assertNobodyStays } from './checks/sessions.ts';
import { keepsOld, type RestoreFacts } from './facts.ts';

/** When the services went down and came up again: what the downtime is counted from. */
export type Moment = { readonly at: string };

/** The indexer writes, the API and the relay read: nobody may be connected while names change. */
export function stopServices({ services, endSessions }: RestoreFacts): Step {
  const units = services.map(({ unit }) => unit);
  return {
    id: 'stop',
    title: 'stop the services',
    command: `systemctl stop ${units.join(' ')}`,
    effect: 'reversible',
    undoTitle: 'start the services',
    leaves: { subject: 'services', plural: true, state: 'STOPPED', until: 'start' },
    // Some may have stopped before one did not. Stopping what is stopped changes nothing.
    probe: async () => 'begun',
    run: async (ctx) => {
      if (!endSessions) await assertNobodyStays(ctx);
      await assertNoBlockers(ctx);
      const at = String(ctx.notes['at'] ?? ctx.clock.now().toISOString());
      ctx.note('at', at);
      const { signal } = ctx;
      await Promise.all(units.map((unit) => stopUnit(ctx.host(), { unit, signal })));
      return { at } satisfies Moment;
    },
    undo: async (ctx) => {
      await awaitServer(ctx);
      await startAgain(ctx, { services });
    },
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), services),
  };
}

export function startServices(facts: RestoreFacts): Step {
  const { services } = facts;
  const units = running({ services });
  return {
    id: 'start',
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
      return { at } satisfies Moment;
    },
  };
}

/** A PostgreSQL that restarts is back within this time (ms). */
const restartMs = 15_000;

/** A service that starts while its database is away fails at once. Started they are in any case. */
async function awaitServer(ctx: StepContext): Promise<void> {
  const deadline = ctx.clock.now().getTime() + restartMs;
  while (!(await answer(withMaintenance(ctx, 'tv', readServer))).known) {
    if (ctx.clock.now().getTime() > deadline) return;
    await ctx.clock.sleep(500, ctx.signal);
  }
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
