import { chmodSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TvHome, tvHome } from '../support/sandbox.ts';
import { SshKeys } from '../support/sshKeys.ts';

let home: TvHome;
let keys: SshKeys;
let backups: string;
let config: string;

/** Two old backups, of which the newest stays: a command that changes something, and needs no service. */
beforeAll(async () => {
  home = await tvHome();
  keys = new SshKeys(join(home.directory, 'keys'));
  for (const name of ['runner', 'other']) keys.make(name);
  keys.allow(['runner@example.com', 'runner'], ['other@example.com', 'other']);
  backups = join(home.directory, 'backups');
  mkdirSync(backups);
  for (const [name, day] of [
    ['first.sql', 1],
    ['second.sql', 2],
  ] as const) {
    writeFileSync(join(backups, name), '--\n-- PostgreSQL database dump\n--\n');
    const at = new Date(Date.UTC(2024, 0, day));
    utimesSync(join(backups, name), at, at);
  }
  config = join(home.directory, 'tv.yaml');
  writeFileSync(
    config,
    `environments:
  production:
    chain: {id: 4217, rpcUrls: ["http://127.0.0.1:1"]}
    database: {url: "postgres://x@127.0.0.1:1/x"}
    backup: {directory: ${backups}}
    host: {envFile: ${join(home.directory, 'absent.env')}}
    approvals: {moderate: 1, allowedSigners: ${keys.signers}}
`,
  );
  chmodSync(config, 0o600);
});
afterAll(() => home[Symbol.asyncDispose]());

const tv = (...words: readonly string[]) =>
  home.tv([...words, '--config', config], { env: { TV_OPERATOR: 'runner@example.com' } });

it('a plan is written, signed by another, and run once; the journal, the report and JSON say by whom', async () => {
  const plan = join(home.directory, 'plan.json');
  const refused = await tv('db', 'prune', '--yes');
  expect(refused.exitCode).toBe(3);
  expect(refused.stderr).toContain(`db prune --yes --dry-run --out plan.json`);
  const written = await tv('db', 'prune', '--dry-run', '--out', plan, '--json');
  expect(written.stdout).toContain('"type":"plan.written"');
  const own = await tv('plan', 'approve', plan, '--key', join(keys.folder, 'runner'), '--yes');
  expect(own.exitCode).toBe(0);
  expect((await tv('db', 'prune', '--yes', '--plan', plan)).exitCode).toBe(3);
  const approve = await tv('plan', 'approve', plan, '--key', join(keys.folder, 'other'), '--yes', '--json');
  expect(JSON.parse(approve.stdout).signatures).toHaveLength(2);
  expect((await tv('plan', 'show', plan)).stdout).toContain('first.sql');
  expect(readdirSync(backups)).toHaveLength(2);

  const run = await tv('db', 'prune', '--yes', '--plan', plan, '--json');
  expect(run.exitCode).toBe(0);
  expect(readdirSync(backups)).toEqual(['second.sql']);
  const again = await tv('db', 'prune', '--yes', '--plan', plan, '--json');
  expect([again.exitCode, JSON.parse(again.stdout.trim().split('\n').at(-1) ?? '').code]).toEqual([
    3,
    'approval.used',
  ]);
  const list = await tv('plan', 'list', home.directory, '--json');
  expect(JSON.parse(list.stdout).plans).toMatchObject([{ state: 'used', runbook: 'db prune', valid: 1 }]);
  const audit = await tv('audit', 'list', '--json');
  expect(JSON.parse(audit.stdout).entries[1].approval.signatures).toMatchObject([
    { principal: 'other@example.com' },
  ]);
  const { run: id } = JSON.parse(list.stdout).history.find(({ run }: { run: string | null }) => run !== null);
  expect((await tv('runs', 'show', id)).stdout).toContain('signed by other@example.com');
  expect((await tv('runs', 'show', id, '--json')).exitCode).toBe(0);
  rmSync(plan);
});
