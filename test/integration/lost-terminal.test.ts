import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../../src/sandbox/machine/until.ts';
import { httpServer } from '../support/rpcServer.ts';

const bin = fileURLToPath(new URL('../../bin/tv.js', import.meta.url));
let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'tv-lost-'));
});
afterAll(() => rmSync(home, { recursive: true }));

const env = () => ({ PATH: process.env['PATH'] ?? '', HOME: home, TV_STATE_DIR: join(home, 'state') });

it('terminal goes away while tv draws on it → ends with its own exit code, no signal and no core', async () => {
  // Answers nothing: tv shows its spinner until its limit.
  await using silent = await httpServer(() => new Promise(() => {}));
  const envFile = join(home, '.env');
  writeFileSync(
    envFile,
    `CHAIN_ID=31337\nRPC_URL=${silent.url}\nINDEXER_DB_URL=postgres://u@127.0.0.1:9/d\n`,
    {
      mode: 0o600,
    },
  );
  const config = join(home, 'tv.yaml');
  writeFileSync(config, `environments: {production: {host: {envFile: "${envFile}"}}}\n`, { mode: 0o600 });
  const result = join(home, 'result');
  // The shell outlives the terminal, to say how tv ended.
  const words = `${process.execPath} ${bin} status --config ${config}`;
  const wrapper = join(home, 'wrapper');
  writeFileSync(
    wrapper,
    `trap '' HUP\nulimit -c unlimited\ncd ${home}\n${words}\necho $? >${result}.new\nmv ${result}.new ${result}\n`,
  );
  const terminal = spawn('script', ['-qfc', `stty cols 80 rows 24; exec sh ${wrapper}`, '/dev/null'], {
    env: { ...env(), TERM: 'xterm', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let screen = '';
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
  });
  await until(() => screen.includes('status …'), { limitMs: 20_000, what: 'the spinner' });
  terminal.kill('SIGKILL');
  await until(() => existsSync(result), { limitMs: 20_000, what: 'tv to end' });
  // Critical or unknown, as it found things; 128 and more is a signal.
  expect([2, 3]).toContain(Number(readFileSync(result, 'utf8')));
  expect(readdirSync(home).filter((name) => name.startsWith('core'))).toEqual([]);
});

it('reader of a pipe goes away → no error', async () => {
  const words = `${process.execPath} ${bin} runbook export | head -c 100 >/dev/null; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await execa('bash', ['-c', words], { env: env(), extendEnv: false });
  expect({ stdout, stderr }).toEqual({ stdout: '0', stderr: '' });
});

it.runIf(existsSync('/proc/self/coredump_filter'))(
  'a core dump of tv, or of what it starts, would hold no memory',
  async () => {
    const seen = join(home, 'filter');
    const show = `cat /proc/$PPID/coredump_filter /proc/self/coredump_filter >${seen}; echo postgres://u@h/d`;
    const config = join(home, 'filter.yaml');
    writeFileSync(
      config,
      `environments: {production: {host: {envFile: /nonexistent}, database: {urlCommand: [sh, -c, ${JSON.stringify(show)}]}}}\n`,
      { mode: 0o600 },
    );
    await execa(process.execPath, [bin, 'config', 'show', '--config', config], {
      env: env(),
      extendEnv: false,
      reject: false,
    });
    expect(readFileSync(seen, 'utf8')).toBe('00000000\n00000000\n');
  },
);
