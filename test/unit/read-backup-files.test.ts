import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import loadRanges from '../../src/database/backup/loadRanges.sh';
import { readBack } from '../../src/database/backup/readBack.ts';
import { programsToRead, readFiles } from '../../src/database/backup/readFiles.ts';
import { connectDatabase } from '../../src/database/connectDatabase.ts';
import { connectHost } from '../../src/host/connectHost.ts';
import { checkTools } from '../../src/operations/checkTools.ts';
import type { Context } from '../../src/runbook/context.ts';

// Nothing listens there: a backup is read without the server.
const database = connectDatabase({
  ...{ url: 'postgres://tempovault@127.0.0.1:9/tempovault', timeoutMs: 1_000, applicationName: 'tv' },
});
const whereIs = (name: string) =>
  execFileSync('sh', ['-c', 'command -v "$1"', 'sh', name], { encoding: 'utf8' }).trim();
const usual = ['bash', 'sh', 'cat', 'sha256sum', 'stat', 'wc', 'find', 'xargs', 'sort', 'gzip', 'sed', 'awk'];

let directory: string;
let programs: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tv-read-'));
  chmodSync(directory, 0o755);
  programs = join(directory, 'programs');
  mkdirSync(programs);
  for (const name of usual) symlinkSync(whereIs(name), join(programs, name));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A host that has the usual programs, and these shell scripts. */
function hostWith(scripts: Readonly<Record<string, string>> = {}) {
  for (const [name, script] of Object.entries(scripts)) {
    rmSync(join(programs, name), { force: true });
    writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return connectHost({ prefix: ['env', `PATH=${programs}`], timeoutMs: 10_000 });
}

/** A backup in ranges with one file of two rows. */
function backupOf(program: 'gzip' | 'zstd') {
  const path = join(directory, 'backup');
  const file = join(path, 'large-tables', program === 'zstd' ? '1.0.copy.zst' : '1.0.copy.gz');
  mkdirSync(join(path, 'large-tables'), { recursive: true });
  writeFileSync(file, execFileSync(program, ['-qc'], { input: 'a\nb\n' }));
  return { file, backup: { path, form: 'ranges' as const } };
}

const zstd = { zstd: `exec ${whereIs('zstd')} "$@"` };

describe('files of a backup that are read', () => {
  it.each(['gzip', 'zstd'] as const)('compressed by %s and whole → its rows', async (program) => {
    const { backup } = backupOf(program);
    const { problems, lines } = await readFiles(database, { run: hostWith(zstd).run, backup, jobs: 2 });
    expect([problems, [...lines.values()]]).toEqual([[], [2]]);
  });

  it.each(['gzip', 'zstd'] as const)('compressed by %s and cut off → damaged', async (program) => {
    const { backup, file } = backupOf(program);
    truncateSync(file, 12);
    const { problems } = await readFiles(database, { run: hostWith(zstd).run, backup, jobs: 2 });
    expect(problems).toEqual([expect.stringMatching(/ is damaged: it cannot be uncompressed to its end$/)]);
  });

  it('a host without zstd → an error that names it, and no damage', async () => {
    const { backup } = backupOf('zstd');
    await expect(readFiles(database, { run: hostWith().run, backup, jobs: 2 })).rejects.toMatchObject({
      code: 'backup.unreadable',
      facts: { said: expect.stringContaining('zstd is not installed on the host') },
      next: [{ shell: 'apt-get install zstd' }],
    });
  });

  it.each([
    ['killed', 'printf "a\\n"; kill -KILL $$', /ended with exit code 137/],
    ['ended by a signal that it catches', 'exit 130', /ended with exit code 130/],
    ['not to be executed', 'exit 126', /ended with exit code 126/],
    ['out of memory', 'echo "gzip: Cannot allocate memory" >&2; exit 1', /allocate memory/],
    ['of a disk with errors', 'echo "gzip: 1.gz: Input/output error" >&2; exit 1', /output error/],
  ])('a program that is %s → an error, and no damage', async (_, gzip, said) => {
    const { backup } = backupOf('gzip');
    await expect(readFiles(database, { run: hostWith({ gzip }).run, backup, jobs: 2 })).rejects.toMatchObject(
      {
        code: 'backup.unreadable',
        facts: { said: expect.stringMatching(said) },
      },
    );
  });

  it.skipIf(process.getuid?.() !== 0).each([
    ['file', 'large-tables/1.0.copy.gz'],
    ['folder', 'large-tables'],
  ])('a %s that this user may not read → an error, and no checksum', async (_, below) => {
    const { backup } = backupOf('gzip');
    chmodSync(join(backup.path, below), 0o600);
    const prefix = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];
    const { run } = connectHost({ prefix, timeoutMs: 10_000 });
    await expect(readFiles(database, { run, backup, jobs: 2, sumsOnly: true })).rejects.toMatchObject({
      code: 'backup.unreadable',
      facts: { said: expect.stringContaining('Permission denied') },
    });
  });
});

describe('an archive that is read back', () => {
  const read = (run: ReturnType<typeof hostWith>['run']) => {
    const path = join(directory, 'vault.dump');
    writeFileSync(path, 'x');
    return readBack(database, { run, backup: { path, form: 'custom', archive: path }, jobs: 1 });
  };

  it('pg_restore is not installed → an error, and no problem of the backup', async () => {
    await expect(read(hostWith().run)).rejects.toMatchObject({ facts: { 'exit code': '127' } });
  });

  it('pg_restore is killed → an error, and no problem of the backup', async () => {
    const { run } = hostWith({ pg_restore: 'kill -KILL $$' });
    await expect(read(run)).rejects.toMatchObject({ facts: { 'exit code': '137' } });
  });

  it('pg_restore refuses what is in it → a problem of the backup', async () => {
    const { run } = hostWith({ pg_restore: 'echo "pg_restore: error: input file is corrupt" >&2; exit 1' });
    expect((await read(run)).problems).toEqual([
      'it cannot be read to its end: pg_restore: error: input file is corrupt',
    ]);
  });
});

describe('the rows of large tables, loaded by any sh', () => {
  it.each([
    ['without zstd', {}, 127],
    ['where zstd is killed', { zstd: 'kill -KILL $$' }, 137],
    ['where zstd finds damage', { zstd: 'echo a; exit 1' }, 1],
    ['where zstd reads all', { zstd: 'echo a' }, 0],
  ] as const)('%s → exit code of the whole', async (_, scripts, expected) => {
    const { backup } = backupOf('zstd');
    writeFileSync(join(backup.path, 'large-tables', 'ranges.tsv'), '1.0.copy.zst\tpublic.events\tid\t0\t\n');
    const { run } = hostWith({ ...scripts, psql: 'cat >/dev/null' });
    const { exitCode } = await run([
      ...['sh', '-c', `cd "$1" || exit; ${loadRanges}\nload_ranges 2 -d x`, 'tv', backup.path],
    ]);
    expect(exitCode).toBe(expected);
  });
});

describe('programs that a backup needs', () => {
  const manifest = (...paths: readonly string[]) =>
    ({ files: paths.map((path) => ({ path, bytes: 1, sha256: '' })) }) as never;

  it.each([
    [['gzip', 'zstd'], { form: 'ranges' as const, manifest: manifest('a/1.dat.gz', 'b/1.copy.zst') }],
    [['zstd'], { form: 'directory' as const, manifest: manifest('data/toc.dat', 'data/1.dat.zst') }],
    [['gzip'], { form: 'sql.gz' as const, manifest: null }],
    [[], { form: 'custom' as const, manifest: null }],
  ])('%j', (expected, backup) => {
    expect(programsToRead(backup)).toEqual(expected);
  });

  it('the host lacks one → the check of its programs blocks', async () => {
    const pg = (tool: string) => ({ [tool]: `echo "${tool} (PostgreSQL) 15.9"` });
    const host = hostWith({ ...pg('pg_dump'), ...pg('pg_restore'), ...pg('psql') });
    for (const name of ['nproc', 'cat', 'uname']) {
      rmSync(join(programs, name), { force: true });
      symlinkSync(whereIs(name), join(programs, name));
    }
    const ctx = { host: () => host } as unknown as Context;
    const server = { major: 15, version: '15.9' };
    const backup = { form: 'directory' as const, manifest: manifest('1.dat.zst', '2.dat.gz') };
    expect(await checkTools(ctx, server, [backup])).toMatchObject({
      status: 'block',
      summary: expect.stringMatching(/^zstd is not installed/),
      next: [{ shell: 'apt-get install zstd' }],
    });
    expect(await checkTools(ctx, server, [{ form: 'sql.gz', manifest: null }])).toMatchObject({
      status: 'pass',
    });
  });
});
