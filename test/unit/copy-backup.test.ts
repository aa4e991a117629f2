import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CopySettings } from '../../src/config/settings.ts';
import { findBackup } from '../../src/database/backup/findBackup.ts';
import { type BackupManifest, writeManifest } from '../../src/database/backup/manifest.ts';
import { writeMarks } from '../../src/database/backup/marks.ts';
import { connectHost } from '../../src/host/connectHost.ts';
import { checkCopied, checkCopyPrograms, copyBackup } from '../../src/operations/copyBackup.ts';
import { withFetchedCopy } from '../../src/operations/fetchCopy.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import { step } from '../../src/runbook/step.ts';

const name = 'tempovault_20261123-020000-7f3a';
const path = () => join(directory, name);
let home: string;
let directory: string;
let offsite: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tv-copy-'));
  directory = join(home, 'backup');
  offsite = join(home, 'offsite');
  mkdirSync(join(directory, name, 'data'), { recursive: true });
  mkdirSync(offsite);
  const files = [
    ['data/toc.dat', 'the table of contents'],
    ['data/1.dat', 'rows\n'],
  ] as const;
  for (const [file, text] of files) writeFileSync(join(path(), file), text);
  writeFileSync(
    join(path(), 'manifest.json'),
    writeManifest({
      ...{ schema: 'tv.backup/1', form: 'directory', createdAt: '2026-11-23T02:00:00.000Z', seconds: 1 },
      ...{ tv: '1.0.0', database: { name: 'tempovault', systemIdentifier: null, bytes: 1 } },
      ...{ server: { version: '15.1', major: 15 }, tool: 'pg_dump 15.1', cursorBlock: null, rows: {} },
      files: files.map(([file, text]) => ({
        ...{ path: file, bytes: text.length },
        sha256: createHash('sha256').update(text).digest('hex'),
      })),
    } satisfies BackupManifest),
  );
});
afterEach(() => {
  chmodSync(directory, 0o700);
  rmSync(home, { recursive: true, force: true });
});

const sh = (script: string) => ['sh', '-c', script, 'sh', '{path}', '{name}', offsite];
/** As an operator would set it, with programs that are everywhere. */
const good = () => ({
  command: ['cp', '-rT', '{path}', join(offsite, '{name}')],
  check: sh('cd "$3/$2" && find . -type f -exec sha256sum {} +'),
});

function contextOf(copy: Partial<CopySettings> | undefined, more: Partial<StepContext> = {}): StepContext {
  const defaults = { check: undefined, fetch: undefined, timeoutMs: 20_000 };
  const settings = { backup: { directory, copy: copy === undefined ? undefined : { ...defaults, ...copy } } };
  const { signal } = new AbortController();
  return {
    ...{ settings, signal, runId: '20261123-020000-db-copy-7f3a', results: {} },
    clock: { now: () => new Date('2026-11-23T03:00:00.000Z') },
    host: () => connectHost({ prefix: [], timeoutMs: 10_000 }),
    ...more,
  } as unknown as StepContext;
}

const { run } = connectHost({ prefix: [], timeoutMs: 10_000 });
const marks = async () => (await findBackup({ run, directory, wanted: name })).marks;

describe('a copy', () => {
  it.each<[string, () => Partial<CopySettings>, string]>([
    ['proven by sums', good, 'sum'],
    ['by sizes', () => ({ ...good(), check: sh(`cd "$3" && find . -type f -printf '%s %p\\n'`) }), 'size'],
    ['without a check', () => ({ command: good().command }), 'exit-code'],
  ])('%s is kept beside the backup', async (_, copy, how) => {
    const outcome = await copyBackup(contextOf(copy()), name);
    expect(outcome).toEqual({
      ...{ backup: name, at: '2026-11-23T03:00:00.000Z', marked: true, how, problems: [] },
    });
    expect((await marks()).copied).toEqual({
      ...{ at: '2026-11-23T03:00:00.000Z', checkedAt: '2026-11-23T03:00:00.000Z', how, problems: [] },
    });
    expect(readFileSync(join(offsite, name, 'data/1.dat'), 'utf8')).toBe('rows\n');
    // Again: the same.
    expect((await copyBackup(contextOf(copy()), name)).problems).toEqual([]);
  });

  it('leaves the other marks alone, also those that were set while it ran', async () => {
    const pinned = { at: '2026-11-23T02:30:00.000Z', by: 'alice@ops', reason: 'kept' };
    const slow = { ...good(), command: sh('sleep 1; cp -rT "$1" "$3/$2"') };
    const running = copyBackup(contextOf(slow), name);
    await delay(300);
    const backup = await findBackup({ run, directory, wanted: name });
    await writeMarks({ run, backup, marks: { ...backup.marks, pinned } });
    await running;
    expect(await marks()).toMatchObject({ pinned, copied: { how: 'sum', problems: [] } });
  });

  it('is one at a time: what another one holds is a problem, and is not waited for', async () => {
    const lock = join(directory, '.copy.lock');
    const other = spawn('flock', [lock, 'sleep', '30'], { stdio: 'ignore', detached: true });
    try {
      await expect.poll(() => existsSync(lock)).toBe(true);
      await delay(200);
      const { problems } = await copyBackup(contextOf(good()), name);
      expect(problems).toEqual([`another copy is still running: it holds ${lock}`]);
    } finally {
      process.kill(-(other.pid ?? 0), 'SIGKILL');
    }
  });

  it.each<[string, () => Partial<CopySettings>, RegExp]>([
    [
      'no such program',
      () => ({ command: ['/absent/rclone', '{path}'] }),
      /^\/absent\/rclone ended with exit code \d+: .*No such file/,
    ],
    [
      'it fails',
      () => ({ command: sh('echo warming up; echo "no route to host" >&2; exit 4') }),
      /^sh ended with exit code 4: no route to host$/,
    ],
    ['it fails and says nothing', () => ({ command: ['false', '{path}'] }), /^false ended with exit code 1$/],
    ['it is killed', () => ({ command: sh('kill -9 $$') }), /^sh ended with signal 9$/],
    ['it hangs', () => ({ command: sh('sleep 60'), timeoutMs: 2_000 }), /^sh did not finish within 2.0 s$/],
    ['it prints without end', () => ({ command: ['yes', '{path}'] }), /printed more than 64 MiB/],
    [
      'it prints what steers a terminal, a key and a password',
      () => ({
        command: sh(
          `printf '\\033[2J\\033]0;x\\007 https://u:hunter2@s3.example/b 0x${'ab'.repeat(32)}\\n' >&2; exit 1`,
        ),
      }),
      /^sh ended with exit code 1: \\u\{1b\}\[2J.*https:\/\/\*\*\*@s3.example\/b \(64 hex digits, not shown\)$/,
    ],
    [
      'it prints a line of megabytes',
      () => ({ command: sh('head -c 3000000 /dev/zero | tr "\\0" x >&2; exit 1') }),
      /^sh ended with exit code 1: x{199}…$/,
    ],
    [
      'the check fails',
      () => ({ ...good(), check: ['false'] }),
      /^the check failed: false ended with exit code 1$/,
    ],
    [
      'the check prints junk',
      () => ({ ...good(), check: sh('yes "ERROR : 3 of 4" | head -c 5000000') }),
      /^the check lists no file/,
    ],
    ['the check prints nothing', () => ({ ...good(), check: ['true'] }), /^the check lists no file/],
    [
      'the copy was cut',
      () => ({ ...good(), command: sh('cp -rT "$1" "$3/$2"; : > "$3/$2/data/1.dat"') }),
      /^data\/1\.dat has another checksum in the copy$/,
    ],
    [
      'a file is missing',
      () => ({ ...good(), command: sh('cp -rT "$1" "$3/$2"; rm "$3/$2/manifest.json"') }),
      /^the check does not list manifest\.json \(1 of 3 files\)$/,
    ],
  ])(
    '%s → the problem, in words that can be shown; the backup stays',
    async (_, copy, problem) => {
      const outcome = await copyBackup(contextOf(copy()), name);
      expect(outcome.problems).toHaveLength(1);
      expect(outcome.problems[0]).toMatch(problem);
      expect(JSON.stringify(outcome)).not.toContain('hunter2');
      expect((await marks()).copied?.problems).toEqual(outcome.problems);
      expect((await findBackup({ run, directory, wanted: name })).problems).toEqual([]);
    },
    30_000,
  );

  it('without the setting, in a run that was begun with it → the problem', async () => {
    expect((await copyBackup(contextOf(undefined), name)).problems).toEqual(['backup.copy is no longer set']);
  });

  it('is ended by a signal, and not taken for one that failed', async () => {
    const stop = new AbortController();
    const ctx = contextOf({ command: sh('sleep 60') }, { signal: stop.signal });
    const running = copyBackup(ctx, name);
    const reason = new Error('interrupted');
    setTimeout(() => stop.abort(reason), 300);
    await expect(running).rejects.toBe(reason);
    expect((await marks()).copied).toBeUndefined();
  });

  it('gets no secret of the environment of tv', async () => {
    process.env['TV_TEST_TOKEN'] = 'a token of this test';
    try {
      await copyBackup(contextOf({ command: sh('env > "$3/env"') }), name);
    } finally {
      delete process.env['TV_TEST_TOKEN'];
    }
    expect(readFileSync(join(offsite, 'env'), 'utf8')).toContain('PATH=');
    expect(readFileSync(join(offsite, 'env'), 'utf8')).not.toContain('a token of this test');
  });
});

describe('the verification of a run', () => {
  const key = step<Awaited<ReturnType<typeof copyBackup>>>('copy');
  const judged = async (ctx: StepContext, outcome: unknown) =>
    checkCopied({ ...ctx, results: outcome === undefined ? {} : { copy: outcome } }, { key, wanted: name });

  it('passes on a proven copy, warns of an exit code, blocks on the rest', async () => {
    const ctx = contextOf(good());
    const made = await copyBackup(ctx, name);
    expect(await judged(ctx, made)).toMatchObject({
      status: 'pass',
      summary: `${name} was copied off the host, proven by sums`,
    });
    const unchecked = contextOf({ command: good().command });
    expect(await judged(unchecked, await copyBackup(unchecked, name))).toMatchObject({ status: 'warn' });
    const failing = contextOf({ command: ['false', '{path}'] });
    const failed = await copyBackup(failing, name);
    expect(await judged(failing, failed)).toMatchObject({
      status: 'block',
      summary: `${name} has no verified copy: false ended with exit code 1`,
      next: [{ tv: ['db', 'copy', name] }],
    });
    // Copied since by another run: resuming this one finds it.
    const later = contextOf(good(), { clock: { now: () => new Date('2026-11-23T04:00:00.000Z') } as never });
    await copyBackup(later, name);
    expect(await judged(failing, failed)).toMatchObject({ status: 'pass' });
  });

  it('the outcome cannot be written beside the backup → not verified, whatever an older mark says', async () => {
    const ctx = contextOf(good());
    await copyBackup(ctx, name);
    const later = contextOf(good(), { clock: { now: () => new Date('2026-11-23T04:00:00.000Z') } as never });
    const unwritable = {
      ...later,
      host: () => ({
        prefix: [],
        run: async (...[command, options]: Parameters<typeof run>) =>
          command.some((word) => word.includes('cat > "$1.new"'))
            ? { exitCode: 1, stdout: '', stderr: 'No space left on device' }
            : run(command, options),
      }),
    } as StepContext;
    const outcome = await copyBackup(unwritable, name);
    expect(outcome).toMatchObject({ marked: false, problems: [] });
    expect(await judged(later, outcome)).toMatchObject({
      status: 'block',
      summary: `${name} was copied, but that could not be written beside it`,
    });
  });

  it('nothing was copied → not verified', async () => {
    expect(await judged(contextOf(good()), undefined)).toMatchObject({ status: 'block' });
  });
});

describe('the programs', () => {
  it.each<[string, Pick<CopySettings, 'command' | 'check'>, 'warns' | 'blocks', string, RegExp]>([
    ['there', { command: ['cp'], check: ['sha256sum'] }, 'blocks', 'pass', /^by cp, checked by sha256sum$/],
    ['no check', { command: ['cp'], check: undefined }, 'blocks', 'warn', /only its exit code/],
    [
      'missing, at a backup',
      { command: ['no-such-rclone'], check: ['cp'] },
      'warns',
      'warn',
      /the host has no no-such-rclone/,
    ],
    [
      'missing, at a copy',
      { command: ['cp'], check: ['no-such-rclone'] },
      'blocks',
      'block',
      /the host has no no-such-rclone/,
    ],
  ])('%s', async (_, copy, lacking, status, words) => {
    const finding = await checkCopyPrograms(contextOf(undefined) as Context, copy, lacking);
    expect(finding.status).toBe(status);
    expect(finding.summary).toMatch(words);
  });
});

describe('a copy that is brought back', () => {
  const fetched = async (fetch: readonly string[]) => {
    const backup = await findBackup({ run, directory, wanted: name });
    return withFetchedCopy(contextOf({ ...good(), fetch }), backup, async ({ copy, problems }) => ({
      ...{ copy: copy?.name, problems: [...problems, ...(copy?.problems ?? [])] },
      rows: copy === undefined ? undefined : readFileSync(`${copy.archive}/1.dat`, 'utf8'),
    }));
  };
  beforeEach(async () => {
    await copyBackup(contextOf(good()), name);
  });
  afterEach(() => {
    // Nothing is left but the backup and the lock.
    expect(readdirSync(directory).sort()).toEqual(['.copy.lock', name]);
  });

  it.each<[string, () => readonly string[]]>([
    ['below its own name', () => ['cp', '-r', join(offsite, '{name}'), '{path}']],
    ['as all that is in the folder', () => ['cp', '-rT', join(offsite, '{name}'), '{path}']],
  ])('%s', async (_, fetch) => {
    expect(await fetched(fetch())).toEqual({ copy: name, problems: [], rows: 'rows\n' });
  });

  it('a cut one, one of another backup and nothing at all are problems', async () => {
    writeFileSync(join(offsite, name, 'data/toc.dat'), '');
    const bring = ['cp', '-r', join(offsite, '{name}'), '{path}'];
    expect((await fetched(bring)).problems).toEqual(['data/toc.dat has 0 bytes, not 21']);
    const manifest = join(offsite, name, 'manifest.json');
    const other = JSON.parse(readFileSync(manifest, 'utf8')) as BackupManifest & { digest?: string };
    const { digest: _, ...rest } = other;
    writeFileSync(manifest, writeManifest({ ...rest, seconds: 2 }));
    expect((await fetched(bring)).problems[0]).toBe('the manifest of the copy is not that of the backup');
    expect(await fetched(['true', '{path}', '{name}'])).toMatchObject({
      copy: undefined,
      problems: ['what was brought back is no backup of that name'],
    });
  });

  it('a program that fails says nothing about the copy', async () => {
    await expect(fetched(['false', '{path}', '{name}'])).rejects.toMatchObject({
      code: 'backup.not-copied',
      facts: { said: 'false ended with exit code 1' },
    });
  });
});
