import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type TvHome, tvHome } from '../support/sandbox.ts';
import { SharedProcesses } from '../support/sharedProcesses.ts';

const launcher = process.env['TV_BIN'] ?? fileURLToPath(new URL('../../bin/tv.js', import.meta.url));

let home: TvHome;
let shared: SharedProcesses;
beforeAll(async () => {
  home = await tvHome();
});
afterAll(() => home[Symbol.asyncDispose]());
beforeEach(() => {
  shared = new SharedProcesses(launcher);
});
afterEach(() => shared.stop());

const call = (line: string, env: Readonly<Record<string, string>> = {}) => ({
  args: line.split(' '),
  env: { ...home.env, ...env },
  timeoutMs: 60_000,
});

describe('a tv in a process that another had before it', () => {
  it.each<readonly [string, string, Readonly<Record<string, string>>]>([
    ['a command that succeeds', 'runbook list', {}],
    ['a result that is JSON', 'runbook list --json', {}],
    ['the help of a command', 'reindex --help', {}],
    ['a flag that does not exist', 'status --nonsense', {}],
    ['an environment that does not exist', 'status', { TV_ENVIRONMENT: 'nowhere' }],
    ['an error as JSON', 'runs show none --json', {}],
    ['a dry run that is refused', 'db vacuum --dry-run', {}],
  ])('prints and ends as in one of its own: %s', async (_what, line, env) => {
    await shared.run(call('config show', { TV_ENVIRONMENT: 'other', TV_CONFIG: '/none' }));
    // What is typed goes to a process of its own.
    const apart = await home.tv(line.split(' '), { env, input: '' });
    expect(await shared.run(call(line, env))).toEqual(apart);
  });

  it('is ended where it takes too long, and the next one has a new process', async () => {
    expect(await shared.run({ ...call('runbook list'), timeoutMs: 1 })).toMatchObject({ exitCode: -1 });
    expect(await shared.run(call('runbook list'))).toMatchObject({ exitCode: 0 });
  });
});

describe('which calls share a process', () => {
  it.each<readonly [string, Readonly<Record<string, string>>, boolean]>([
    ['status', {}, true],
    ['-e sandbox breaker status --json', {}, true],
    ['reindex --from-block 5 --dry-run', {}, true],
    ['breaker trip --pair Alpha --calldata', {}, true],
    ['reindex --from-block 5', {}, true],
    ['resume', {}, true],
    ['sandbox up', {}, false],
    ['status --verbose', {}, false],
    ['status', { NO_COLOR: '' }, false],
    ['status', { TV_FAILPOINT: 'trip:done' }, false],
    ['status', { NODE_OPTIONS: '--no-warnings' }, false],
    ['nonsense', {}, false],
  ])('%s %j: %s', (line, env, expected) => {
    expect(shared.takes(call(line, env))).toBe(expected);
  });

  it('none does while four are running', async () => {
    const running = ['runbook list', 'runbook list', 'reindex --help', 'runbook list'].map((line) => {
      expect(shared.takes(call(line))).toBe(true);
      return shared.run(call(line));
    });
    expect(shared.takes(call('status'))).toBe(false);
    for (const { exitCode } of await Promise.all(running)) expect(exitCode).toBe(0);
    expect(shared.takes(call('status'))).toBe(true);
  });
});
