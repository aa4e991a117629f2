import { chmodSync, mkdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertUsable } from '../../src/config/problem.ts';
import { requireDatabaseUrl } from '../../src/config/requireSetting.ts';
import { ConfigWorld, originOf, problemLines } from '../support/configWorld.ts';

let world: ConfigWorld;
beforeEach(() => {
  world = new ConfigWorld();
});
afterEach(() => world.remove());

const dotEnv = 'RPC_URL=http://a\nCHAIN_ID=1\nINDEXER_DB_URL=postgres://u@h/fromEnv\n';

/** Resolves with one environment, its settings as YAML lines. */
async function withSettings(lines: readonly string[], mode = 0o600) {
  const text = ['environments:', '  production:', ...lines.map((line) => `    ${line}`), ''].join('\n');
  world.write(world.userConfig, text, mode);
  chmodSync(world.userConfig, mode);
  return world.resolve({ dotEnv });
}

describe('settings of a protective command', () => {
  it.each([
    ['pairs: 7', true],
    ['signers: {nobody: {}}', true],
    ['signers: {admin: 5}', true],
    ['database: {url: 5}', true],
    ['contracts: {riskController: 0x12}', true],
    ['chain: {rpcUrls: [nonsense]}', true],
    // These leave it open which machine or chain is meant.
    ['host: {prefix: {a: 1}}', false],
    ['host: {prefixx: ssh vault-1}', false],
    ['hosts: {prefix: ssh vault-1}', false],
    ['chain: {id: mainnet}', false],
    ['chain: 4217', false],
    ['stateDirectory: {a: 1}', false],
    ['\tchain: {}', false],
  ] as const)('%s → usable: %s', async (line, usable) => {
    const { origins } = await withSettings([line]);
    expect(() => assertUsable(origins)).toThrow();
    if (usable) assertUsable(origins, 'vital');
    else expect(() => assertUsable(origins, 'vital')).toThrow();
  });

  it('a malformed flag → refused', async () => {
    const { origins } = await world.resolve({ dotEnv, set: { 'api.url': 'nonsense' } });
    expect(() => assertUsable(origins, 'vital')).toThrow(
      expect.objectContaining({
        code: 'config.invalid',
        facts: expect.objectContaining({ where: '--set api.url' }),
      }),
    );
  });
});

describe('an error in a file is reported with file and line', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['unknown key', ['chain:', '  rpcUrl: http://a']],
    ['unknown section', ['databse:', '  url: postgres://u:hunter22@h/d']],
    ['unknown key, nothing near', ['host:', '  password: hunter22']],
    ['wrong number', ['chain: {id: mainnet}']],
    ['wrong address', ['contracts:', '  riskController: 0x1234']],
    ['wrong URL, not quoted', ['database:', '  url: mysql://u:hunter22@h/d']],
    ['a value for a section', ['chain: 4217']],
    ['a section for a value', ['chain: {id: {number: 4217}}']],
    ['quotes in a prefix', ['host: {prefix: "ssh -o \'A B\' x"}']],
    ['relative path', ['host: {envFile: .env}']],
    ['a tab', ['\tchain: {}']],
    ['a key twice', ['api: {}', 'api: {}']],
    ['a password that is no YAML', ['database: {url: "postgres://u:hunter22@h/d}']],
    ['a colon', ['database:', '  url: hunter22: x: y']],
    ['an alias to nothing', ['chain:', '  id: *missing']],
    ['an alias to nothing in place of a section', ['chain: *missing']],
    ['two ways at once', ['database:', '  url: postgres://u@h/d', '  urlEnv: X']],
  ];
  it('in words that an operator can act on, without quoting what may be secret', async () => {
    const told: string[] = [];
    for (const [name, lines] of cases) {
      told.push(`# ${name}`, world.plain(problemLines(await withSettings(lines))));
    }
    expect(told.join('\n')).not.toContain('hunter22');
    expect(told.join('\n')).toMatchInlineSnapshot(`
      "# unknown key
      fatal: chain.rpcUrl is not a setting.
        where: /home/.config/tv/config.yaml:4
        did you mean: chain.rpcUrls
        next: correct line 4 of /home/.config/tv/config.yaml, then: tv config check
      # unknown section
      fatal: databse is not a setting.
        where: /home/.config/tv/config.yaml:3
        did you mean: database
        next: correct line 3 of /home/.config/tv/config.yaml, then: tv config check
      # unknown key, nothing near
      fatal: host.password is not a setting.
        where: /home/.config/tv/config.yaml:4
        known here: prefix, others, envFile, units, programs, accessLog, timeoutMs
        next: correct line 4 of /home/.config/tv/config.yaml, then: tv config check
      # wrong number
      fatal: chain.id is malformed.
        where: /home/.config/tv/config.yaml:3
        expected: a chain id, such as 4217
        written: mainnet
        next: correct line 3 of /home/.config/tv/config.yaml
      # wrong address
      fatal: contracts.riskController is malformed.
        where: /home/.config/tv/config.yaml:4
        expected: an address: 0x and 40 hex digits
        written: 0x1234
        next: correct line 4 of /home/.config/tv/config.yaml
      # wrong URL, not quoted
      fatal: database.url is malformed.
        where: /home/.config/tv/config.yaml:4
        expected: a URL such as postgres://user:password@host:5432/database
        written: not shown, it may hold a secret
        next: correct line 4 of /home/.config/tv/config.yaml
      # a value for a section
      fatal: chain is malformed.
        where: /home/.config/tv/config.yaml:3
        expected: lines of key: value
        next: correct line 3 of /home/.config/tv/config.yaml, then: tv config check
      # a section for a value
      fatal: chain.id is malformed.
        where: /home/.config/tv/config.yaml:3
        expected: one value, or a list of values
        next: correct line 3 of /home/.config/tv/config.yaml, then: tv config check
      # quotes in a prefix
      fatal: host.prefix is malformed.
        where: /home/.config/tv/config.yaml:3
        expected: words, such as sudo -n, or a list, such as ["ssh", "ops@vault-1"]
        written: ssh -o 'A B' x
        next: correct line 3 of /home/.config/tv/config.yaml
      # relative path
      fatal: host.envFile is malformed.
        where: /home/.config/tv/config.yaml:3
        expected: an absolute path, such as /home/tempovault/tempovault/.env
        written: .env
        next: correct line 3 of /home/.config/tv/config.yaml
      # a tab
      fatal: The configuration file is not valid YAML.
        where: /home/.config/tv/config.yaml:3
        reason: a tab where YAML needs spaces
        next: correct line 3 of /home/.config/tv/config.yaml, then: tv config check
      # a key twice
      fatal: The configuration file is not valid YAML.
        where: /home/.config/tv/config.yaml:4
        reason: the same key twice
        next: correct line 4 of /home/.config/tv/config.yaml, then: tv config check
      # a password that is no YAML
      fatal: The configuration file is not valid YAML.
        where: /home/.config/tv/config.yaml:4
        reason: a quote, bracket, comma or colon is missing
        next: correct line 4 of /home/.config/tv/config.yaml, then: tv config check
      # a colon
      fatal: The configuration file is not valid YAML.
        where: /home/.config/tv/config.yaml:4
        reason: a second "key:" on one line; put quotes around a value with ": " in it
        next: correct line 4 of /home/.config/tv/config.yaml, then: tv config check
      # an alias to nothing
      fatal: chain.id is malformed.
        where: /home/.config/tv/config.yaml:4
        expected: one value, or a list of values
        next: correct line 4 of /home/.config/tv/config.yaml, then: tv config check
      # an alias to nothing in place of a section
      fatal: chain is malformed.
        where: /home/.config/tv/config.yaml:3
        expected: lines of key: value
        next: correct line 3 of /home/.config/tv/config.yaml, then: tv config check
      # two ways at once
      error: The database URL is given in more than one way.
        where: /home/.config/tv/config.yaml:4
        given: database.url, database.urlEnv
        next: keep one of them in /home/.config/tv/config.yaml"
    `);
  });
});

describe('what a file may say', () => {
  it('addresses without quotes, which YAML takes for numbers', async () => {
    const address = `0x${'0123456789'.repeat(4)}`;
    const { settings } = await withSettings(['contracts:', `  riskController: ${address}`]);
    expect(settings.contracts.riskController).toBe(address);
  });

  it('anchors, lists over lines, empty sections and keys', async () => {
    const { settings, origins } = await withSettings([
      'chain:',
      '  id: &id 4_217',
      '  rpcUrls:',
      '    - http://b',
      'api:',
      'backup:',
      '  directory:',
      'host: {prefix: [sudo, -n], units: {api: vault-api}}',
    ]);
    expect(settings.chain).toMatchObject({ id: 4217, rpcUrls: ['http://b'] });
    expect(settings.host).toMatchObject({
      prefix: ['sudo', '-n'],
      units: { api: 'vault-api', indexer: 'tempovault-indexer' },
    });
    expect(settings.backup.directory).toBe('/backup');
    expect(origins.values.find(({ key }) => key === 'chain.rpcUrls')?.where).toBe(`${world.userConfig}:5`);
  });

  it('an alias to nothing in another environment, or no default: this one works', async () => {
    world.write(
      world.userConfig,
      'default:\nenvironments:\n  staging: {chain: *missing}\n  production: {}\n',
    );
    const resolved = await world.resolve({ dotEnv, env: 'production' });
    expect(problemLines(resolved)).toBe('');
    expect(problemLines(resolved, ['warning'])).toContain('In staging: chain is malformed.');
  });

  it('a name of an environment that is no path', async () => {
    world.write(world.userConfig, 'environments:\n  ../../etc: {}\n  production: {}\n');
    expect(world.plain(problemLines(await world.resolve({ dotEnv })))).toMatchInlineSnapshot(`
      "fatal: "../../etc" cannot be the name of an environment.
        where: /home/.config/tv/config.yaml:2
        expected: a letter or digit, then letters, digits, dots, dashes or underscores
        next: correct line 2 of /home/.config/tv/config.yaml, then: tv config check"
    `);
  });

  it('nothing, or comments only', async () => {
    world.write(world.userConfig, '# later\n');
    const { settings, origins } = await world.resolve({ dotEnv });
    expect(settings.database.url).toContain('fromEnv');
    expect(origins.files[0]).toMatchObject({ state: 'used' });
  });
});

describe('the database URL of a file', () => {
  it('comes from a command', async () => {
    const resolved = await withSettings([
      'database:',
      '  urlCommand: [printf, "postgres://u:hunter22@h/d\\n"]',
    ]);
    expect(resolved.settings.database.url).toBe('postgres://u:hunter22@h/d');
    expect(resolved.secrets).toContain('hunter22');
    expect(originOf(resolved, 'database.url')?.where).toBe(`${world.userConfig}:4 (urlCommand)`);
  });

  it('comes from a variable', async () => {
    world.write(world.userConfig, 'environments: {production: {database: {urlEnv: VAULT_URL}}}');
    const resolved = await world.resolve({ dotEnv, variables: { VAULT_URL: 'postgres://u@h/d' } });
    expect(resolved.settings.database.url).toBe('postgres://u@h/d');
    expect(originOf(resolved, 'database.url')?.where).toBe(`$VAULT_URL (${world.userConfig}:1)`);
  });

  it('does not come from elsewhere where the command or the variable fails', async () => {
    const told: string[] = [];
    for (const way of [
      'urlEnv: NOT_SET',
      'urlCommand: "false"',
      'urlCommand: no-such-program-here',
      'urlCommand: "true"',
    ]) {
      const resolved = await withSettings(['database:', `  ${way}`]);
      expect(resolved.settings.database.url).toBe(undefined);
      expect(() => requireDatabaseUrl(resolved)).toThrow();
      told.push(world.plain(problemLines(resolved)));
    }
    expect(told.join('\n')).toMatchInlineSnapshot(`
      "error: $NOT_SET is not set.
        where: /home/.config/tv/config.yaml:4
        next: export NOT_SET=…
      error: The command that prints the database URL failed.
        where: /home/.config/tv/config.yaml:4
        reason: exit code 1
        next: run it by hand: false
      error: The command that prints the database URL failed.
        where: /home/.config/tv/config.yaml:4
        reason: there is no such program
        next: run it by hand: no-such-program-here
      error: The command that prints the database URL failed.
        where: /home/.config/tv/config.yaml:4
        reason: it printed nothing
        next: run it by hand: true"
    `);
  });

  it('is not fetched where a flag gives another', async () => {
    world.write(world.userConfig, 'environments: {production: {database: {urlCommand: "false"}}}');
    const resolved = await world.resolve({ dotEnv, set: { 'database.url': 'postgres://u@h/flag' } });
    expect(resolved.settings.database.url).toBe('postgres://u@h/flag');
    expect(problemLines(resolved)).toBe('');
  });
});

describe('who may read the file', () => {
  const secret = ['database:', '  url: postgres://u:hunter22@h/d'];

  it.each([0o644, 0o640, 0o601])('is refused with a password in it at mode %o', async (mode) => {
    const resolved = await withSettings(secret, mode);
    const [problem] = resolved.origins.problems;
    expect(problem).toMatchObject({
      level: 'fatal',
      where: `${world.userConfig}:4`,
      facts: { holds: 'database.url of production', mode: `0${mode.toString(8)}` },
      next: { shell: `chmod 600 ${world.userConfig}`, on: 'here' },
    });
    expect(JSON.stringify(resolved.origins)).not.toContain('hunter22');
  });

  it('is accepted at 600, and without a secret at 644', async () => {
    expect(
      (await withSettings(secret, 0o600)).origins.problems.filter(({ level }) => level === 'fatal'),
    ).toEqual([]);
    expect(problemLines(await withSettings(['chain: {id: 4217}'], 0o644))).toBe('');
  });

  it('login in an RPC URL → refused; what looks like a key → reported', async () => {
    const login = await withSettings(['chain: {rpcUrls: ["http://a", "https://ops:hunter22@b"]}'], 0o644);
    expect(login.origins.problems[0]).toMatchObject({
      level: 'fatal',
      facts: { holds: 'chain.rpcUrls of production' },
    });
    const key = await withSettings(
      [`chain: {rpcUrls: ["https://b/v3/${'0123456789abcdef'.repeat(2)}"]}`],
      0o644,
    );
    expect(problemLines(key, ['fatal'])).toBe('');
    expect(problemLines(key, ['warning'])).toContain('seems to hold an API key');
  });
});

it('says that a file asked for does not exist, or is none', async () => {
  const missing = await world.resolve({ config: `${world.directory}/none.yaml`, dotEnv });
  expect(world.plain(problemLines(missing))).toMatchInlineSnapshot(`
    "fatal: The requested configuration file does not exist.
      where: --config
      file: /none.yaml
      next: tv config init /none.yaml"
  `);
  const byVariable = await world.resolve({
    variables: { TV_CONFIG: `${world.directory}/none.yaml` },
    dotEnv,
  });
  expect(byVariable.origins.problems[0]?.where).toBe('TV_CONFIG');
  mkdirSync(world.userConfig, { recursive: true });
  expect(world.plain(problemLines(await world.resolve({ dotEnv })))).toMatchInlineSnapshot(`
    "fatal: The configuration file cannot be read.
      where: /home/.config/tv/config.yaml
      reason: it is a directory
      next: ls -ld /home/.config/tv/config.yaml"
  `);
});

it('a file of comments alone, and no .env → nothing is configured', async () => {
  world.write(world.userConfig, '# default: production\n');
  const { problems } = (await world.resolve()).origins;
  expect(problems).toMatchObject([
    {
      level: 'fatal',
      message: expect.stringMatching(
        /^No TempoVault is configured: .*config\.yaml holds no setting, and no \.env/,
      ),
      next: { tv: ['config', 'init'] },
    },
  ]);
});

it('a URL in place of a key is named without its password', async () => {
  world.write(world.userConfig, 'environments:\n  production:\n    "postgres://tv:hunter22@db/x": 1\n');
  const told = problemLines(await world.resolve({ dotEnv }));
  expect(told).toContain('fatal: postgres://***@db/x is not a setting.');
  expect(told).not.toContain('hunter22');
});

it('names a flag that is no setting', async () => {
  const resolved = await world.resolve({
    dotEnv,
    set: { 'chain.rpcUrl': 'http://a', sandbox: 'true', nonsense: 'x' },
  });
  expect(problemLines(resolved)).toMatchInlineSnapshot(`
    "fatal: chain.rpcUrl is not a setting.
      where: --set chain.rpcUrl
      did you mean: chain.rpcUrls
      next: tv config show
    fatal: sandbox cannot be set by a flag.
      where: --set sandbox
      next: tv config show
    fatal: nonsense is not a setting.
      where: --set nonsense
      next: tv config show"
  `);
});

it('refuses a password on the command line, and does not repeat it', async () => {
  for (const set of [
    { 'database.url': 'postgres://u:hunter22@h/d' },
    { 'chain.rpcUrls': 'http://a,https://u:hunter22@b' },
  ]) {
    const resolved = await world.resolve({ dotEnv, set });
    expect(problemLines(resolved, ['fatal'])).toContain('A password on a command line');
    expect(JSON.stringify(resolved.origins)).not.toContain('hunter22');
    expect(resolved.secrets).toContain('hunter22');
  }
});
