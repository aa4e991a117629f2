import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sandboxDown } from '../../src/sandbox/down.ts';
import { sandboxCgroup } from '../../src/sandbox/machine/cgroup.ts';
import { claimDirectory } from '../../src/sandbox/machine/claimDirectory.ts';
import { copyPrograms } from '../../src/sandbox/machine/programs.ts';
import { runInside } from '../../src/sandbox/machine/runInside.ts';
import { type Machine, startMachine } from '../../src/sandbox/machine/startMachine.ts';
import { systemdObstacle } from '../../src/sandbox/machine/systemdObstacle.ts';
import { until } from '../../src/sandbox/machine/until.ts';
import { writeInside } from '../../src/sandbox/machine/wrappers.ts';
import { type SandboxPaths, sandboxPaths } from '../../src/sandbox/paths.ts';
import { unitText } from '../../src/sandbox/units/unitText.ts';
import { sandboxUp } from '../../src/sandbox/up.ts';
import { tracesOf } from '../support/sandbox.ts';

const obstacle = await systemdObstacle();

let parent: string;
let paths: SandboxPaths;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'tv-machine-'));
  paths = sandboxPaths(join(parent, 'box'));
  claimDirectory(paths)();
  copyPrograms(paths);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await sandboxDown({ dir: paths.dir });
  rmSync(parent, { recursive: true, force: true });
});

function writeUnit(name: string, command: readonly string[], restart: 'no' | 'on-failure' = 'no'): void {
  const unit = {
    name,
    description: `Test ${name}`,
    command,
    user: undefined,
    workingDirectory: '/',
    restart,
  };
  writeFileSync(join(paths.units, `${name}.service`), unitText(unit));
}

function boot(): Promise<Machine> {
  return startMachine(paths, { postgresBin: '/usr/bin', tools: [] });
}

// Says so, where the real one cannot be had.
if (obstacle !== undefined) it.skip(`a real systemd cannot be tested here: ${obstacle}`);

describe.skipIf(obstacle !== undefined)('a systemd of its own, and its units', () => {
  it('runs units, answers systemctl and journalctl, and leaves nothing behind', async () => {
    writeUnit('speaker', ['/bin/sh', '-c', 'echo "price 100% of $1 \\"quoted\\""; exec sleep 1000']);
    const machine = await boot();
    const systemctl = (...words: readonly string[]) => runInside(machine, ['systemctl', ...words]);

    expect((await systemctl('is-active', 'speaker')).exitCode).toBe(3);
    expect((await systemctl('start', 'speaker')).exitCode).toBe(0);
    expect(await systemctl('is-active', 'speaker')).toMatchObject({ exitCode: 0, stdout: 'active' });
    const shown = (await systemctl('show', '-p', 'Id,LoadState,ActiveState,MainPID', 'speaker')).stdout;
    expect(shown).toMatch(/^MainPID=[1-9]\d*$/m);
    expect(shown).toContain('LoadState=loaded');
    expect((await systemctl('show', '-p', 'LoadState', 'nobody-knows')).stdout).toBe('LoadState=not-found');
    expect((await systemctl('start', 'nobody-knows')).exitCode).toBe(5);

    let lines: { MESSAGE: string; _SYSTEMD_UNIT: string }[] = [];
    await until(
      async () => {
        const { stdout } = await runInside(machine, [
          'journalctl',
          '-u',
          'speaker',
          '-o',
          'json',
          '--no-pager',
        ]);
        lines = stdout
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line));
        return lines.some(({ MESSAGE }) => MESSAGE.startsWith('price'));
      },
      { limitMs: 5_000, what: 'the line to reach the journal' },
    );
    expect(lines.map(({ MESSAGE }) => MESSAGE)).toContain('price 100% of $1 "quoted"'.replace('$1', ''));

    expect((await systemctl('stop', 'speaker')).exitCode).toBe(0);
    expect((await systemctl('is-active', 'speaker')).stdout).toBe('inactive');

    const down = await sandboxDown({ dir: paths.dir });
    expect(down).toMatchObject({ found: true });
    expect(tracesOf(paths.dir)).toEqual([]);
    expect(await sandboxDown({ dir: paths.dir })).toMatchObject({ found: false, processes: 0 });
  });

  it('shows a killed service as failed, and starts it again where the unit says so', async () => {
    writeUnit('once', ['/bin/sleep', '1000']);
    writeUnit('again', ['/bin/sleep', '1000'], 'on-failure');
    const machine = await boot();
    await runInside(machine, ['systemctl', 'start', 'once', 'again']);
    const property = async (name: string, unit: string) =>
      (await runInside(machine, ['systemctl', 'show', '-p', name, '--value', unit])).stdout;
    const before = await property('MainPID', 'again');

    await runInside(machine, ['systemctl', 'kill', '--signal=SIGKILL', 'once']);
    await runInside(machine, ['systemctl', 'kill', '--signal=SIGKILL', 'again']);
    await until(async () => (await property('ActiveState', 'once')) === 'failed', {
      limitMs: 5_000,
      what: 'the unit to fail',
    });
    expect(await property('Result', 'once')).toBe('signal');
    await until(async () => (await property('NRestarts', 'again')) === '1', {
      limitMs: 5_000,
      what: 'the restart',
    });
    expect(await property('MainPID', 'again')).not.toBe(before);
  });
});

describe.skipIf(obstacle !== undefined)('a systemd of its own', () => {
  it('leaves the machine alone: /tmp, the mounts, the units and the process table', async () => {
    const witness = join(parent, 'witness');
    writeFileSync(witness, 'still here');
    const machine = await boot();
    expect(existsSync(witness)).toBe(true);
    expect(tracesOf(paths.dir).filter((trace) => trace.startsWith('mount'))).toEqual([]);
    const { stdout } = await runInside(machine, ['ps', '-e', '-o', 'comm=']);
    // Only its own processes: no vitest, no node.
    expect(stdout).toContain('systemd');
    expect(stdout).not.toContain('node');
    const units = (await runInside(machine, ['systemctl', 'list-units', '--all', '--no-legend'])).stdout;
    expect(units).not.toMatch(/(tmpfiles|getty|logind)\S*\.service/);
  });

  it('ends also what its units have put into sessions of their own', async () => {
    const stray = `/usr/bin/sleep 1${process.pid}`;
    writeUnit('parent', ['/bin/sh', '-c', `setsid ${stray} & exec sleep 1000`]);
    const machine = await boot();
    await runInside(machine, ['systemctl', 'start', 'parent']);
    const isRunning = async () =>
      (await execa('pgrep', ['-f', `^${stray}$`], { reject: false })).exitCode === 0;
    await until(isRunning, { limitMs: 5_000, what: 'the stray process' });
    await sandboxDown({ dir: paths.dir });
    expect(await isRunning()).toBe(false);
  });

  it('is found by its control group, without anything on disk', async () => {
    writeUnit('sleeper', ['/bin/sleep', '1000']);
    const machine = await boot();
    await runInside(machine, ['systemctl', 'start', 'sleeper']);
    rmSync(paths.dir, { recursive: true });
    expect(await sandboxDown({ dir: paths.dir })).toMatchObject({ found: true });
    expect(tracesOf(paths.dir)).toEqual([]);
  });

  it('runs no command where its process id belongs to another process now', async () => {
    const group = sandboxCgroup(paths.dir) ?? '';
    writeInside(paths, process.pid, group, '/usr/bin:/bin');
    const witness = join(parent, 'ran');
    const { exitCode, stderr } = await runInside({ prefix: [join(paths.bin, 'inside')] }, ['touch', witness]);
    expect(exitCode).toBe(69);
    expect(stderr).toContain('is not running');
    expect(existsSync(witness)).toBe(false);
  });
});

it('is not tried by a user without root: the reason, and nothing is left', async () => {
  vi.spyOn(process, 'getuid').mockReturnValue(65_534);
  const dir = join(parent, 'own');
  const refused = expect.objectContaining({
    code: 'sandbox.needs-systemd',
    facts: { reason: 'you are not root' },
    exitCode: 3,
  });
  await expect(sandboxUp({ dir }, () => {})).rejects.toThrow(refused);
  expect(existsSync(dir)).toBe(false);
});

it('refuses to remove a directory that is not a sandbox', async () => {
  const foreign = join(parent, 'foreign');
  mkdirSync(foreign);
  writeFileSync(join(foreign, 'thesis.txt'), 'years of work');
  await expect(sandboxDown({ dir: foreign })).rejects.toMatchObject({ code: 'sandbox.not-a-sandbox' });
  expect(existsSync(join(foreign, 'thesis.txt'))).toBe(true);
});
