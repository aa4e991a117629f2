import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { refusedEnvironment } from '../../scripts/bench/refusedEnvironment.mjs';

// What a start loads decides how long it takes. `npm run bench` measures that; this says why it changed.

/** `TV_BIN`: another build's `bin/tv.js`. */
const launcher = process.env['TV_BIN'] ?? fileURLToPath(new URL('../../bin/tv.js', import.meta.url));
const root = dirname(dirname(realpathSync(launcher)));

interface Loaded {
  readonly exitCode: number | null;
  readonly stdout: string;
  /** Files of tv that Node loaded, relative to its folder. */
  readonly files: readonly string[];
  /** Source files that those were bundled from, without those that are run only when something needs them. */
  readonly sources: readonly string[];
  /** Packages among the sources. */
  readonly packages: readonly string[];
}

interface Script {
  readonly url: string;
  readonly functions: readonly {
    readonly functionName: string;
    readonly ranges: readonly { readonly count: number }[];
  }[];
}

/** Which sources went into which file of the build. */
let bundled: ReadonlyMap<string, readonly string[]>;
let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'tv-startup-'));
  const meta = JSON.parse(readFileSync(join(root, 'dist/meta.json'), 'utf8')) as {
    readonly outputs: Readonly<Record<string, { readonly inputs: Readonly<Record<string, unknown>> }>>;
  };
  bundled = new Map(
    Object.entries(meta.outputs).map(([file, { inputs }]) => [
      `dist/${file.slice(file.lastIndexOf('/') + 1)}`,
      Object.keys(inputs),
    ]),
  );
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Runs tv and reads from V8's own account which scripts it loaded. */
function load(...args: readonly string[]): Loaded {
  const coverage = join(home, args.join('-'));
  mkdirSync(coverage);
  const env = { ...refusedEnvironment(home), NODE_V8_COVERAGE: coverage };
  const { status, stdout } = spawnSync(process.execPath, [launcher, ...args], { env, encoding: 'utf8' });
  const scripts = readdirSync(coverage).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(coverage, name), 'utf8')) as {
      readonly result: readonly Script[];
    };
    return result.filter(({ url }) => url.startsWith('file:'));
  });
  const files = scripts.map(({ url }) => relative(root, fileURLToPath(url))).toSorted();
  // esbuild makes a function of a module that is required, with the module's path as its name.
  const notRun = scripts.flatMap(({ functions }) =>
    functions.filter(({ ranges }) => ranges[0]?.count === 0).map(({ functionName }) => functionName),
  );
  const sources = files
    .flatMap((file) => bundled.get(file) ?? [])
    .filter((source) => !notRun.includes(source))
    .toSorted();
  const packages = sources.flatMap((source) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? []);
  return { exitCode: status, stdout, files, sources, packages: [...new Set(packages)].toSorted() };
}

describe.each([
  ['--version', /^tv \d+\.\d+\.\d+\n$/],
  ['--help', /^tv \d+\.\d+\.\d+ · operator CLI of TempoVault\n/],
])('tv %s', (flag, output) => {
  it('loads two small files behind the launcher, the second one with the common flags, and no package', () => {
    const loaded = load(flag);
    expect(loaded.exitCode).toBe(0);
    expect(loaded.stdout).toMatch(output);
    const chunk = expect.stringMatching(/^dist\/chunk-\w+\.cjs$/);
    expect(loaded.files).toEqual(['bin/tv.js', chunk, 'dist/main.cjs']);
    expect(loaded.packages).toEqual([]);
    expect(loaded.sources.filter((source) => !source.startsWith('node_modules/'))).toMatchInlineSnapshot(`
      [
        "src/cli/commonFlags.ts",
        "src/cli/help.ts",
        "src/cli/terminal/lostTerminal.ts",
        "src/cli/words.ts",
        "src/main.ts",
        "src/registry.generated.ts",
      ]
    `);
  });
});

describe('tv runbook list', () => {
  let list: Loaded;
  beforeAll(() => {
    list = load('runbook', 'list');
  });

  it('needs no environment, and loads nothing that one consists of', () => {
    expect(list.exitCode).toBe(0);
    expect(list.stdout).toContain('tv oracle rotate-key');
    const needless =
      /^src\/(chain|database|host|api|engine\/(?!interrupt)|sandbox|operations|observe|environment\.ts)/;
    expect(list.sources.filter((source) => needless.test(source))).toEqual([]);
  });

  it('loads two packages: to read the arguments, and for colours', () => {
    expect(list.packages).toEqual(['chalk', 'commander']);
  });

  it('measures only what no shorter way can with string-width', () => {
    // The name of the procedure that there is not.
    const wide = load('runbook', 'show', '金库');
    expect(wide.exitCode).toBe(2);
    expect(wide.packages).toContain('string-width');
  });
});

describe('tv status', () => {
  let status: Loaded;
  beforeAll(() => {
    status = load('status');
  });

  it('runs where every source refuses', () => {
    expect(status.exitCode).toBe(2);
    expect(status.stdout).toContain('TempoVault');
  });

  it('loads at most 190 files, 2.6 MB in all', () => {
    // Every command loads about as much, and pays for it at each start. A package that few need is imported where they do.
    const bytes = status.files.reduce((sum, file) => sum + statSync(join(root, file)).size, 0);
    expect(status.files.length).toBeGreaterThan(50);
    expect(status.files.length).toBeLessThanOrEqual(190);
    expect(bytes).toBeLessThanOrEqual(2_600_000);
  });

  it('loads no other command', () => {
    const registry = readFileSync(join(root, 'src/registry.generated.ts'), 'utf8');
    const commands = [...registry.matchAll(/import\('\.\.\/(.+?)'\)/g)].map(([, file]) => file ?? '');
    expect(commands.length).toBeGreaterThan(30);
    expect(status.sources.filter((source) => commands.includes(source))).toEqual(['runbooks/status.ts']);
  });

  it('loads nothing of the sandbox', () => {
    expect(status.sources.filter((source) => source.startsWith('src/sandbox/'))).toEqual([]);
  });

  it('loads these packages, and none to ask questions with', () => {
    expect(status.packages).toMatchInlineSnapshot(`
      [
        "@noble/curves",
        "@noble/hashes",
        "abitype",
        "chalk",
        "commander",
        "kysely",
        "ox",
        "pg",
        "pg-connection-string",
        "pg-int8",
        "pg-pool",
        "pg-protocol",
        "pg-types",
        "postgres-array",
        "postgres-bytea",
        "postgres-date",
        "postgres-interval",
        "viem",
        "xtend",
        "zod",
      ]
    `);
  });
});

describe('what is printed', () => {
  const sh = (script: string) =>
    spawnSync('bash', ['-c', script, 'bash', process.execPath, launcher], { encoding: 'utf8' });

  it.each(['--help', 'runbook list', 'completion bash'])(
    'tv %s on a full device → the reason on stderr, exit 1',
    (words) => {
      const { status, stderr } = sh(`"$1" "$2" ${words} >/dev/full`);
      expect(stderr).toMatch(/^✖ The output could not be written completely: .*ENOSPC.*\n$/);
      expect(status).toBe(1);
    },
  );

  it('a file takes only a part of it → the reason on stderr, exit 1', () => {
    // 1 KiB at most: the write that reaches it is short, and the next one fails.
    const { status, stderr } = sh(`trap '' XFSZ; ulimit -f 1; "$1" "$2" runbook list >'${home}/part'`);
    expect(statSync(join(home, 'part')).size).toBe(1024);
    expect(stderr).toMatch(/^✖ The output could not be written completely: .*EFBIG.*\n$/);
    expect(status).toBe(1);
  });

  it('after the reader has exited → no error', () => {
    const { stdout, stderr } = sh('"$1" "$2" --help | head -c 0; echo "$PIPESTATUS"');
    expect([stdout, stderr]).toEqual(['0\n', '']);
  });
});

describe('a command that only reads, interrupted while the host hangs', () => {
  it.for([
    ['breaker status', 'SIGINT', 7],
    ['db backups', 'SIGTERM', 7],
    // The convention of monitoring plugins: unknown.
    ['status', 'SIGHUP', 3],
  ] as const)(
    'tv %s, %s → ends at once with exit %i, and its child with it',
    async ([words, signal, code]) => {
      const folder = mkdtempSync(join(home, 'hangs-'));
      const pidFile = join(folder, 'pid');
      const config = join(folder, 'tv.yaml');
      const prefix = [
        'sh',
        '-c',
        `echo $$ >'${pidFile}.new'; mv '${pidFile}.new' '${pidFile}'; exec sleep 600`,
      ];
      const settings = { chain: { rpcUrls: ['http://127.0.0.1:9'] }, host: { prefix } };
      writeFileSync(config, JSON.stringify({ default: 'x', environments: { x: settings } }), { mode: 0o600 });
      const tv = spawn(process.execPath, [launcher, '--config', config, ...words.split(' ')], {
        env: { HOME: home, PATH: process.env['PATH'] },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const ended = once(tv, 'exit');
      let stderr = '';
      tv.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      await vi.waitUntil(() => existsSync(pidFile), { timeout: 20_000 });
      tv.kill(signal);
      expect(await ended).toEqual([code, null]);
      expect(stderr).toContain(`✖ The command was interrupted by ${signal}.`);
      const child = Number(readFileSync(pidFile, 'utf8'));
      expect(() => process.kill(child, 0)).toThrow('ESRCH');
    },
  );
});

describe('what asks nodes and the API', () => {
  // undici and the streams of the web, behind `fetch` and an import of node:http, cost a third of a short command.
  it.each(['status', 'monitor', 'oracle status', 'health', 'emergency shutdown --dry-run'])(
    'tv %s loads neither undici nor the streams of the web',
    (line) => {
      const args = line.split(' ');
      const list = join(home, `builtins-${args.join('-')}`);
      const hook = `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(list)}, process.moduleLoadList.join('\\n')));`;
      const preload = join(home, 'builtins.cjs');
      writeFileSync(preload, hook);
      spawnSync(process.execPath, ['--require', preload, launcher, ...args], {
        env: refusedEnvironment(home),
      });
      const loaded = readFileSync(list, 'utf8').split('\n');
      expect(loaded).toContain('NativeModule http');
      expect(loaded.filter((name) => /undici|webstreams/.test(name))).toEqual([]);
    },
  );
});
