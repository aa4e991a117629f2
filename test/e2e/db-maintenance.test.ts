import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readPassword } from '../../src/sandbox/passwords.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';

const launcher = process.env['TV_BIN'] ?? fileURLToPath(new URL('../../bin/tv.js', import.meta.url));

let sandbox: TestSandbox;
let paths: ReturnType<typeof sandboxPaths>;

beforeAll(async () => {
  sandbox = await startSandbox({ network: 'plain' });
  paths = sandboxPaths(sandbox.dir);
  await sandbox.systemctl('stop', 'tempovault-indexer', 'tempovault-oracle');
});
afterAll(() => sandbox?.stop());

const tv = (...args: string[]) => sandbox.tv(args);

async function json<T>(...args: string[]): Promise<T> {
  const { stdout, stderr } = await tv(...args, '--json');
  expect(stderr).toBe('');
  return JSON.parse(stdout) as T;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`it never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The run of this runbook that was begun last. */
async function lastRun(runbook: string): Promise<{ run: string; status: string }> {
  const { runs } = await json<{ runs: { run: string; runbook: string; status: string }[] }>('runs', 'list');
  const found = runs.find((one) => one.runbook === runbook);
  if (found === undefined) throw new Error(`no run of ${runbook}`);
  return found;
}

/** Killed there, then resumed: the end must be that of an undisturbed run. */
async function killAt(place: string, ...args: string[]): Promise<void> {
  const killed = await sandbox.tv(args, { env: { TV_FAILPOINT: place } });
  expect(killed.exitCode, `${place}: ${killed.stderr}`).toBe(-1);
}

const units = ['backup', 'prune', 'vacuum'].flatMap((job) => [
  `tempovault-db-${job}.service`,
  `tempovault-db-${job}.timer`,
]);

/** Everything that stands where units and their time stamps are kept, by path. */
async function unitWorld(): Promise<Record<string, string>> {
  const script =
    'find /etc/systemd/system /var/lib/systemd/timers \\( -type f -o -type l \\) 2>/dev/null | sort | while read -r path; do echo "$(sha256sum <"$path" | cut -c1-16) $path"; done';
  const { stdout } = await sandbox.inside('sh', '-c', script);
  return Object.fromEntries(
    stdout.split('\n').map((line) => line.split(' ').toReversed() as [string, string]),
  );
}

interface Job {
  readonly name: string;
  readonly enabled: boolean;
  readonly active: boolean;
  readonly running: boolean;
  readonly next?: string;
  readonly last?: { readonly result: string; readonly exitCode: number };
}

async function jobs(): Promise<Record<string, Job> | null> {
  const { jobs: found } = await json<{ jobs: Job[] | null }>('db', 'schedule', 'show');
  return found === null ? null : Object.fromEntries(found.map((job) => [job.name, job]));
}

async function dropIn(timer: string, calendar: string): Promise<void> {
  const directory = `/etc/systemd/system/${timer}.d`;
  const text = `[Timer]\nOnCalendar=\nOnCalendar=${calendar}\nAccuracySec=50ms\n`;
  await sandbox.inside(
    'sh',
    '-c',
    `mkdir -p "$1" && printf '%s' "$2" >"$1/when.conf" && systemctl daemon-reload`,
    'sh',
    directory,
    text,
  );
}

async function noDropIn(timer: string): Promise<void> {
  await sandbox.inside(
    'sh',
    '-c',
    `rm -rf "/etc/systemd/system/$1.d" && systemctl daemon-reload`,
    'sh',
    timer,
  );
}

async function scheduleLine(): Promise<{ level: string; text: string } | undefined> {
  const { stdout } = await tv('status', '--json');
  const { sources } = JSON.parse(stdout) as { sources: { id: string; level: string; text: string }[] };
  return sources.find(({ id }) => id === 'schedule');
}

describe('tv db schedule', () => {
  let bare: Record<string, string>;

  afterEach(async () => {
    if ((await jobs()) !== null)
      await tv('db', 'schedule', 'remove', '--yes', '--override', 'edited-units', '--reason', 'test');
  });

  test('is nowhere to be seen before it is installed, and asks before it is', async () => {
    bare = await unitWorld();
    expect(await jobs()).toBeNull();
    expect(await scheduleLine()).toBeUndefined();
    expect((await tv('db', 'schedule', 'install')).exitCode).toBe(4);
    expect((await tv('db', 'schedule', 'install', '--dry-run')).exitCode).toBe(0);
    expect((await tv('db', 'schedule', 'remove', '--yes')).exitCode).toBe(3);
    expect(await unitWorld()).toEqual(bare);
  });

  test('prints crontab lines that work unchanged, and changes nothing', async () => {
    const { stdout, exitCode } = await tv('db', 'schedule', 'install', '--cron');
    expect(exitCode).toBe(0);
    const lines = stdout.split('\n').filter((line) => !line.startsWith('#') && line !== '');
    expect(lines.map((line) => line.slice(0, 9))).toEqual(['0 2 * * *', '0 3 * * *', '0 4 * * 0']);
    const vacuum = lines[2]?.slice(9).replaceAll('\\%', '%') ?? '';
    const done = await sandbox.inside('env', '-i', 'sh', '-c', vacuum);
    expect(done.exitCode, done.stderr).toBe(0);
    expect(done.stderr).toContain('Done and verified');
    expect(await unitWorld()).toEqual(bare);
  });

  test('installs what systemd accepts, once and the same again, and takes away just that', async () => {
    const installed = await tv('db', 'schedule', 'install', '--yes');
    expect(installed.exitCode, installed.stderr).toBe(0);
    const files = units.map((unit) => `/etc/systemd/system/${unit}`);
    const checked = await sandbox.inside('systemd-analyze', 'verify', ...files);
    expect(checked.stderr).not.toMatch(/tempovault-db/);
    const after = await unitWorld();
    const links = units
      .filter((unit) => unit.endsWith('.timer'))
      .map((unit) => `/etc/systemd/system/timers.target.wants/${unit}`);
    expect(Object.keys(after)).toEqual(expect.arrayContaining([...files, ...links]));
    const found = await jobs();
    for (const job of Object.values(found ?? {})) expect(job).toMatchObject({ enabled: true, active: true });
    expect(found?.['backup']?.next).toMatch(/T02:00:00/);
    expect(found?.['prune']?.next).toMatch(/T03:00:00/);
    expect(found?.['vacuum']?.next).toMatch(/T04:00:00/);
    expect(await scheduleLine()).toMatchObject({ level: 'ok' });
    // No secret in what everybody may read.
    const texts = await sandbox.inside('cat', ...files);
    for (const role of ['tempovault', 'postgres'] as const) {
      expect(texts.stdout).not.toContain(readPassword(paths, role));
    }
    expect((await tv('db', 'schedule', 'install', '--yes')).exitCode).toBe(0);
    expect(await unitWorld()).toEqual(after);
    expect((await tv('db', 'schedule', 'remove', '--yes')).exitCode).toBe(0);
    expect(await unitWorld()).toEqual(bare);
    expect((await sandbox.systemctl('list-timers', '--all')).stdout).not.toContain('tempovault-db');
  });

  test('runs at its time; what failed shows in tv status, and what went well shows too', async () => {
    await tv('db', 'schedule', 'install', '--yes');
    const backups = () =>
      readdirSync(paths.backup).filter((name) => /^tempovault_\d{8}-\d{6}-\w+$/.test(name)).length;
    const before = backups();
    await dropIn('tempovault-db-backup.timer', '*-*-* *:*:0/3');
    await until('a backup', async () => (await jobs())?.['backup']?.last?.result === 'success');
    await until('its files', async () => backups() > before);
    // A run in progress would fail at another place than one that finds no folder from the start.
    await sandbox.systemctl('stop', 'tempovault-db-backup.timer');
    await until('the end of that run', async () => (await jobs())?.['backup']?.running === false);
    renameSync(paths.backup, `${paths.backup}.away`);
    await sandbox.systemctl('start', 'tempovault-db-backup.timer');
    try {
      // The next run, once begun, knows no result: the timer is stopped before it is looked at.
      const log = ['journalctl', '-u', 'tempovault-db-backup.service', '-o', 'cat', '--no-pager'];
      await until('a failure', async () =>
        (await sandbox.inside(...log)).stdout.includes("Failed with result 'exit-code'"),
      );
      await noDropIn('tempovault-db-backup.timer');
      await until('the end', async () => (await jobs())?.['backup']?.running === false);
      expect((await jobs())?.['backup']?.last?.result).toBe('exit-code');
      const status = await tv('status');
      expect(status.exitCode).toBe(2);
      expect(status.stdout).toMatch(/✖ Backup failed: exit code 3, blocked by a check \(/);
      expect(status.stdout).toContain('journalctl -u tempovault-db-backup.service');
      const show = await tv('db', 'schedule', 'show');
      expect(show.stdout).toMatch(/✖ backup every day at 02:00/);
      expect(show.stdout).toMatch(/failed: exit code 3/);
    } finally {
      renameSync(`${paths.backup}.away`, paths.backup);
    }
    expect((await sandbox.systemctl('start', 'tempovault-db-backup.service')).exitCode).toBe(0);
    expect(await scheduleLine()).toMatchObject({
      level: 'ok',
      text: expect.stringContaining('last backup succeeded'),
    });
  });

  test('catches up on what was missed while the machine was off', async () => {
    await tv('db', 'schedule', 'install', '--yes');
    expect((await jobs())?.['vacuum']?.last).toBeUndefined();
    const stamp = '/var/lib/systemd/timers/stamp-tempovault-db-vacuum.timer';
    await sandbox.systemctl('stop', 'tempovault-db-vacuum.timer');
    await sandbox.inside('touch', '-d', '15 days ago', stamp);
    await sandbox.systemctl('start', 'tempovault-db-vacuum.timer');
    await until('the vacuum', async () => (await jobs())?.['vacuum']?.last?.result === 'success');
  });

  test('never does two things at once, and prunes after the backup', async () => {
    await tv('db', 'schedule', 'install', '--yes');
    await sandbox.systemctl(
      'start',
      '--no-block',
      'tempovault-db-backup.service',
      'tempovault-db-prune.service',
      'tempovault-db-vacuum.service',
    );
    await until('all of them', async () =>
      Object.values((await jobs()) ?? {}).every(({ last, running }) => last !== undefined && !running),
    );
    // Without the queue two of them would have met the lock of the third: exit 6.
    const ended = Object.values((await jobs()) ?? {}).map(({ name, last }) => [
      name,
      last?.result,
      last?.exitCode,
    ]);
    expect(ended).toEqual([
      ['backup', 'success', 0],
      ['prune', 'success', 0],
      ['vacuum', 'success', 0],
    ]);
  });

  test('leaves alone what is not its own', async () => {
    const path = '/etc/systemd/system/tempovault-db-prune.service';
    await sandbox.inside('sh', '-c', `printf '[Service]\\nExecStart=/bin/true\\n' >${path}`);
    const foreign = await unitWorld();
    const refused = await tv('db', 'schedule', 'install', '--yes');
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain('tv has not made them');
    expect(await unitWorld()).toEqual(foreign);
    await sandbox.inside('rm', path);
    await tv('db', 'schedule', 'install', '--yes');
    await sandbox.inside('sh', '-c', `echo 'IOSchedulingClass=idle' >>${path}`);
    const edited = await unitWorld();
    for (const verb of ['install', 'remove']) {
      const { exitCode, stderr } = await tv('db', 'schedule', verb, '--yes');
      expect(exitCode).toBe(3);
      expect(stderr).toContain('changed by hand');
      expect(await unitWorld()).toEqual(edited);
    }
    const overruled = await tv(
      'db',
      'schedule',
      'remove',
      '--yes',
      '--override',
      'edited-units',
      '--reason',
      'not needed',
    );
    expect(overruled.exitCode, overruled.stderr).toBe(0);
    expect(await unitWorld()).toEqual(bare);
  });

  test.each(['write:acted', 'enable:acted'])('installs whole after kill -9 at %s', async (place) => {
    await tv('db', 'schedule', 'install', '--yes');
    const whole = await unitWorld();
    await tv('db', 'schedule', 'remove', '--yes');
    await killAt(place, 'db', 'schedule', 'install', '--yes');
    const resumed = await tv('resume', '--yes');
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(await unitWorld()).toEqual(whole);
    expect((await tv('runs', 'undo', (await lastRun('db schedule install')).run, '--yes')).exitCode).toBe(0);
    expect(await unitWorld()).toEqual(bare);
  });

  test.each(['disable:acted', 'delete:acted'])('is gone, or back, after kill -9 at %s', async (place) => {
    await tv('db', 'schedule', 'install', '--yes');
    const whole = await unitWorld();
    await killAt(place, 'db', 'schedule', 'remove', '--yes');
    const undone = await tv('runs', 'undo', (await lastRun('db schedule remove')).run, '--yes');
    expect(undone.exitCode, undone.stderr).toBe(0);
    expect(await unitWorld()).toEqual(whole);
    await killAt(place, 'db', 'schedule', 'remove', '--yes');
    expect((await tv('resume', '--yes')).exitCode).toBe(0);
    expect(await unitWorld()).toEqual(bare);
  });
});

describe('tv db vacuum', () => {
  const dead = async () => {
    const [row] = await sandbox.sql<{ dead: string }>(
      "select n_dead_tup as dead from pg_stat_user_tables where relname = 'deposits'",
    );
    return Number(row?.dead);
  };
  const makeDead = async () => {
    await sandbox.sql('update deposits set event_id = event_id');
    await until('the statistics', async () => (await dead()) > 0);
  };

  test('frees dead rows and says how many', async () => {
    await makeDead();
    const before = await sandbox.sql('select * from deposits order by id');
    const { exitCode, stderr } = await tv('db', 'vacuum');
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toMatch(/✔ dead rows +[\d ]+ before, 0 now/);
    expect(await dead()).toBe(0);
    expect(await sandbox.sql('select * from deposits order by id')).toEqual(before);
  });

  test('waits for a locked table, ends at once at SIGINT, and is finished later', async () => {
    await makeDead();
    const holder = new Client({
      ...{ host: '127.0.0.1', port: sandbox.info.ports.database, database: 'tempovault', user: 'tempovault' },
      password: readPassword(paths, 'tempovault'),
    });
    await holder.connect();
    try {
      await holder.query('begin; lock table deposits');
      const running = execa(process.execPath, [launcher, 'db', 'vacuum'], {
        env: sandbox.env,
        extendEnv: false,
        reject: false,
      });
      await until('it to wait', async () => {
        const waiting = await sandbox.sql(
          "select from pg_stat_activity where wait_event_type = 'Lock' and query like 'vacuum%'",
        );
        return waiting.length === 1;
      });
      running.kill('SIGINT');
      const { exitCode } = await running;
      expect(exitCode).toBe(7);
      await until('the server to stop it', async () => {
        const left = await sandbox.sql(
          "select from pg_stat_activity where state = 'active' and query like 'vacuum%'",
        );
        return left.length === 0;
      });
    } finally {
      await holder.end();
    }
    expect(await dead()).toBeGreaterThan(0);
    const { runs } = await json<{ runs: { status: string }[] }>('runs', 'list');
    expect(runs.map(({ status }) => status)).toContain('interrupted');
    const resumed = await tv('resume');
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(await dead()).toBe(0);
  });

  test('does the others where a table stays locked, names who has it, and is finished by resume', async () => {
    await makeDead();
    const holder = new Client({
      ...{ host: '127.0.0.1', port: sandbox.info.ports.database, database: 'tempovault', user: 'tempovault' },
      ...{ password: readPassword(paths, 'tempovault'), application_name: 'a report' },
    });
    await holder.connect();
    let pid: number | undefined;
    try {
      pid = (await holder.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid;
      await holder.query('begin; lock table deposits');
      const { exitCode, stderr } = await tv('db', 'vacuum');
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/Others have 1 of \d+ tables locked; the rest is done/);
      expect(stderr).toMatch(new RegExp(`public\\.deposits +pid ${pid}, tempovault, a report`));
      expect(stderr).toContain('Completed steps are kept');
      expect(stderr).not.toMatch(/undone|rolled back/);
    } finally {
      await holder.end();
    }
    const others = () =>
      sandbox.sql(
        "select relname, last_vacuum from pg_stat_user_tables where relname <> 'deposits' order by relname",
      );
    const before = await others();
    const resumed = await tv('resume');
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(await dead()).toBe(0);
    expect(await others()).toEqual(before);
  });

  test.each(['vacuum:started', 'vacuum:acted'])('is finished after kill -9 at %s', async (place) => {
    await makeDead();
    await killAt(place, 'db', 'vacuum');
    expect((await tv('resume')).exitCode).toBe(0);
    expect(await dead()).toBe(0);
  });
});

describe('tv db slow-queries', () => {
  test('shows what costs most, without text literals', async () => {
    await sandbox.sql("comment on table deposits is 'sEcReT'");
    const { exitCode, stdout } = await tv('db', 'slow-queries', '--by', 'calls', '--limit', '500', '--full');
    expect(exitCode).toBe(0);
    expect(stdout).toContain("comment on table deposits is '…'");
    expect(stdout).not.toContain('sEcReT');
    expect((await tv('db', 'slow-queries', '--by', 'colour')).exitCode).toBe(2);
  });

  test('says how to get the extension where it is missing', async () => {
    await sandbox.sql('drop extension pg_stat_statements', [], 'postgres');
    try {
      const { exitCode, stdout } = await tv('db', 'slow-queries');
      expect(exitCode).toBe(0);
      expect(stdout.replace(/\s+/g, ' ')).toContain('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
      // It is loaded: the administrator may see that, and nothing has to be restarted.
      expect(stdout).not.toContain('shared_preload_libraries');
      expect(stdout).toContain('Right now');
    } finally {
      await sandbox.sql('create extension pg_stat_statements', [], 'postgres');
    }
  });
});

describe('tv db tune', () => {
  const autoConf = () => readFileSync(join(paths.postgres, 'data', 'postgresql.auto.conf'), 'utf8');
  const sixteen = ['--memory', '16GB', '--cores', '4', '--disk', 'ssd'];
  const figures = {
    shared_buffers: '4GB',
    effective_cache_size: '12GB',
    maintenance_work_mem: '1GB',
    checkpoint_completion_target: '0.9',
    wal_buffers: '16MB',
    default_statistics_target: '100',
    random_page_cost: '1.1',
    effective_io_concurrency: '200',
    work_mem: '10485kB',
    min_wal_size: '1GB',
    max_wal_size: '4GB',
  };

  beforeAll(async () => {
    // An undo restores what was set before the run.
    await sandbox.sql("alter system set work_mem = '5MB'", [], 'postgres');
    await sandbox.sql('select pg_reload_conf()', [], 'postgres');
  });

  test('recommends the figures of the runbook on 16 GB, and changes nothing by looking', async () => {
    const before = autoConf();
    const tuning = await json<{
      settings: { name: string; recommended: string; where: string; restart: boolean }[];
      api: { recommended: number };
    }>('db', 'tune', ...sixteen);
    expect(Object.fromEntries(tuning.settings.map(({ name, recommended }) => [name, recommended]))).toEqual(
      figures,
    );
    expect(tuning.settings.filter(({ restart }) => restart).map(({ name }) => name)).toEqual([
      'shared_buffers',
      'wal_buffers',
    ]);
    expect(tuning.settings.find(({ name }) => name === 'work_mem')?.where).toMatch(
      /postgresql\.auto\.conf:\d+$/,
    );
    expect(tuning.api.recommended).toBe(9);
    const own = await tv('db', 'tune');
    expect(own.exitCode).toBe(0);
    expect(own.stdout).toContain(' db tune --apply');
    expect(autoConf()).toBe(before);
    expect((await tv('db', 'tune', '--memory', 'much')).exitCode).toBe(2);
  });

  test('sees how many workers the API’s unit asks for', async () => {
    const path = '/etc/systemd/system/tempovault-api.service.d/workers.conf';
    await sandbox.inside(
      'sh',
      '-c',
      `mkdir -p "$(dirname ${path})" && printf '[Service]\\nEnvironment=WEB_CONCURRENCY=3\\n' >${path} && systemctl daemon-reload`,
    );
    try {
      const { stdout } = await tv('db', 'tune', ...sixteen);
      // With the flags: without them it would set what fits this host.
      expect(stdout.replace(/\s+/g, ' ')).toMatch(
        /Next: tv (-e \w+ )?db tune --memory 16GB --cores 4 --disk ssd --apply/,
      );
      expect(stdout.replace(/\s+/g, ' ')).toContain(
        '! API workers: 3 by WEB_CONCURRENCY of tempovault-api; should be 9',
      );
    } finally {
      await sandbox.inside('sh', '-c', `rm -r "$(dirname ${path})" && systemctl daemon-reload`);
    }
  });

  test('asks before it applies, and names the privileges that it needs', async () => {
    const before = autoConf();
    expect((await tv('db', 'tune', '--apply')).exitCode).toBe(4);
    expect((await tv('db', 'tune', '--apply', '--dry-run')).exitCode).toBe(0);
    const other = readFileSync(paths.config, 'utf8').replace(/^ +adminUrl:.*\n/m, '');
    const config = join(sandbox.dir, '..', '..', 'no-admin.yaml');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(config, other, { mode: 0o600 });
    const refused = await tv('db', 'tune', '--apply', '--yes', '--config', config);
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain('tempovault may not change');
    expect(refused.stderr).toContain('database.adminUrl');
    expect(autoConf()).toBe(before);
  });

  test('sets what differs, says what waits for a restart, and goes back to the same bytes', async () => {
    const before = autoConf();
    const applied = await tv('db', 'tune', '--apply', '--yes', ...sixteen);
    expect(applied.exitCode, applied.stderr).toBe(0);
    expect(applied.stderr).toMatch(/! restart +shared_buffers, wal_buffers/);
    expect(applied.stderr.replace(/\s+/g, ' ')).toContain('tv runs undo restores what was');
    const now = await sandbox.sql<{ name: string; value: string; waits: boolean }>(
      'select name, current_setting(name) as value, pending_restart as waits from pg_settings where name = any($1)',
      [Object.keys(figures)],
    );
    for (const { name, value, waits } of now) {
      if (['shared_buffers', 'wal_buffers'].includes(name)) expect(waits, name).toBe(true);
      else expect(value, name).toBe(figures[name as keyof typeof figures]);
    }
    const again = await tv('db', 'tune', '--apply', ...sixteen);
    expect(again.exitCode).toBe(0);
    expect(again.stdout).toContain('shared_buffers, wal_buffers: set, in effect after the next restart');
    const undone = await tv('runs', 'undo', (await lastRun('db tune')).run, '--yes');
    expect(undone.exitCode, undone.stderr).toBe(0);
    expect(autoConf()).toBe(before);
    await until('the reload', async () => {
      const [row] = await sandbox.sql<{ value: string }>("select current_setting('work_mem') as value");
      return row?.value === '5MB';
    });
  });

  test.each([
    ['random_page_cost:acted', 'undo'],
    ['work_mem:started', 'resume'],
    ['work_mem:acted', 'resume'],
    ['max_wal_size:acted', 'undo'],
  ] as const)('ends well after kill -9 at %s, by %s', async (place, direction) => {
    const before = autoConf();
    await killAt(place, 'db', 'tune', '--apply', '--yes', ...sixteen);
    expect(autoConf()).not.toBe(before);
    const { run } = await lastRun('db tune');
    if (direction === 'resume') {
      const resumed = await tv('resume', '--yes');
      expect(resumed.exitCode, resumed.stderr).toBe(0);
      for (const [name, value] of Object.entries(figures)) {
        const same = ['checkpoint_completion_target', 'default_statistics_target'].includes(name);
        if (!same) expect(autoConf()).toContain(`${name} = '${value}'`);
      }
    }
    const undone = await tv('runs', 'undo', run, '--yes');
    expect(undone.exitCode, undone.stderr).toBe(0);
    expect(autoConf()).toBe(before);
  });
});

test('no password is left in any journal, audit line or report', () => {
  const secrets = (['tempovault', 'postgres'] as const).map((role) => readPassword(paths, role));
  const forms = secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]);
  const files = readdirSync(paths.tvState, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  expect(files.length).toBeGreaterThan(5);
  for (const { parentPath, name } of files) {
    const path = join(parentPath, name);
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    for (const form of forms)
      expect(
        text.includes(form),
        `${path} ${createHash('sha256').update(form).digest('hex').slice(0, 6)}`,
      ).toBe(false);
  }
});
