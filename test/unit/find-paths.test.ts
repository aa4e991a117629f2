import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import prune from '../../runbooks/db/prune.ts';
import { listKeyFiles, readKeyFile, removeKeyFile } from '../../src/chain/signers/keyFile.ts';
import { checkGone } from '../../src/host/checkAsBefore.ts';
import { connectHost } from '../../src/host/connectHost.ts';
import { findPaths } from '../../src/host/findPaths.ts';
import { isRemoved, probeNamed, removeUnfinished } from '../../src/operations/backup.ts';
import type { CommandOutput } from '../../src/runbook/context.ts';
import type { StepContext } from '../../src/runbook/define.ts';

const host = connectHost({ prefix: [], timeoutMs: 10_000 });
const nobody = connectHost({
  prefix: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'],
  timeoutMs: 10_000,
});
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tv-paths-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('paths on the host', () => {
  it('files, folders and links to nothing are there; what is missing, or below a file, is not', async () => {
    const path = (name: string) => join(directory, name);
    writeFileSync(path('file'), '');
    mkdirSync(path("a folder's"));
    symlinkSync('nothing', path('link'));
    const there = ['file', "a folder's", 'link'].map(path);
    const paths = [...there, path('missing'), path('missing/below'), path('file/below')];
    expect(await findPaths(host, { paths })).toEqual(there);
  });

  it('a link to itself → there, and what is below it cannot be seen', async () => {
    symlinkSync('loop', join(directory, 'loop'));
    expect(await findPaths(host, { paths: [join(directory, 'loop')] })).toHaveLength(1);
    await expect(findPaths(host, { paths: [join(directory, 'loop', 'below')] })).rejects.toMatchObject({
      code: 'host.unreadable-answer',
      facts: { said: expect.stringContaining('Too many levels of symbolic links') },
    });
  });

  it.skipIf(process.getuid?.() !== 0)(
    'a folder that may not be entered → neither gone nor named',
    async () => {
      chmodSync(directory, 0o700);
      const path = join(directory, 'backup');
      writeFileSync(path, '');
      const ctx = { host: () => nobody, runId: '20261123-031200-db-backup-abcd' } as unknown as StepContext;
      const place = { form: 'directory' as const, directory, database: { name: 'tempovault' } };
      for (const question of [checkGone(nobody, [path]), isRemoved(ctx, { path }), probeNamed(ctx, place)]) {
        await expect(question).rejects.toMatchObject({ code: 'host.unreadable-answer' });
      }
    },
  );
});

describe('what an interrupted backup has left', () => {
  const denied = {
    exitCode: 1,
    stdout: '',
    stderr: "rm: cannot remove '/backup/x.partial': Permission denied",
  };
  const contextThat = (answer: (command: readonly string[]) => CommandOutput) =>
    ({
      host: () => ({ prefix: [], run: async (command: readonly string[]) => answer(command) }),
      runId: '20261123-031200-db-backup-abcd',
      settings: { backup: { directory } },
      signal: new AbortController().signal,
    }) as unknown as StepContext;
  const facts = { remove: [], leftovers: ['/backup/x.partial'], databases: [], keep: 0, keepDays: 30 };

  it('rm fails → the step of prune fails, and so does the undo of a dump', async () => {
    const [step] = prune.plan(facts, {} as never);
    const failed = { code: 'backup.not-written', facts: { said: denied.stderr } };
    await expect(step?.run(contextThat(() => denied))).rejects.toMatchObject(failed);
    const dumped = { form: 'directory', directory, database: { name: 'tempovault' } } as never;
    await expect(
      removeUnfinished(
        contextThat(() => denied),
        dumped,
      ),
    ).rejects.toMatchObject(failed);
  });

  it.each([
    ['is still there', true, 'block'],
    ['is gone', false, 'pass'],
  ])('it %s → prune is verified or not', async (_, there, status) => {
    const path = join(directory, 'x.partial');
    if (there) writeFileSync(path, '');
    const ctx = { ...contextThat(() => denied), host: () => host, clock: { now: () => new Date() } };
    const checks = await prune.verify(ctx as never, { ...facts, leftovers: [path] }, {} as never);
    expect(checks.find(({ id }) => id === 'leftovers')?.status).toBe(status);
  });
});

describe('key files of this machine', () => {
  it('what cannot be seen is not "none": a folder behind a link that leads to itself', () => {
    symlinkSync('loop', join(directory, 'loop'));
    const hidden = join(directory, 'loop', 'a.key');
    const failed = expect.objectContaining({ code: 'signer.file-unreadable' });
    expect(() => readKeyFile(hidden)).toThrow(failed);
    expect(() => removeKeyFile(hidden)).toThrow(failed);
    expect(() => listKeyFiles(join(directory, 'loop'))).toThrow(failed);
  });

  it('a folder that is missing, or a file in its place → none', () => {
    expect(readKeyFile(join(directory, 'missing', 'a.key'))).toBeUndefined();
    expect(listKeyFiles(join(directory, 'missing'))).toEqual([]);
    writeFileSync(join(directory, 'file'), 'x');
    expect(readKeyFile(join(directory, 'file', 'a.key'))).toBeUndefined();
    removeKeyFile(join(directory, 'missing', 'a.key'));
    expect(readFileSync(join(directory, 'file'), 'utf8')).toBe('x');
  });
});
