import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
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

  it('fault → fires, reported to a program and a webhook; repaired → resolved', async () => {
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
    let last = { exitCode: -1, stdout: '', stderr: '' };
    const look = async () => {
      last = await sandbox.tv(['monitor', '--notify', program, '--webhook', hook]);
      expect(last.stderr).toBe('');
      expect(last.stdout).not.toContain('hunter2');
      return last.exitCode;
    };
    // A busy machine may leave a source without an answer for a check or two.
    const limit = { limitMs: 90_000 };
    const alerts = () =>
      messages
        .flatMap((message) => message.alerts)
        .filter(({ labels }) => labels['alertname'] === 'TempoVaultServiceDown');

    await until(async () => (await look()) === 0, { ...limit, what: 'all well' });
    expect(last.stdout).toContain('nothing is firing');
    expect(alerts()).toEqual([]);

    await sandbox.systemctl('stop', 'tempovault-api');
    await until(async () => (await look()) === 2, { ...limit, what: 'the fault fires' });
    expect(last.stdout).toContain('tempovault-api is inactive');
    expect(last.stdout).toContain('Next:');
    expect(told()).toContain('firing service-down:api');
    expect(alerts()).toMatchObject([
      {
        status: 'firing',
        labels: {
          alertname: 'TempoVaultServiceDown',
          severity: 'critical',
          environment: 'sandbox',
          section: '10',
          subject: 'api',
        },
      },
    ]);
    expect(server.headers.authorization).toBe(`Basic ${Buffer.from('ops:hunter2').toString('base64')}`);
    const line = await sandbox.tv(['monitor', '--plugin']);
    const now = await sandbox.tv(['status', '--plugin']);
    for (const { exitCode, stdout } of [line, now]) {
      expect(exitCode).toBe(2);
      expect(stdout).toMatch(/^TEMPOVAULT CRITICAL - [^|\n]+ \| (?:\w+=[\d.-]+(?:s|%|B)?(?:;[\d.]+)? ?)+$/);
    }
    expect((await sandbox.tv(['status', '--plugin', '--all'])).exitCode).toBe(3);

    await sandbox.systemctl('start', 'tempovault-api');
    await until(async () => (await look()) === 0, { ...limit, what: 'all well again' });
    const ofService = () => told().filter((each) => each.endsWith('service-down:api'));
    expect(ofService()).toEqual(['firing service-down:api', 'resolved service-down:api']);
    expect(alerts().map(({ status }) => status)).toEqual(['firing', 'resolved']);
    await look();
    expect(ofService()).toHaveLength(2);
    expect(alerts()).toHaveLength(2);
  }, 240_000);

  it('no usable history → checks all the same, and says so', async () => {
    const file = join(sandboxPaths(sandbox.dir).tvState, 'monitor.sqlite');
    const before = readFileSync(file);
    writeFileSync(file, 'no database, and longer than its header');
    const { exitCode, stdout, stderr } = await sandbox.tv(['monitor']);
    writeFileSync(file, before);
    expect(stderr).toBe('');
    expect([0, 3]).toContain(exitCode);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(/nothing is kept in \S*monitor\.sqlite/);
  });

  it('--serve: page, metrics and health of the last check; --textfile: the same metrics for all to read', async () => {
    const textfile = join(sandbox.env['TV_STATE_DIR'] ?? '', 'tempovault.prom');
    const words = ['monitor', '--serve', '127.0.0.1:0', '--every', '1s', '--textfile', textfile];
    const child = execa(process.execPath, [launcher, ...words], {
      env: sandbox.env,
      extendEnv: false,
      buffer: false,
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const limit = { limitMs: 60_000 };
    const urlIn = () => /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
    await until(() => urlIn() !== undefined, { ...limit, what: 'the address' });
    const get = (path: string) => fetch(`${urlIn()}${path}`);
    await until(async () => (await get('/health')).status === 200, { ...limit, what: 'a check' });
    const metrics = await (await get('/metrics')).text();
    expect(metrics).toMatch(/^tempovault_service_active\{environment="sandbox",service="api"\} 1$/m);
    expect(metrics).toMatch(/^tempovault_indexer_lag_blocks\{environment="sandbox"\} \d+$/m);
    const page = await get('/');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await page.text();
    expect(html).toContain('<h1>TempoVault · sandbox ');
    expect(html).toContain('<svg ');
    expect(readFileSync(textfile, 'utf8')).toContain('# TYPE tempovault_service_active gauge');
    expect(statSync(textfile).mode & 0o777).toBe(0o644);
    child.kill('SIGTERM');
    expect((await child).exitCode).toBe(0);
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

  it.each(['monitor', 'status'])(
    '%s --watch at a terminal: drawn in place, and Ctrl-C gives the terminal back',
    async (command) => {
      const seat = sitDown(sandbox, [command, '--watch', '--every', '1s']);
      await seat.sees(/indexer lag .*[▁-█].* blocks?/);
      seat.type('\u0003');
      expect(await seat.ended).toBe(0);
      const raw = seat.raw();
      expect(raw).toContain('\u001b[?1049h');
      expect(raw.lastIndexOf('\u001b[?1049l')).toBeGreaterThan(raw.lastIndexOf('\u001b[H'));
      expect(raw.lastIndexOf('\u001b[?25h')).toBeGreaterThan(raw.lastIndexOf('\u001b[?25l'));
      // Nothing is cleared before it is drawn.
      expect(raw).not.toContain('\u001b[2J');
    },
  );
});
