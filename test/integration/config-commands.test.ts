import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import check from '../../runbooks/config/check.ts';
import init from '../../runbooks/config/init.ts';
import show from '../../runbooks/config/show.ts';
import { terminalPaint } from '../../src/cli/terminal/paint.ts';
import type { ResolvedSettings } from '../../src/config/resolveSettings.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { RedactingWriter } from '../../src/output/redactingWriter.ts';
import { Secrets } from '../../src/output/secrets.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { ActionContext } from '../../src/runbook/define.ts';
import { ConfigWorld, type ResolveOptions } from '../support/configWorld.ts';

let world: ConfigWorld;
beforeEach(() => {
  world = new ConfigWorld();
});
afterEach(() => world.remove());

const paint = terminalPaint({
  color: false,
  full: false,
  now: new Date(0),
  columns: 80,
  environment: undefined,
});
const key = 'cd'.repeat(32);
const dotEnv = [
  'RPC_URL=https://rpc.tempo.xyz,https://ops:hunter22@backup.example/v3/0123456789abcdef0123456789abcdef',
  'CHAIN_ID=4217',
  `RISK_CONTROLLER_ADDRESS=0x${'2'.repeat(40)}`,
  `ORACLE_PRIVATE_KEY=0x${key}`,
  'INDEXER_DB_URL=postgres://tempovault:Gr8secret99@localhost:5432/tempovault',
  '',
].join('\n');
const secrets = ['hunter22', '0123456789abcdef', key, 'Gr8secret99'];

/** A context with settings and nothing else: whatever more a command reaches for fails the test. */
function contextOf({ settings, origins }: ResolvedSettings): ActionContext {
  const writer = new RedactingWriter(new Secrets());
  const given: Partial<ActionContext> = {
    settings,
    settingsOrigins: origins,
    writeFile: (path, text) => writer.writeFile(path, text),
    appendLine: (path, line) => writer.appendLine(path, line),
    tell: () => {},
  };
  return new Proxy(given as ActionContext, {
    get: (target, name: keyof Context) => target[name] ?? expect.fail(`${name} was not to be used`),
  });
}

function clean(text: string): string {
  for (const secret of secrets) expect(text).not.toContain(secret);
  const plain = world.plain(text);
  expect(Math.max(...plain.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  return plain;
}

async function showText(options: ResolveOptions, of?: string): Promise<string> {
  const input = { key: of };
  const data = await show.collect(contextOf(await world.resolve(options)), input);
  for (const secret of secrets) expect(JSON.stringify(data)).not.toContain(secret);
  return clean(show.render(data, paint, input));
}

async function checkText(options: ResolveOptions): Promise<readonly [string, number | undefined]> {
  const data = await check.collect(contextOf(await world.resolve(options)), {});
  for (const secret of secrets) expect(JSON.stringify(data)).not.toContain(secret);
  return [clean(check.render(data, paint, {})), check.exitCode?.(data)];
}

describe('tv config show', () => {
  it('fits 80 columns and masks what is secret', async () => {
    world.write(
      world.userConfig,
      'environments:\n  production:\n    host:\n      units: {api: vault-api}\n  staging: {}\n',
    );
    const set = { 'backup.directory': '/mnt/backup', stateDirectory: '/var/lib/tv' };
    const options = { dotEnv, set, variables: { TV_API_URL: 'http://a:1' } };
    const parts = ['chain', 'contracts', 'host.units', 'api', 'backup'].map((part) =>
      showText(options, part),
    );
    const rows = (await Promise.all(parts)).map((text) => text.split('\n\n')[1]);
    expect(rows.join('\n')).toMatchInlineSnapshot(`
      "  chain.id         4217                    .env:2
        chain.rpcUrls    https://rpc.tempo.xyz, https://backup.example/v3/***  .env:1
        chain.timeoutMs  10000                   default
        contracts.governanceRoles  not set
        contracts.riskController   0x2222222222222222222222222222222222222222  .env:3
        contracts.treasuryVault    not set
        contracts.dexStrategy      not set
        host.units.api      vault-api               config.yaml:4
        host.units.indexer  tempovault-indexer      default
        host.units.oracle   tempovault-oracle       default
        api.url        http://a:1              TV_API_URL
        api.publicUrl  not set
        api.origins    (none)                  default
        api.timeoutMs  5000                    default
        backup.directory  /mnt/backup             --set
        backup.copy       not set"
    `);
    expect((await showText(options)).split('\n\n').slice(2).join('\n')).toMatchInlineSnapshot(`
      "Files, in the order of the search
        ✔ used        /home/.config/tv/config.yaml
        · not used    /etc/tv.yaml
        ✔ used        /home/tempovault/tempovault/.env
      ! 2 problems found.
      Next: tv config check
      "
    `);
  });

  it('shows a part, and says where there is none', async () => {
    expect(await showText({ dotEnv }, 'database')).toMatchInlineSnapshot(`
      "Settings · production

        database.url        postgres://tempovault:***@localhost:5432/tempovault
                            .env:5
        database.adminUrl   not set
        database.unit       postgresql              default
        database.timeoutMs  10000                   default

      Files, in the order of the search
        · missing     /home/.config/tv/config.yaml
        · missing     /etc/tv.yaml
        ✔ used        /home/tempovault/tempovault/.env

      ! 1 problem found.
      Next: tv config check
      "
    `);
    await expect(showText({ dotEnv }, 'databse')).rejects.toMatchObject({ code: 'usage.unknown-name' });
    await expect(showText({ dotEnv }, 'data')).rejects.toMatchObject({ code: 'usage.unknown-name' });
  });
});

describe('tv config check', () => {
  it('has nothing to say about sound settings', async () => {
    const addresses = ['GOVERNANCE_ROLES', 'TREASURY_VAULT', 'DEX_STRATEGY'].map(
      (name) => `${name}_ADDRESS=0x${'3'.repeat(40)}\n`,
    );
    expect(await checkText({ dotEnv: dotEnv + addresses.join('') })).toMatchInlineSnapshot(`
      [
        "Check the settings · production · /home/tempovault/tempovault/.env

      ✔ The settings can be used.
      ",
        0,
      ]
    `);
  });

  it('exits 0 where something is only weak', async () => {
    expect(await checkText({ dotEnv, dotEnvMode: 0o644 })).toMatchInlineSnapshot(`
      [
        "Check the settings · production · /home/tempovault/tempovault/.env

      ! Contract addresses are missing.
          where  contracts.governanceRoles, contracts.treasuryVault,
                 contracts.dexStrategy
          next   set GOVERNANCE_ROLES_ADDRESS in .env, or: tv config init

      ! TempoVault's .env, with its keys, can be read by every user of its machine.
          where  /home/tempovault/tempovault/.env
          mode   0644
          next   chmod o= /home/tempovault/tempovault/.env

      ✔ The settings can be used; see above.
      ",
        0,
      ]
    `);
  });

  it('exits 1 where something is wrong', async () => {
    world.write(world.userConfig, 'environments:\n  production:\n    chain: {id: 1, rpcUrl: x}\n');
    const [text, exitCode] = await checkText({ dotEnv });
    expect(text).toContain('✖ chain.rpcUrl is not a setting.');
    expect(text).toContain('did you mean  chain.rpcUrls');
    expect(text).toContain('✖ The settings need attention.');
    expect(exitCode).toBe(1);
  });

  it('says why .env cannot be read, and not what follows from it', async () => {
    const denied = new TvError(
      'file.unreadable',
      '/home/tempovault/tempovault/.env may not be read by this user.',
      {
        next: { shell: 'ls -l /home/tempovault/tempovault/.env', on: 'here' },
      },
    );
    expect(await checkText({ dotEnv: denied })).toMatchInlineSnapshot(`
      [
        "Check the settings · production · no file read

      ✖ /home/tempovault/tempovault/.env may not be read by this user.
          where  /home/tempovault/tempovault/.env
          next   ls -l /home/tempovault/tempovault/.env

      ✖ The settings need attention.
      ",
        1,
      ]
    `);
  });
});

describe('tv config init', () => {
  const run = async (options: ResolveOptions, file: string | undefined, force = false, system = false) =>
    init.run(contextOf(await world.resolve(options)), { file, force, system });

  it('writes a file for its owner alone, without a secret, that changes nothing', async () => {
    const file = join(world.directory, 'new/tv.yaml');
    const options = { dotEnv, set: { 'host.prefix': 'sudo -n', 'host.units.api': 'vault-api' } };
    const data = await run(options, file);
    expect(world.plain(init.render(data, paint, { file, force: false, system: false }))).toContain(
      '/new/tv.yaml is written, readable by you alone.',
    );
    const text = readFileSync(file, 'utf8');
    for (const secret of secrets) expect(text).not.toContain(secret);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(world.plain(text)).toMatchInlineSnapshot(`
      "# Settings of tv, the operator CLI of TempoVault. Every line is optional: what is not here comes from
      # TempoVault's .env, then from defaults. A line with # shows the current value and its source.
      # Check it with: tv config check

      # The environment used without -e.
      default: production

      environments:
        production:
          # Several RPC URLs: the first that answers is used.
          # chain:
            # id: 4217  # /home/tempovault/tempovault/.env:2 (CHAIN_ID)
            # rpcUrls:  # /home/tempovault/tempovault/.env:1 (RPC_URL); holds a secret, so not written here
            # timeoutMs: 10000  # default

          # contracts:
            # governanceRoles:  # not set
            # riskController: "0x2222222222222222222222222222222222222222"  # /home/tempovault/tempovault/.env:3 (RISK_CONTROLLER_ADDRESS)
            # treasuryVault:  # not set
            # dexStrategy:  # not set

          # The password stays in .env. Other sources for the URL, without it in this file:
          #   urlCommand: pass show tempovault/database
          #   urlEnv: TEMPOVAULT_DATABASE_URL
          # database:
            # url:  # /home/tempovault/tempovault/.env:5 (INDEXER_DB_URL); holds a secret, so not written here
            # adminUrl:  # not set
            # unit: "postgresql"  # default
            # timeoutMs: 10000  # default

          # Put in front of host commands: sudo -n, or ["ssh", "ops@vault-1"].
          host:
            prefix: ["sudo","-n"]
            # others: {}  # default
            # envFile: "/home/tempovault/tempovault/.env"  # default
            units:
              api: "vault-api"
              # indexer: "tempovault-indexer"  # default
              # oracle: "tempovault-oracle"  # default
            # programs:
              # api: "api_server"  # default
              # indexer: "event_indexer"  # default
              # oracle: "oracle_relay"  # default
            # accessLog: "/var/log/nginx/access.log"  # default
            # timeoutMs: 30000  # default

          # api:
            # url: "http://127.0.0.1:3000"  # default
            # publicUrl:  # not set
            # origins:  # default
            # timeoutMs: 5000  # default

          # backup:
            # directory: "/backup"  # default
            # copy:  # not set

          # Lists of addresses: who should hold which role. tv checklist compares them with the chain.
          # roles:
            # admin:  # not set
            # emergency:  # not set
            # riskOfficer:  # not set
            # treasuryManager:  # not set
            # strategist:  # not set
            # vaultOwner:  # not set

          # Who signs: one source of a key for each role. The key itself is never in this file. A keystore may
          # name a passwordFile (0600).
          # signers:
            # admin: {keystore: "~/.foundry/keystores/admin"}  # oracle keys; asks for the password
            # emergency: {env: TV_EMERGENCY_KEY}  # pause, unwind
            # riskOfficer: {command: [pass, show, tempovault/risk]}  # circuit breakers
            # treasuryManager: {prompt: true}  # withdrawals; asks for the key

          # Names of pairs, for status, breaker and unwind: two token addresses, or the id of the pair.
          # pairs:
            # TOKEN_A-TOKEN_B: [$TOKEN_A_ADDRESS, $TOKEN_B_ADDRESS]
            # OTHER_PAIR: $PAIR_ID

          # Recipients that tv emergency withdraw accepts without typing the address.
          # withdraw:
            # recipients: [$RECIPIENT_ADDRESS]  # not set

          # Journals, locks and the audit log of tv, on this machine.
          # stateDirectory: "/home/.local/state/tv"  # default

        # staging:
        #   host:
        #     prefix: ["ssh", "ops@vault-staging"]
      "
    `);

    const before = await world.resolve(options);
    const after = await world.resolve({ dotEnv, config: file });
    expect(after.settings).toEqual(before.settings);
    expect(after.origins.problems).toEqual(before.origins.problems);
  });

  const tokens = ['0x20c0000000000000000000000000000000000001', '0x20c0000000000000000000000000000000000000'];
  const placeholders: Readonly<Record<string, string>> = {
    $TOKEN_A_ADDRESS: `"${tokens[0]}"`,
    $TOKEN_B_ADDRESS: `"${tokens[1]}"`,
    $PAIR_ID: `"0x${'ab'.repeat(32)}"`,
    $RECIPIENT_ADDRESS: `"0x${'34'.repeat(20)}"`,
  };

  /** Every comment that is a setting becomes one; placeholders are filled in, except those named. */
  async function opened(unfilled: readonly string[] = []) {
    const file = join(world.directory, 'tv.yaml');
    await run({ dotEnv }, file, true);
    const open = readFileSync(file, 'utf8')
      .replaceAll(/^( +)# ((?!url|rpcUrls)[\w-]+:( .*)?)$/gm, '$1$2')
      .replaceAll(/ # (?!not set).*\.env:.*$/gm, '')
      .replaceAll(/\$[A-Z_]+/g, (name) => (unfilled.includes(name) ? name : (placeholders[name] ?? name)));
    world.write(file, open.replace(/ {2}staging:[\s\S]*/, ''));
    return world.resolve({ dotEnv, config: file });
  }

  it('stays valid when every comment becomes a setting', async () => {
    const { settings } = await world.resolve({ dotEnv });
    const after = await opened();
    expect(after.origins.problems.filter(({ level }) => level === 'fatal')).toEqual([]);
    expect(after.origins.values.find(({ key }) => key === 'host.units.oracle')?.source).toBe('file');
    expect(after.settings).toEqual({
      ...settings,
      signers: {
        admin: { kind: 'keystore', path: expect.stringMatching(/\/\.foundry\/keystores\/admin$/) },
        emergency: { kind: 'env', name: 'TV_EMERGENCY_KEY' },
        riskOfficer: { kind: 'command', words: ['pass', 'show', 'tempovault/risk'] },
        treasuryManager: { kind: 'prompt' },
      },
      pairs: { 'TOKEN_A-TOKEN_B': { tokens }, OTHER_PAIR: { id: `0x${'ab'.repeat(32)}` } },
      withdraw: { recipients: [`0x${'34'.repeat(20)}`] },
    });
  });

  it.each(Object.keys(placeholders))('no setting accepts the placeholder %s', async (name) => {
    const wrong = await opened([name]).then(
      ({ origins }) => origins.problems.filter(({ level }) => level === 'fatal').length > 0,
      (error: unknown) => error instanceof TvError,
    );
    expect(wrong).toBe(true);
  });

  it('as root writes no file that it was not asked for, and says where it writes', async () => {
    vi.spyOn(process, 'getuid').mockReturnValue(0);
    const refused = await run({ dotEnv }, undefined).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      exitCode: 4,
      facts: { '/etc/tempovault/tv.yaml': 'for every user of this machine' },
      next: [
        { tv: ['config', 'init', '--system'] },
        { tv: ['config', 'init', expect.stringMatching(/^\/.*\/tv\/config\.yaml$/)] },
      ],
    });
    await expect(run({ dotEnv }, join(world.directory, 'tv.yaml'), false, true)).rejects.toThrow(
      'Give a path or --system, not both.',
    );
    const file = join(world.directory, 'tv.yaml');
    const told: string[] = [];
    const context = {
      ...contextOf(await world.resolve({ dotEnv })),
      tell: (line: string) => told.push(line),
    };
    await init.run(context as never, { file, force: true, system: false });
    expect(told).toEqual([`Writing ${file}`]);
    vi.restoreAllMocks();
  });

  it('keeps an existing file, unless --force is given', async () => {
    const file = world.write(join(world.directory, 'tv.yaml'), 'default: mine\n');
    await expect(run({ dotEnv }, file)).rejects.toMatchObject({ code: 'config.file-exists' });
    expect(readFileSync(file, 'utf8')).toBe('default: mine\n');
    await run({ dotEnv }, file, true);
    expect(readFileSync(file, 'utf8')).toContain('default: production');
  });

  it('says where it cannot write', async () => {
    const notADirectory = world.write(join(world.directory, 'file'), '');
    await expect(run({ dotEnv }, join(notADirectory, 'tv.yaml'))).rejects.toThrow(TvError);
  });
});
