import { readSystemSettings } from '../../../src/database/tuning/alterSystem.ts';
import { isOutranked, readTunables, type Tunable } from '../../../src/database/tuning/readTunables.ts';
import { sameSetting, sameValue } from '../../../src/database/tuning/sizes.ts';
import type { Check } from '../../../src/runbook/check.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { block, Preflight, pass, warn } from '../../../src/runbook/preflight.ts';
import { asAdmin } from '../shared/asAdmin.ts';
import { tuneCommand } from './command.ts';
import type { TuneFacts } from './facts.ts';
import type { MachineInput } from './measureMachine.ts';

/** A reload reaches every session before its next statement, and is under way for this long at most (ms). */
const reloadMs = 10_000;

/** Reads back what the server now has, and what waits for a restart. */
export async function verify(
  ctx: StepContext,
  { changes }: TuneFacts,
  input: MachineInput,
): Promise<readonly Check[]> {
  const names = changes.map(({ name }) => name);
  const preflight = new Preflight(ctx);

  preflight.check('settings', 'database', async () => {
    const system = await asAdmin(ctx, (admin) => readSystemSettings(admin, { names }));
    const lost = changes.filter(({ name, to }) => !sameValue(to, system[name] ?? ''));
    return lost.length === 0
      ? pass(
          `${changes.length} set by ALTER SYSTEM, read back from the server's files; tv runs undo puts back what was`,
        )
      : block('settings are not what was set', {
          facts: Object.fromEntries(
            lost.map(({ name, to }) => [name, `${system[name] ?? 'not set'}, not ${to}`]),
          ),
        });
  });

  preflight.check('in effect', 'database', async (signal) => {
    const deadline = ctx.clock.now().getTime() + reloadMs;
    for (;;) {
      const found = await asAdmin(ctx, (admin) => readTunables(admin, { names }));
      const late = changes.filter(
        ({ name, to }) =>
          !hasTakenEffect(
            to,
            found.find((one) => one.name === name),
          ),
      );
      if (late.length === 0) {
        return pass(`${changes.filter(({ restart }) => !restart).length} in effect`);
      }
      if (ctx.clock.now().getTime() > deadline) {
        return block('settings are set and not in effect after the reload', {
          facts: Object.fromEntries(late.map(({ name, to }) => [name, `not ${to}`])),
          next: [tuneCommand(input), "look into the server's log"],
        });
      }
      await ctx.clock.sleep(100, signal);
    }
  });

  const later = changes.filter(({ restart }) => restart).map(({ name }) => name);
  if (later.length > 0) {
    preflight.check('restart', 'database', async () =>
      warn(`${later.join(', ')}: in effect after the next restart of PostgreSQL`, {
        next: [{ when: 'after a restart of PostgreSQL at a quiet hour', ...tuneCommand(input) }],
      }),
    );
  }
  return preflight.checks();
}

function hasTakenEffect(to: string, has: Tunable | undefined): boolean {
  if (has === undefined) return false;
  return sameSetting(to, has) || has.pendingRestart || isOutranked(has);
}
