import {
  chmodSync,
  chownSync,
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
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectHost } from '../../src/host/connectHost.ts';
import { readDirectory } from '../../src/host/readDirectory.ts';
import { readDisk } from '../../src/host/readDisk.ts';
import { readEnvFile } from '../../src/host/readEnvFile.ts';
import { readTextFile } from '../../src/host/readTextFile.ts';
import { removeEnvValue } from '../../src/host/removeEnvValue.ts';
import { assertReplaceable, replaceFile } from '../../src/host/replaceFile.ts';
import { whoseFile } from '../../src/host/whoseFile.ts';
import { writeEnvValue } from '../../src/host/writeEnvValue.ts';
import type { Host } from '../../src/runbook/context.ts';

const root = process.getuid?.() === 0;
const top = mkdtempSync(join(tmpdir(), 'tv-host-files-'));
chmodSync(top, 0o755);
afterAll(() => rmSync(top, { recursive: true, force: true }));

const host = connectHost({ prefix: [], timeoutMs: 10_000 });
/** A user without rights: nobody on every Linux. */
const nobody = connectHost({
  prefix: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'],
  timeoutMs: 10_000,
});

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(top, 'case-'));
  chmodSync(directory, 0o755);
  file = join(directory, '.env');
});

function put(text: string | Buffer, mode = 0o640) {
  writeFileSync(file, text);
  chmodSync(file, mode);
}

describe('readTextFile', () => {
  it('reads byte for byte, with mode and owner', async () => {
    put('\uFEFFA=ü\r\n\nB=🚀');
    if (root) chownSync(file, 65534, 1);
    expect(await readTextFile(host, { path: file })).toEqual({
      text: '\uFEFFA=ü\r\n\nB=🚀',
      mode: 0o640,
      uid: root ? 65534 : process.getuid?.(),
      gid: root ? 1 : process.getgid?.(),
      owner: root ? 'nobody' : expect.any(String),
      group: root ? 'daemon' : expect.any(String),
    });
    put('');
    expect((await readTextFile(host, { path: file })).text).toBe('');
  });

  it('follows a symbolic link, and takes any name', async () => {
    put('A=1');
    const link = join(directory, `it's a "link" $(x)\n-`);
    symlinkSync('.env', link);
    expect((await readTextFile(host, { path: link })).text).toBe('A=1');
  });

  it('distinguishes missing, unreadable, not a file and not text', async () => {
    const problem = (path: string, as: Host = host) =>
      readTextFile(as, { path }).then(
        () => 'none',
        (error: unknown) => (error instanceof Error && 'problem' in error ? error.problem : error),
      );
    expect(await problem(join(directory, 'nothing'))).toBe('missing');
    symlinkSync('nowhere', join(directory, 'dangling'));
    expect(await problem(join(directory, 'dangling'))).toBe('missing');
    expect(await problem(directory)).toBe('not-a-file');
    expect(await problem('/dev/null')).toBe('not-a-file');
    put(Buffer.from([0x41, 0x3d, 0xff]));
    expect(await problem(file)).toBe('not-text');
    expect(await problem(join(file, 'below'))).toBe('missing');
  });

  it.skipIf(!root)('says that a file may not be read', async () => {
    put('A=1', 0o600);
    await expect(readTextFile(nobody, { path: file })).rejects.toMatchObject({
      problem: 'unreadable',
      message: `${file} may not be read by this user.`,
    });
    chmodSync(directory, 0o700);
    await expect(readTextFile(nobody, { path: file })).rejects.toMatchObject({ problem: 'unreadable' });
  });
});

describe('replaceFile', () => {
  it('replaces the content and keeps mode and owner', async () => {
    for (const mode of [0o600, 0o640, 0o664, 0o400]) {
      put('old', 0o600);
      if (root) chownSync(file, 65534, 1);
      chmodSync(file, mode);
      const before = statSync(file);
      if (root || mode !== 0o400) {
        await replaceFile(host, { path: file, text: 'new ü\r\n' });
        const after = statSync(file);
        expect(readFileSync(file, 'utf8')).toBe('new ü\r\n');
        expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);
        expect(after.ino).not.toBe(before.ino);
      }
      rmSync(file);
    }
    expect(readdirSync(directory)).toEqual([]);
  });

  it('replaces what a symbolic link points to and leaves the link', async () => {
    const real = join(directory, 'real');
    mkdirSync(real);
    writeFileSync(join(real, 'settings'), 'old');
    symlinkSync(join('real', 'settings'), file);
    await replaceFile(host, { path: file, text: 'new' });
    expect(readFileSync(join(real, 'settings'), 'utf8')).toBe('new');
    expect(readdirSync(real)).toEqual(['settings']);
    expect(readdirSync(directory).sort()).toEqual(['.env', 'real']);
  });

  it('refuses what is not there or is no file', async () => {
    await expect(replaceFile(host, { path: file, text: 'x' })).rejects.toMatchObject({ problem: 'missing' });
    await expect(replaceFile(host, { path: directory, text: 'x' })).rejects.toMatchObject({
      problem: 'not-a-file',
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('file changed meanwhile → refused', async () => {
    put('theirs');
    await expect(replaceFile(host, { path: file, text: 'mine', expected: 'old' })).rejects.toMatchObject({
      problem: 'not-writable',
      facts: { reason: 'it has been changed meanwhile' },
    });
    expect(readFileSync(file, 'utf8')).toBe('theirs');
    expect(readdirSync(directory)).toEqual(['.env']);
    await replaceFile(host, { path: file, text: 'mine', expected: 'theirs' });
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it('refuses content that arrives incomplete, as from a broken connection', async () => {
    put('old');
    const cutting: Host = {
      prefix: [],
      run: (command, options) => host.run(command, { ...options, input: options?.input?.slice(0, 3) ?? '' }),
    };
    await expect(replaceFile(cutting, { path: file, text: 'A=1\nB=2\n' })).rejects.toMatchObject({
      facts: { reason: 'the new content arrived incomplete' },
    });
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(directory)).toEqual(['.env']);
  });

  it.skipIf(!root)('refuses what this user must not change, and leaves nothing behind', async () => {
    put('old', 0o644);
    await expect(replaceFile(nobody, { path: file, text: 'x' })).rejects.toMatchObject({
      problem: 'not-writable',
      facts: { reason: 'no permission to write' },
    });
    // The file may be written, the folder not.
    chmodSync(file, 0o666);
    await expect(replaceFile(nobody, { path: file, text: 'x' })).rejects.toMatchObject({
      problem: 'not-writable',
      facts: { reason: expect.stringContaining('Permission denied') },
    });
    // Both may be written, but the new file would belong to another user.
    chmodSync(directory, 0o777);
    await expect(replaceFile(nobody, { path: file, text: 'x' })).rejects.toMatchObject({
      problem: 'not-writable',
      facts: { reason: 'owner and mode cannot be kept' },
    });
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(directory)).toEqual(['.env']);
  });

  it.skipIf(!root).for([
    ['a bind mount', ['mount', '--bind', 'FILE', 'FILE'], ['umount', 'FILE'], /mount point/],
    ['immutable', ['chattr', '+i', 'FILE'], ['chattr', '-i', 'FILE'], /immutable|no permission to write/],
    ['append-only', ['chattr', '+a', 'FILE'], ['chattr', '-a', 'FILE'], /append-only/],
    [
      'on a read-only file system',
      ['sh', '-c', 'mount --bind FOLDER FOLDER && mount -o remount,bind,ro FOLDER'],
      ['umount', 'FOLDER'],
      /no permission to write|not writable/,
    ],
    ['in an immutable folder', ['chattr', '+i', 'FOLDER'], ['chattr', '-i', 'FOLDER'], /not writable/],
  ] as const)(
    '%s: found before anything is written, and refused',
    async ([, arrange, undo, reason], { skip }) => {
      // A name that mountinfo has to escape.
      const folder = join(directory, 'a b\\c');
      mkdirSync(folder);
      const path = join(folder, '.env');
      writeFileSync(path, 'old');
      const filled = (words: readonly string[]) =>
        words.map((word) =>
          word.replaceAll('FILE', path).replaceAll('FOLDER', arrange[0] === 'sh' ? `'${folder}'` : folder),
        );
      const arranged = await host.run(filled(arrange));
      // A file system without these attributes, or a container that may not mount.
      if (arranged.exitCode !== 0) skip(arranged.stderr);
      try {
        const refused = { problem: 'not-writable', facts: { reason: expect.stringMatching(reason) } };
        await expect(assertReplaceable(host, { path })).rejects.toMatchObject(refused);
        await expect(replaceFile(host, { path, text: 'new' })).rejects.toMatchObject(refused);
        expect(readFileSync(path, 'utf8')).toBe('old');
        expect(readdirSync(folder)).toEqual(['.env']);
      } finally {
        await host.run(filled(undo).map((word) => word.replaceAll("'", '')));
      }
      await assertReplaceable(host, { path });
      expect(readdirSync(folder)).toEqual(['.env']);
    },
  );

  it('a FIFO or a folder in place of the file: refused at once, and not waited for', async () => {
    await host.run(['mkfifo', file]);
    await expect(assertReplaceable(host, { path: file })).rejects.toMatchObject({ problem: 'not-a-file' });
    await expect(readTextFile(host, { path: file })).rejects.toMatchObject({ problem: 'not-a-file' });
    await expect(assertReplaceable(host, { path: directory })).rejects.toMatchObject({
      problem: 'not-a-file',
    });
  });

  it('a symbolic link: the folder of what it points to counts', async () => {
    const real = join(directory, 'real');
    mkdirSync(real);
    writeFileSync(join(real, 'settings'), 'old');
    symlinkSync(join('real', 'settings'), file);
    await assertReplaceable(host, { path: file });
    expect(readdirSync(real)).toEqual(['settings']);
  });

  it('never shows the new content to others before it is complete', async () => {
    put('old', 0o600);
    const seen = new Set<number>();
    const watch = setInterval(() => {
      for (const name of readdirSync(directory)) {
        try {
          seen.add(statSync(join(directory, name)).mode & 0o777);
        } catch {
          // Renamed since it was listed.
        }
      }
    }, 1);
    try {
      for (let round = 0; round < 10; round += 1)
        await replaceFile(host, { path: file, text: `new ${round}` });
    } finally {
      clearInterval(watch);
    }
    expect([...seen]).toEqual([0o600]);
  });
});

describe('.env values', () => {
  const text = '# settings\r\nexport START_BLOCK = "0"  # from genesis\r\nORACLE_PRIVATE_KEY=0xabc';

  it('are written, read back and undone', async () => {
    put(text);
    expect((await readEnvFile(host, { path: file })).entries.map(({ key }) => key)).toEqual([
      'START_BLOCK',
      'ORACLE_PRIVATE_KEY',
    ]);
    await writeEnvValue(host, { path: file, key: 'START_BLOCK', value: '12345678' });
    expect(readFileSync(file, 'utf8')).toBe(text.replace('"0"', '"12345678"'));
    expect(statSync(file).mode & 0o777).toBe(0o640);
    await writeEnvValue(host, { path: file, key: 'START_BLOCK', value: '0' });
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('are added, and removed again without a trace', async () => {
    put(text);
    await writeEnvValue(host, { path: file, key: 'POLL_INTERVAL', value: '5' });
    expect(readFileSync(file, 'utf8')).toBe(`${text}\r\nPOLL_INTERVAL=5`);
    await removeEnvValue(host, { path: file, key: 'POLL_INTERVAL' });
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('that are there already leave the file alone', async () => {
    put(text);
    const before = statSync(file);
    await writeEnvValue(host, { path: file, key: 'START_BLOCK', value: '0' });
    await removeEnvValue(host, { path: file, key: 'NOT_THERE' });
    expect(statSync(file).ino).toBe(before.ino);
  });

  it('that occur twice are refused, and the file stays', async () => {
    put('START_BLOCK=1\nSTART_BLOCK=2\n');
    await expect(writeEnvValue(host, { path: file, key: 'START_BLOCK', value: '3' })).rejects.toMatchObject({
      facts: { lines: '1, 2' },
    });
    expect(readFileSync(file, 'utf8')).toBe('START_BLOCK=1\nSTART_BLOCK=2\n');
  });
});

describe('readDirectory and readDisk', () => {
  it('say what can be done with a folder', async () => {
    expect(await readDirectory(host, { path: directory })).toEqual({
      exists: true,
      isDirectory: true,
      writable: true,
    });
    expect(await readDirectory(host, { path: join(directory, 'no') })).toEqual({
      exists: false,
      isDirectory: false,
      writable: false,
    });
    put('');
    expect(await readDirectory(host, { path: file })).toEqual({
      exists: true,
      isDirectory: false,
      writable: false,
    });
  });

  it.skipIf(!root)('see a folder that is read-only, for this user or for everybody', async () => {
    expect(await readDirectory(nobody, { path: directory })).toMatchObject({ exists: true, writable: false });
    // Not even root may write where the file system is read-only.
    const script = 'mount -t tmpfs -o ro,size=1m tmpfs "$1" && shift && exec "$@"';
    const readOnly = connectHost({
      prefix: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', directory],
      timeoutMs: 10_000,
    });
    expect(await readDirectory(readOnly, { path: directory })).toEqual({
      exists: true,
      isDirectory: true,
      writable: false,
    });
    expect(await readDisk(readOnly, { path: directory })).toEqual({
      totalBytes: 1024 ** 2,
      freeBytes: 1024 ** 2,
      mount: directory,
    });
  });

  it('read the space of a file system', async () => {
    const space = await readDisk(host, { path: directory });
    expect(space.totalBytes).toBeGreaterThan(space.freeBytes);
    expect(space.mount).toMatch(/^\//);
    await expect(readDisk(host, { path: join(directory, 'no') })).rejects.toMatchObject({
      facts: { reason: expect.stringContaining('No such file') },
    });
  });
});

describe.skipIf(process.getuid?.() !== 0)('whose a file is', () => {
  /** `systemctl` that shows these users, one unit each; without users it fails. */
  function hostWith(users: readonly string[] | undefined): Host {
    const bin = join(own, 'bin');
    mkdirSync(bin, { recursive: true });
    const shown = users?.map((user) => `User=${user}`).join('\\n\\n');
    const script = shown === undefined ? 'exit 1' : `printf '${shown}\\n'`;
    writeFileSync(join(bin, 'systemctl'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return connectHost({ prefix: ['env', `PATH=${bin}:/usr/bin:/bin`], timeoutMs: 10_000 });
  }
  let own: string;
  beforeEach(() => {
    own = mkdtempSync(join(tmpdir(), 'tv-whose-'));
  });
  afterEach(() => rmSync(own, { recursive: true }));

  it.each([
    ['root', 0, 0, undefined, 'own'],
    ['the owner of its folder', 4242, 4242, undefined, 'own'],
    ['the user of a service, by number', 4242, 0, ['', '4242'], 'own'],
    ['the user of a service, by name', 65534, 0, ['nobody'], 'own'],
    ['another user', 4242, 0, ['nobody', ''], 'foreign'],
    ['a user, and systemd does not answer', 4242, 0, undefined, 'unknown'],
  ] as const)('%s → %5$s', async (_, uid, folderUid, users, whose) => {
    const path = join(own, '.env');
    writeFileSync(path, '');
    chownSync(own, folderUid, 0);
    expect(await whoseFile(hostWith(users), { path, uid, units: ['a.service', 'b.service'] })).toBe(whose);
  });
});
