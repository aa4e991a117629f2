import { join } from 'node:path';
import { TvError } from '../../errors/TvError.ts';
import { nodeWords } from '../../host/ownProgram.ts';
import type { SandboxPaths } from '../paths.ts';
import { bootSystemd } from './bootSystemd.ts';
import { sandboxCgroup } from './cgroup.ts';
import { type ProcessIdentity, processStart } from './processStart.ts';
import { writeInside } from './wrappers.ts';

/** What runs the sandbox's units. */
export interface Machine {
  readonly kind: 'systemd';
  /** Process 1 inside. */
  readonly init: ProcessIdentity;
  /** In front of every command that is meant for the sandbox (`host.prefix`). */
  readonly prefix: readonly string[];
}

export interface StartMachineParameters {
  /** Directory of PostgreSQL's programs. */
  readonly postgresBin: string;
  /** Programs that units run and that lie outside of the sandbox's directory: anvil, node. */
  readonly tools: readonly string[];
}

/** Starts what runs the units; none of them is started yet. */
export async function startMachine(
  paths: SandboxPaths,
  { postgresBin, tools }: StartMachineParameters,
): Promise<Machine> {
  const binds = {
    '/etc/systemd/system': paths.units,
    [unitPath(paths, paths.dir)]: paths.dir,
    ...Object.fromEntries(
      tools.map((tool) => [toolPath(tool), tool] as const).filter(([inside, tool]) => inside !== tool),
    ),
  };
  const pid = await bootSystemd(paths, { binds });
  const standard = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  // First: what Debian has in /usr/bin is a slow wrapper, which looks for the machine's own clusters.
  writeInside(paths, pid, sandboxCgroup(paths.dir) ?? '', [postgresBin, ...standard].join(':'));
  return { kind: 'systemd', init: identify(pid), prefix: [join(paths.bin, 'inside')] };
}

/**
 * The path by which units reach a file of the sandbox. Units run as an unprivileged user, who may
 * not pass a parent directory like /root: inside, the directory is shown a second time below /run.
 */
export function unitPath(paths: SandboxPaths, path: string): string {
  return path.replace(paths.dir, '/run/tempovault-sandbox');
}

/** The same for a program that came with the machine or with npm. */
export function toolPath(tool: string): string {
  return tool.startsWith('/usr/') ? tool : join('/run/tempovault-tools', tool);
}

/** The words that run a JavaScript file with tv's own Node, as units reach it. */
export function nodeInside(): readonly string[] {
  const [node = '', ...words] = nodeWords();
  return [toolPath(node), ...words];
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
