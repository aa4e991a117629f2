import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { SandboxPaths } from '../paths.ts';
import { supervisorProgram } from './bootSupervisor.ts';
import inside from './inside.sh';

/** `bin/inside COMMAND…` runs a command inside the sandbox; `systemctl` and `journalctl` run there. */
export function writeInside(paths: SandboxPaths, init: number, group: string, path: string): void {
  const values = { init: String(init), group: basename(group), directory: paths.dir, path };
  const lines = Object.entries(values).map(([name, value]) => `tv_${name}=${quote(value)}\n`);
  program(paths, 'inside', `${lines.join('')}${inside}`);
  for (const name of ['systemctl', 'journalctl']) {
    program(paths, name, `exec ${quote(join(paths.bin, 'inside'))} ${name} "$@"`);
  }
}

/** The supervisor's `systemctl` and `journalctl`. */
export function writeLookAlikes(paths: SandboxPaths): void {
  for (const name of ['systemctl', 'journalctl']) {
    const words = [process.execPath, supervisorProgram(paths), paths.dir, name].map(quote).join(' ');
    program(paths, name, `exec ${words} "$@"`);
  }
}

/** Puts a small shell program into the sandbox's `bin`. */
export function program(paths: SandboxPaths, name: string, body: string): void {
  mkdirSync(paths.bin, { recursive: true });
  writeFileSync(join(paths.bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
