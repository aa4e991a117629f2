import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import schema from '../../runbooks/doctor.schema.ts';
import { collectSelf, renderSelf } from '../../runbooks/doctor.self.ts';
import doctor from '../../runbooks/doctor.ts';
import { resolveSettings } from '../../src/config/resolveSettings.ts';
import { findLocalPrograms, postgresFolders } from '../../src/host/localPrograms.ts';
import { findSecrets, type Secret } from '../support/secretSearch.ts';

let home: string;
let config: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tv-self-'));
  config = join(home, 'tv.yaml');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** The report as `--self` makes it: from files and variables alone. No program is on its path. */
async function selfReport(
  variables: Readonly<Record<string, string>> = {},
  set: Readonly<Record<string, string>> = {},
) {
  const processEnv = { HOME: home, PATH: join(home, 'bin'), TV_STATE_DIR: join(home, 'state'), ...variables };
  const { settings, origins } = await resolveSettings({
    flags: { env: undefined, config: undefined, set: new Map(Object.entries(set)) },
    processEnv,
    paths: { machineConfig: join(home, 'etc/tv.yaml'), root: false },
  });
  return collectSelf({ version: '1.2.3', settings, settingsOrigins: origins }, processEnv);
}

const password = 'correct-horse-battery-staple';
const apiKey = 'abcdef0123456789abcdef0123456789';
const privateKey = `0x${'5e'.repeat(32)}`;
const secrets: readonly Secret[] = [
  { name: 'a password', value: password },
  { name: 'an API key', value: apiKey },
  { name: 'a private key', value: privateKey },
];
const database = `postgres://tempovault:${password}@db.example/tempovault`;
const rpc = `https://rpc.example/v2/${apiKey}`;

describe('secrets', () => {
  it.each([
    [
      'well-formed settings',
      `environments:\n  production:\n    database: {url: "${database}"}\n    chain: {rpcUrls: ["${rpc}"]}\n`,
    ],
    [
      'malformed YAML',
      `environments:\n  production:\n    database: {url: "${database}"\n   : [${privateKey}\n`,
    ],
    ['a secret in place of a key', `environments:\n  production:\n    "${database}": ${privateKey}\n`],
    ['a secret in place of an environment', `default: ${privateKey}\nenvironments: {"${privateKey}": {}}\n`],
    ['a secret in place of a number', `environments:\n  production:\n    chain: {id: "${database}"}\n`],
  ])('%s → none of them is in the report', async (_, text) => {
    writeFileSync(config, text, { mode: 0o600 });
    const report = await selfReport({
      ...{ TV_CONFIG: config, TV_DATABASE_URL: database, TV_RPC_URL: rpc, PGPASSWORD: password },
      ...{ TV_EMERGENCY_KEY: privateKey, HTTPS_PROXY: `http://ops:${password}@proxy:3128` },
      ...{ TERM: privateKey, LANG: privateKey, NODE_OPTIONS: `--title=${password}` },
    });
    const evidence = [JSON.stringify(report), renderSelf(report, 80)].map((found) => ({
      place: 'the report',
      text: found,
    }));
    expect(findSecrets(evidence, secrets)).toEqual([]);
    // By name alone.
    expect(report.variables).toEqual(
      expect.arrayContaining(['HTTPS_PROXY', 'NODE_OPTIONS', 'PGPASSWORD', 'TV_EMERGENCY_KEY']),
    );
  });

  it('a variable that has nothing to do with tv is not named', async () => {
    expect((await selfReport({ CUSTOMER_ACME_TOKEN: 'x' })).variables).toEqual([
      'HOME',
      'PATH',
      'TV_STATE_DIR',
    ]);
  });
});

describe('settings', () => {
  it('none at all → a report, and nothing wrong', async () => {
    const report = await selfReport();
    expect(report).toMatchObject({ environment: 'production', problems: [] });
    expect(report.paths[0]).toMatchObject({
      ...{ role: 'configuration file', path: join(home, '.config/tv/config.yaml'), state: 'missing' },
    });
    expect(schema.parse(report)).toEqual(report);
  });

  it('a file that is no YAML → says so, with its line', async () => {
    writeFileSync(config, 'environments:\n  production: [\n', { mode: 0o600 });
    const report = await selfReport({ TV_CONFIG: config });
    expect(report.problems).toContainEqual({
      ...{ level: 'fatal', message: 'The configuration file is not valid YAML.' },
      where: expect.stringMatching(/tv\.yaml:\d+$/),
    });
    expect(report.paths[0]).toMatchObject({ path: config, state: 'unusable', mode: '0600' });
    expect(renderSelf(report, 80)).toContain('fatal  The configuration file is not valid YAML.');
  });

  it('a malformed value → says so', async () => {
    const { problems } = await selfReport({ TV_CHAIN_ID: 'mainnet' });
    expect(problems).toMatchObject([{ message: 'chain.id is malformed.', where: 'TV_CHAIN_ID' }]);
  });

  it('a command that prints the URL of the database is not run', async () => {
    const mark = join(home, 'ran');
    writeFileSync(
      config,
      `environments:\n  production:\n    database: {urlCommand: ["touch", "${mark}"]}\n    host: {prefix: ["touch", "${mark}"]}\n`,
      { mode: 0o600 },
    );
    const { problems } = await selfReport({ TV_CONFIG: config });
    expect(existsSync(mark)).toBe(false);
    expect(problems).toEqual([]);
  });

  it('only --self goes without .env, and takes nothing of a diagnosis', async () => {
    expect(doctor.settingsFor?.({ self: true } as never)).toBe('local');
    expect(doctor.settingsFor?.({ symptom: 'orders' } as never)).toBeUndefined();
    await expect(doctor.collect({} as never, { self: true, fix: true } as never)).rejects.toMatchObject({
      code: 'usage.conflicting-flags',
    });
  });
});

describe('paths', () => {
  const stateOf = async () => (await selfReport()).paths.find(({ role }) => role === 'state directory');

  it.each<[string, (path: string) => void, object]>([
    ['not there', () => {}, { state: 'missing', note: 'made when it is needed' }],
    ['private', (path) => mkdirSync(path, { mode: 0o700 }), { state: 'usable', mode: '0700', note: null }],
    ['a file', (path) => writeFileSync(path, ''), { state: 'unusable', note: 'it is no folder' }],
    [
      'open to every user',
      (path) => {
        mkdirSync(path);
        chmodSync(path, 0o777);
      },
      { state: 'unusable', mode: '0777', note: 'every user may write to it (mode 0777)' },
    ],
  ])('state directory: %s', async (_, make, expected) => {
    make(join(home, 'state'));
    expect(await stateOf()).toMatchObject(expected);
  });
});

describe('programs of this machine', () => {
  const program = (folder: string, name: string, body: string) => {
    mkdirSync(join(home, folder), { recursive: true });
    writeFileSync(join(home, folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return join(home, folder, name);
  };

  it('found, missing, and in several versions', async () => {
    const dump = program('bin', 'pg_dump', 'echo "pg_dump (PostgreSQL) 15.1"');
    const newer = program('17/bin', 'pg_dump', 'echo "pg_dump (PostgreSQL) 17.2"');
    const ssh = program('bin', 'ssh', `echo "OpenSSH_9.2 ${privateKey}" >&2`);
    writeFileSync(join(home, 'bin/less'), 'not executable', { mode: 0o644 });
    const found = await findLocalPrograms(
      [
        { name: 'pg_dump', version: ['--version'], neededFor: 'backups' },
        { name: 'ssh', version: ['-V'], neededFor: 'a prefix' },
        { name: 'less', version: ['--version'], neededFor: 'reports' },
      ],
      { path: `relative:${join(home, 'bin')}`, folders: [join(home, '17/bin'), join(home, 'bin')] },
    );
    expect(found).toEqual([
      { name: 'pg_dump', path: dump, version: 'pg_dump (PostgreSQL) 15.1', neededFor: 'backups' },
      { name: 'pg_dump', path: newer, version: 'pg_dump (PostgreSQL) 17.2', neededFor: 'backups' },
      { name: 'ssh', path: ssh, version: 'OpenSSH_9.2 (64 hex digits, not shown)', neededFor: 'a prefix' },
      { name: 'less', path: null, version: null, neededFor: 'reports' },
    ]);
  });

  it('what is missing is shown with the commands that need it', async () => {
    const text = renderSelf(await selfReport(), 80);
    expect(text).toMatch(/^Not found on this machine, and needed for$[\s\S]*^ {2}ssh-keygen +plan approve/m);
    expect(text.split('\n').filter((line) => line === '```')).toHaveLength(2);
  });

  it("PostgreSQL's folders: the newest release first, none where there is none", () => {
    for (const release of ['9.6', '15', '17'])
      mkdirSync(join(home, 'postgresql', release), { recursive: true });
    const folders = postgresFolders(join(home, 'postgresql'));
    expect(folders).toEqual(['17', '15', '9.6'].map((each) => join(home, 'postgresql', each, 'bin')));
    expect(postgresFolders(join(home, 'nowhere'))).toEqual([]);
  });
});
