import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { publishFolder } from '../../src/sandbox/publishFolder.ts';

/**
 * A package of the npm registry in a folder of the tests' own. For those that exist for one platform
 * alone: as a dependency such a package would keep tv from being installed on every other one.
 * Downloaded once, without running its scripts.
 * @returns its folder, or undefined where it cannot be had here
 */
export async function packageFolder(name: string, version: string): Promise<string | undefined> {
  const cache = fileURLToPath(new URL(`../../node_modules/.cache/${name}@${version}`, import.meta.url));
  const folder = join(cache, 'node_modules', name);
  if (existsSync(folder)) return folder;
  try {
    await publishFolder(cache, async (draft) => {
      const flags = ['--ignore-scripts', '--no-save', '--no-package-lock', '--no-audit', '--no-fund'];
      await promisify(execFile)('npm', ['install', ...flags, '--prefix', draft, `${name}@${version}`], {
        timeout: 100_000,
      });
      return undefined;
    });
    return folder;
  } catch (error) {
    process.stderr.write(`${name}@${version} cannot be downloaded: ${(error as Error).message}\n`);
    return undefined;
  }
}
