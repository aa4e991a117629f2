import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { programLoaders } from '../../scripts/programs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Bundles programs of `test/support/programs`, so that Node can run them as processes of their own. */
export async function buildTestPrograms(
  ...names: readonly string[]
): Promise<{ readonly path: (name: string) => string; remove(): void }> {
  const directory = mkdtempSync(join(tmpdir(), 'tv-programs-'));
  await build({
    absWorkingDir: root,
    entryPoints: names.map((name) => `test/support/programs/${name}.ts`),
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    logLevel: 'error',
    loader: programLoaders,
  });
  return {
    path: (name) => join(directory, `${name}.mjs`),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
