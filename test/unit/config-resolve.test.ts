// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of .env files
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertUsable } from '../../src/config/problem.ts';
import { requireApiUrl, requireDatabaseUrl, requireRpcUrls } from '../../src/config/requireSetting.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import { exitCodes, TvError } from '../../src/errors/TvError.ts';
import { ConfigWorld, originOf, problemLines } from '../support/configWorld.ts';

let world: ConfigWorld;
beforeEach(() => {
  world = new ConfigWorld();
});
afterEach(() => world.remove());

const address = (digit: string) => `0x${digit.repeat(40)}`;

const dotEnv = [
  '# TempoVault',
  'RPC_URL=http://node.internal:8545',
  'CHAIN_ID=4217',
  `GOVERNANCE_ROLES_ADDRESS=${address('1')}`,
  `RISK_CONTROLLER_ADDRESS=${address('2')}`,
  `TREASURY_VAULT_ADDRESS=${address('3')}`,
  `DEX_STRATEGY_ADDRESS=${address('4')}`,
  `ORACLE_PRIVATE_KEY=0x${'ab'.repeat(32)}`,
  'INDEXER_DB_URL=postgres://tempovault:S3cret%2Fpass@localhost:5432/tempovault',
  'API_PORT=3100',
  '',
].join('\n');

const envFile = '/home/tempovault/tempovault/.env';

it('.env with ${NAME}: filled in from the lines above, as the services do; the password is a secret', async () => {
  const text = dotEnv.replace(
    /INDEXER_DB_URL=.*/,
    'DB_PASSWORD=S3cret%2Fpass\nINDEXER_DB_URL="postgres://tempovault:${DB_PASSWORD}@localhost:5432/tempovault"',
  );
  const resolved = await world.resolve({ dotEnv: text });
  expect(resolved.settings.database.url).toBe(
    'postgres://tempovault:S3cret%2Fpass@localhost:5432/tempovault',
  );
  expect(resolved.secrets).toContain('S3cret/pass');
  expect(resolved.origins.problems).toEqual([]);
});

it('.env with a ${NAME} that it does not set: the setting has no value, and the error names the remedy', async () => {
  const text = dotEnv.replace('S3cret%2Fpass', '${DB_PASSWORD}');
  const resolved = await world.resolve({ dotEnv: text });
  expect(resolved.settings.database.url).toBeUndefined();
  expect(() => requireDatabaseUrl(resolved)).toThrow(
    'INDEXER_DB_URL in .env refers to ${DB_PASSWORD}, which .env does not set.',
  );
  // With a value from elsewhere nothing is wrong.
  const other = await world.resolve({
    dotEnv: text,
    variables: { TV_DATABASE_URL: 'postgres://tempovault:other-password@localhost:5432/tempovault' },
  });
  expect(other.origins.problems.map(({ message }) => message).join()).not.toContain('DB_PASSWORD');
});

it('works with nothing but a .env in the usual place', async () => {
  const resolved = await world.resolve({ dotEnv });
  expect(resolved.origins.problems).toEqual([]);
  expect(world.asked).toEqual([{ path: envFile, prefix: [], timeoutMs: 30_000 }]);
  expect(() => assertUsable(resolved.origins)).not.toThrow();
  expect(resolved.settings).toMatchObject({
    environment: 'production',
    sandbox: false,
    chain: { id: 4217, rpcUrls: ['http://node.internal:8545'], timeoutMs: 10_000 },
    contracts: {
      governanceRoles: address('1'),
      riskController: address('2'),
      treasuryVault: address('3'),
      dexStrategy: address('4'),
    },
    database: {
      url: 'postgres://tempovault:S3cret%2Fpass@localhost:5432/tempovault',
      adminUrl: undefined,
      timeoutMs: 10_000,
    },
    host: {
      prefix: [],
      envFile,
      units: { api: 'tempovault-api', indexer: 'tempovault-indexer', oracle: 'tempovault-oracle' },
      programs: { api: 'api_server', indexer: 'event_indexer', oracle: 'oracle_relay' },
      timeoutMs: 30_000,
    },
    api: { url: 'http://127.0.0.1:3100', timeoutMs: 5_000 },
    backup: { directory: '/backup' },
    stateDirectory: world.stateDirectory,
  });
  expect(originOf(resolved, 'database.url')).toEqual({
    key: 'database.url',
    shown: 'postgres://tempovault:***@localhost:5432/tempovault',
    source: '.env',
    where: `${envFile}:9 (INDEXER_DB_URL)`,
  });
  expect([...resolved.secrets].sort()).toEqual([`0x${'ab'.repeat(32)}`, 'S3cret%2Fpass', 'S3cret/pass']);
});

it.each([
  [4217, 'https://rpc.tempo.xyz'],
  [42431, 'https://rpc.moderato.tempo.xyz'],
])('knows the public RPC of chain %i', async (id, url) => {
  const resolved = await world.resolve({ dotEnv: `CHAIN_ID=${id}\n` });
  expect(resolved.settings.chain.rpcUrls).toEqual([url]);
  expect(originOf(resolved, 'chain.rpcUrls')?.source).toBe('default');
});

describe('precedence', () => {
  const cases = [
    { key: 'chain.id', variable: 'TV_CHAIN_ID', values: ['11', '12', '13', '14'], inEnv: 'CHAIN_ID' },
    {
      key: 'chain.rpcUrls',
      variable: 'TV_RPC_URL',
      values: ['http://a', 'http://b', 'http://c', 'http://d'],
      inEnv: 'RPC_URL',
    },
    {
      key: 'database.url',
      variable: 'TV_DATABASE_URL',
      values: ['postgres://a/x', 'postgres://b/x', 'postgres://c/x', 'postgres://d/x'],
      inEnv: 'INDEXER_DB_URL',
    },
    {
      key: 'contracts.governanceRoles',
      variable: 'TV_GOVERNANCE_ROLES_ADDRESS',
      values: ['a', 'b', 'c', 'd'].map(address),
      inEnv: 'GOVERNANCE_ROLES_ADDRESS',
    },
    {
      key: 'contracts.riskController',
      variable: 'TV_RISK_CONTROLLER_ADDRESS',
      values: ['a', 'b', 'c', 'd'].map(address),
      inEnv: 'RISK_CONTROLLER_ADDRESS',
    },
    {
      key: 'contracts.treasuryVault',
      variable: 'TV_TREASURY_VAULT_ADDRESS',
      values: ['a', 'b', 'c', 'd'].map(address),
      inEnv: 'TREASURY_VAULT_ADDRESS',
    },
    {
      key: 'contracts.dexStrategy',
      variable: 'TV_DEX_STRATEGY_ADDRESS',
      values: ['a', 'b', 'c', 'd'].map(address),
      inEnv: 'DEX_STRATEGY_ADDRESS',
    },
    {
      key: 'api.url',
      variable: 'TV_API_URL',
      values: ['http://a', 'http://b', 'http://c', '4000'],
      inEnv: 'API_PORT',
    },
    { key: 'host.prefix', variable: 'TV_HOST_PREFIX', values: ['sudo -n', 'ssh b', 'ssh c'] },
    { key: 'host.envFile', variable: 'TV_ENV_FILE', values: ['/a/.env', '/b/.env', '/c/.env'] },
    { key: 'backup.directory', variable: 'TV_BACKUP_DIR', values: ['/a', '/b', '/c'] },
    { key: 'stateDirectory', variable: 'TV_STATE_DIR', values: ['/a', '/b', '/c'] },
  ] as const;

  it.each(cases)('$key: flag, variable, file, .env', async ({ key, variable, values, ...rest }) => {
    const parts = key.split('.');
    const [flag, fromVariable, inFile, last] = values;
    const yaml = parts.reduceRight<unknown>((value, part) => ({ [part]: value }), inFile);
    world.write(world.userConfig, JSON.stringify({ environments: { production: yaml } }));
    const sources = {
      set: { [key]: flag },
      variables: { [variable]: fromVariable },
      ...('inEnv' in rest && { dotEnv: `${rest.inEnv}=${last}\n` }),
    };
    const seen: unknown[] = [];
    const note = async (options: Parameters<ConfigWorld['resolve']>[0]) => {
      const origin = originOf(await world.resolve(options), key);
      seen.push([origin?.source, origin?.shown]);
    };
    await note(sources);
    await note({ ...sources, set: {} });
    await note({ ...sources, set: {}, variables: {} });
    world.write(world.userConfig, '');
    await note({ ...sources, set: {}, variables: {} });
    const expected = [
      ['flag', flag],
      ['environment', fromVariable],
      ['file', inFile],
      'inEnv' in rest
        ? ['.env', key === 'api.url' ? `http://127.0.0.1:${last}` : last]
        : ['default', expect.any(String)],
    ];
    expect(seen).toEqual(expected);
  });

  it('takes --config before TV_CONFIG, the user before the machine, and only one file', async () => {
    const file = (id: number) => `environments: {production: {chain: {id: ${id}}}}`;
    const flag = world.write(`${world.directory}/flag.yaml`, file(1));
    const variable = world.write(`${world.directory}/variable.yaml`, file(2));
    world.write(world.userConfig, file(3));
    world.write(
      world.machineConfig,
      'environments: {production: {chain: {id: 4}, backup: {directory: /four}}}',
    );
    const id = async (options: Parameters<ConfigWorld['resolve']>[0]) =>
      (await world.resolve(options)).settings.chain.id;
    expect(await id({ config: flag, variables: { TV_CONFIG: variable } })).toBe(1);
    expect(await id({ variables: { TV_CONFIG: variable } })).toBe(2);
    expect(await id({})).toBe(3);
    expect((await world.resolve({})).settings.backup.directory).toBe('/backup');
    world.write(world.userConfig, '');
    expect(await id({})).toBe(undefined);
  });

  it('does not fall through a malformed value to a source below', async () => {
    const resolved = await world.resolve({ dotEnv, variables: { TV_CHAIN_ID: 'mainnet' } });
    expect(resolved.settings.chain.id).toBe(undefined);
    expect(problemLines(resolved)).toMatchInlineSnapshot(`
      "fatal: chain.id is malformed.
        where: TV_CHAIN_ID
        expected: a chain id, such as 4217
        written: mainnet
        next: give TV_CHAIN_ID a chain id, such as 4217"
    `);
    expect(() => assertUsable(resolved.origins)).toThrow(TvError);
  });

  it('reads .env where prefix and path say, from whichever source', async () => {
    await world.resolve({
      set: { 'host.prefix': '["ssh", "-o", "ProxyCommand=nc a b", "ops@vault-1"]', 'host.timeoutMs': '700' },
      variables: { TV_ENV_FILE: '/srv/.env' },
      dotEnv,
    });
    const prefix = ['ssh', '-o', 'ProxyCommand=nc a b', 'ops@vault-1'];
    expect(world.asked).toEqual([{ path: '/srv/.env', prefix, timeoutMs: 700 }]);
  });

  it('reads several RPC URLs, from a list or commas', async () => {
    const urls = ['http://a:1', 'http://b:2'];
    expect(
      (await world.resolve({ set: { 'chain.rpcUrls': 'http://a:1, http://b:2' } })).settings.chain.rpcUrls,
    ).toEqual(urls);
    world.write(
      world.userConfig,
      'environments:\n  production:\n    chain:\n      rpcUrls:\n        - http://a:1\n        - http://b:2\n',
    );
    expect((await world.resolve()).settings.chain.rpcUrls).toEqual(urls);
  });
});

describe('environments', () => {
  const two = [
    'default: staging',
    'environments:',
    '  production: {chain: {id: 1}, host: {envFile: /p/.env}}',
    '  staging: {chain: {id: 2}, host: {envFile: /s/.env}}',
  ].join('\n');

  it('chooses by -e, TV_ENVIRONMENT, then the default of the file', async () => {
    world.write(world.userConfig, two);
    const chosen = async (options: Parameters<ConfigWorld['resolve']>[0]) => {
      const { settings } = await world.resolve(options);
      return [settings.environment, settings.chain.id, settings.host.envFile];
    };
    expect(await chosen({ env: 'production', variables: { TV_ENVIRONMENT: 'staging' } })).toEqual([
      'production',
      1,
      '/p/.env',
    ]);
    expect(await chosen({ variables: { TV_ENVIRONMENT: 'production' } })).toEqual([
      'production',
      1,
      '/p/.env',
    ]);
    expect(await chosen({})).toEqual(['staging', 2, '/s/.env']);
  });

  it('refuses one that is not there, and touches no .env for it', async () => {
    world.write(world.userConfig, two);
    const resolved = await world.resolve({ env: 'stagin', dotEnv });
    expect(problemLines(resolved)).toMatchInlineSnapshot(`
      "fatal: There is no environment "stagin".
        where: -e
        known: production, staging
        next: the same command with -e staging"
    `);
    expect(world.asked).toEqual([]);
  });

  it('undefined environment → the .env of production is not used', async () => {
    const resolved = await world.resolve({ env: 'sandbox', dotEnv });
    expect(problemLines(resolved)).toMatchInlineSnapshot(`
      "fatal: There is no environment "sandbox".
        where: -e
        known: production
        next: tv config show"
    `);
    expect(world.asked).toEqual([]);
    expect(resolved.settings.database.url).toBe(undefined);
  });

  it('lets a slip in another environment pass, and warns', async () => {
    world.write(
      world.userConfig,
      'environments:\n  production: {chain: {id: 4217}}\n  staging: {chian: {id: 1}}\n',
    );
    const resolved = await world.resolve({ dotEnv });
    expect(problemLines(resolved)).toBe('');
    expect(world.plain(problemLines(resolved, ['warning']))).toContain('In staging: chian is not a setting.');
  });

  it('warns where two environments would work on one database', async () => {
    world.write(
      world.userConfig,
      'environments:\n  production: {chain: {id: 4217}}\n  staging: {chain: {id: 4217}}\n',
    );
    expect(problemLines(await world.resolve({ dotEnv }), ['warning'])).toContain(
      'The environments production and staging read the same .env',
    );
  });
});

describe('sandboxes', () => {
  const text = [
    'default: sandbox',
    'environments:',
    '  sandbox:',
    '    sandbox: true',
    '    chain: {id: 31337, rpcUrls: ["http://127.0.0.1:18545"]}',
    '    host: {prefix: ["nsenter", "-t", "7"], envFile: /sandbox/.env}',
    '    stateDirectory: /sandbox/state',
  ].join('\n');

  it('finds one by its name, beside a configuration that does not know it', async () => {
    const path = world.sandbox('sandbox', text);
    world.write(world.userConfig, 'environments: {production: {chain: {id: 4217}}}');
    const { settings, origins } = await world.resolve({ env: 'sandbox', dotEnv });
    expect(settings.sandbox).toBe(true);
    expect(settings.chain.id).toBe(31337);
    expect(settings.stateDirectory).toBe('/sandbox/state');
    expect(world.asked).toEqual([
      { path: '/sandbox/.env', prefix: ['nsenter', '-t', '7'], timeoutMs: 30_000 },
    ]);
    expect(origins.environments).toEqual(['production', 'sandbox']);
    expect(origins.files.map(({ path, state }) => [path, state])).toEqual([
      [path, 'used'],
      [world.userConfig, 'not used'],
      [world.machineConfig, 'not used'],
      ['/sandbox/.env', 'used'],
    ]);
  });

  it('works also where the configuration of the user is broken', async () => {
    world.sandbox('sandbox', text);
    world.write(world.userConfig, 'environments: [');
    expect(problemLines(await world.resolve({ env: 'sandbox', dotEnv }), ['fatal'])).toBe('');
    expect(problemLines(await world.resolve({ dotEnv }), ['fatal'])).toContain('not valid YAML');
  });

  it('is never chosen silently', async () => {
    world.sandbox('sandbox', text);
    const resolved = await world.resolve();
    expect(world.plain(problemLines(resolved))).toMatchInlineSnapshot(`
      "fatal: No TempoVault is configured: there is no configuration file, and no .env in the default location.
        where: /home/tempovault/tempovault/.env
        looked for: /home/.config/tv/config.yaml, /etc/tv.yaml, /home/tempovault/tempovault/.env
        sandboxes: sandbox
        next: tv -e sandbox status"
    `);
    expect(resolved.settings.environment).toBe('production');
  });

  it('takes no variable that was exported for production, but takes a flag', async () => {
    world.sandbox('sandbox', text);
    const resolved = await world.resolve({
      env: 'sandbox',
      set: { 'backup.directory': '/elsewhere' },
      variables: { TV_DATABASE_URL: 'postgres://prod/x', TV_RPC_URL: 'http://prod', TV_CHAIN_ID: '4217' },
      dotEnv,
    });
    expect(resolved.settings.chain.id).toBe(31337);
    expect(resolved.settings.database.url).toContain('@localhost');
    expect(resolved.settings.backup.directory).toBe('/elsewhere');
    expect(problemLines(resolved, ['warning'])).toContain('TV_CHAIN_ID, TV_RPC_URL, TV_DATABASE_URL');
  });

  it('is not found by a path', async () => {
    world.sandbox('sandbox', text);
    const resolved = await world.resolve({ env: '../sandbox/sandbox', dotEnv });
    expect(problemLines(resolved)).toContain('There is no environment "../sandbox/sandbox".');
  });

  it('is found under TV_STATE_DIR', async () => {
    world.write(
      `${world.directory}/elsewhere/sandbox/box/tv.yaml`,
      text.replaceAll('sandbox:', 'box:').replace('    box: true', '    sandbox: true'),
    );
    const { settings } = await world.resolve({
      env: 'box',
      variables: { TV_STATE_DIR: `${world.directory}/elsewhere` },
    });
    expect([settings.sandbox, settings.stateDirectory]).toEqual([true, '/sandbox/state']);
  });
});

describe('what is missing', () => {
  const thrown = (act: () => unknown): string => {
    try {
      act();
    } catch (error) {
      if (error instanceof TvError) {
        expect(error.exitCode).toBe(exitCodes.usage);
        return JSON.stringify(
          { message: error.message, ...error.facts, next: error.next.map(plainAdvice) },
          null,
          1,
        );
      }
      throw error;
    }
    return 'nothing thrown';
  };

  it('says so where nothing is known at all', async () => {
    expect(world.plain(problemLines(await world.resolve()))).toMatchInlineSnapshot(`
      "fatal: No TempoVault is configured: there is no configuration file, and no .env in the default location.
        where: /home/tempovault/tempovault/.env
        looked for: /home/.config/tv/config.yaml, /etc/tv.yaml, /home/tempovault/tempovault/.env
        next: tv config init"
    `);
  });

  it('needs no .env where the rest suffices', async () => {
    const variables = { TV_RPC_URL: 'http://a', TV_CHAIN_ID: '1', TV_DATABASE_URL: 'postgres://u@h/d' };
    const resolved = await world.resolve({ variables });
    expect(problemLines(resolved)).toBe('');
    expect(requireDatabaseUrl(resolved)).toBe('postgres://u@h/d');
    expect(requireRpcUrls(resolved)).toEqual(['http://a']);
    expect(requireApiUrl(resolved)).toBe('http://127.0.0.1:3000');
  });

  it('.env unreadable → the reason is kept and reported where .env is needed', async () => {
    const denied = new TvError('file.unreadable', `${envFile} may not be read by this user.`, {
      next: { shell: `ls -l ${envFile}`, on: 'here' },
    });
    const resolved = await world.resolve({ dotEnv: denied, set: { 'chain.rpcUrls': 'http://a' } });
    expect(() => assertUsable(resolved.origins)).not.toThrow();
    expect(requireRpcUrls(resolved)).toEqual(['http://a']);
    expect(thrown(() => requireDatabaseUrl(resolved))).toMatchInlineSnapshot(`
      "{
       "message": "database.url is unknown: .env could not be read, and no other source has it.",
       ".env": "/home/tempovault/tempovault/.env is unreadable",
       "reason": "/home/tempovault/tempovault/.env may not be read by this user.",
       "next": [
        "ls -l /home/tempovault/tempovault/.env"
       ]
      }"
    `);
  });

  it('a command in a hurry waits 3 s for a .env that it can do without, any other as long as the host may take', async () => {
    const contracts = ['governanceRoles', 'riskController', 'treasuryVault', 'dexStrategy'];
    const complete = {
      'chain.rpcUrls': 'http://a',
      ...Object.fromEntries(contracts.map((name, index) => [`contracts.${name}`, address(`${index + 1}`)])),
    };
    const { 'chain.rpcUrls': _, ...withoutNode } = complete;
    const limits: unknown[] = [];
    for (const [set, hurried] of [
      [complete, true],
      [complete, false],
      [withoutNode, true],
    ] as const) {
      world.asked.length = 0;
      await world.resolve({ set, hurried });
      limits.push(world.asked.map(({ timeoutMs }) => timeoutMs));
    }
    expect(limits).toEqual([[3_000], [30_000], [30_000]]);
  });

  it('names the variable that .env lacks', async () => {
    const resolved = await world.resolve({ dotEnv: 'CHAIN_ID=4217\nINDEXER_DB_URL=\n' });
    expect(thrown(() => requireDatabaseUrl(resolved))).toMatchInlineSnapshot(`
      "{
       "message": "database.url is not set.",
       ".env": "/home/tempovault/tempovault/.env is used, but has no INDEXER_DB_URL",
       "next": [
        "set INDEXER_DB_URL in .env",
        "tv config init"
       ]
      }"
    `);
  });

  it('says what is wrong with the value in .env, without the value, and lets other commands work', async () => {
    const text = dotEnv
      .replace('postgres://tempovault:', 'mysql://tempovault:')
      .replace('API_PORT=3100', 'API_PORT=http');
    const resolved = await world.resolve({ dotEnv: text });
    expect(() => assertUsable(resolved.origins)).not.toThrow();
    expect(thrown(() => requireDatabaseUrl(resolved))).toMatchInlineSnapshot(`
      "{
       "message": "database.url is malformed.",
       "where": "/home/tempovault/tempovault/.env:9 (INDEXER_DB_URL)",
       "expected": "a URL such as postgres://user:password@host:5432/database",
       "written": "not shown, it may hold a secret",
       "next": [
        "correct line 9 of /home/tempovault/tempovault/.env"
       ]
      }"
    `);
    expect(thrown(() => requireApiUrl(resolved))).toContain('a port, such as 3000');
    expect(resolved.secrets).toContain('S3cret%2Fpass');
  });
});

describe('weak points', () => {
  const weak = async (options: Parameters<ConfigWorld['resolve']>[0]) =>
    problemLines(await world.resolve({ dotEnv, ...options }), ['error', 'warning']);

  it('a chain id that does not fit a public RPC', async () => {
    expect(
      await weak({ set: { 'chain.id': '42431', 'chain.rpcUrls': 'https://rpc.tempo.xyz' } }),
    ).toMatchInlineSnapshot(`
      "error: The chain id and the RPC URL are of different chains.
        where: --set chain.id
        chain.id: 42431
        chain.rpcUrls: https://rpc.tempo.xyz is chain 4217 (--set chain.rpcUrls)
        next: correct whichever of the two is wrong"
    `);
  });

  it('a .env that every user may read, or that says one thing twice', async () => {
    expect(await weak({ dotEnv: `${dotEnv}CHAIN_ID=1\n`, dotEnvMode: 0o644 })).toMatchInlineSnapshot(`
      "warning: TempoVault's .env, with its keys, can be read by every user of its machine.
        where: /home/tempovault/tempovault/.env
        mode: 0644
        next: chmod o= /home/tempovault/tempovault/.env
      warning: CHAIN_ID is set more than once in .env. The last value is used.
        where: /home/tempovault/tempovault/.env
        lines: 3, 11
        next: remove the others"
    `);
  });

  it.each([
    ['every user may write to', { dotEnvMode: 0o646 }, 'fatal', 'chmod o-w /home/tempovault/tempovault/.env'],
    [
      'belongs to a stranger',
      { dotEnvStranger: { name: 'mallory (uid 1002)', sure: true } },
      'warning',
      'chown --reference="$(dirname /home/tempovault/tempovault/.env)" /home/tempovault/tempovault/.env',
    ],
    [
      'may belong to a stranger',
      { dotEnvStranger: { name: 'mallory (uid 1002)', sure: false } },
      'warning',
      'ls -l /home/tempovault/tempovault/.env',
    ],
  ] as const)('a .env that %s → %3$s; an emergency continues', async (_, options, level, next) => {
    const { origins } = await world.resolve({ dotEnv, ...options });
    const problem = origins.problems.find(({ message }) => message.includes('.env'));
    expect([problem?.level, problem && plainAdvice(problem.next)]).toEqual([level, next]);
    const refuse = () => assertUsable(origins);
    if (level === 'fatal') expect(refuse).toThrow(problem?.message);
    else refuse();
    assertUsable(origins, 'vital');
  });

  it('localhost of another machine', async () => {
    expect(await weak({ set: { 'host.prefix': 'ssh vault-1' } })).toMatchInlineSnapshot(`
      "warning: database.url is on this machine, but TempoVault's host is reached through ssh.
        where: /home/tempovault/tempovault/.env:9 (INDEXER_DB_URL)
        value: postgres://tempovault:***@localhost:5432/tempovault
        next: open a tunnel (ssh -L), or set database.url
      warning: api.url is on this machine, but TempoVault's host is reached through ssh.
        where: /home/tempovault/tempovault/.env:10 (API_PORT)
        value: http://127.0.0.1:3100
        next: open a tunnel (ssh -L), or set api.url"
    `);
  });

  it('missing addresses', async () => {
    expect(
      await weak({ dotEnv: dotEnv.replaceAll(/.*(VAULT|DEX).*_ADDRESS=.*\n/g, '') }),
    ).toMatchInlineSnapshot(`
      "warning: Contract addresses are missing.
        where: contracts.treasuryVault, contracts.dexStrategy
        next: set TREASURY_VAULT_ADDRESS in .env, or: tv config init"
    `);
  });

  it('a password that is an ordinary word, which is not torn out of unit names', async () => {
    for (const password of ['tempovault', 'swordfish', 'localhost', '5432', 'cafe1234']) {
      const resolved = await world.resolve({ dotEnv: dotEnv.replace('S3cret%2Fpass', password) });
      expect(resolved.secrets).not.toContain(password);
      expect(resolved.weakSecrets).toContain(password);
      expect(originOf(resolved, 'database.url')?.shown).toContain(':***@');
      expect(problemLines(resolved, ['warning'])).toContain('A password or key is weak');
    }
    const strong = await world.resolve({ dotEnv });
    expect(problemLines(strong, ['warning'])).not.toContain('weak');
    expect(strong.weakSecrets).toEqual([]);
  });
});
