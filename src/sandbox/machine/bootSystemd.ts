import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { TvError } from '../../errors/TvError.ts';
import { childEnvironment } from '../../host/childEnvironment.ts';
import type { SandboxPaths } from '../paths.ts';
import bootScript from './bootScript.sh';
import { cgroupProcesses, createCgroup, sandboxCgroup } from './cgroup.ts';
import { until } from './until.ts';

export interface BootOptions {
  /** Shown inside: a directory or file of this machine, by the path that the units know it by. */
  readonly binds: Readonly<Record<string, string>>;
}

/**
 * Boots a systemd of the sandbox's own, which outlives this process. All that it starts is in one
 * pid namespace and in one control group.
 * @throws TvError with the boot's last words
 */
export async function bootSystemd(paths: SandboxPaths, { binds }: BootOptions): Promise<number> {
  const group = sandboxCgroup(paths.dir);
  if (group === undefined) throw new TvError('sandbox.not-started', 'The sandbox needs cgroup2.');
  const mountPoint = join(paths.machine, 'mnt');
  const script = join(paths.machine, 'init.sh');
  const logFile = join(paths.machine, 'boot.log');
  mkdirSync(mountPoint, { recursive: true });
  writeFileSync(script, bootScript);
  createCgroup(group);

  const namespaces = ['--pid', '--mount', '--uts', '--ipc', '--propagation', 'private'];
  const shown = Object.entries(binds).flatMap(([inside, outside]) => [outside, inside]);
  const log = openSync(logFile, 'a');
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      'echo 0 >"$1/outer/cgroup.procs" && shift && exec unshare --fork --kill-child=KILL "$@"',
      'sh',
      group,
      ...namespaces,
      '/bin/bash',
      script,
      mountPoint,
      group,
      ...shown,
    ],
    { cwd: '/', env: childEnvironment(), detached: true, stdio: ['ignore', log, log] },
  );
  closeSync(log);
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  child.once('error', () => {
    ended = true;
  });
  child.unref();

  const give = (problem: string): never => {
    throw new TvError('sandbox.not-started', `The sandbox's systemd does not boot: ${problem}.`, {
      facts: { log: readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join(' | ') },
    });
  };
  let init: number | undefined;
  await until(
    async () => {
      if (ended) return true;
      init = initProcess(group);
      return init !== undefined && (await isBooted(init));
    },
    { limitMs: 15_000, what: 'systemd to boot' },
  ).catch((error: unknown) => give(error instanceof Error ? error.message : String(error)));
  if (ended || init === undefined) return give('it ended at once');
  if (cgroupProcesses(join(group, 'inner')).length === 0) return give('it left its control group');
  return init;
}

/**
 * Process 1 of a sandbox, by the id that this machine knows it by. Found through the control
 * group, so an id that has gone to some other process meanwhile is never taken for it.
 */
function initProcess(group: string): number | undefined {
  return cgroupProcesses(join(group, 'inner')).find((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      // Ids in the namespaces from outermost to innermost.
      return /^NSpid:.*\s1$/m.test(status) && !/^State:\s*[ZX]/m.test(status);
    } catch {
      return false;
    }
  });
}

async function isBooted(init: number): Promise<boolean> {
  if (!readFileSync(`/proc/${init}/comm`, 'utf8').startsWith('systemd')) return false;
  const { stdout } = await execa(
    'nsenter',
    ['-t', String(init), '-m', '-u', '-i', '-p', '-C', '--', 'systemctl', 'is-system-running'],
    { reject: false, timeout: 5_000, env: childEnvironment(), extendEnv: false },
  );
  // "degraded": some unit failed. Then systemd is up all the same.
  return stdout === 'running' || stdout === 'degraded';
}
