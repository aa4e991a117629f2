import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';

const bin = fileURLToPath(new URL('../../bin/tv.js', import.meta.url));
let home: string;
let config: string;
beforeAll(() => {
  // With a blank, so that what is printed is to be quoted.
  home = mkdtempSync(join(tmpdir(), 'tv dry '));
  config = join(home, 'tv.yaml');
  const folder = join(home, 'backup');
  mkdirSync(folder);
  for (const days of [1, 90]) {
    const file = join(folder, `d${days}.sql.gz`);
    writeFileSync(file, gzipSync('-- PostgreSQL database dump\n-- PostgreSQL database dump complete\n'));
    const then = new Date(Date.now() - days * 86_400_000);
    utimesSync(file, then, then);
  }
  writeFileSync(
    config,
    `environments: {production: {host: {envFile: "${home}/.env"}, backup: {directory: "${home}/backup"}}}\n`,
    { mode: 0o600 },
  );
  writeFileSync(
    join(home, '.env'),
    'RPC_URL=http://127.0.0.1:9\nINDEXER_DB_URL=postgres://u@127.0.0.1:9/d\n',
    { mode: 0o600 },
  );
});
afterAll(() => rmSync(home, { recursive: true }));

/** As it is typed into a shell of this machine. */
const shell = (line: string) =>
  execa('sh', ['-c', `tv() { '${process.execPath}' '${bin}' "$@"; }\n${line}`], {
    reject: false,
    extendEnv: false,
    env: { PATH: process.env['PATH'] ?? '', HOME: home, TV_STATE_DIR: join(home, 'state') },
  });
/** The command that a dry run ends with. */
const nextOf = (stdout: string) =>
  stdout
    .split('\n')
    .findLast((line) => line.includes('tv '))
    ?.trim() ?? '';
/** Everything that tv keeps for itself. */
const kept = () =>
  readdirSync(join(home, 'state'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'utf8')]);

it('dry run → the plan, once, on stdout; the checks on stderr', async () => {
  const { stdout, stderr, exitCode } = await shell(`tv db prune --dry-run --config '${config}'`);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/^Plan [0-9a-f]{8}\n {2}1 {2}remove /);
  expect(stdout).toContain('d90.sql.gz');
  expect(stdout).not.toContain('Preflight');
  expect(stdout).toContain('Dry run: nothing was changed.');
  expect(stdout.match(/^Plan /gm)).toHaveLength(1);
  expect(stderr).toContain('Preflight');
  expect(stderr).not.toContain('Plan ');
  expect(nextOf(stdout)).toMatch(/^tv --config '.*tv dry .*tv\.yaml' db prune --plan [0-9a-f]{64}$/);
  expect(existsSync(join(home, 'state'))).toBe(false);
});

it('environment and file chosen by variables → the printed command names them', async () => {
  const { stdout } = await shell(`TV_ENVIRONMENT=production TV_CONFIG='${config}' tv db prune --dry-run`);
  expect(nextOf(stdout)).toMatch(
    /^tv -e production --config '.*tv dry .*tv\.yaml' db prune --plan [0-9a-f]{64}$/,
  );
  const pasted = await shell(`${nextOf(stdout)} --dry-run`);
  expect(pasted.exitCode, pasted.stderr).toBe(0);
});

it('dry run of an undo → its plan on stdout, and the line that it ends with undoes exactly that', async () => {
  const pin = await shell(`tv -e production --config '${config}' db pin d1.sql.gz --reason 'INC 7'`);
  expect(pin.exitCode, pin.stderr).toBe(0);
  const [before, run] = [kept(), /Run (\S+-db-pin-\S+)/.exec(pin.stderr)?.[1]];
  const dry = await shell(`tv -e production --config '${config}' runs undo ${run} --dry-run`);
  expect(dry.exitCode, dry.stderr).toBe(0);
  expect(kept()).toEqual(before);
  expect(dry.stdout).toContain(`Dry run: nothing was changed. This undoes 1 step of ${run}.`);
  const line = nextOf(dry.stdout);
  expect(line).toMatch(new RegExp(`^tv -e production --config '.*' runs undo ${run} --plan [0-9a-f]{64}$`));
  const refused = await shell(line.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')));
  expect(refused.exitCode, refused.stderr).toBe(3);
  const undone = await shell(line);
  expect(undone.exitCode, undone.stderr).toBe(0);
  expect((await shell(line)).exitCode).toBe(3);
});
