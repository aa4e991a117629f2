import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onThisMachine } from '../../errors/advice.ts';
import { TvError } from '../../errors/TvError.ts';
import type { SandboxPaths } from '../paths.ts';

const names = ['event_indexer', 'oracle_relay', 'api_server', 'rpc_proxy', 'supervisor', 'init_cluster'];

/**
 * Copies the programs that units run into the sandbox, so that it goes on when tv is built anew.
 * @throws TvError where tv has not been built
 */
export function copyPrograms(paths: SandboxPaths): void {
  const beside = join(dirname(fileURLToPath(import.meta.url)), 'sandbox');
  // Beside the bundle; where tv runs from source (tests), in the usual build.
  const built = existsSync(beside) ? beside : join(packageRoot(), 'dist', 'sandbox');
  mkdirSync(paths.programs, { recursive: true, mode: 0o755 });
  // Away from tv's own package.json, Node takes .js for CommonJS.
  writeFileSync(join(paths.programs, 'package.json'), '{ "type": "module" }\n');
  for (const name of names) {
    const file = join(built, `${name}.js`);
    if (!existsSync(file)) {
      throw new TvError('sandbox.needs-program', 'tv is not built, so the sandbox has no programs to run.', {
        facts: { missing: file },
        next: onThisMachine('npm run build'),
      });
    }
    copyFileSync(file, join(paths.programs, `${name}.js`));
  }
}

/** Where tv itself is installed, both from source and from the bundle. */
export function packageRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error(`no package.json above ${import.meta.url}`);
    directory = parent;
  }
  return directory;
}
