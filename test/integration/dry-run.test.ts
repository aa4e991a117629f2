import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';

const bin = fileURLToPath(new URL('../../bin/tv.js', import.meta.url));
let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'tv-dry-'));
  const folder = join(home, 'backup');
  mkdirSync(folder);
  for (const days of [1, 90]) {
    const file = join(folder, `d${days}.sql.gz`);
    writeFileSync(file, gzipSync('-- PostgreSQL database dump\n-- PostgreSQL database dump complete\n'));
    const then = new Date(Date.now() - days * 86_400_000);
    utimesSync(file, then, then);
  }
});
afterAll(() => rmSync(home, { recursive: true }));

it('dry run → the plan, once, on stdout; the checks on stderr', async () => {
  const config = join(home, 'tv.yaml');
  writeFileSync(
    config,
    `environments: {production: {host: {envFile: ${home}/.env}, backup: {directory: ${home}/backup}}}\n`,
    { mode: 0o600 },
  );
  writeFileSync(
    join(home, '.env'),
    'RPC_URL=http://127.0.0.1:9\nINDEXER_DB_URL=postgres://u@127.0.0.1:9/d\n',
    {
      mode: 0o600,
    },
  );
  const { stdout, stderr, exitCode } = await execa(
    process.execPath,
    [bin, 'db', 'prune', '--dry-run', '--config', config],
    {
      reject: false,
      extendEnv: false,
      env: { PATH: process.env['PATH'] ?? '', HOME: home, TV_STATE_DIR: join(home, 'state') },
    },
  );
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/^Plan [0-9a-f]{8,}\n {2}1 {2}remove /);
  expect(stdout).toContain('d90.sql.gz');
  expect(stdout).not.toContain('Preflight');
  expect(stdout).toContain('Dry run: nothing was changed.');
  expect(stdout.match(/^Plan /gm)).toHaveLength(1);
  expect(stderr).toContain('Preflight');
  expect(stderr).not.toContain('Plan ');
});
