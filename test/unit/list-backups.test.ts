import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeOne } from '../../runbooks/db/prune.ts';
import { findBackup } from '../../src/database/backup/findBackup.ts';
import { listBackups } from '../../src/database/backup/listBackups.ts';
import { connectHost } from '../../src/host/connectHost.ts';
import { chooseBackups } from '../../src/operations/chooseBackups.ts';
import type { Context, Host } from '../../src/runbook/context.ts';
import type { StepContext } from '../../src/runbook/define.ts';

const { run } = connectHost({ prefix: [], timeoutMs: 10_000 });
let directory: string;
const found = (wanted: string) => findBackup({ run, directory, wanted });

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tv-backups-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('what is found in a folder', () => {
  it('is every form of backup, and nothing else', async () => {
    for (const name of [
      'tempovault_20261101.sql',
      'tempovault_20261102.sql.gz',
      'run.dump',
      'notes.txt',
      'x.partial',
    ]) {
      writeFileSync(join(directory, name), 'x'.repeat(100));
    }
    writeFileSync(join(directory, 'empty.sql'), '');
    const { backups, leftovers } = await listBackups({ run, directory });
    expect(
      backups
        .map(({ name, form, problems }) => ({ name, form, problems }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    ).toEqual([
      { name: 'empty.sql', form: 'sql', problems: ['it is empty'] },
      { name: 'run.dump', form: 'custom', problems: [] },
      { name: 'tempovault_20261101.sql', form: 'sql', problems: [] },
      { name: 'tempovault_20261102.sql.gz', form: 'sql.gz', problems: [] },
    ]);
    expect(leftovers.map(({ path }) => path)).toEqual([join(directory, 'x.partial')]);
  });

  it.each([
    ['vault.sql.xz', /^xz -dk '/],
    ['vault.sql.zst', /^zstd -d '/],
    ['vault.tar', /tar -xf '/],
  ])('%s is named as a kind that is not read, and is no backup', async (name, advice) => {
    writeFileSync(join(directory, name), 'x');
    const { backups, unsupported } = await listBackups({ run, directory });
    expect([backups, unsupported]).toEqual([[], [name]]);
    await expect(found('vault')).rejects.toMatchObject({
      message: `"${name}" is a kind of backup that tv does not read.`,
      next: [expect.stringMatching(advice)],
    });
  });

  it('is sorted by time to the millisecond, so that the newest of one second is the newest', async () => {
    const seconds = [1_795_700_000.25, 1_795_700_000.75, 1_795_700_000.5];
    for (const [index, changed] of seconds.entries()) {
      const path = join(directory, `${index}.sql`);
      writeFileSync(path, 'x');
      utimesSync(path, changed, changed);
    }
    const { backups } = await listBackups({ run, directory });
    expect(backups.map(({ name }) => name)).toEqual(['1.sql', '2.sql', '0.sql']);
    expect(backups[0]?.createdAt).toBe('2026-11-26T13:33:20.750Z');
  });

  it('a link is no backup of its own, and leads to the one that it points at', async () => {
    const elsewhere = mkdtempSync(join(directory, 'elsewhere-'));
    writeFileSync(join(elsewhere, 'vault.sql'), 'x');
    writeFileSync(join(directory, 'day.sql'), 'x');
    symlinkSync('day.sql', join(directory, 'latest.sql'));
    symlinkSync(join(elsewhere, 'vault.sql'), join(directory, 'other.sql'));
    symlinkSync('gone', join(directory, 'dangling.sql'));
    symlinkSync('gone.partial', join(directory, 'x.partial'));
    const { backups, leftovers } = await listBackups({ run, directory });
    expect(backups.map(({ name }) => name)).toEqual(['day.sql']);
    expect(leftovers).toEqual([]);
    expect((await found(join(directory, 'latest.sql'))).path).toBe(join(directory, 'day.sql'));
    expect((await found('other.sql')).path).toBe(join(elsewhere, 'vault.sql'));
    await expect(found(join(directory, 'dangling.sql'))).rejects.toMatchObject({
      code: 'backup.not-found',
      message: expect.stringContaining('dangling.sql'),
    });
  });

  it('names that cannot be said, or that steer a terminal, are left out and shown escaped', async () => {
    writeFileSync(join(directory, "a 'quoted' name.sql"), 'x');
    writeFileSync(join(directory, 'red\u001b[31m.sql'), 'x');
    writeFileSync(join(directory, 'two\nlines.sql.partial'), 'x');
    writeFileSync(
      Buffer.concat([Buffer.from(`${directory}/l`), Buffer.from([0xe4]), Buffer.from('.sql')]),
      'x',
    );
    const { backups, leftovers, unusable } = await listBackups({ run, directory });
    expect(backups.map(({ name }) => name)).toEqual(["a 'quoted' name.sql"]);
    expect(leftovers).toEqual([]);
    expect(unusable.toSorted()).toEqual(['l\ufffd.sql', 'red\\u{1b}[31m.sql', 'two\\u{a}lines.sql.partial']);
    await expect(found('red\u001b[31m.sql')).rejects.toMatchObject({ code: 'backup.unsupported' });
  });

  it.skipIf(process.getuid?.() !== 0).each([
    ['may not be entered', 0o700],
    ['may be entered, but not listed', 0o711],
  ])('a folder that %s → an error, not a list without backups', async (_, mode) => {
    writeFileSync(join(directory, 'day.sql'), 'x');
    chmodSync(directory, mode);
    const nobody = connectHost({
      prefix: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'],
      timeoutMs: 10_000,
    });
    await expect(listBackups({ run: nobody.run, directory })).rejects.toMatchObject({
      message: 'The backup folder cannot be read.',
      facts: { reason: expect.stringMatching(/Permission denied$/) },
    });
  });

  describe.skipIf(process.getuid?.() !== 0)('to a user who may not read all of it', () => {
    const nobody = connectHost({
      prefix: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'],
      timeoutMs: 10_000,
    });
    const listed = () => listBackups({ run: nobody.run, directory });
    const add = (name: string, changed: number) => {
      const data = join(directory, name, 'data');
      mkdirSync(data, { recursive: true });
      writeFileSync(join(directory, name, 'manifest.json'), '{}');
      for (const file of ['toc.dat', '1.dat.gz']) writeFileSync(join(data, file), 'x');
      utimesSync(join(data, 'toc.dat'), changed, changed);
      return join(directory, name);
    };
    const older = 1_795_700_000;
    beforeEach(() => chmodSync(directory, 0o755));

    it.each([
      ['the folder', '.', 0o700],
      ['the folder, but to list it', '.', 0o744],
      ['the folder, but to enter it', '.', 0o711],
      ['the folder of the data', 'data', 0o700],
      ['the manifest', 'manifest.json', 0o600],
      ['a file of the data', 'data/1.dat.gz', 0o600],
    ])(
      '%s of a backup → it is named as unreadable, and neither left out nor broken',
      async (_, below, mode) => {
        add('day', older);
        chmodSync(join(add('night', older), below), mode);
        const { backups, unreadable } = await listed();
        expect(backups.map(({ name }) => name)).toEqual(['day']);
        expect(unreadable).toEqual([{ name: 'night', changedAt: expect.stringMatching(/Z$/) }]);
        for (const wanted of ['night', 'nig', join(directory, 'night')]) {
          await expect(findBackup({ run: nobody.run, directory, wanted })).rejects.toMatchObject({
            code: 'backup.unreadable',
            message: 'This user may not read the backup "night".',
          });
        }
      },
    );

    it.each(['tv.sql.gz', 'tv.sql.gz.manifest.json', 'tv.sql.gz.marks.json'])(
      '%s → its backup is unreadable, and not damaged',
      async (name) => {
        for (const file of ['tv.sql.gz', 'tv.sql.gz.manifest.json', 'tv.sql.gz.marks.json']) {
          writeFileSync(join(directory, file), '{}');
        }
        chmodSync(join(directory, name), 0o600);
        const { backups, unreadable } = await listed();
        expect([backups, unreadable.map((one) => one.name)]).toEqual([[], ['tv.sql.gz']]);
      },
    );

    it('lost+found is no backup', async () => {
      mkdirSync(join(directory, 'lost+found'), { mode: 0o700 });
      expect((await listed()).unreadable).toEqual([]);
    });

    it('the newest, where one that may not be read is newer → refused; older → chosen', async () => {
      add('day', older);
      const night = add('night', older);
      chmodSync(night, 0o700);
      const ctx = {
        host: () => nobody,
        settings: { backup: { directory } },
      } as unknown as Context;
      await expect(chooseBackups(ctx, { latest: true })).rejects.toMatchObject({
        ...{ code: 'backup.unreadable', exitCode: 3 },
        facts: { 'not readable': 'night' },
      });
      await expect(chooseBackups(ctx, { all: true })).rejects.toMatchObject({ code: 'backup.unreadable' });
      expect(await chooseBackups(ctx, { backup: 'day' })).toMatchObject([{ name: 'day' }]);
      utimesSync(night, older - 1, older - 1);
      expect(await chooseBackups(ctx, { latest: true })).toMatchObject([{ name: 'day' }]);
    });

    it('prune: what it may not read stays, also where it could be read when the run was planned', async () => {
      const night = add('night', older);
      chmodSync(night, 0o700);
      const backup = { name: 'night', path: night, bytes: 1, createdAt: '2026-01-01T00:00:00.000Z' };
      const facts = { remove: [], leftovers: [], databases: [], keep: 0, keepDays: 30 };
      const ctx = {
        ...{ host: () => nobody, clock: { now: () => new Date('2027-11-23T03:00:00Z') } },
        settings: { backup: { directory } },
      } as unknown as StepContext;
      expect(await removeOne(facts, backup, 0).run(ctx)).toMatchObject({ kept: 'night' });
    });
  });

  it.each([
    ['find', 'exit 1'],
    ['find', 'kill -KILL $$'],
    ['base64', 'exit 1'],
  ])('%s that fails (%s) → an error, not a shorter list', async (name, script) => {
    writeFileSync(join(directory, 'day.sql'), 'x');
    const programs = mkdtempSync(join(tmpdir(), 'tv-programs-'));
    try {
      writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      const failing: Host['run'] = (command, options) =>
        run(['env', `PATH=${programs}:${process.env['PATH']}`, ...command], options);
      await expect(listBackups({ run: failing, directory })).rejects.toMatchObject({
        code: 'backup.folder-unreadable',
      });
    } finally {
      rmSync(programs, { recursive: true, force: true });
    }
  });

  it('a link that leads nowhere that can be found out → an error, not "no backup"', async () => {
    symlinkSync('loop.sql', join(directory, 'loop.sql'));
    await expect(found('loop.sql')).rejects.toMatchObject({ code: 'backup.unreadable' });
  });

  it('a folder of pg_dump is dated by its table of contents, which marks do not change', async () => {
    mkdirSync(join(directory, 'day', 'data'), { recursive: true });
    writeFileSync(join(directory, 'day', 'data', 'toc.dat'), 'x');
    utimesSync(join(directory, 'day', 'data', 'toc.dat'), 1_795_700_000, 1_795_700_000);
    writeFileSync(join(directory, 'day', 'marks.json'), '{}');
    const { backups } = await listBackups({ run, directory });
    expect(backups).toMatchObject([
      {
        name: 'day',
        createdAt: '2026-11-26T13:33:20.000Z',
        bytes: 3,
        problems: ['its manifest is missing'],
      },
    ]);
  });

  it('a manifest that is a folder, or holds no JSON, is a problem of its backup alone', async () => {
    for (const name of ['a.sql', 'b.sql', 'c.sql']) writeFileSync(join(directory, name), 'x');
    mkdirSync(join(directory, 'a.sql.manifest.json'));
    writeFileSync(join(directory, 'b.sql.manifest.json'), '{"schema": "tv.backup/1"}\0{}');
    const { backups } = await listBackups({ run, directory });
    expect(backups.map(({ name, problems }) => [name, problems]).toSorted()).toEqual([
      ['a.sql', []],
      ['b.sql', ['its manifest is not JSON']],
      ['c.sql', []],
    ]);
  });

  it('as many programs are started for two hundred backups as for two', async () => {
    const programs = mkdtempSync(join(tmpdir(), 'tv-programs-'));
    const started = join(programs, 'started');
    try {
      for (const name of ['ls', 'find', 'xargs', 'base64', 'sh', 'stat', 'cat', 'tail']) {
        const real = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
        writeFileSync(
          join(programs, name),
          `#!/bin/bash\necho ${name} >> ${started}\nPATH=$PATH:/usr/bin:/bin exec ${real} "$@"\n`,
          { mode: 0o755 },
        );
      }
      const list = async () => {
        rmSync(started, { force: true });
        const counted: Host['run'] = (command, options) =>
          run(['env', `PATH=${programs}`, '/bin/bash', ...command.slice(1)], options);
        const { backups } = await listBackups({ run: counted, directory });
        return { backups: backups.length, started: readFileSync(started, 'utf8').split('\n').toSorted() };
      };
      const add = (name: string) => {
        mkdirSync(join(directory, name, 'data'), { recursive: true });
        for (const file of ['manifest.json', 'marks.json', 'data/toc.dat', 'data/1.dat.gz']) {
          writeFileSync(join(directory, name, file), '{}');
        }
      };
      for (const name of ['a', 'b']) add(name);
      const two = await list();
      for (let index = 0; index < 198; index++) add(`day${index}`);
      expect(two.backups).toBe(2);
      expect(await list()).toEqual({ backups: 200, started: two.started });
    } finally {
      rmSync(programs, { recursive: true, force: true });
    }
  });
});
