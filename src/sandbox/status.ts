import { existsSync } from 'node:fs';
import { currentFaults } from './breakRecord.ts';
import { runInside } from './machine/runInside.ts';
import { type SandboxPlace, sandboxDirectory, sandboxPaths } from './paths.ts';
import { readSandboxState, runningState, type SandboxState, unitNames } from './state.ts';

export interface UnitStatus {
  readonly unit: string;
  readonly active: string;
  readonly pid: number;
}

export interface SandboxStatus {
  readonly dir: string;
  /** `broken`: its files are there and its processes are not, or `up` did not come to its end. */
  readonly condition: 'up' | 'broken' | 'down';
  readonly sandbox: SandboxInfo | undefined;
  readonly units: readonly UnitStatus[];
  /** Names of what `tv sandbox break` has broken. */
  readonly faults: readonly string[];
}

/** What an operator may see of a sandbox. */
export interface SandboxInfo extends SandboxState {
  readonly files: {
    readonly config: string;
    readonly envFile: string;
    readonly backups: string;
    readonly passwords: string;
  };
  /** Addresses of the accounts that hold keys, by the part that they play. */
  readonly accounts: Readonly<Record<string, string>>;
}

/** What runs where. Changes nothing. */
export async function sandboxStatus(place: SandboxPlace): Promise<SandboxStatus> {
  const paths = sandboxPaths(sandboxDirectory(place));
  const running = runningState(paths);
  const known = running ?? readSandboxState(paths);
  return {
    dir: paths.dir,
    condition: running !== undefined ? 'up' : existsSync(paths.dir) ? 'broken' : 'down',
    sandbox: known === undefined ? undefined : sandboxInfo(known),
    units: running === undefined ? [] : await readUnits(running),
    faults: currentFaults(paths),
  };
}

export function sandboxInfo(state: SandboxState): SandboxInfo {
  const paths = sandboxPaths(state.dir);
  return {
    ...state,
    files: {
      config: paths.config,
      envFile: paths.envFile,
      backups: paths.backup,
      passwords: paths.passwords,
    },
    accounts: Object.fromEntries(
      Object.entries(state.deployment.accounts).map(([role, { address }]) => [role, address]),
    ),
  };
}

async function readUnits({ machine }: SandboxState): Promise<UnitStatus[]> {
  const names = unitNames.map((name) => `${name}.service`);
  const { stdout } = await runInside(machine, [
    'systemctl',
    'show',
    '--property=Id,ActiveState,MainPID',
    ...names,
  ]);
  return stdout.split(/\n\n+/).flatMap((block) => {
    const fields = Object.fromEntries(
      block.split('\n').map((line) => line.split('=', 2) as [string, string]),
    );
    const unit = fields['Id']?.replace('.service', '');
    return unit === undefined
      ? []
      : [{ unit, active: fields['ActiveState'] ?? '', pid: Number(fields['MainPID']) }];
  });
}
