import { onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { Finding } from '../runbook/check.ts';
import type { Host } from '../runbook/context.ts';
import { block, pass } from '../runbook/preflight.ts';
import { findPaths } from './findPaths.ts';
import { readUnits } from './readUnits.ts';

/** A unit, and whether it ran before a run. */
export interface UnitBefore {
  readonly unit: string;
  readonly wasActive: boolean;
  /** It crashed again and again before: then no state of it is a difference. */
  readonly crashes?: boolean;
}

/**
 * Whether units are in the state that a run found them in: active, or not running.
 * @throws UnavailableError where there is no systemd to ask
 */
export async function checkUnitsAsBefore(host: Host, units: readonly UnitBefore[]): Promise<Finding> {
  const judged = units.filter(({ crashes }) => crashes !== true);
  const states = await readUnits(host, { units: judged.map(({ unit }) => unit) });
  if (states.length !== judged.length)
    throw new TvError('host.unreadable-answer', 'systemd did not return the state of every unit');
  const found = judged.map((one, index) => ({ ...one, state: states[index]?.activeState ?? '' }));
  const wrong = found.filter(({ wasActive, state }) =>
    wasActive ? state !== 'active' : state !== 'inactive' && state !== 'failed',
  );
  if (wrong.length > 0) {
    const words = wrong.map(
      ({ unit, wasActive, state }) =>
        `${unit} is ${state}, and ${wasActive ? 'was active' : 'did not run'} before the run`,
    );
    return block(words.join('; '), {
      next: [onHost(`systemctl status ${wrong.map(({ unit }) => unit).join(' ')} --no-pager`)],
    });
  }
  if (found.length === 0) return pass('no unit to compare');
  return pass(`${found.map(({ unit, state }) => `${unit} ${state}`).join(', ')}, as before the run`);
}

/**
 * Whether files or directories that a run has made are gone.
 * @throws TvError where the host does not answer, or this user may not see whether they are there
 */
export async function checkGone(host: Host, paths: readonly string[]): Promise<Finding> {
  const there = await findPaths(host, { paths });
  return there.length === 0
    ? pass('nothing that the run wrote is left')
    : block(`${there.length === 1 ? 'a file' : 'files'} of the run still there`, {
        facts: { files: there.join(', ') },
      });
}
