import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { connectHost } from '../../src/host/connectHost.ts';
import { findClientPrograms, listTools } from '../../src/host/findTool.ts';
import { listProcesses } from '../../src/host/listProcesses.ts';
import { readMachine } from '../../src/host/readMachine.ts';
import { readToolVersion } from '../../src/host/readToolVersion.ts';

const host = connectHost({ prefix: [], timeoutMs: 10_000 });
const directory = mkdtempSync(join(tmpdir(), 'tv-host-processes-'));
/** Unlike any other on the machine, whatever runs on it beside this test. */
const program = `indexer_${process.pid}`;
const script = join(directory, `${program}.js`);
const started: ChildProcess[] = [];

afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function start(command: string, ...words: string[]): Promise<number> {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'ignore'] });
  started.push(child);
  await once(child, 'spawn');
  return child.pid ?? 0;
}

describe('listProcesses', () => {
  it('finds processes that run the program, and none that only name it', async () => {
    writeFileSync(script, 'setInterval(() => {}, 60_000)');
    copyFileSync('/bin/sleep', join(directory, program));
    const viaNode = await start(process.execPath, '--no-warnings', script, '--key=0xhunter2');
    const itself = await start(join(directory, program), '600');
    await start('tail', '-f', script);
    await start('sh', '-c', 'sleep 600 & wait', script);
    await start(process.execPath, '-e', 'setInterval(() => {}, 60_000)', script);

    const found = await listProcesses(host, { program });
    expect(found.map(({ pid, command }) => [pid, command]).sort()).toEqual(
      [
        [viaNode, `${process.execPath} ${script}`],
        [itself, join(directory, program)],
      ].sort(),
    );
    for (const each of found) {
      expect(each).toMatchObject({ user: userInfo().username, stopped: false });
      expect(each.startedSecondsAgo).toBeLessThan(60);
    }
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });

  it('sees that a process is held', async () => {
    copyFileSync('/bin/sleep', join(directory, program));
    const pid = await start(join(directory, program), '600');
    process.kill(pid, 'SIGSTOP');
    await expect
      .poll(async () => (await listProcesses(host, { program })).map(({ stopped }) => stopped))
      .toEqual([true]);
  });

  it.runIf(process.getuid?.() === 0)(
    '/proc hides the processes of other users → unknown; to root it shows them',
    async () => {
      copyFileSync('/bin/sleep', join(directory, program));
      const pid = await start(join(directory, program), '600');
      const behind = (user: string) => {
        const script = `mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid=${user} --regid=${user} --clear-groups "$@"`;
        return connectHost({ prefix: ['unshare', '-m', 'sh', '-c', script, 'sh'], timeoutMs: 10_000 });
      };
      await expect(listProcesses(behind('65534'), { program })).rejects.toMatchObject({
        code: 'host.unreadable-answer',
        facts: { reason: expect.stringContaining('hides the processes of other users') },
      });
      expect(await listProcesses(behind('0'), { program })).toMatchObject([{ pid }]);
    },
  );

  it('finds nothing where nothing runs', async () => {
    expect(await listProcesses(host, { program: `${program}_other` })).toEqual([]);
  });
});

describe('readMachine', () => {
  it('reads this machine', async () => {
    const machine = await readMachine(host);
    expect(machine.cores).toBeGreaterThan(0);
    expect(machine.memoryTotalBytes).toBeGreaterThan(machine.memoryAvailableBytes);
    expect(machine.bootId).toMatch(/^[0-9a-f-]{36}$/);
  });
});

const installed = await readToolVersion(host, { tool: 'pg_dump' });

describe('PostgreSQL programs', () => {
  it.skipIf(installed === undefined)('are found, the one on the PATH first', async () => {
    const tools = await listTools(host, { tool: 'pg_dump' });
    expect(tools[0]).toMatchObject({ major: installed?.major, path: expect.stringMatching(/^\/.*pg_dump$/) });
  });

  it('prefer a newer one outside of the PATH to an older one on it', async () => {
    const bin = mkdtempSync(join(tmpdir(), 'tv-host-tools-'));
    try {
      writeFileSync(join(bin, 'psql'), '#!/bin/sh\necho "psql (PostgreSQL) 9.6.24"\n', { mode: 0o755 });
      const old = connectHost({ prefix: ['env', `PATH=${bin}:/usr/bin:/bin`], timeoutMs: 10_000 });
      expect(await readToolVersion(old, { tool: 'psql' })).toEqual({
        major: 9,
        text: 'psql (PostgreSQL) 9.6.24',
      });
      const programs = await findClientPrograms(old, { serverMajor: 9 });
      if (programs !== undefined) expect(programs.psql.path).toBe(join(bin, 'psql'));
      const newer = (await listTools(host, { tool: 'psql' })).find(({ path }) =>
        path.startsWith('/usr/lib/'),
      );
      const fitting = await findClientPrograms(old, { serverMajor: newer?.major ?? 10 });
      expect(fitting?.psql).toEqual(newer);
    } finally {
      rmSync(bin, { recursive: true });
    }
  });

  it('distinguishes not installed from no answer', async () => {
    const bin = mkdtempSync(join(tmpdir(), 'tv-host-tools-'));
    try {
      const bare = connectHost({ prefix: ['env', `PATH=${bin}`], timeoutMs: 10_000 });
      expect(await readToolVersion(bare, { tool: 'pg_restore' })).toBeUndefined();
      writeFileSync(join(bin, 'pg_restore'), '#!/bin/sh\necho broken library >&2; exit 1\n', { mode: 0o755 });
      await expect(readToolVersion(bare, { tool: 'pg_restore' })).rejects.toMatchObject({
        message: 'pg_restore did not report its version.',
        facts: { reason: 'broken library' },
      });
    } finally {
      rmSync(bin, { recursive: true });
    }
  });
});
