import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../src/sandbox/machine/until.ts';
import { pathOf } from '../support/pathOf.ts';
import { type Seat, sitDown } from '../support/pseudoTerminal.ts';
import { type TvHome, tvHome } from '../support/sandbox.ts';

// Real terminals of 20 rows, of script(1). Needs `npm run build`.

const folder = mkdtempSync(join(tmpdir(), 'tv-pager-'));
let home: TvHome;
beforeAll(async () => {
  home = await tvHome();
});
afterAll(async () => {
  await home[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const rows = 20;
let made = 0;

/** A pager that keeps what it is given and its environment, and shows what `script` says. */
function pager(script = '') {
  const program = join(folder, `pager-${made++}`);
  writeFileSync(program, `#!/bin/sh\nenv > ${program}.env\ncat > ${program}.text\n${script}\n`);
  chmodSync(program, 0o755);
  return {
    program,
    started: () => existsSync(`${program}.env`),
    text: () => readFileSync(`${program}.text`, 'utf8'),
    env: () => readFileSync(`${program}.env`, 'utf8').split('\n'),
  };
}

function at(env: Readonly<Record<string, string>>, ...args: readonly string[]): Seat {
  return sitDown({ env: { ...home.env, ...env } }, args, 80, rows);
}

/** Without colours and the terminal's line ends. */
const linesOf = (text: string) => text.replaceAll('\r', '').trimEnd().split('\n');

describe('a text longer than the terminal', () => {
  it.each([
    ['the help of tv', ['--help']],
    ['the help of a command', ['help', 'db', 'restore']],
    ['a report', ['runbook', 'show', 'reindex']],
  ])('%s → the pager gets it whole, and nothing else is on the screen', async (_, args) => {
    const seen = pager();
    const seat = at({ TV_PAGER: seen.program }, ...args);
    expect(await seat.ended).toBe(0);
    const piped = await home.tv(args);
    expect(linesOf(seen.text())).toEqual(linesOf(piped.stdout));
    expect(linesOf(piped.stdout).length).toBeGreaterThan(rows);
    expect(seat.shown()).toBe('');
  });

  it('environment of the pager → no secret, and less as git starts it', async () => {
    const seen = pager();
    const key = `0x${'5a'.repeat(32)}`;
    const secrets = { ADMIN_KEY: key, PGPASSWORD: 'hunter2', TV_DATABASE_URL: 'postgres://u:hunter2@db/d' };
    await at({ ...secrets, PAGER: seen.program }, 'runbook', 'show', 'reindex').ended;
    expect(seen.env()).toContain('LESS=FRX');
    expect(seen.env().join('\n')).not.toMatch(/hunter2|5a5a5a/);
    const own = pager();
    await at({ PAGER: own.program, LESS: '-S' }, 'runbook', 'show', 'reindex').ended;
    expect(own.env()).toContain('LESS=-S');
  });

  it('exit code → that of tv, whatever the pager ends with', async () => {
    const seen = pager('exit 9');
    // Nothing is configured here: the check ends with 1. Three rows are too few for what it says.
    const seat = sitDown({ env: { ...home.env, TV_PAGER: seen.program } }, ['config', 'check'], 80, 3);
    expect(await seat.ended).toBe(1);
    expect(seen.text()).toContain('No TempoVault is configured');
  });

  it('a pager that is left before the end → exit 0, and no error', async () => {
    const seat = at({ TV_PAGER: 'head -n 1' }, 'runbook', 'export');
    expect(await seat.ended).toBe(0);
    expect(linesOf(seat.shown())).toEqual(['# TempoVault operations runbook']);
  });

  it('a pager that cannot be started → the text itself', async () => {
    const seat = at({ TV_PAGER: '/nowhere/pager' }, 'runbook', 'show', 'reindex');
    expect(await seat.ended).toBe(0);
    const text = seat.shown();
    expect(text).toContain('## Reindex events');
    expect(text).toContain('**Without tv.**');
  });

  it('less and Ctrl-C → less stays, q leaves it, exit 0', async ({ skip }) => {
    if (spawnSync('which', ['less']).status !== 0) return skip('less is not installed here');
    const seat = at({}, 'runbook', 'export');
    await seat.sees(/TempoVault operations runbook/);
    seat.type('\x03');
    // The last procedure: the pager still reads, and tv still feeds it. The terminal discards what is typed with
    // Ctrl-C, so the key may be lost.
    await until(
      () => {
        seat.type('G');
        return /tv drill end/.test(seat.shown());
      },
      { limitMs: 10_000, what: 'the end of the text' },
    );
    seat.type('q');
    expect(await seat.ended).toBe(0);
  });
});

describe('a log longer than the terminal', () => {
  const entries = 300;
  /** Journals of so many entries of the API, and what is said on stderr at the end. */
  const machine = () =>
    pathOf(join(folder, String(made++)), {
      journalctl: `age=${entries}; now=$(date +%s); while [ $age -gt 0 ]; do
printf '{"__CURSOR":"s=1;i=%s","__REALTIME_TIMESTAMP":"%s000000","_SYSTEMD_UNIT":"tempovault-api.service","_PID":"7","PRIORITY":"6","MESSAGE":"entry %s"}\\n' $age $((now - age)) $age
age=$((age - 1)); done`,
      systemctl: 'echo running',
    });
  const words = ['logs', 'api', '-n', 'all'];

  it('the pager gets it whole, while it is read', async () => {
    const seen = pager();
    const seat = at({ PATH: `${machine()}:/usr/bin:/bin`, TV_PAGER: seen.program }, ...words);
    expect(await seat.ended).toBe(0);
    const numbers = [...seen.text().matchAll(/entry (\d+)$/gm)].map(([, number]) => Number(number));
    expect(numbers).toEqual(Array.from({ length: entries }, (_, index) => entries - index));
  });

  it('a pager that is left → exit 0, and no error', async () => {
    const seat = at({ PATH: `${machine()}:/usr/bin:/bin`, TV_PAGER: 'head -n 2' }, ...words);
    expect(await seat.ended).toBe(0);
    expect(seat.shown()).toContain('entry 300');
    expect(seat.shown()).not.toMatch(/entry 2\d\d|✖/);
  });
});

describe('no pager', () => {
  it.each<[string, readonly string[], Readonly<Record<string, string>>]>([
    ['a text that fits', ['help', 'audit'], {}],
    ['TV_PAGER=cat', ['help', 'db', 'restore'], { TV_PAGER: 'cat' }],
    ['TV_PAGER is empty', ['help', 'db', 'restore'], { TV_PAGER: '' }],
    ['a terminal without a cursor', ['help', 'db', 'restore'], { TERM: 'dumb' }],
    ['JSON', ['runbook', 'show', 'reindex', '--json'], {}],
    ['a command that follows the convention of monitoring plugins', ['status', '--all'], {}],
    ['a log that is followed', ['logs', '-f', '-n', '5'], {}],
  ])('%s', async (_, args, env) => {
    const seen = pager();
    const words = [process.execPath, 'bin/tv.js', ...args].map((word) => `'${word}'`).join(' ');
    const { stdout } = spawnSync(
      'script',
      ['-qec', `stty cols 80 rows ${rows}; exec timeout -s INT 4 ${words}`, '/dev/null'],
      {
        env: { ...home.env, TERM: 'xterm', SHELL: '/bin/sh', PAGER: seen.program, ...env },
        encoding: 'utf8',
      },
    );
    expect(stdout).not.toBe('');
    expect(seen.started()).toBe(false);
  });

  it('output that is no terminal', async () => {
    const seen = pager();
    const { stdout } = await home.tv(['runbook', 'export'], { env: { TV_PAGER: seen.program } });
    expect(linesOf(stdout).length).toBeGreaterThan(1_000);
    expect(seen.started()).toBe(false);
  });
});
