import { join } from 'node:path';
import { TvError } from '../../errors/TvError.ts';
import type { SandboxPaths } from '../paths.ts';
import { bootSupervisor } from './bootSupervisor.ts';
import { bootSystemd } from './bootSystemd.ts';
import { sandboxCgroup } from './cgroup.ts';
import { type ProcessIdentity, processStart } from './processStart.ts';
import { writeInside, writeLookAlikes } from './wrappers.ts';

export type MachineKind = 'systemd' | 'supervisor';

/** What runs the sandbox's units. */
export interface Machine {
  readonly kind: MachineKind;
  /** Process 1 inside, or the supervisor. */
  readonly init: ProcessIdentity;
  /** In front of every command that is meant for the sandbox (`host.prefix`). */
  readonly prefix: readonly string[];
}

export interface StartMachineParameters {
  readonly kind: MachineKind;
  /** Directory of PostgreSQL's programs. */
  readonly postgresBin: string;
  /** Programs that units run and that lie outside of the sandbox's directory: anvil, node. */
  readonly tools: readonly string[];
}

/** Starts what runs the units; none of them is started yet. */
export async function startMachine(
  paths: SandboxPaths,
  { kind, postgresBin, tools }: StartMachineParameters,
): Promise<Machine> {
  if (kind === 'supervisor') {
    const pid = await bootSupervisor(paths);
    writeLookAlikes(paths);
    const path = [paths.bin, postgresBin, process.env['PATH'] ?? ''].join(':');
    return { kind, init: identify(pid), prefix: ['env', `PATH=${path}`] };
  }
  const binds = {
    '/etc/systemd/system': paths.units,
    [unitPath(kind, paths, paths.dir)]: paths.dir,
    ...Object.fromEntries(
      tools.map((tool) => [toolPath(kind, tool), tool] as const).filter(([inside, tool]) => inside !== tool),
    ),
  };
  const pid = await bootSystemd(paths, { binds });
  const standard = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  // First: what Debian has in /usr/bin is a slow wrapper, which looks for the machine's own clusters.
  writeInside(paths, pid, sandboxCgroup(paths.dir) ?? '', [postgresBin, ...standard].join(':'));
  return { kind, init: identify(pid), prefix: [join(paths.bin, 'inside')] };
}

/**
 * The path by which units reach a file of the sandbox. Units run as an unprivileged user, who may
 * not pass a parent directory like /root: inside, the directory is shown a second time below /run.
 */
export function unitPath(kind: MachineKind, paths: SandboxPaths, path: string): string {
  return kind === 'systemd' ? path.replace(paths.dir, '/run/tempovault-sandbox') : path;
}

/** The same for a program that came with the machine or with npm. */
export function toolPath(kind: MachineKind, tool: string): string {
  if (kind === 'supervisor' || tool.startsWith('/usr/')) return tool;
  return join('/run/tempovault-tools', tool);
}

function identify(pid: number): ProcessIdentity {
  const start = processStart(pid);
  if (start === undefined) {
    throw new TvError('sandbox.not-started', 'The sandbox ended while it was starting.', {
      next: { tv: ['sandbox', 'up'] },
    });
  }
  return { pid, start };
}
