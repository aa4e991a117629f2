import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SandboxPaths } from './paths.ts';
import type { SandboxState } from './state.ts';

export interface BrokenWorld {
  readonly paths: SandboxPaths;
  readonly state: SandboxState;
}

/** One way to break a sandbox, and to heal it. */
export interface Fault {
  readonly summary: string;
  /** Reads only. @returns what `mend` will need, as JSON; kept on disk before the damage is done */
  prepare?(world: BrokenWorld): Promise<unknown>;
  impose(world: BrokenWorld): Promise<void>;
  mend(world: BrokenWorld): Promise<void>;
}

/** What is broken now, each with what is needed to mend it: one file a fault. */
export function currentFaults(paths: SandboxPaths): readonly string[] {
  const directory = join(paths.dir, 'broken');
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}

/** Written before the damage is done, so that it can be mended also where `break` was cut off. */
export function recordFault(paths: SandboxPaths, fault: string, keepsake: unknown = null): void {
  const directory = join(paths.dir, 'broken');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, fault), JSON.stringify(keepsake), { mode: 0o600 });
}

export function readFault<T>(paths: SandboxPaths, fault: string): T {
  return JSON.parse(readFileSync(join(paths.dir, 'broken', fault), 'utf8')) as T;
}

export function forgetFault(paths: SandboxPaths, fault: string): void {
  rmSync(join(paths.dir, 'broken', fault), { force: true });
}
