import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TvError } from '../../errors/TvError.ts';
import { childEnvironment } from '../../host/childEnvironment.ts';
import type { SandboxPaths } from '../paths.ts';
import { until } from './until.ts';

/**
 * Starts the supervisor, which outlives this process.
 * @throws TvError with its last words
 */
export async function bootSupervisor(paths: SandboxPaths): Promise<number> {
  mkdirSync(paths.machine, { recursive: true });
  const logFile = join(paths.machine, 'boot.log');
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, [supervisorProgram(paths), paths.dir, 'daemon'], {
    cwd: '/',
    env: childEnvironment(),
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  child.once('error', () => {
    ended = true;
  });
  child.unref();
  const isListening = () => ended || existsSync(join(paths.machine, 'supervisor.sock'));
  await until(isListening, { limitMs: 10_000, what: 'the supervisor to listen' });
  if (ended || child.pid === undefined) {
    throw new TvError('sandbox.not-started', "The sandbox's supervisor does not start.", {
      facts: { log: readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join(' | ') },
    });
  }
  return child.pid;
}

export function supervisorProgram(paths: SandboxPaths): string {
  return join(paths.programs, 'supervisor.js');
}
