import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupName } from '../paths.ts';
import { until } from './until.ts';

/** Where the unified control group tree is mounted; undefined without one. */
export function cgroupRoot(): string | undefined {
  if (!existsSync('/proc/self/mountinfo')) return undefined;
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [mount, type] = line.split(' - ');
    if (type?.startsWith('cgroup2 ')) return mount?.split(' ')[4];
  }
  return undefined;
}

/** The control group that holds every process of the sandbox in `dir`, whether it exists or not. */
export function sandboxCgroup(dir: string): string | undefined {
  const root = cgroupRoot();
  return root === undefined ? undefined : join(root, cgroupName(dir));
}

/**
 * Makes the group with two members: `inner` belongs to the private systemd, `outer` holds what
 * starts it. A group with processes of its own could not give its children memory and task limits.
 */
export function createCgroup(group: string): void {
  mkdirSync(join(group, 'outer'), { recursive: true });
  mkdirSync(join(group, 'inner'), { recursive: true });
  for (const controller of ['memory', 'pids', 'cpu']) {
    try {
      writeFileSync(join(group, 'cgroup.subtree_control'), `+${controller}`);
    } catch {
      // The machine does not pass this controller on: units then have no such limit.
    }
  }
}

/** Every process in the group and below it. */
export function cgroupProcesses(group: string): readonly number[] {
  return groupsBelow(group).flatMap((directory) => {
    try {
      const text = readFileSync(join(directory, 'cgroup.procs'), 'utf8');
      return text.split('\n').flatMap((line) => (line === '' ? [] : [Number(line)]));
    } catch {
      return [];
    }
  });
}

/** Kills everything in the group and removes it. Fine where there is none. */
export async function removeCgroup(group: string): Promise<void> {
  await until(
    () => {
      if (!existsSync(group)) return true;
      killAll(group);
      for (const directory of groupsBelow(group)) {
        try {
          rmdirSync(directory);
        } catch {
          // Still has dying processes: the next round finds it empty.
        }
      }
      return !existsSync(group);
    },
    { limitMs: 15_000, what: `the control group ${group} to become empty` },
  );
}

function killAll(group: string): void {
  const kill = join(group, 'cgroup.kill');
  // Linux 5.14 and newer: one write reaches also processes that fork meanwhile.
  if (existsSync(kill)) {
    writeFileSync(kill, '1');
    return;
  }
  for (const pid of cgroupProcesses(group)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }
}

/** The group and all below it, deepest first. */
function groupsBelow(group: string): readonly string[] {
  try {
    return [
      ...readdirSync(group, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .flatMap((entry) => groupsBelow(join(group, entry.name))),
      group,
    ];
  } catch {
    return [];
  }
}
