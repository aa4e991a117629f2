import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemdObstacle } from '../../src/sandbox/machine/systemdObstacle.ts';
import { readPassword } from '../../src/sandbox/passwords.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';

const launcher = fileURLToPath(new URL('../../bin/tv.js', import.meta.url));
const obstacle = await systemdObstacle();

describe.skipIf(obstacle !== undefined)('tv logs, on the journal of a real systemd', () => {
  let sandbox: TestSandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ indexer: 'lossy' });
  });
  afterAll(() => sandbox?.stop());

  interface Items {
    readonly items: readonly {
      readonly service: string;
      readonly at: string;
      readonly message: string;
      readonly frames: readonly string[];
    }[];
    readonly services: readonly { readonly service: string; readonly state: string }[];
    readonly problems: readonly unknown[];
  }
  const read = async (...flags: readonly string[]) => {
    const { exitCode, stdout, stderr } = await sandbox.tv(['logs', '--json', ...flags]);
    expect(stderr).toBe('');
    return { exitCode, ...(JSON.parse(stdout) as Items) };
  };

  it('merges the services by time, without the password that the indexer prints', async () => {
    const { exitCode, items, services, problems } = await read('-n', 'all');
    expect([exitCode, problems]).toEqual([0, []]);
    expect(services.map(({ service, state }) => [service, state])).toEqual([
      ['api', 'active'],
      ['indexer', 'active'],
      ['oracle', 'active'],
    ]);
    // systemd's own messages about the units are among them.
    expect(new Set(items.map(({ service }) => service))).toEqual(new Set(['api', 'indexer', 'oracle']));
    const times = items.map(({ at }) => at);
    expect(times).toEqual(times.toSorted());
    const database = items.filter(({ message }) => message.includes('://***@'));
    expect(database.length).toBeGreaterThan(0);
    expect(JSON.stringify(items)).not.toContain(readPassword(sandboxPaths(sandbox.dir), 'tempovault'));
  });

  it('follows a restart, and ends at Ctrl-C with exit 0', async () => {
    const child = spawn(process.execPath, [launcher, 'logs', '-f', 'indexer', '-n', '1'], {
      env: sandbox.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const closed = once(child, 'close');
    let restarted = false;
    let last = '';
    for await (const line of createInterface({ input: child.stdout })) {
      if (!restarted) await sandbox.systemctl('restart', 'tempovault-indexer');
      restarted = true;
      last = line;
      if (/indexer info Started /.test(line)) child.kill('SIGINT');
    }
    expect(last).toMatch(/indexer/);
    expect((await closed)[0]).toBe(0);
    await expect
      .poll(async () =>
        (await sandbox.inside('sh', '-c', 'ps -e -o comm= | grep -c journalctl')).stdout.trim(),
      )
      .toBe('0');
  });

  it('folds what is alike, and shows a traceback as one entry', async () => {
    const print = [
      'Traceback (most recent call last):',
      '  File relay.py, line 1, in relay_loop',
      'ValueError: no luck',
    ];
    const unit = `[Service]\nType=oneshot\nExecStart=/bin/sh -c '${print.map((line) => `echo "${line}"`).join('; ')}'\n`;
    const file = '/etc/systemd/system/tempovault-noisy.service';
    const written = await sandbox.inside(
      ...['sh', '-c', 'printf %s "$1" >"$2" && systemctl daemon-reload && systemctl start tempovault-noisy'],
      ...['sh', unit, file],
    );
    expect(written).toMatchObject({ exitCode: 0 });
    const units = ['--set', 'host.units.oracle=tempovault-noisy'];
    await expect
      .poll(async () => (await sandbox.tv(['logs', 'oracle', '--errors', '--frames', ...units])).stdout)
      .toMatch(
        /oracle error ValueError: no luck\n {4}Traceback \(most recent call last\):\n {6}File relay.py/,
      );

    const { stdout } = await sandbox.tv(['logs', '--group', '--json']);
    const { items } = JSON.parse(stdout) as { readonly items: readonly { count: number; pattern: string }[] };
    expect(items[0]?.count).toBeGreaterThan(1);
    expect(items.filter(({ pattern }) => /\d/.test(pattern.replaceAll('0x…', '')))).toEqual([]);
  });

  it('unknown service → exit 2 with the known ones; unknown unit → exit 1', async () => {
    const unknown = await sandbox.tv(['logs', 'postgres']);
    expect([unknown.exitCode, unknown.stderr]).toEqual([
      2,
      expect.stringMatching(/services +api, indexer, oracle, nginx/),
    ]);
    const missing = await sandbox.tv(['logs', 'api', '--set', 'host.units.api=never-installed']);
    expect([missing.exitCode, missing.stderr]).toEqual([
      1,
      expect.stringContaining('never-installed is not installed on this host'),
    ]);
  });
});
