import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pathOf } from '../support/pathOf.ts';
import { measurePeak } from '../support/peakMemory.ts';
import { type TvHome, tvHome } from '../support/sandbox.ts';

const launcher = fileURLToPath(new URL('../../bin/tv.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tv-logs-'));
let home: TvHome;
beforeAll(async () => {
  home = await tvHome();
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

let made = 0;

/** A PATH on which journalctl and systemctl are these shell programs; undefined: there is none. */
function machine(journalctl: string | undefined, systemctl: string | undefined = allActive): string {
  return pathOf(join(folder, String(made++)), { journalctl, systemctl });
}

const allActive = `case $1 in
is-system-running) echo running ;;
*) for word in "$@"; do case $word in tempovault-*)
  printf 'Id=%s.service\\nLoadState=loaded\\nActiveState=active\\nSubState=running\\n\\n' "$word" ;; esac; done ;;
esac`;
const noSystemd = `echo 'System has not been booted with systemd as init system (PID 1).' >&2; exit 1`;

/** Prints one entry, `AGE` seconds old, of `UNIT`. */
const entry = `entry() { printf '{"__CURSOR":"s=1;i=%s","__REALTIME_TIMESTAMP":"%s000000","_SYSTEMD_UNIT":"tempovault-%s.service","_PID":"7","PRIORITY":"6","MESSAGE":"%s"}\\n' "$1$2" "$(($(date +%s) - $1))" "$2" "$3"; }`;
const threeLines = `${entry}
entry 30 api started; entry 20 indexer 'Connected to postgresql://tempovault:hunter2@db/tempovault'; entry 10 oracle accepted`;

const tv = (bin: string, ...args: readonly string[]) =>
  home.tv(['logs', ...args], { env: { PATH: `${bin}:/usr/bin:/bin` } });

describe('a journal that cannot be read', () => {
  it.each<[string, () => string, RegExp]>([
    [
      'no files',
      () => machine(`echo 'No journal files were found.' >&2`),
      /The journal cannot be read[\s\S]*No journal files were found/,
    ],
    [
      'no systemd',
      () => machine(`echo 'No journal files were found.' >&2`, noSystemd),
      /There is no systemd on the host[\s\S]*has not been booted with systemd/,
    ],
    [
      'no systemd, and journalctl says nothing',
      () => machine('exit 0', noSystemd),
      /There is no systemd on the host[\s\S]*has not been booted with systemd/,
    ],
    [
      'only own messages',
      () =>
        machine(
          `echo 'Hint: You are currently not seeing messages from other users and the system.' >&2
echo "      Users in groups 'adm', 'systemd-journal' can see all messages." >&2`,
        ),
      /No permission to read the whole journal[\s\S]*Next: run tv as root[\s\S]*systemd-journal/,
    ],
    ['exit code 1', () => machine(`echo 'Failed to search journal: I/O error' >&2; exit 1`), /I\/O error/],
  ])('%s → exit 1, and why', async (_, make, reason) => {
    for (const flags of [['--errors'], ['--group', '--since', '2h'], ['-f'], ['--json']]) {
      const { exitCode, stdout, stderr } = await tv(make(), ...flags);
      expect(stderr).toMatch(reason);
      expect(exitCode).toBe(1);
      expect(stderr).not.toMatch(/no errors/i);
      if (flags[0] === '--json') expect(JSON.parse(stdout)).toMatchObject({ schema: 'tv.error/1' });
    }
  });

  it('no journalctl → exit 1', async () => {
    const bin = machine(undefined);
    const { exitCode, stderr } = await home.tv(['logs', '--set', `host.prefix=env PATH=${bin}`]);
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringContaining('journalctl is not installed on the host'),
    ]);
  });

  it('a part of it → what can be read is shown, exit 1', async () => {
    const bin = machine(`${threeLines}
echo 'Journal file /var/log/journal/1/system.journal is truncated, ignoring file.' >&2`);
    const { exitCode, stdout, stderr } = await tv(bin);
    expect([exitCode, stdout.split('\n').length]).toEqual([1, 3]);
    expect(stderr).toContain('is truncated, ignoring file');
    const { exitCode: code, stdout: json } = await tv(bin, '--json');
    expect([code, JSON.parse(json)]).toMatchObject([
      1,
      { items: [{}, {}, {}], problems: [{ service: null }] },
    ]);
  });

  it('a unit without any line → exit 1, never "no errors"', async () => {
    const bin = machine(`${entry}
case "$*" in *tempovault-api*) entry 30 api started ;; esac`);
    const { exitCode, stderr } = await tv(bin, '--errors');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('oracle: no journal lines of tempovault-oracle');
  });
});

describe('a journal that can be read', () => {
  it('merged, masked, one line an entry in a pipe', async () => {
    const { exitCode, stdout, stderr } = await tv(machine(threeLines));
    expect(stdout.split('\n').map((line) => line.slice(27))).toEqual([
      'api info started',
      'indexer info Connected to postgresql://***@db/tempovault',
      'oracle info accepted',
    ]);
    expect([exitCode, stderr]).toEqual([0, '']);
  });

  it('--json → one document with the entries and what was read', async () => {
    const { stdout } = await tv(machine(threeLines), 'oracle', 'api', '--since', '1h', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'tv.logs/1',
      items: [{ service: 'api', message: 'started' }, {}, { service: 'oracle' }],
      services: [{ service: 'oracle', state: 'active' }, { service: 'api' }],
      read: 3,
      problems: [],
    });
  });

  it('nothing in the window, and the journal begins later → said', async () => {
    const bin = machine(`${entry}
case "$*" in *--since*) ;; *) entry 60 api x; entry 60 indexer x; entry 60 oracle x ;; esac`);
    const { exitCode, stdout, stderr } = await tv(bin, '--errors', '--since', '2h');
    expect([exitCode, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/No entries of api, indexer, oracle since/);
    expect(stderr.replace(/\s+/g, ' ')).toMatch(/the journal begins .* was rotated away or never kept/);
  });

  it('journalctl without pattern matching → a transaction is found all the same', async () => {
    const bin =
      machine(`case "$*" in *--grep*) echo 'Compiled without pattern matching support' >&2; exit 1 ;; esac
${entry}
entry 30 oracle 'sent ${'AB'.repeat(32)}'; entry 20 oracle other; entry 10 indexer other; entry 5 api other`);
    const { exitCode, stdout } = await tv(bin, '--tx', `0x${'ab'.repeat(32)}`);
    expect([exitCode, stdout.slice(27)]).toEqual([0, `oracle info sent ${'AB'.repeat(32)}`]);
  });

  it('reader that has read enough → quiet, exit 0, and journalctl is gone', async () => {
    const pidFile = join(folder, 'endless.pid');
    const bin = machine(`case "$*" in *-u*) ;; *) exit 0 ;; esac
${entry}
echo $$ >${pidFile}; line=$(entry 5 api x); exec yes "$line"`);
    const head = spawn('sh', ['-c', `"$0" "$1" logs --since 1h | head -n 2`, process.execPath, launcher], {
      env: { ...home.env, PATH: `${bin}:/usr/bin:/bin` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    head.stdout.on('data', (chunk) => {
      text += chunk;
    });
    head.stderr.on('data', (chunk) => {
      text += chunk;
    });
    const [code] = await once(head, 'close');
    expect([code, text.trim().split('\n').length]).toEqual([0, 2]);
    expect(existsSync(`/proc/${readFileSync(pidFile, 'utf8').trim()}`)).toBe(false);
  });
});

describe('--follow', () => {
  const live = (pidFile: string) => `case "$*" in
*'-f '*|*-f) echo $$ >${pidFile} ;;
*) ${threeLines.replaceAll('\n', '; ')}; exit ;;
esac
${entry}
entry 3 oracle 'Traceback (most recent call last):'; entry 3 oracle '  File x'; entry 3 oracle 'ValueError: no'
exec sleep 600`;

  it.each([
    ['text', [], /oracle error ValueError: no \[traceback, 2 lines\]/],
    [
      '--json: a line an entry',
      ['--json'],
      /^\{"schema":"tv.logs.item\/1","service":"oracle".*"ValueError: no"/,
    ],
  ])(
    '%s: the newest, then what comes; Ctrl-C → exit 0, and journalctl is gone',
    async (_, flags, expected) => {
      const pidFile = join(folder, `follow${flags.length}.pid`);
      const child = spawn(process.execPath, [launcher, 'logs', '-f', '-n', '2', ...flags], {
        env: { ...home.env, PATH: `${machine(live(pidFile))}:/usr/bin:/bin` },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stderr = '';
      child.stderr.on('data', (chunk) => {
        stderr += chunk;
      });
      const lines: string[] = [];
      const ended = once(child, 'close');
      for await (const line of createInterface({ input: child.stdout })) {
        lines.push(line);
        if (lines.length === 3) child.kill('SIGINT');
      }
      expect(lines[0]).toContain('***@db/tempovault');
      expect(lines[2]).toMatch(expected);
      if (flags.length > 0)
        expect(JSON.parse(lines[3] ?? '')).toMatchObject({ schema: 'tv.logs/1', shown: 3 });
      expect([(await ended)[0], stderr]).toEqual([0, '']);
      expect(existsSync(`/proc/${readFileSync(pidFile, 'utf8').trim()}`)).toBe(false);
    },
  );

  it('journalctl ends by itself → exit 1', async () => {
    const bin = machine(`case "$*" in *'-f '*|*-f) exit 0 ;; esac
${threeLines}`);
    const { exitCode, stderr } = await tv(bin, '-f');
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('journalctl ended')]);
  });
});

it('200 000 entries of as many kinds → folded in bounded memory', async () => {
  const bin = machine(`exec awk 'BEGIN { t = systime() - 600; for (i = 0; i < 200000; i++) {
  word = ""; for (n = i; n > 0; n = int(n / 26)) word = word sprintf("%c", 97 + n % 26)
  printf "{\\"__REALTIME_TIMESTAMP\\":\\"%d000000\\",\\"_SYSTEMD_UNIT\\":\\"tempovault-%s.service\\",\\"_PID\\":\\"7\\",\\"MESSAGE\\":\\"Indexed %s in block %d\\"}\\n", t, (i % 3 == 0) ? "api" : (i % 3 == 1) ? "indexer" : "oracle", word, i } }'`);
  const { exitCode, stdout, stderr } = await home.tv(['logs', '--group', '-n', '3'], {
    env: { PATH: `${bin}:/usr/bin:/bin`, NODE_OPTIONS: measurePeak(folder) },
  });
  expect([exitCode, stdout.split('\n').length]).toEqual([0, 6]);
  expect(stderr.replace(/\s+/g, ' ')).toMatch(/198 000 entries of further kinds/);
  // In KiB. Keeping the entries would take about 200 MiB more.
  expect(Number(/peak (\d+)/.exec(stderr)?.[1])).toBeLessThan(150 * 1024);
});
