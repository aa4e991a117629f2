import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export type ProcessEnv = Readonly<Record<string, string | undefined>>;

/** Paths of this machine. */
export interface ConfigPaths {
  /** `$XDG_CONFIG_HOME/tv/config.yaml`. */
  readonly userConfig: string;
  /** `/etc/tempovault/tv.yaml`. */
  readonly machineConfig: string;
  /** `/var/lib/tv` for root, `$XDG_STATE_HOME/tv` for others; `TV_STATE_DIR` if set. */
  readonly stateDirectory: string;
}

/** @param overrides for tests; elsewhere the machine's own */
export function findConfigPaths(
  env: ProcessEnv,
  overrides: { readonly machineConfig?: string; readonly root?: boolean } = {},
): ConfigPaths {
  const home = env['HOME'] || homedir();
  const root = overrides.root ?? process.getuid?.() === 0;
  const ownState = root ? '/var/lib/tv' : join(env['XDG_STATE_HOME'] || join(home, '.local', 'state'), 'tv');
  return {
    userConfig: join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'tv', 'config.yaml'),
    machineConfig: overrides.machineConfig ?? '/etc/tempovault/tv.yaml',
    stateDirectory: env['TV_STATE_DIR'] ? resolve(env['TV_STATE_DIR']) : ownState,
  };
}

/** The sandboxes that are up, by name, each with the configuration file that it wrote. */
export function findSandboxes({ stateDirectory }: ConfigPaths): ReadonlyMap<string, string> {
  const directory = join(stateDirectory, 'sandbox');
  const names = existsSync(directory) ? namesIn(directory) : [];
  return new Map(
    names
      .map((name) => [name, join(directory, name, 'tv.yaml')] as const)
      .filter(([, file]) => existsSync(file)),
  );
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    // The directory of another user.
    return [];
  }
}
