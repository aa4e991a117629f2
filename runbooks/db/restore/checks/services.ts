import { onHost } from '../../../../src/errors/advice.ts';
import { readUnits, type UnitState } from '../../../../src/host/readUnits.ts';
import type { Context } from '../../../../src/runbook/context.ts';
import { block, pass, warn } from '../../../../src/runbook/preflight.ts';
import type { RestoreFacts } from '../facts.ts';

export interface CheckServicesParameters {
  /** The database is gone: its services fail for want of it, and are meant to run. */
  readonly lost: boolean;
  /** The database is dropped first. */
  readonly inPlace: boolean;
  /** Units that an unfinished restore has stopped: they are meant to run. Default: none. */
  readonly stoppedEarlier?: readonly string[];
}

/** Between the two looks, in milliseconds: systemd restarts after 100 ms unless told otherwise. */
const windowMs = 2_000;
/** A service that has been restarted this often, and came up less than `freshMs` ago, is not up for good. */
const manyRestarts = 3;
const freshMs = 30_000;

/** Which services run, and so have to run afterwards. One that only crashes again and again does not. */
export async function checkServices(
  ctx: Context,
  { lost, inPlace, stoppedEarlier = [] }: CheckServicesParameters,
) {
  const units = Object.values(ctx.settings.host.units);
  const states = await readUnits(ctx.host(), { units });
  const missing = units.filter((_, index) => states[index]?.loadState !== 'loaded');
  if (missing.length > 0) {
    return block<RestoreFacts['services']>(`not installed here: ${missing.join(', ')}`, {
      next: [{ tv: ['config', 'show'] }],
    });
  }
  const crashing = lost ? [] : await crashLooping(ctx, units, states);
  // systemd starts one again and again that ends for want of its database: it is meant to run.
  const meant = ['active', 'activating', 'reloading', ...(lost ? ['failed'] : [])];
  const value = states.map(({ activeState }, index) => {
    const unit = units[index] ?? '';
    const crashes = crashing.includes(unit);
    const isMeant = meant.includes(activeState) || stoppedEarlier.includes(unit);
    return { unit, wasActive: isMeant && !crashes, ...(crashes ? { crashes } : {}) };
  });
  const downtime = inPlace && !lost ? 'all the while it is restored' : 'only for the swap';
  if (crashing.length > 0) {
    const restarts = states
      .filter((_, index) => crashing.includes(units[index] ?? ''))
      .map((state, index) => [crashing[index] ?? '', `${state.restarts} restarts`] as const);
    return warn(
      `${crashing.join(', ')}: crashes and is restarted again and again; started afterwards, but not required to run`,
      {
        value,
        facts: Object.fromEntries(restarts),
        next: crashing.map((unit) => onHost(`journalctl -u ${unit} -n 50 --no-pager`)),
      },
    );
  }
  const down = states
    .map(({ activeState }, index) => ({ unit: units[index] ?? '', activeState }))
    .filter(({ unit, activeState }) => stoppedEarlier.includes(unit) && !meant.includes(activeState));
  if (down.length > 0) {
    const names = down.map(({ unit }) => unit).join(', ');
    return warn(`${names}: stopped by a restore that was not finished; started afterwards`, { value });
  }
  const idle = value.filter(({ wasActive }) => !wasActive).map(({ unit }) => unit);
  return idle.length === 0
    ? pass(`all ${lost ? 'meant to run' : 'active'}; they are stopped ${downtime}`, value)
    : warn(`${idle.join(', ')}: not active, and stays so`, { value });
}

/** By two looks: `active` and `activating` alone say nothing about a service that crashes and comes again. */
async function crashLooping(
  ctx: Context,
  units: readonly string[],
  first: readonly UnitState[],
): Promise<readonly string[]> {
  const now = ctx.clock.now().getTime();
  const suspicious = (state: UnitState) =>
    state.activeState === 'activating' ||
    (state.restarts > 0 && (state.since === undefined || now - state.since.getTime() < freshMs));
  if (!first.some(suspicious)) return [];
  await ctx.clock.sleep(windowMs, ctx.signal);
  const second = await readUnits(ctx.host(), { units });
  return units.filter((_, index) => {
    const [before, after] = [first[index], second[index]];
    if (before === undefined || after === undefined || !suspicious(before)) return false;
    return (
      after.restarts > before.restarts ||
      after.subState === 'auto-restart' ||
      after.activeState === 'failed' ||
      (after.activeState === 'active' && after.restarts >= manyRestarts)
    );
  });
}
