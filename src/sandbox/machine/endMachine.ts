import { existsSync } from 'node:fs';
import type { SandboxPaths } from '../paths.ts';
import { cgroupProcesses, removeCgroup, sandboxCgroup } from './cgroup.ts';

/**
 * Ends everything that runs for the sandbox, whatever state it is in: its control group, whose name follows from
 * the directory, so nothing that is kept on disk is needed to find it. Units are not asked to stop, since nothing of
 * them is kept.
 *
 * @returns how many processes there were
 */
export async function endMachine(paths: SandboxPaths): Promise<number> {
  const group = sandboxCgroup(paths.dir);
  if (group === undefined || !existsSync(group)) return 0;
  const count = cgroupProcesses(group).length;
  await removeCgroup(group);
  return count;
}
