import { UsageError } from '../errors/TvError.ts';
import { databaseFaults } from './breakDatabase.ts';
import { fundFaults } from './breakFunds.ts';
import { nonceFaults } from './breakNonce.ts';
import { orderFaults } from './breakOrders.ts';
import { type BrokenWorld, currentFaults, type Fault, forgetFault, recordFault } from './breakRecord.ts';
import { rpcFaults } from './breakRpc.ts';
import { serviceFaults } from './breakServices.ts';
import { type SandboxPlace, sandboxDirectory, sandboxPaths } from './paths.ts';
import { requireRunning } from './shell.ts';

/** In the order in which they are mended: what others need comes first. */
const faults: Readonly<Record<string, Fault>> = {
  ...rpcFaults,
  ...databaseFaults,
  ...nonceFaults,
  ...fundFaults,
  ...orderFaults,
  ...serviceFaults,
};

export function listFaults(): readonly { readonly fault: string; readonly summary: string }[] {
  return Object.entries(faults).map(([fault, { summary }]) => ({ fault, summary }));
}

/**
 * Breaks something on purpose.
 * @throws UsageError for an unknown fault; TvError where the sandbox is not up, or cannot have this fault
 */
export async function breakSandbox(place: SandboxPlace, name: string): Promise<void> {
  const fault = faults[name];
  if (fault === undefined) {
    throw new UsageError('usage.unknown-name', `There is no fault "${name}".`, {
      next: { tv: ['sandbox', 'break', '--list'] },
    });
  }
  const world = openWorld(place);
  if (currentFaults(world.paths).includes(name)) return;
  recordFault(world.paths, name, (await fault.prepare?.(world)) ?? null);
  await fault.impose(world);
}

/** Mends all that is broken. @returns what was */
export async function healSandbox(place: SandboxPlace): Promise<readonly string[]> {
  const world = openWorld(place);
  const broken = currentFaults(world.paths);
  const order = Object.keys(faults).filter((name) => broken.includes(name));
  for (const name of order) {
    await faults[name]?.mend(world);
    forgetFault(world.paths, name);
  }
  return order;
}

function openWorld(place: SandboxPlace): BrokenWorld {
  const paths = sandboxPaths(sandboxDirectory(place));
  return { paths, state: requireRunning(paths) };
}
