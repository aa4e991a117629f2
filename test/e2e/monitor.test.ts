import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemdObstacle } from '../../src/sandbox/machine/systemdObstacle.ts';
import { until } from '../../src/sandbox/machine/until.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { sitDown } from '../support/pseudoTerminal.ts';
import { httpServer } from '../support/rpcServer.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';

const obstacle = await systemdObstacle();
const launcher = new URL('../../bin/tv.js', import.meta.url).pathname;

interface Message {
  readonly status: string;
  readonly alerts: readonly { readonly status: string; readonly labels: Readonly<Record<string, string>> }[];
}

describe.skipIf(obstacle !== undefined)('tv monitor', () => {
  let sandbox: TestSandbox;
  beforeAll(async () => {
    sandbox = await startSandbox();
  });
  afterAll(() => sandbox?.stop());

  it('a fault fires, is told to a program and a web address, and is resolved once it is mended', async () => {
    const messages: Message[] = [];
    await using server = await httpServer((response, body) => {
      messages.push(JSON.parse(body));
      response.end();
    });
    const home = sandbox.env['TV_STATE_DIR'] ?? '';
    const seen = join(home, 'seen');
    const program = join(home, 'notify');
    writeFileSync(program, `#!/bin/sh\ncat >> '${seen}'\n`);
    chmodSync(program, 0o755);
    const told = () =>
      (existsSync(seen) ? readFileSync(seen, 'utf8') : '')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { readonly status: string; readonly id: string })
        .map(({ status, id }) => `${status} ${id}`);
    const hook = server.url.replace('//', '//ops:hunter2@');
    const look = () => sandbox.tv(['monitor', '--notify', program, '--webhook', hook]);

    const well = await look();
    expect([well.exitCode, well.stderr]).toEqual([0, '']);
    expect(well.stdout).toContain('nothing is firing');
    expect(messages).toEqual([]);

    await sandbox.systemctl('stop', 'tempovault-api');
    const wrong = await look();
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stdout).toContain('tempovault-api is inactive');
    expect(wrong.stdout).toContain('Next:');
    expect(wrong.stdout).not.toContain('hunter2');
    expect(told()).toContain('firing service-down:api');
    expect(messages).toHaveLength(1);
    expect(messages[0]?.status).toBe('firing');
    expect(messages[0]?.alerts.map(({ labels }) => labels)).toContainEqual({
      alertname: 'TempoVaultServiceDown',
      severity: 'critical',
      environment: 'sandbox',
      section: '10',
      subject: 'api',
    });
    expect(server.headers.authorization).toBe(`Basic ${Buffer.from('ops:hunter2').toString('base64')}`);
    const line = await sandbox.tv(['monitor', '--plugin']);
    expect(line.exitCode).toBe(2);
    expect(line.stdout).toMatch(
      /^TEMPOVAULT CRITICAL - [^|\n]+ \| (?:\w+=[\d.-]+(?:s|%|B)?(?:;[\d.]+)? ?)+$/,
    );

    await sandbox.systemctl('start', 'tempovault-api');
    await until(async () => (await sandbox.tv(['status'])).exitCode === 0, {
      limitMs: 60_000,
      what: 'all well again',
    });
    expect((await look()).exitCode).toBe(2);
    const healed = await look();
    expect([healed.exitCode, healed.stderr]).toEqual([0, '']);
    expect(told()).toContain('resolved service-down:api');
    expect(messages.at(-1)?.alerts.every(({ status }) => status === 'resolved')).toBe(true);
    const sent = messages.length;
    await look();
    expect(messages).toHaveLength(sent);
  });

  it('without a usable history it looks all the same, and says so', async () => {
    const file = join(sandboxPaths(sandbox.dir).tvState, 'monitor.sqlite');
    const before = readFileSync(file);
    writeFileSync(file, 'no database, and longer than its header');
    const { exitCode, stdout, stderr } = await sandbox.tv(['monitor']);
    writeFileSync(file, before);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/nothing is kept in .*monitor\.sqlite/);
  });

  it('--watch in a pipe: one line for each change, and SIGTERM ends it well', async () => {
    const child = execa(process.execPath, [launcher, 'monitor', '--watch', '--every', '1s', '--json'], {
      env: sandbox.env,
      extendEnv: false,
      buffer: false,
    });
    const lines: string[] = [];
    const reading = (async () => {
      for await (const line of child) lines.push(line);
    })();
    const says = (status: string) =>
      until(
        () =>
          lines.some((line) => line.includes(`"status":"${status}"`) && line.includes('service-down:api')),
        {
          limitMs: 60_000,
          what: `${status} in ${lines.join('\n')}`,
        },
      );
    await sandbox.systemctl('stop', 'tempovault-api');
    await says('firing');
    await sandbox.systemctl('start', 'tempovault-api');
    await says('resolved');
    child.kill('SIGTERM');
    await reading.catch(() => {});
    expect((await child).exitCode).toBe(0);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ schema: 'tv.monitor-event/1' });
  });

  it('--watch at a terminal: drawn in place, and Ctrl-C gives the terminal back', async () => {
    const seat = sitDown(sandbox, ['monitor', '--watch', '--every', '1s']);
    await seat.sees(/indexer lag +▁/);
    seat.type('\u0003');
    expect(await seat.ended).toBe(0);
    const raw = seat.raw();
    expect(raw).toContain('\u001b[?1049h');
    expect(raw.lastIndexOf('\u001b[?1049l')).toBeGreaterThan(raw.lastIndexOf('\u001b[H'));
    expect(raw.lastIndexOf('\u001b[?25h')).toBeGreaterThan(raw.lastIndexOf('\u001b[?25l'));
    // Nothing is cleared before it is drawn.
    expect(raw).not.toContain('\u001b[2J');
  });
});
