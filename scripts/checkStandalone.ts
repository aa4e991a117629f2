// Builds the standalone executable twice, compares the bytes, and uses it as a host would that has neither Node nor
// npm: a home of its own, an empty environment. With root, also a whole sandbox with a maintenance schedule. Prints
// one line a check and start-up times beside those of the package. `npm run check:standalone`; exit 1 at a failure.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildStandalone } from './standalone.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tv-standalone-check-'));
const system = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const limitMs = 180_000;
/** Calls of each command whose times are compared. */
const rounds = 15;

let failed = 0;
function check(what: string, holds: boolean, shown = ''): void {
  console.log(`${holds ? '✔' : '✖'} ${what}${holds ? '' : `\n${shown}`}`);
  if (!holds) failed += 1;
}

try {
  const executable = await buildStandalone(join(folder, 'first'));
  const sumOf = (file: string) => readFileSync(`${file}.sha256`, 'utf8');
  const again = await buildStandalone(join(folder, 'second'));
  check(
    'two builds have the same bytes',
    sumOf(executable) === sumOf(again),
    sumOf(executable) + sumOf(again),
  );
  check(
    'its sum is right',
    spawnSync('sha256sum', ['-c', `${executable}.sha256`], { cwd: dirname(executable) }).status === 0,
  );
  rmSync(dirname(again), { recursive: true });

  const run = (file: string, words: readonly string[], path = system) =>
    spawnSync(file, words, {
      cwd: folder,
      env: { HOME: folder, PATH: path, TV_STATE_DIR: join(folder, 'state') },
      encoding: 'utf8',
      timeout: limitMs,
    });
  const tv = (...words: readonly string[]) => run(executable, words);
  const launcher = join(root, 'bin/tv.js');
  const packaged = (...words: readonly string[]) => run(process.execPath, [launcher, ...words]);

  for (const words of [
    ['--version'],
    ['--help'],
    ['runbook', 'list'],
    ['completion', 'bash'],
    ['status'],
    ['schema'],
  ]) {
    const [one, other] = [tv(...words), packaged(...words)];
    const same = one.status === other.status && one.stdout === other.stdout && one.stderr === other.stderr;
    check(`tv ${words.join(' ')} prints what the package prints`, same, one.stdout + one.stderr);
  }
  const self = tv('doctor', '--self', '--json');
  check(
    'it says that it is a standalone executable',
    JSON.parse(self.stdout).tv?.form === 'standalone',
    self.stderr,
  );

  const lacking = tv('sandbox', 'up', '--dir', join(folder, 'none'));
  const { peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const line = `npm install -g @foundry-rs/anvil@${peerDependencies['@foundry-rs/anvil']}`;
  check(
    'without anvil a sandbox is refused, with what to install',
    lacking.status === 1 && lacking.stderr.includes(line),
    lacking.stderr,
  );

  if (process.getuid?.() === 0) sandbox(run, executable);
  else console.log('– a sandbox: needs root');

  console.log('\nTime to start, in milliseconds of wall clock, the median of each:');
  for (const words of [['--version'], ['runbook', 'list'], ['status']]) {
    const times: { standalone: number[]; packaged: number[] } = { standalone: [], packaged: [] };
    for (let round = 0; round < rounds; round += 1) {
      times.standalone.push(timed(() => tv(...words)));
      times.packaged.push(timed(() => packaged(...words)));
    }
    const [one, other] = [median(times.standalone), median(times.packaged)];
    const names = `tv ${words.join(' ')}`.padEnd(18);
    console.log(
      `  ${names} standalone ${one.toFixed(0)}, package ${other.toFixed(0)}, ratio ${(one / other).toFixed(2)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;

/** A sandbox from the executable alone, with anvil as `npm install -g` puts it on the path. */
function sandbox(
  run: (file: string, words: readonly string[], path?: string) => ReturnType<typeof spawnSync>,
  executable: string,
): void {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(join(root, 'node_modules/@foundry-rs/anvil/bin.mjs'), join(bin, 'anvil'));
  const path = `${bin}:${system}`;
  const inside = (...words: readonly string[]) =>
    run(executable, ['sandbox', 'shell', '--name', 'standalone', '--', ...words], path);
  try {
    const up = run(executable, ['sandbox', 'up', '--name', 'standalone'], path);
    check('tv sandbox up', up.status === 0, `${up.stdout}${up.stderr}`);
    const status = inside('tv', 'status');
    check('tv status in it', status.status === 0, `${status.stdout}${status.stderr}`);
    const install = inside('tv', 'db', 'schedule', 'install', '--yes');
    check('tv db schedule install', install.status === 0, `${install.stdout}${install.stderr}`);
    const unit = String(inside('systemctl', 'cat', 'tempovault-db-backup.service').stdout);
    check('its unit calls the executable', unit.includes(` ${executable} -e standalone `), unit);
    const backup = inside('systemctl', 'start', 'tempovault-db-backup.service');
    const log = String(inside('journalctl', '-u', 'tempovault-db-backup.service', '--no-pager').stdout);
    check('the scheduled backup runs', backup.status === 0, log);
    const monitor = inside('tv', 'monitor', 'install', '--yes');
    check('tv monitor install', monitor.status === 0, `${monitor.stdout}${monitor.stderr}`);
  } finally {
    const down = run(executable, ['sandbox', 'down', '--name', 'standalone'], path);
    check('tv sandbox down', down.status === 0, `${down.stdout}${down.stderr}`);
  }
}

function timed(call: () => void): number {
  const start = performance.now();
  call();
  return performance.now() - start;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}
