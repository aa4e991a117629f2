import { describe, expect, it } from 'vitest';
import { SourceReader } from '../../src/observe/sourceReader.ts';
import { envFile } from '../../src/observe/sources/envFile.ts';
import type { CommandOutput, Context } from '../../src/runbook/context.ts';

const path = '/srv/tv/.env';
const oldKey = `0x${'ab'.repeat(32)}`;
const text = `RPC_URL="https://new.example"
CHAIN_ID=4217
GOVERNANCE_ROLES_ADDRESS=0x1
RISK_CONTROLLER_ADDRESS=0x2
TREASURY_VAULT_ADDRESS=0x3
DEX_STRATEGY_ADDRESS=0x4
ORACLE_PRIVATE_KEY=0x${'cd'.repeat(32)}
INDEXER_DB_URL=postgres://localhost/tempovault
START_BLOCK=500
ALLOWED_ORIGINS=https://app.example
`;
const asInFile = Object.fromEntries(
  text
    .trim()
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).replaceAll('"', '')]),
);
const ok = (stdout: string): CommandOutput => ({ exitCode: 0, stdout, stderr: '' });
const no = (stderr: string): CommandOutput => ({ exitCode: 1, stdout: '', stderr });
const pids = { api: 811, indexer: 812, oracle: 813 } as const;
type Name = keyof typeof pids;

interface Given {
  readonly file?: CommandOutput | string;
  readonly use?: CommandOutput;
  readonly units?: Partial<Record<Name, Readonly<Record<string, string>>>>;
  /** What each process was started with; a process that is not named may not be read. */
  readonly started?: Partial<Record<Name, Readonly<Record<string, string>>>>;
}

function read({ file = text, use, units = {}, started = {} }: Given) {
  const run = async (command: readonly string[]): Promise<CommandOutput> => {
    if (command[0] === 'systemctl') {
      return ok(
        (['api', 'indexer', 'oracle'] as const)
          .map((name) =>
            Object.entries({
              ...{ Id: `tempovault-${name}.service`, LoadState: 'loaded', ActiveState: 'active' },
              ...{ MainPID: String(pids[name]), ActiveEnterTimestamp: 'Mon 2026-11-23 01:00:00 UTC' },
              ...units[name],
            })
              .map(([key, value]) => `${key}=${value}\n`)
              .join(''),
          )
          .join('\n'),
      );
    }
    const given = command.slice(4);
    if (given[0] !== path) throw new Error(`unforeseen: ${command.join(' ')}`);
    // The program that reads the file itself gets nothing but its path.
    if (!command[2]?.includes('%Y')) {
      if (typeof file !== 'string') return file;
      return ok(`640 0 1000\nroot\ntempovault\n${Buffer.from(file).toString('base64')}\n`);
    }
    if (use !== undefined) return use;
    const environments = (Object.keys(pids) as Name[]).flatMap((name) => {
      const own = started[name];
      if (own === undefined || !given.includes(String(pids[name]))) return [];
      const words = ['PATH=/usr/bin', ...Object.entries(own).map(([key, value]) => `${key}=${value}`), ''];
      return `${pids[name]} ${Buffer.from(words.join('\0')).toString('base64')}\n`;
    });
    return ok(`1795402800\n${environments.join('')}`);
  };
  const settings = {
    host: {
      envFile: path,
      units: { api: 'tempovault-api', indexer: 'tempovault-indexer', oracle: 'tempovault-oracle' },
    },
    monitor: { limitMs: 2_500 },
  };
  return envFile.read(
    new SourceReader({ host: () => ({ prefix: [], run }), settings } as unknown as Context),
  );
}

const outdated = async (given: Given) =>
  Object.fromEntries((await read(given)).services.map((each) => [each.service, each.outdated]));
const missing = async (given: Given) =>
  Object.fromEntries((await read(given)).services.map((each) => [each.service, each.missing]));

describe('.env and the services that read it', () => {
  it('rights, time, and services with the values of the file', async () => {
    const found = await read({ started: { api: asInFile, indexer: asInFile, oracle: asInFile } });
    expect(found).toMatchObject({
      path,
      mode: 0o640,
      owner: 'root',
      variables: 10,
      changedAt: new Date('2026-11-23T03:00:00.000Z'),
    });
    expect(found.services).toEqual(
      (['api', 'indexer', 'oracle'] as const).map((service) => ({
        service,
        since: new Date('2026-11-23T01:00:00.000Z'),
        missing: [],
        outdated: [],
      })),
    );
    expect(envFile.describe(found, new Date('2026-11-23T06:00:00.000Z'))).toBe(
      '10 variables, changed 3h 0min ago, mode 640',
    );
  });

  it.each<[string, Given, Record<Name, readonly string[] | undefined>]>([
    [
      'another RPC_URL → every service that was started with it',
      {
        started: {
          api: { ...asInFile, RPC_URL: 'https://old.example' },
          indexer: { ...asInFile, RPC_URL: 'https://old.example' },
          oracle: asInFile,
        },
      },
      { api: ['RPC_URL'], indexer: ['RPC_URL'], oracle: [] },
    ],
    [
      'another key, which only the relay reads',
      {
        started: {
          api: { ...asInFile, ORACLE_PRIVATE_KEY: oldKey },
          indexer: { ...asInFile, ORACLE_PRIVATE_KEY: oldKey },
          oracle: { ...asInFile, ORACLE_PRIVATE_KEY: oldKey },
        },
      },
      { api: [], indexer: [], oracle: ['ORACLE_PRIVATE_KEY'] },
    ],
    [
      'another START_BLOCK, which the cursor outranks',
      { started: { api: asInFile, indexer: { ...asInFile, START_BLOCK: '0' }, oracle: asInFile } },
      { api: [], indexer: [], oracle: [] },
    ],
    [
      'a variable that was added since the start',
      { started: { api: { RPC_URL: 'https://new.example' }, indexer: asInFile, oracle: asInFile } },
      { api: ['CHAIN_ID', 'INDEXER_DB_URL', 'ALLOWED_ORIGINS'], indexer: [], oracle: [] },
    ],
    [
      'a service that reads .env itself, and one that may not be read → unknown',
      { started: { api: {}, oracle: asInFile } },
      { api: undefined, indexer: undefined, oracle: [] },
    ],
  ])('%s', async (_, given, expected) => {
    expect(await outdated(given)).toEqual(expected);
  });

  it.each<[string, Given, Record<string, readonly string[]>]>([
    [
      'a variable that is not there, one that is empty, one in a comment',
      { file: text.replace(/^RPC_URL.*\n/m, '# RPC_URL=https://x\n').replace(/^(ORACLE_\w+=).*$/m, '$1') },
      { api: ['RPC_URL'], indexer: ['RPC_URL'], oracle: ['RPC_URL', 'ORACLE_PRIVATE_KEY'] },
    ],
    [
      'a variable that the unit sets',
      {
        file: text.replace(/^RPC_URL.*\n/m, ''),
        started: { api: { RPC_URL: 'https://unit.example' } },
        units: { api: { ActiveEnterTimestamp: 'Mon 2026-11-23 03:00:01 UTC' } },
      },
      { api: [], indexer: ['RPC_URL'], oracle: ['RPC_URL'] },
    ],
    [
      'a variable that was taken out since the start: the next one will not find it',
      { file: text.replace(/^RPC_URL.*\n/m, ''), started: { api: { RPC_URL: 'https://new.example' } } },
      { api: ['RPC_URL'], indexer: ['RPC_URL'], oracle: ['RPC_URL'] },
    ],
    [
      'a service that is not installed here needs nothing',
      { file: '', units: { indexer: { LoadState: 'not-found' }, oracle: { LoadState: 'not-found' } } },
      { api: ['RPC_URL', 'CHAIN_ID', 'INDEXER_DB_URL'] },
    ],
  ])('%s', async (_, given, expected) => {
    expect(await missing(given)).toEqual(expected);
  });

  it('a service that does not run was started at no time', async () => {
    const { services } = await read({
      units: { oracle: { ActiveState: 'failed', MainPID: '0' } },
      started: { oracle: asInFile },
    });
    expect(services[2]).toEqual({ service: 'oracle', since: undefined, missing: [], outdated: undefined });
  });

  it('no value of the file or of a process is in what is read', async () => {
    const found = JSON.stringify(
      await read({ started: { oracle: { ...asInFile, ORACLE_PRIVATE_KEY: oldKey } } }),
    );
    expect(found).toContain('ORACLE_PRIVATE_KEY');
    expect(found).not.toMatch(/abab|cdcd|example|postgres:/);
  });

  it.each([
    [
      'may not be read → as root it may',
      { file: no(`base64: ${path}: Permission denied`) },
      { code: 'file.unreadable', next: [{ tv: ['config', 'show'], when: expect.stringContaining('root') }] },
    ],
    [
      'is not there',
      { file: no(`stat: cannot statx '${path}': No such file or directory`) },
      { code: 'file.missing' },
    ],
    ['has no time that can be read', { use: no('stat: no such option') }, { code: 'host.unreadable-answer' }],
    ['has a time that is none', { use: ok('yesterday\n') }, { code: 'host.unreadable-answer' }],
  ])('a file that %s', async (_, given, expected) => {
    await expect(read(given)).rejects.toMatchObject(expected);
  });
});
