import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { SandboxPaths } from '../paths.ts';
import inside from './inside.sh';
import wrapper from './wrapper.sh';

/** `bin/inside COMMAND…` runs a command inside the sandbox; `systemctl` and `journalctl` run there. */
export function writeInside(paths: SandboxPaths, init: number, group: string, path: string): void {
  const script = join(paths.bin, 'inside.sh');
  const words = ['/bin/sh', script, String(init), basename(group), paths.dir, path];
  writeWrapper(paths, 'inside', words);
  writeFileSync(script, inside);
  for (const name of ['systemctl', 'journalctl']) writeWrapper(paths, name, [...words, name]);
}

/** Puts a program into the sandbox's `bin` that runs these words, and then its own arguments. */
export function writeWrapper(paths: SandboxPaths, name: string, words: readonly string[]): void {
  mkdirSync(paths.bin, { recursive: true });
  const file = join(paths.bin, name);
  writeFileSync(`${file}.words`, words.map((word) => `${word}\n`).join(''));
  writeFileSync(file, wrapper, { mode: 0o755 });
}
