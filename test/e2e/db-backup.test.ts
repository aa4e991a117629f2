import { randomBytes } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { readPassword } from '../../src/sandbox/passwords.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import {
  backupFolder,
  contentsOf,
  databasesOf,
  listed,
  newestBackup,
  passwordsOf,
  startTv,
} from '../support/databaseWorld.ts';
import { sampleProcesses } from '../support/processSampler.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';
import { filesBelow, findSecrets } from '../support/secretSearch.ts';

let sandbox: TestSandbox;
let folder: string;

beforeAll(async () => {
  sandbox = await startSandbox({ past: 'whole' });
  folder = backupFolder(sandbox);
}, 120_000);
afterAll(async () => {
  await sandbox?.stop();
});
afterEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
});

async function backUp(...flags: readonly string[]): Promise<string> {
  const { exitCode, stderr } = await sandbox.tv(['db', 'backup', ...flags]);
  expect(stderr.replaceAll(/\s+/g, ' ')).toContain('read back and equal');
  expect(exitCode).toBe(0);
  return newestBackup(sandbox);
}

/** The largest data file of a directory backup. */
function largest(name: string): string {
  const data = join(folder, name, 'data');
  const files = readdirSync(data).filter((file) => file.endsWith('.gz'));
  const [first = ''] = files.toSorted(
    (a, b) => readFileSync(join(data, b)).length - readFileSync(join(data, a)).length,
  );
  return join(data, first);
}

function superuser(database: string): Client {
  const { ports } = sandbox.info;
  const password = readPassword(sandboxPaths(sandbox.dir), 'postgres');
  return new Client({ host: '127.0.0.1', port: ports.database, user: 'postgres', password, database });
}

/** A backup of another program, under a name in the folder. */
async function dump(database: string, format: string, file: string, ...flags: readonly string[]) {
  const { dir, info } = sandbox;
  const done = await sandbox.inside(
    ...['env', `PGPASSFILE=${sandboxPaths(dir).passwords}`, 'pg_dump', `-F${format}`, ...flags],
    ...['-h', '127.0.0.1', '-p', String(info.ports.database), '-U', 'postgres'],
    ...['-f', join(folder, file), database],
  );
  expect(done.exitCode).toBe(0);
}

/** Waits until a backup has a session like this in the database. */
async function untilSession(condition: string): Promise<void> {
  const count = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE 'tv %-db-backup-%' AND ${condition}`;
  await expect
    .poll(async () => (await sandbox.sql<{ n: number }>(count))[0]?.n, { timeout: 30_000, interval: 20 })
    .toBeGreaterThan(0);
}

describe('tv db backup', () => {
  it('makes, lists, pins and verifies both forms; no password is seen anywhere', async () => {
    const sampler = await sampleProcesses();
    // Unlike any secret of the sandbox, so that only tv can have handed them on.
    const foreign = {
      ORACLE_PRIVATE_KEY: `0x${randomBytes(32).toString('hex')}`,
      OPS_ADMIN: randomBytes(32).toString('hex'),
      PGPASSWORD: randomBytes(16).toString('hex'),
      VENDOR_TOKEN: randomBytes(16).toString('hex'),
    };
    const made = await sandbox.tv(['db', 'backup'], { env: foreign });
    expect(made.exitCode).toBe(0);
    const [{ name } = { name: '' }] = (await listed(sandbox)).backups;
    const plain = await backUp('--plain');
    expect((await sandbox.tv(['db', 'verify', '--all', '--restore'])).exitCode).toBe(0);
    expect((await sandbox.tv(['db', 'pin', name, '--why', 'before the migration'])).exitCode).toBe(0);
    const processes = await sampler.stop();

    const { backups, leftovers } = await listed(sandbox);
    expect(leftovers).toEqual([]);
    expect(backups.map((one) => one.name)).toEqual([plain, name]);
    const [row] = await sandbox.sql<{ count: string }>('SELECT count(*) FROM deposits');
    for (const { manifest, marks } of backups) {
      expect(marks.verified).toMatchObject({ how: 'restored', problems: [] });
      expect(manifest?.cursorBlock).toBeGreaterThan(2_000);
      expect(manifest?.rows['public.deposits']).toBeGreaterThan(0);
      expect(manifest?.rows['public.deposits']).toBeLessThanOrEqual(Number(row?.count));
    }
    expect(backups.map(({ marks }) => marks.pinned?.reason)).toEqual([undefined, 'before the migration']);
    expect((await sandbox.tv(['db', 'unpin', name])).exitCode).toBe(0);
    expect((await listed(sandbox)).backups[1]?.marks.pinned).toBeNull();
    // The scratch databases are gone.
    expect(Object.keys(await databasesOf(sandbox))).toEqual(['tempovault']);

    expect(processes.some((line) => line.includes('pg_dump'))).toBe(true);
    const evidence = processes.map((text) => ({ place: 'command line', text }));
    expect(findSecrets([...evidence, ...filesBelow(folder)], passwordsOf(sandbox))).toEqual([]);

    const children = sampler.environments().filter(([command]) => !command.includes('bin/tv.js'));
    expect(children.some(([command]) => command.includes('pg_dump'))).toBe(true);
    const handedOn = children.flatMap(([command, environments]) =>
      Object.entries(foreign).flatMap(([variable, value]) =>
        environments.some((text) => text.includes(value)) ? [`${variable} to ${command}`] : [],
      ),
    );
    expect(handedOn).toEqual([]);
  });

  it.each(['dump:acted', 'read:acted', 'publish:acted'])(
    'killed at %s is finished by resume: one backup, nothing else',
    async (place) => {
      const cut = await sandbox.tv(['db', 'backup'], { env: { TV_FAILPOINT: place } });
      expect(cut.exitCode).not.toBe(0);
      const before = await listed(sandbox);
      // Only the last rename makes it a backup.
      expect(before.backups).toHaveLength(place === 'publish:acted' ? 1 : 0);
      expect((await sandbox.tv(['resume'])).exitCode).toBe(0);
      const { backups, leftovers } = await listed(sandbox);
      expect(backups).toHaveLength(1);
      expect(leftovers).toEqual([]);
      expect(backups[0]?.marks.verified?.problems).toEqual([]);
    },
  );

  it('killed inside pg_dump is finished by resume, and the orphan writes to nothing', async () => {
    const lock = superuser('tempovault');
    await lock.connect();
    await lock.query('BEGIN; LOCK TABLE deposits IN ACCESS EXCLUSIVE MODE');
    const tv = startTv(sandbox, ['db', 'backup']);
    // pg_dump waits for the lock.
    await untilSession(`wait_event_type = 'Lock'`);
    tv.kill('SIGKILL');
    await tv;
    await lock.end();
    expect((await listed(sandbox)).backups).toEqual([]);
    expect((await sandbox.tv(['resume'])).exitCode).toBe(0);
    const { backups, leftovers } = await listed(sandbox);
    expect(backups).toHaveLength(1);
    expect(leftovers).toEqual([]);
    expect((await sandbox.tv(['db', 'verify', '--latest', '--restore'])).exitCode).toBe(0);
  });

  it('a table of more than 64 MiB → in ranges; killed while one is copied, it is finished by resume', async () => {
    // In lines that are not stored apart from it.
    await sandbox.sql(
      `CREATE TABLE large AS SELECT n, repeat('x', 1000) AS text FROM generate_series(1, 100000) AS n`,
    );
    try {
      const tv = startTv(sandbox, ['db', 'backup']);
      await untilSession(`query LIKE 'COPY (SELECT %FROM ONLY public.large %'`);
      tv.kill('SIGKILL');
      await tv;
      expect((await listed(sandbox)).backups).toEqual([]);
      expect((await sandbox.tv(['resume'])).exitCode).toBe(0);
      const { backups, leftovers } = await listed(sandbox);
      expect(backups.map(({ form }) => form)).toEqual(['ranges']);
      expect(leftovers).toEqual([]);
      expect((await sandbox.tv(['db', 'verify', '--latest', '--restore'])).exitCode).toBe(0);
    } finally {
      await sandbox.sql('DROP TABLE large');
    }
  });

  it.each([[], ['--plain']])('undone → the backup is removed, unless it is pinned (%s)', async (...flags) => {
    const name = await backUp(...flags);
    const { runs } = JSON.parse((await sandbox.tv(['runs', 'list', '--json'])).stdout) as {
      runs: { run: string }[];
    };
    const undo = ['runs', 'undo', runs[0]?.run ?? '', '--yes'];
    expect((await sandbox.tv(['db', 'pin', name, '--why', 'kept'])).exitCode).toBe(0);
    const refused = await sandbox.tv(undo);
    expect(unwrapped(refused.stderr)).toMatch(
      /The backup is pinned; it was not undone.*db unpin tempovault_/,
    );
    expect(refused.exitCode).toBe(3);
    expect((await listed(sandbox)).backups.map((one) => one.name)).toEqual([name]);
    expect((await sandbox.tv(['db', 'unpin', name])).exitCode).toBe(0);
    expect((await sandbox.tv(undo)).exitCode).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says of a folder that is none what it is, and does not have it made', async () => {
    for (const [directory, words] of [
      ['/etc/passwd', 'is not a folder'],
      ['/run/no where', 'does not exist'],
    ] as const) {
      const set = ['--set', `backup.directory=${directory}`];
      const [backup, list] = [
        await sandbox.tv(['db', 'backup', ...set]),
        await sandbox.tv(['db', 'backups', ...set]),
      ];
      expect(unwrapped(backup.stderr)).toContain(`the backup folder ${directory} ${words}`);
      expect(unwrapped(list.stderr)).toContain(`it ${words}`);
      if (directory === '/etc/passwd') expect(backup.stderr).not.toContain('mkdir');
      else expect(unwrapped(backup.stderr)).toContain("Next: mkdir -p '/run/no where'");
    }
  });

  it.each([[], ['--plain']])('on a full disk fails as a whole and leaves nothing (%s)', async (...flags) => {
    const full = '/run/full';
    await sandbox.inside('sh', '-c', `mkdir -p ${full} && mount -t tmpfs -o size=200k tmpfs ${full}`);
    try {
      const done = await sandbox.tv([
        ...['db', 'backup', ...flags, '--set', `backup.directory=${full}`],
        ...['--override', 'backup-space', '--reason', 'test'],
      ]);
      expect(done.exitCode).toBe(1);
      expect(unwrapped(done.stderr)).toContain('No space left on device');
      expect((await sandbox.inside('ls', '-A', full)).stdout).toBe('');
    } finally {
      await sandbox.inside('umount', full);
    }
  });
});

describe('a damaged backup', () => {
  it('is named by verify, and refused by restore before anything is touched', async () => {
    const good = await backUp();
    const other = await backUp();
    const copy = (name: string) => {
      cpSync(join(folder, good), join(folder, name), { recursive: true });
      return name;
    };
    const flipped = largest(copy('flipped'));
    const bytes = readFileSync(flipped);
    const middle = Math.floor(bytes.length / 2);
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
    writeFileSync(flipped, bytes);
    const cut = largest(copy('truncated'));
    truncateSync(cut, Math.floor(readFileSync(cut).length / 2));
    rmSync(largest(copy('missing')));
    writeFileSync(
      join(folder, copy('foreign'), 'manifest.json'),
      readFileSync(join(folder, other, 'manifest.json')),
    );
    const edited = join(folder, copy('edited'), 'manifest.json');
    writeFileSync(
      edited,
      readFileSync(edited, 'utf8').replace(/"public.deposits": \d+/, '"public.deposits": 7'),
    );
    writeFileSync(join(folder, 'nothing.sql.gz'), gzipSync(''));
    const postgres = superuser('postgres');
    await postgres.connect();
    await postgres.query('CREATE DATABASE another');
    await postgres.end();
    await dump('another', 'p', 'empty.sql');
    await dump('another', 'c', 'another.dump');
    await dump('tempovault', 'c', 'newer.dump');
    await dump('tempovault', 'p', 'rows.sql', '--data-only');
    await dump('tempovault', 'c', 'rows.dump', '--data-only');
    await dump('tempovault', 'd', 'rows', '--data-only');
    const newer = readFileSync(join(folder, 'newer.dump'));
    newer.write('99.', newer.indexOf('15.'));
    writeFileSync(join(folder, 'newer.dump'), newer);
    const evil = readFileSync(join(folder, 'empty.sql'), 'utf8').replace(
      'SET row_security',
      '\\connect tempovault\nSET row_security',
    );
    writeFileSync(join(folder, 'evil.sql'), evil);

    const stop = superuser('postgres');
    await stop.connect();
    await stop.query('DROP DATABASE another');
    await stop.end();
    const before = { databases: await databasesOf(sandbox), pids: await pids() };
    const table: readonly (readonly [string, RegExp])[] = [
      ['flipped', /\d+\.dat\.gz (was changed after it was written|is damaged)/],
      ['truncated', /\d+\.dat\.gz has \d+ bytes, not \d+/],
      ['missing', /\d+\.dat\.gz is missing/],
      ['foreign', /(checksum differs|has \d+ bytes, not \d+)/],
      ['edited', /its manifest was changed after it was written/],
      ['nothing.sql.gz', /it is empty/],
      ['empty.sql', /there is no table in it/],
      ['another.dump', /it is a backup of the database another, not of tempovault/],
      ['newer.dump', /it comes from PostgreSQL 99\.\d+, which is newer than this server/],
      ['rows.sql', /it holds rows alone, without the tables/],
      ['rows.dump', /it holds rows alone, without the tables/],
      ['rows', /it holds rows alone, without the tables/],
      ['evil.sql', /it has a psql command in it/],
    ];
    const verified = await sandbox.tv(['db', 'verify', '--all']);
    expect(verified.exitCode).toBe(5);
    expect(unwrapped(verified.stderr)).toMatch(/Next: .*for one that can be relied on: tv .*db backup /);
    const verdicts = verified.stderr.slice(verified.stderr.indexOf('Verification')).split(/^ {2}[✔✖!] /m);
    for (const [name, words] of table) {
      const verdict = verdicts.find((one) => unwrapped(one).startsWith(`backup ${name}: `)) ?? '';
      expect.soft(unwrapped(verdict), name).toMatch(words);
      const environment = sandbox.env['TV_ENVIRONMENT'] ?? '';
      const restored = await sandbox.tv(['db', 'restore', name, '--confirm', environment]);
      expect.soft(unwrapped(restored.stderr), name).toMatch(words);
      expect.soft(restored.exitCode, name).toBe(3);
    }
    expect({ databases: await databasesOf(sandbox), pids: await pids() }).toEqual(before);
    // Sound backups are still distinguished.
    const sound = verdicts.find((one) => unwrapped(one).startsWith(`backup ${good}: `)) ?? '';
    expect(unwrapped(sound)).toContain('sound to its last byte');
    expect(Object.keys(await contentsOf(sandbox))).toContain('deposits');
  }, 120_000);
});

describe('a sound backup of a part', () => {
  it('is refused by restore, which names what would be gone; overruled by name', async () => {
    await dump('tempovault', 'p', 'one.sql', '-t', 'deposits');
    const environment = sandbox.env['TV_ENVIRONMENT'] ?? '';
    const refused = await sandbox.tv(['db', 'restore', 'one.sql', '--confirm', environment]);
    const [row] = await sandbox.sql<{ all: number }>(
      `SELECT count(*)::int AS all FROM pg_tables WHERE schemaname = 'public'`,
    );
    const all = row?.all ?? 0;
    expect(unwrapped(refused.stderr)).toContain(
      `${all - 1} of ${all} live tables would be gone: not in the backup`,
    );
    expect(unwrapped(refused.stderr)).toMatch(/missing: public\.\w+, .* and \d+ more/);
    expect(refused.stderr).toContain('--override missing-tables');
    expect(refused.exitCode).toBe(3);
    const overruled = await sandbox.tv([
      ...['db', 'restore', 'one.sql', '--dry-run', '--override', 'missing-tables', '--reason', 'test'],
    ]);
    expect(unwrapped(overruled.stderr)).toContain('(overruled: test)');
    expect(overruled.exitCode).toBe(0);
  });
});

describe('a strange name', () => {
  it('is quoted where it can be pasted, or shown escaped and left out; the others are verified', async () => {
    const name = await backUp();
    cpSync(join(folder, name), join(folder, "day 1's"), { recursive: true });
    const latin = Buffer.concat([Buffer.from(`${folder}/l`), Buffer.from([0xe4]), Buffer.from('.sql')]);
    writeFileSync(latin, 'x');
    writeFileSync(join(folder, 'red\u001b[31m.sql'), 'x');
    const verified = await sandbox.tv(['db', 'verify', '--all']);
    const list = await sandbox.tv(['db', 'backups']);
    rmSync(latin);
    expect(verified.exitCode, verified.stderr).toBe(0);
    const end = unwrapped(verified.stderr.slice(verified.stderr.indexOf('Verification')));
    expect(end).toContain(`backup ${name}: sound`);
    expect(end).toContain("backup day 1's: sound");
    expect(end).toContain('2 files left out');
    expect(end).toContain('red\\u{1b}[31m.sql');
    expect(list.stdout).toContain('red\\u{1b}[31m.sql');
    expect(list.stdout).not.toContain('\u001b');
    const plan = await sandbox.tv(['db', 'restore', "day 1's", '--dry-run']);
    expect(unwrapped(plan.stderr + plan.stdout)).toContain('they are stopped only for the swap');
    const inPlace = await sandbox.tv(['db', 'restore', "day 1's", '--in-place', '--dry-run']);
    expect(unwrapped(inPlace.stderr + inPlace.stdout)).toContain(
      'they are stopped all the while it is restored',
    );
    expect(unwrapped(plan.stderr + plan.stdout)).toContain(`'${folder}/day 1'\\''s/data'`);
    expect(plan.exitCode).toBe(0);
  });
});

describe('a backup that is not there', () => {
  const none = 'There is no backup in';
  const unknown = 'There is no backup "nope"';
  it.each([
    ['restore', 'nope', unknown],
    ['restore', '--latest', none],
    ['verify', 'nope', unknown],
    ['verify', '--latest', none],
    ['verify', '--all', none],
    ['pin', 'nope', unknown],
    ['unpin', 'nope', unknown],
  ])('blocks every command alike: %s %s', async (command, which, words) => {
    const confirm = command === 'restore' ? ['--confirm', sandbox.env['TV_ENVIRONMENT'] ?? ''] : [];
    const done = await sandbox.tv(['db', command, which, ...confirm]);
    expect(unwrapped(done.stderr)).toContain(words);
    expect(done.exitCode).toBe(3);
  });

  it.each([[[]], [['nope', '--latest']]])('is not looked for with wrong flags: verify %j', async (flags) => {
    expect((await sandbox.tv(['db', 'verify', ...flags])).exitCode).toBe(2);
  });
});

describe('tv db prune', () => {
  it('lists with --dry-run, and is finished by resume when it is killed', async () => {
    const newest = await backUp();
    const names = ['a', 'b', 'c', 'd'].map((letter) => `tempovault_${letter}.sql.gz`);
    for (const name of names) {
      writeFileSync(join(folder, name), gzipSync('-- x\n'.repeat(100)));
      writeFileSync(join(folder, name), Buffer.concat([readFileSync(join(folder, name)), Buffer.alloc(100)]));
      await sandbox.inside('touch', '-d', '60 days ago', join(folder, name));
    }
    expect((await sandbox.tv(['db', 'pin', 'tempovault_d'])).exitCode).toBe(0);
    const dry = await sandbox.tv(['db', 'prune', '--dry-run']);
    expect(dry.exitCode).toBe(0);
    for (const name of names.slice(0, 3)) expect(dry.stdout).toContain(`remove ${name}`);
    expect(dry.stdout).not.toContain('remove tempovault_d');
    expect((await listed(sandbox)).backups).toHaveLength(5);
    const cut = await sandbox.tv(['db', 'prune', '--yes'], { env: { TV_FAILPOINT: 'remove-2:acted' } });
    expect(cut.exitCode).not.toBe(0);
    expect((await listed(sandbox)).backups).toHaveLength(3);
    expect((await sandbox.tv(['resume', '--yes'])).exitCode).toBe(0);
    const { backups } = await listed(sandbox);
    expect(backups.map(({ name }) => name)).toEqual([newest, 'tempovault_d.sql.gz']);
    expect(readdirSync(folder).toSorted()).toEqual(
      ['tempovault_d.sql.gz', 'tempovault_d.sql.gz.marks.json', newest].toSorted(),
    );
  });
});

async function pids(): Promise<string> {
  const { stdout } = await sandbox.systemctl(
    'show',
    '-p',
    'MainPID',
    'tempovault-api',
    'tempovault-indexer',
    'tempovault-oracle',
  );
  return stdout;
}

/** The screen wraps at spaces. */
function unwrapped(text: string): string {
  return text.replace(/\s+/g, ' ');
}

describe('copies off the host', () => {
  let offsite: string;
  let original: string;
  /** Sums of a copy: of a folder those of its files, else that of the file. */
  let check: readonly string[];
  const config = () => sandboxPaths(sandbox.dir).config;
  const copyTo = (copy: object) => {
    const settings = parseDocument(original);
    const [name] = Object.keys(settings.toJS().environments);
    settings.setIn(['environments', name, 'backup', 'copy'], settings.createNode(copy));
    writeFileSync(config(), settings.toString());
  };
  const good = () => ({
    command: ['cp', '-rT', '{path}', join(offsite, '{name}')],
    check,
    fetch: ['cp', '-r', join(offsite, '{name}'), '{path}'],
  });
  const copied = async () => (await listed(sandbox)).backups[0]?.marks.copied;
  const lastRun = async () => {
    const { runs } = JSON.parse((await sandbox.tv(['runs', 'list', '--json'])).stdout) as {
      runs: { run: string }[];
    };
    return runs[0]?.run ?? '';
  };
  const findings = async () => {
    const { stdout } = await sandbox.tv(['status', '--json']);
    const { findings: all } = JSON.parse(stdout) as { findings: { id: string; next: string[] }[] };
    return all.filter(({ id }) => id === 'backup-not-copied');
  };
  beforeAll(() => {
    original = readFileSync(config(), 'utf8');
    offsite = join(sandbox.dir, 'offsite');
    mkdirSync(offsite);
    const script = join(sandbox.dir, 'sums.sh');
    writeFileSync(script, 'cd "$1" 2>/dev/null && find . -type f -exec sha256sum {} + || sha256sum "$1"\n');
    check = ['sh', script, join(offsite, '{name}')];
  });
  afterEach(() => {
    writeFileSync(config(), original);
    for (const name of readdirSync(offsite)) rmSync(join(offsite, name), { recursive: true });
  });

  it('a backup is copied and the copy checked; brought back, it is restored on trial; damage is found', async () => {
    copyTo(good());
    const made = await sandbox.tv(['db', 'backup']);
    expect(made.exitCode).toBe(0);
    expect(unwrapped(made.stderr)).toContain('was copied off the host, proven by sums');
    expect(await copied()).toMatchObject({ how: 'sum', problems: [] });
    expect(unwrapped((await sandbox.tv(['db', 'backups'])).stdout)).toMatch(/copied .* \(by sums\)/);
    expect(await findings()).toEqual([]);

    const verify = ['db', 'verify', '--latest', '--copy'];
    expect((await sandbox.tv([...verify, '--restore'])).exitCode).toBe(0);
    expect(await copied()).toMatchObject({ how: 'restored', problems: [] });
    expect(Object.keys(await databasesOf(sandbox))).toEqual(['tempovault']);
    expect((await listed(sandbox)).leftovers).toEqual([]);

    const [{ name } = { name: '' }] = (await listed(sandbox)).backups;
    const file = join(offsite, name, 'data', 'toc.dat');
    const bytes = readFileSync(file);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    writeFileSync(file, bytes);
    const found = await sandbox.tv(verify);
    expect(found.exitCode).toBe(5);
    expect(unwrapped(found.stderr)).toContain('was changed after it was written (its checksum differs)');
    // The backup itself is as good as before.
    const [backup] = (await listed(sandbox)).backups;
    expect(backup).toMatchObject({ problems: [], marks: { verified: { problems: [] } } });
    expect(await findings()).toMatchObject([{ next: [expect.stringContaining(`db copy ${name}`)] }]);

    expect((await sandbox.tv(['db', 'copy', '--all'])).exitCode).toBe(0);
    expect(await copied()).toMatchObject({ how: 'sum', problems: [] });
    expect(await findings()).toEqual([]);
    // Once more: there is nothing to do.
    expect((await sandbox.tv(['db', 'copy', '--all'])).exitCode).toBe(0);
  });

  it('a copy that fails keeps the backup: exit 5, named everywhere, mended by a copy and a resume', async () => {
    copyTo({ ...good(), command: ['sh', '-c', 'echo "quota exceeded" >&2; exit 9', '{path}'] });
    const made = await sandbox.tv(['db', 'backup']);
    expect(made.exitCode).toBe(5);
    expect(unwrapped(made.stderr)).toContain('not copied: sh ended with exit code 9: quota exceeded ✔ 4');
    expect(unwrapped(made.stderr)).toContain('no verified copy: sh ended with exit code 9: quota exceeded');
    const [{ name } = { name: '' }] = (await listed(sandbox)).backups;
    expect(name).not.toBe('');
    expect(unwrapped((await sandbox.tv(['db', 'backups'])).stdout)).toContain('quota exceeded');
    expect(await findings()).toMatchObject([{ next: [expect.stringContaining(`db copy ${name}`)] }]);
    const run = await lastRun();
    expect((await sandbox.tv(['resume', run])).exitCode).toBe(5);

    copyTo(good());
    expect((await sandbox.tv(['db', 'copy', name])).exitCode).toBe(0);
    expect((await sandbox.tv(['resume', run])).exitCode).toBe(0);
    expect(await findings()).toEqual([]);
  });

  it('one file is copied and brought back, too; killed after the copy, it is finished by resume', async () => {
    copyTo(good());
    const cut = await sandbox.tv(['db', 'backup', '--plain'], { env: { TV_FAILPOINT: 'copy:acted' } });
    expect(cut.exitCode).not.toBe(0);
    expect((await sandbox.tv(['resume', await lastRun()])).exitCode).toBe(0);
    expect((await listed(sandbox)).backups).toHaveLength(1);
    expect(await copied()).toMatchObject({ how: 'sum', problems: [] });
    expect((await sandbox.tv(['db', 'verify', '--latest', '--copy'])).exitCode).toBe(0);
    expect(await copied()).toMatchObject({ how: 'read', problems: [] });
  });

  it('prune keeps old backups until three newer ones have a verified copy, and says so', async () => {
    await backUp();
    for (const name of ['a.sql', 'b.sql']) {
      writeFileSync(join(folder, name), '-- old');
      utimesSync(join(folder, name), new Date('2026-01-01'), new Date('2026-01-01'));
    }
    const removed = async () => {
      const { stdout, stderr } = await sandbox.tv(['db', 'prune', '--dry-run']);
      return unwrapped(stderr + stdout);
    };
    expect(await removed()).toContain('remove a.sql');
    copyTo(good());
    const kept = await removed();
    expect(kept).toContain('2 without 3 newer ones that have a verified copy');
    expect(kept).toContain('tv db copy --all');
    expect(kept).not.toContain('remove a.sql');
  });
});
