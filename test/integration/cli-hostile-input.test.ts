import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { filesBelow } from '../support/secretSearch.ts';

const bin = fileURLToPath(new URL('../../bin/tv.js', import.meta.url));
const key = devPrivateKey(3);
/** Too long for a program that only has to refuse, in milliseconds. */
const limitMs = 15_000;

let home: string;
let state: string;
let config: string;
let envFile: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'tv-hostile-'));
  state = join(home, 'state');
});
beforeEach(() => {
  rmSync(state, { recursive: true, force: true });
  mkdirSync(join(state, 'runs'), { recursive: true, mode: 0o700 });
  config = join(home, 'tv.yaml');
  envFile = join(home, '.env');
  // Before writing: opening a FIFO of the last test would wait for its reader.
  for (const path of [config, envFile]) rmSync(path, { recursive: true, force: true });
  writeFileSync(config, `environments: {production: {host: {envFile: "${envFile}"}}}\n`, { mode: 0o600 });
  writeFileSync(
    envFile,
    'CHAIN_ID=31337\nRPC_URL=http://127.0.0.1:9\nINDEXER_DB_URL=postgres://u@127.0.0.1:9/d\n',
    {
      mode: 0o600,
    },
  );
});
afterAll(() => rmSync(home, { recursive: true }));

async function tv(args: readonly string[], env: Record<string, string> = {}) {
  const done = await execa(process.execPath, [bin, ...args], {
    reject: false,
    extendEnv: false,
    timeout: limitMs,
    env: { PATH: process.env['PATH'] ?? '', HOME: home, TV_STATE_DIR: state, TV_CONFIG: config, ...env },
  });
  return { ...done, output: `${done.stdout}\n${done.stderr}` };
}

const fifo = (path: string) => {
  rmSync(path, { force: true });
  execFileSync('mkfifo', ['-m', '600', path]);
};
const directory = (path: string) => {
  rmSync(path, { force: true });
  mkdirSync(path);
};
const write = (path: string, text: string, mode = 0o600) => {
  writeFileSync(path, text);
  chmodSync(path, mode);
};
const manyLines = () =>
  Array.from({ length: 20_000 }, (_, at) => `KEY_${at % 15_000}_SECRET=value-${at}-0123456789`);

it.each<[string, () => void, string[], number, string]>([
  ['configuration is a FIFO', () => fifo(config), ['status'], 3, 'it is a FIFO'],
  ['configuration is a directory', () => directory(config), ['status'], 3, 'it is a directory'],
  [
    'configuration refers to itself',
    () => write(config, 'environments: {production: {pairs: &p {x: *p}}}'),
    ['status'],
    3,
    'refer to themselves',
  ],
  [
    'configuration that its group may write to',
    () => chmodSync(config, 0o660),
    ['status'],
    3,
    'its group may write to it (mode 0660)',
  ],
  [
    'state directory that all may write to',
    () => chmodSync(state, 0o777),
    ['runs', 'list'],
    2,
    'every user may write to it (mode 0777)',
  ],
  [
    'folder of journals that all may write to',
    () => chmodSync(join(state, 'runs'), 0o777),
    ['runs', 'list'],
    2,
    'every user may write to it',
  ],
  [
    'journal is a FIFO',
    () => fifo(join(state, 'runs', '20261101-000000-reindex-0000.jsonl')),
    ['runs', 'list'],
    0,
    'not a regular file',
  ],
  [
    'journal is a directory',
    () => mkdirSync(join(state, 'runs', '20261101-000000-reindex-0000.jsonl')),
    ['runs', 'list'],
    0,
    'not a regular file',
  ],
  ['audit log is a FIFO', () => fifo(join(state, 'audit.jsonl')), ['audit', 'list'], 1, 'it is a FIFO'],
  ['.env is a FIFO', () => fifo(envFile), ['config', 'check'], 1, 'not a regular file'],
  [
    '.env has 20 000 lines, secrets and repeated names',
    () => write(envFile, manyLines().join('\n')),
    ['config', 'check'],
    1,
    'is set more than once in .env',
  ],
  [
    'an address in .env with a wrong checksum',
    () => write(envFile, 'RISK_CONTROLLER_ADDRESS=0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed'),
    ['config', 'check'],
    1,
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  ],
])('%s → refused with the reason, soon', async (_, arrange, args, exitCode, reason) => {
  arrange();
  const done = await tv(args);
  expect(done.timedOut).toBe(false);
  expect(done.output.replace(/\s+/g, ' ')).toContain(reason);
  expect(done.exitCode).toBe(exitCode);
});

it('a private key in place of any argument or setting is in no output, journal or audit log', async () => {
  const digits = key.slice(2);
  const calls: (readonly [string[], Record<string, string>?])[] = [
    [['-e', key, 'status']],
    [[digits]],
    [['runs', digits]],
    [['--config', key, 'status']],
    [['status', key]],
    [['runs', 'show', key]],
    [['emergency', 'withdraw', '--token', key, '--amount', '1', '--to', key, '--yes']],
    [['emergency', 'withdraw', `--to=${digits}`, '--confirm', key, '--reason', `it is ${key}`]],
    [['breaker', 'trip', '--pair', `${key}ff`, '--confirm', 'production']],
    [['breaker', 'trip', '--pair', key, '--confirm', 'production']],
    [['emergency', 'unwind', '--pair', key, '--confirm', 'production']],
    [['reindex', '--from-block', key, '--yes']],
    [['db', 'verify', digits.toUpperCase()]],
    [['db', 'pin', key, '--why', key]],
    [['config', 'get', key]],
    [['config', 'show', '--set', `contracts.riskController=${key}`]],
    [['config', 'show', '--set', `${key}=1`]],
    [['status', '--set', `contracts.riskController=${digits}`]],
    [['config', 'check'], { TV_RISK_CONTROLLER_ADDRESS: key }],
    [['status'], { TV_ENVIRONMENT: key }],
  ];
  const outputs: string[] = [];
  for (let at = 0; at < calls.length; at += 3) {
    const some = calls.slice(at, at + 3).map(([args, env]) => tv(args, env));
    outputs.push(...(await Promise.all(some)).map(({ output }) => output));
  }
  write(envFile, `RISK_CONTROLLER_ADDRESS=${key}\nSTART_BLOCK=${digits}\n`);
  outputs.push((await tv(['config', 'check'])).output, (await tv(['config', 'show'])).output);
  write(config, `environments: {production: {withdraw: {recipients: ["${key}"]}, ${key}: 1}}`);
  outputs.push((await tv(['config', 'check'])).output);

  const piece = digits.slice(0, 12);
  const told = outputs.filter((output) => output.toLowerCase().includes(piece));
  expect(told).toEqual([]);
  expect(outputs.filter((output) => output.includes('hex digits, not shown')).length).toBeGreaterThan(10);
  const files = existsSync(state) ? filesBelow(state) : [];
  expect(files.filter(({ text }) => text.toLowerCase().includes(piece)).map(({ place }) => place)).toEqual(
    [],
  );
});
