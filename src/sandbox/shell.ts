import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isSea } from 'node:sea';
import { TvError } from '../errors/TvError.ts';
import { childEnvironment } from '../host/childEnvironment.ts';
import { packageRoot } from './machine/programs.ts';
import { writeWrapper } from './machine/wrappers.ts';
import { type SandboxPaths, type SandboxPlace, sandboxDirectory, sandboxPaths } from './paths.ts';
import { findServer } from './postgres/findServer.ts';
import startFile from './shell.bash';
import { runningState, type SandboxState } from './state.ts';

/**
 * Opens a shell (or runs one command) in which `systemctl`, `journalctl`, `psql` and `tv` all speak
 * to the sandbox.
 * @returns the shell's exit code
 * @throws TvError where the sandbox is not up
 */
export async function sandboxShell(place: SandboxPlace, command: readonly string[]): Promise<number> {
  const paths = sandboxPaths(sandboxDirectory(place));
  const state = requireRunning(paths);
  const environment = await shellEnvironment(paths, state);
  const [file = '', ...words] = command.length > 0 ? command : interactiveShell(paths);
  // Ctrl-C is for the program inside; it reaches the whole foreground group.
  const ignore = () => {};
  process.on('SIGINT', ignore);
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn(file, words, {
        stdio: 'inherit',
        env: { ...childEnvironment('shell'), ...environment },
      });
      child.once('error', (error) => {
        reject(
          new TvError('host.not-started', `The command ${file} cannot be started.`, {
            facts: { reason: error.message },
          }),
        );
      });
      child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
    });
  } finally {
    process.off('SIGINT', ignore);
  }
}

/** Variables that point every tool at the sandbox. The password is in a file that `PGPASSFILE` names. */
async function shellEnvironment(paths: SandboxPaths, state: SandboxState): Promise<Record<string, string>> {
  writeWrapper(paths, 'tv', tvProgram());
  const { binDirectory } = await findServer();
  return {
    PATH: [paths.bin, process.env['PATH'] ?? '/usr/bin:/bin', binDirectory].join(':'),
    PGHOST: '127.0.0.1',
    PGPORT: String(state.ports.database),
    PGUSER: 'tempovault',
    PGDATABASE: 'tempovault',
    PGPASSFILE: paths.passwords,
    TV_ENVIRONMENT: state.name,
    TV_CONFIG: paths.config,
    TV_SANDBOX_DIR: paths.dir,
  };
}

/** This tv, as words to call it with. */
export function tvProgram(): readonly string[] {
  if (isSea()) return [process.execPath];
  const launcher = /\btv(\.js)?$/.test(process.argv[1] ?? '') ? process.argv[1] : undefined;
  return [process.execPath, launcher ?? join(packageRoot(), 'bin', 'tv.js')];
}

/** @throws TvError where there is no sandbox, or it has stopped */
export function requireRunning(paths: SandboxPaths): SandboxState {
  const state = runningState(paths);
  if (state !== undefined) return state;
  throw new TvError(
    'sandbox.not-running',
    existsSync(paths.dir) ? 'The sandbox has stopped.' : 'There is no sandbox.',
    {
      facts: { directory: paths.dir },
      next: { tv: ['sandbox', 'up'] },
    },
  );
}

/** The operator's own shell. Only bash takes a start file besides its own. */
function interactiveShell(paths: SandboxPaths): readonly string[] {
  const shell = process.env['SHELL'] || '/bin/sh';
  if (basename(shell) !== 'bash') return [shell];
  const start = join(paths.bin, 'bashrc');
  writeFileSync(start, startFile);
  return [shell, '--rcfile', start, '-i'];
}
