import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

/** Everything that a sandbox keeps on disk; all of it under `dir`. */
export interface SandboxPaths {
  readonly dir: string;
  /** Says that the directory is a sandbox's, from its first moment on. */
  readonly marker: string;
  readonly state: string;
  readonly config: string;
  readonly faults: string;
  readonly passwords: string;
  readonly bin: string;
  readonly units: string;
  readonly programs: string;
  readonly machine: string;
  readonly tempovault: string;
  readonly envFile: string;
  readonly postgres: string;
  readonly chain: string;
  readonly backup: string;
  /** Keystores of the operators' roles. */
  readonly keys: string;
  readonly tvState: string;
  readonly lock: string;
}

export function sandboxPaths(directory: string): SandboxPaths {
  const dir = canonical(directory);
  return {
    dir,
    marker: join(dir, '.tv-sandbox'),
    state: join(dir, 'sandbox.json'),
    config: join(dir, 'tv.yaml'),
    faults: join(dir, 'faults.json'),
    passwords: join(dir, 'pgpass'),
    bin: join(dir, 'bin'),
    units: join(dir, 'units'),
    programs: join(dir, 'programs'),
    machine: join(dir, 'machine'),
    tempovault: join(dir, 'tempovault'),
    envFile: join(dir, 'tempovault', '.env'),
    postgres: join(dir, 'postgres'),
    chain: join(dir, 'chain'),
    backup: join(dir, 'backup'),
    keys: join(dir, 'keys'),
    tvState: join(dir, 'state'),
    lock: join(dir, 'lock'),
  };
}

export interface SandboxPlace {
  readonly name?: string | undefined;
  readonly dir?: string | undefined;
}

export const defaultName = 'sandbox';

/** `--dir`, else `<state directory>/sandbox/<name>`; without either, inside its shell, the shell's sandbox. */
export function sandboxDirectory({ name, dir }: SandboxPlace): string {
  const here = name === undefined ? process.env['TV_SANDBOX_DIR'] : undefined;
  return canonical(dir ?? here ?? join(sandboxesDirectory(), name ?? defaultName));
}

/** The folder of the sandboxes that have a name. */
export const sandboxesDirectory = (): string => canonical(join(stateDirectory(), 'sandbox'));

/** The name of the sandbox's control group: the same for every tv that is pointed at the same directory. */
export function cgroupName(dir: string): string {
  return `tv-sandbox-${createHash('sha256').update(canonical(dir)).digest('hex').slice(0, 16)}`;
}

/** `/var/lib/tv` for root; `TV_STATE_DIR` if set. */
export function stateDirectory(): string {
  const named = process.env['TV_STATE_DIR'];
  if (named !== undefined && named !== '') return named;
  if (process.getuid?.() === 0) return '/var/lib/tv';
  return join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'tv');
}

/** Absolute and without symbolic links, also where the last parts do not exist (any more). */
function canonical(path: string): string {
  const absolute = resolve(path);
  if (existsSync(absolute)) return realpathSync(absolute);
  const parent = dirname(absolute);
  return parent === absolute ? absolute : join(canonical(parent), basename(absolute));
}
