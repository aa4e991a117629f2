import { afterEach, beforeEach, expect, it } from 'vitest';
import { copySetting, signerSource } from '../../src/config/mapSettings.ts';
import { starterConfig } from '../../src/config/starterConfig.ts';
import { ConfigWorld, originOf, problemLines } from '../support/configWorld.ts';

let world: ConfigWorld;
beforeEach(() => {
  world = new ConfigWorld();
});
afterEach(() => world.remove());

const dotEnv = 'RPC_URL=http://a\nCHAIN_ID=1\nINDEXER_DB_URL=postgres://u@h/fromEnv\n';
const a = '0x20c0000000000000000000000000000000000001';
const b = '0x20C0000000000000000000000000000000000000';

async function withSettings(...lines: readonly string[]) {
  const text = ['environments:', '  production:', ...lines.map((line) => `    ${line}`), ''].join('\n');
  world.write(world.userConfig, text);
  return world.resolve({ dotEnv });
}

it('reads signers, named pairs and recipients; addresses without quotes keep their digits', async () => {
  const resolved = await withSettings(
    'signers:',
    '  admin: {keystore: /k/admin.json, passwordFile: /k/password}',
    '  emergency: {keystore: ~/key}',
    '  riskOfficer: {command: [op, read, "op://vault/key"]}',
    '  treasuryManager: {prompt: true}',
    'pairs:',
    `  Alpha: [${a}, ${b}]`,
    `  Beta: 0x${'AB'.repeat(32)}`,
    'withdraw:',
    `  recipients: [${a}]`,
  );
  expect(problemLines(resolved)).toBe('');
  expect(resolved.settings.signers).toEqual({
    admin: { kind: 'keystore', path: '/k/admin.json', passwordFile: '/k/password' },
    emergency: { kind: 'keystore', path: '~/key', passwordFile: undefined },
    riskOfficer: { kind: 'command', words: ['op', 'read', 'op://vault/key'] },
    treasuryManager: { kind: 'prompt' },
  });
  expect(resolved.settings.pairs).toEqual({
    Alpha: { tokens: [a, b] },
    Beta: { id: `0x${'ab'.repeat(32)}` },
  });
  expect(resolved.settings.withdraw.recipients).toEqual([a]);
  expect(originOf(resolved, 'signers.riskOfficer')).toMatchObject({ shown: 'output of op', source: 'file' });
  expect(originOf(resolved, 'pairs')).toMatchObject({ shown: 'Alpha, Beta' });
});

it('refuses a key in the file without repeating it', async () => {
  const key = '7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d';
  for (const value of [`0x${key}`, `{key: ${key}}`, `{env: 0x${key}, prompt: true}`]) {
    const resolved = await withSettings('signers:', `  admin: ${value}`);
    const told = problemLines(resolved);
    expect(told).toContain('signers.admin is malformed.');
    expect(told).not.toContain(key);
    expect(resolved.settings.signers.admin).toBeUndefined();
    expect(resolved.secrets.join(' ')).toContain(key);
  }
});

it.each([
  ['nothing', {}],
  ['two sources', { keystore: '/a', env: 'A' }],
  ['a password file without a keystore', { env: 'A', passwordFile: '/p' }],
  ['an unknown word', { keystore: '/a', password: 'x' }],
  ['prompt: false', { prompt: 'false' }],
  ['an empty command', { command: [] }],
  ['a command as one text', { command: 'op read x' }],
])('takes %s for no signer', (_, map) => {
  expect(signerSource().safeParse(map).success).toBe(false);
});

it('takes a pair of one token, or no pair at all, for a mistake', async () => {
  for (const value of [`[${a}]`, '0x1234', '{}']) {
    const resolved = await withSettings('pairs:', `  Alpha: ${value}`);
    expect(problemLines(resolved)).toContain('pairs is malformed.');
  }
});

it('reads further hosts with their prefixes, as words or as a list', async () => {
  const resolved = await withSettings(
    'host:',
    '  others:',
    '    api-2: ssh ops@vault-2',
    '    vault-3.internal: [ssh, -p, 2222, ops@vault-3]',
  );
  expect(problemLines(resolved)).toBe('');
  expect(resolved.settings.host.others).toEqual({
    'api-2': ['ssh', 'ops@vault-2'],
    'vault-3.internal': ['ssh', '-p', '2222', 'ops@vault-3'],
  });
  expect(originOf(resolved, 'host.others')?.shown).toBe(
    'api-2: ssh ops@vault-2; vault-3.internal: ssh -p 2222 ops@vault-3',
  );
});

it.each(['host: ssh a', '"a b": ssh a', 'api-2: ""', 'api-2: {a: b}', '-x: ssh a'])(
  'further hosts: %s is refused',
  async (line) => {
    const resolved = await withSettings('host:', '  others:', `    ${line}`);
    expect(problemLines(resolved)).toContain('host.others is malformed.');
    expect(resolved.settings.host.others).toEqual({});
  },
);

it('reads how backups are copied off the host; the default of the limit is six hours', async () => {
  const resolved = await withSettings(
    'backup:',
    '  copy:',
    '    command: [rclone, copyto, "{path}", "offsite:backups/{name}"]',
    '    check: [rclone, hashsum, sha256, "offsite:backups/{name}"]',
  );
  expect(problemLines(resolved)).toBe('');
  expect(resolved.settings.backup.copy).toEqual({
    command: ['rclone', 'copyto', '{path}', 'offsite:backups/{name}'],
    check: ['rclone', 'hashsum', 'sha256', 'offsite:backups/{name}'],
    fetch: undefined,
    timeoutMs: 6 * 3_600_000,
  });
  expect(originOf(resolved, 'backup.copy')).toMatchObject({
    ...{ shown: 'command rclone, check rclone', source: 'file' },
  });
  const limited = await withSettings('backup: {copy: {command: [cp, "{path}", /mnt], timeout: 90m}}');
  expect(limited.settings.backup.copy?.timeoutMs).toBe(90 * 60_000);
});

it('a first configuration file shows backup.copy as it is written in one', async () => {
  const resolved = await withSettings('backup: {copy: {command: [cp, "{path}", /mnt], timeout: 90m}}');
  const text = starterConfig(resolved.settings, resolved.origins);
  const [, written = ''] = /# copy: (\{.*\}) {2}#/.exec(text) ?? [];
  expect(JSON.parse(written)).toEqual({ command: ['cp', '{path}', '/mnt'], timeout: '90m' });
  expect(copySetting().safeParse(JSON.parse(written)).data).toEqual(resolved.settings.backup.copy);
});

it.each<[string, string, string]>([
  ['nothing', '{}', 'command is missing'],
  ['a text for words', '{command: "rclone {path}"}', 'command is not a list of words: no shell reads it'],
  ['no words', '{command: []}', 'command is not a list of words: no shell reads it'],
  ['a word that steers a terminal', '{command: [cp, "{path}", "\\e[2J"]}', 'command is not a list of words'],
  ['no path', '{command: [rclone, sync]}', 'command lacks {path}, the backup to copy'],
  [
    'a misspelled placeholder',
    '{command: [cp, "{path}", "{nmae}"]}',
    'another placeholder than {path} and {name}',
  ],
  ['a fetch without its name', '{command: [cp, "{path}"], fetch: [cp, "{path}"]}', 'fetch lacks {name}'],
  ['an unknown entry', '{command: [cp, "{path}"], shell: true}', 'it has another entry than command, check'],
  ['a limit without a unit', '{command: [cp, "{path}"], timeout: 60}', 'timeout is not a time, such as 90m'],
  [
    'a password',
    '{command: [curl, -T, "{path}", "ftp://u:hunter%2Btwo@keep/{name}"]}',
    'command has a password in it, which belongs in the configuration of that program',
  ],
])('backup.copy: %s is refused, with the reason and without the value', async (_, value, reason) => {
  const resolved = await withSettings(`backup: {copy: ${value}}`);
  const told = problemLines(resolved);
  expect(told).toContain('backup.copy is malformed.');
  expect(told).toContain(reason);
  expect(told).not.toContain('hunter');
  expect(resolved.settings.backup.copy).toBeUndefined();
  if (value.includes('hunter')) expect(resolved.secrets).toContain('hunter+two');
});

it('backup.copy: a placeholder without quotes, which YAML reads as a map, is refused and shown with quotes', async () => {
  const told = problemLines(await withSettings('backup: {copy: {command: [cp, {path}, /mnt]}}'));
  expect(told).toContain('backup.copy is malformed.');
  expect(told).toContain('command: [rclone, copyto, "{path}", "offsite:backups/{name}"]');
});
