import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SandboxPaths } from '../paths.ts';
import { cgroupProcesses, removeCgroup, sandboxCgroup } from './cgroup.ts';
import { isSameProcess, type ProcessIdentity } from './processStart.ts';
import { until } from './until.ts';

type NamedProcess = ProcessIdentity & { readonly name: string };

/**
 * Ends everything that runs for the sandbox, whatever state it is in.
 *
 * With systemd that is the control group: its name follows from the directory, so nothing that is
 * kept on disk is needed to find it. Units are not asked to stop, since nothing of them is kept.
 *
 * @returns how many processes there were
 */
export async function endMachine(paths: SandboxPaths): Promise<number> {
  const group = sandboxCgroup(paths.dir);
  let count = 0;
  if (group !== undefined && existsSync(group)) {
    count += cgroupProcesses(group).length;
    await removeCgroup(group);
  }
  return count + (await endSupervised(paths));
}

/** The supervisor first, which stops its services; then those that a killed one left behind. */
async function endSupervised(paths: SandboxPaths): Promise<number> {
  const supervisor = read<ProcessIdentity>(paths, 'supervisor.json').filter(isSameProcess);
  const count = supervisor.length + services(paths).length;
  for (const { pid } of supervisor) send(pid, 'SIGTERM');
  await gone(supervisor);
  const left = services(paths);
  for (const service of left) {
    // A postgres that is killed leaves its shared memory behind on the machine.
    send(service.pid, service.name.includes('database') ? 'SIGINT' : 'SIGKILL');
  }
  await gone(left);
  return count;
}

async function gone(processes: readonly ProcessIdentity[]): Promise<void> {
  if (processes.length === 0) return;
  const ended = () => !processes.some(isSameProcess);
  try {
    await until(ended, { limitMs: 12_000, what: 'the supervised processes to end' });
  } catch {
    for (const each of processes.filter(isSameProcess)) {
      send(each.pid, 'SIGKILL');
      send(-each.pid, 'SIGKILL');
    }
    await until(ended, { limitMs: 5_000, what: 'the supervised processes to die' });
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Ended in the meantime.
  }
}

function services(paths: SandboxPaths): readonly NamedProcess[] {
  return read<NamedProcess>(paths, 'services.json').filter(isSameProcess);
}

function read<T>(paths: SandboxPaths, file: string): readonly T[] {
  try {
    return JSON.parse(readFileSync(join(paths.machine, file), 'utf8')) as T[];
  } catch {
    return [];
  }
}
