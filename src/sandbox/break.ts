import { existsSync } from 'node:fs';
import { exitCodes, TvError, UsageError } from '../errors/TvError.ts';
import { drillScreensFile } from '../journal/drills.ts';
import { certificateFaults } from './breakCertificate.ts';
import { chainFaults } from './breakChain.ts';
import { databaseFaults } from './breakDatabase.ts';
import { envFaults } from './breakEnv.ts';
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
  ...chainFaults,
  ...orderFaults,
  ...serviceFaults,
  ...envFaults,
  ...certificateFaults,
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

/**
 * Breaks several things, in this order, and keeps no record of them: nothing in the sandbox names them, and
 * `healSandbox` does not mend them.
 * @throws TvError where one of them cannot be had
 */
export async function breakUnrecorded(place: SandboxPlace, names: readonly string[]): Promise<void> {
  const world = worldOf(place);
  for (const name of names) {
    const fault = faults[name];
    if (fault === undefined) throw new Error(`no fault ${name}`);
    // What imposing it needs is read from the record.
    recordFault(world.paths, name, (await fault.prepare?.(world)) ?? null);
    try {
      await fault.impose(world);
    } finally {
      forgetFault(world.paths, name);
    }
  }
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

/** @throws TvError where a drill is on in it */
function openWorld(place: SandboxPlace): BrokenWorld {
  const world = worldOf(place);
  if (existsSync(drillScreensFile(world.paths.tvState))) {
    throw new TvError('drill.of-sandbox', 'This sandbox belongs to a drill: its faults are not changed.', {
      facts: { sandbox: world.state.name },
      next: [
        { when: 'see what is wrong', tv: ['-e', world.state.name, 'status'] },
        { when: 'give up', tv: ['drill', 'end'] },
      ],
      exitCode: exitCodes.blocked,
    });
  }
  return world;
}

function worldOf(place: SandboxPlace): BrokenWorld {
  const paths = sandboxPaths(sandboxDirectory(place));
  return { paths, state: requireRunning(paths) };
}
