import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { childEnvironment } from '../../host/childEnvironment.ts';
import type { SandboxPaths } from '../paths.ts';
import { unitNames } from '../state.ts';

/**
 * The last log lines of each unit that is not active, for an error's facts; of all services where
 * every unit is, since one of them then does nothing.
 */
export function lastWords(paths: SandboxPaths): Record<string, string> {
  if (!existsSync(join(paths.bin, 'journalctl'))) return {};
  const ask = (program: string, words: readonly string[]) =>
    execaSync(join(paths.bin, program), words, {
      reject: false,
      timeout: 3_000,
      env: childEnvironment(),
      extendEnv: false,
    }).stdout;
  const dead = unitNames.filter((unit) => ask('systemctl', ['is-active', unit]) !== 'active');
  const silent = dead.length > 0 ? dead : unitNames.filter((unit) => unit.startsWith('tempovault'));
  return Object.fromEntries(
    silent.flatMap((unit) => {
      const lines = ask('journalctl', ['-u', unit, '-n', '3', '-o', 'cat', '--no-pager']);
      return lines === '' ? [] : [[unit, lines.replaceAll('\n', ' | ')]];
    }),
  );
}
