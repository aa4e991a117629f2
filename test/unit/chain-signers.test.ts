import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { decryptKeystore, WrongPassword } from '../../src/chain/signers/decryptKeystore.ts';
import { encryptKeystore } from '../../src/chain/signers/encryptKeystore.ts';
import { assertSignerAskable, openSigner } from '../../src/chain/signers/openSigner.ts';
import type { Settings, SignerSource } from '../../src/config/settings.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { secretOutput } from '../../src/host/secretOutput.ts';
import { Secrets } from '../../src/output/secrets.ts';
import { devAccount, devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { keystoreText } from '../../src/sandbox/units/keyFiles.ts';

/** The two test vectors of the Web3 Secret Storage definition. */
const vectorKey = '0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d';
const pbkdf2Vector = {
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
    ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
    kdf: 'pbkdf2',
    kdfparams: {
      c: 262144,
      dklen: 32,
      prf: 'hmac-sha256',
      salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd',
    },
    mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
  },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
};
const scryptVector = {
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '83dbcc02d8ccb40e466191a123791e0e' },
    ciphertext: 'd172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c',
    kdf: 'scrypt',
    kdfparams: {
      dklen: 32,
      n: 262144,
      p: 8,
      r: 1,
      salt: 'ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19',
    },
    mac: '2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097',
  },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
  version: 3,
};

let directory: string;
let kept: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tv-signers-'));
  kept = [];
});
afterEach(() => rmSync(directory, { recursive: true }));

const key = devPrivateKey(2);
const { address } = devAccount(2);
const password = 'correct horse battery';

function file(name: string, text: string | Buffer, mode = 0o600): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function context(source: SignerSource | undefined, answers?: (string | undefined)[]) {
  return {
    settings: { signers: { riskOfficer: source } } as unknown as Settings,
    secrets: {
      interactive: answers !== undefined,
      ask: async () => answers?.shift(),
      keep: (value: string) => {
        kept.push(value);
      },
      output: (words: readonly string[]) =>
        secretOutput({ words, limitMs: words[0] === 'sleep' ? 300 : 20_000 }),
    },
  };
}

const open = (source: SignerSource | undefined, answers?: (string | undefined)[]) =>
  openSigner(context(source, answers), 'riskOfficer');

async function refusal(signer: Promise<unknown>): Promise<TvError> {
  const error = await signer.then(
    () => new Error('opened'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof TvError)) throw error;
  const shown = JSON.stringify([error.message, error.facts, error.next]);
  expect(shown).not.toContain(key.slice(2, 14));
  expect(shown).not.toContain('horse');
  return error;
}

it('opens the pbkdf2 vector of the keystore definition', async () => {
  expect(await decryptKeystore(JSON.stringify(pbkdf2Vector), 'testpassword')).toBe(vectorKey);
  await expect(decryptKeystore(JSON.stringify(pbkdf2Vector), 'testpassworD')).rejects.toThrow(
    expect.objectContaining({ code: 'signer.wrong-password' }),
  );
});

it('hex digits of a keystore with 0x → opens', async () => {
  const { crypto } = pbkdf2Vector;
  const prefixed = {
    ...crypto,
    ciphertext: `0x${crypto.ciphertext}`,
    cipherparams: { iv: `0x${crypto.cipherparams.iv}` },
    kdfparams: { ...crypto.kdfparams, salt: `0x${crypto.kdfparams.salt}` },
    mac: `0x${crypto.mac}`,
  };
  const text = JSON.stringify({ version: 3, crypto: prefixed });
  expect(await decryptKeystore(text, 'testpassword')).toBe(vectorKey);
});

it('a keystore that tv writes for an oracle key → opens with its password alone', async () => {
  const text = await encryptKeystore(key, password);
  expect(await decryptKeystore(text, password)).toBe(key);
  await expect(decryptKeystore(text, `${password}!`)).rejects.toThrow(WrongPassword);
});

it('says that the scrypt vector of the definition has parameters that RFC 7914 rules out', async () => {
  await expect(decryptKeystore(JSON.stringify(scryptVector), 'testpassword')).rejects.toThrow(
    expect.objectContaining({
      code: 'signer.keystore-unusable',
      facts: expect.objectContaining({ n: '262144' }),
    }),
  );
});

it.each([
  ['no JSON', '{'],
  ['another version', JSON.stringify({ ...pbkdf2Vector, version: 4 })],
  [
    'an initial vector of 8 bytes',
    JSON.stringify({
      ...pbkdf2Vector,
      crypto: { ...pbkdf2Vector.crypto, cipherparams: { iv: '60'.repeat(8) } },
    }),
  ],
  [
    'a kdf that would take all memory',
    JSON.stringify({
      ...scryptVector,
      crypto: { ...scryptVector.crypto, kdfparams: { ...scryptVector.crypto.kdfparams, n: 2 ** 30 } },
    }),
  ],
])('refuses a keystore with %s', async (_, text) => {
  await expect(decryptKeystore(text, 'testpassword')).rejects.toThrow(
    expect.objectContaining({ code: 'signer.keystore-unusable' }),
  );
});

it('opens a keystore with its password file, and keeps key and password out of output', async () => {
  const path = file('key.json', await keystoreText(key, password));
  const passwordFile = file('password', `${password}\n`);
  const signer = await open({ kind: 'keystore', path, passwordFile });
  expect(signer).toMatchObject({ role: 'riskOfficer', address, source: `keystore ${path}` });
  expect(kept).toContain(password);
  const secrets = new Secrets();
  for (const value of kept) secrets.add(value);
  expect(secrets.redact(`${key} ${key.slice(2).toUpperCase()}`)).toBe('*** ***');
});

it('asks for the password once in a run', async () => {
  const path = file('key.json', await keystoreText(key, password));
  const ctx = context({ kind: 'keystore', path, passwordFile: undefined }, [password]);
  expect((await openSigner(ctx, 'riskOfficer')).address).toBe(address);
  expect((await openSigner(ctx, 'riskOfficer')).address).toBe(address);
});

it('says that a password is wrong, and asks again the next time', async () => {
  const path = file('key.json', await keystoreText(key, password));
  const ctx = context({ kind: 'keystore', path, passwordFile: undefined }, ['wrong horse', password]);
  const error = await refusal(openSigner(ctx, 'riskOfficer'));
  expect(error).toMatchObject({
    code: 'signer.wrong-password',
    facts: { keystore: path },
    exitCode: 3,
  });
  expect((await openSigner(ctx, 'riskOfficer')).address).toBe(address);
});

it('refuses a keystore or a password file that others can read, with what to run', async () => {
  const path = file('key.json', await keystoreText(key, password), 0o640);
  expect(await refusal(open({ kind: 'keystore', path, passwordFile: undefined }, [password]))).toMatchObject({
    code: 'signer.file-exposed',
    facts: { file: path, mode: '0640' },
    next: [{ shell: `chmod 600 ${path}`, on: 'here' }],
  });
  const sound = file('sound.json', await keystoreText(key, password));
  const passwordFile = file('password', password, 0o604);
  expect(await refusal(open({ kind: 'keystore', path: sound, passwordFile }))).toMatchObject({
    code: 'signer.file-exposed',
    next: [{ shell: `chmod 600 ${passwordFile}`, on: 'here' }],
  });
  expect(
    await refusal(open({ kind: 'keystore', path: join(directory, 'none'), passwordFile })),
  ).toMatchObject({ code: 'signer.file-unreadable', facts: { reason: 'there is no such file' } });
});

it('prompt needed, no terminal → refused with exit code 4', async () => {
  const path = file('key.json', await keystoreText(key, password));
  for (const source of [{ kind: 'keystore', path, passwordFile: undefined }, { kind: 'prompt' }] as const) {
    expect(() => assertSignerAskable(context(source), 'riskOfficer')).toThrow(
      expect.objectContaining({ code: 'answer.missing' }),
    );
    expect(await refusal(open(source))).toMatchObject({ code: 'answer.missing', exitCode: 4 });
  }
  expect(await refusal(open({ kind: 'prompt' }, [undefined]))).toMatchObject({
    code: 'answer.not-confirmed',
    exitCode: 4,
  });
});

it('takes a key from the environment, a command or the prompt, with 0x or without', async () => {
  process.env['TV_TEST_SIGNER'] = key.slice(2);
  expect((await open({ kind: 'env', name: 'TV_TEST_SIGNER' })).address).toBe(address);
  delete process.env['TV_TEST_SIGNER'];
  expect(await refusal(open({ kind: 'env', name: 'TV_TEST_SIGNER' }))).toMatchObject({
    code: 'signer.not-configured',
  });
  const path = file('plain', `${key}\n`);
  expect((await open({ kind: 'command', words: ['cat', path] })).address).toBe(address);
  expect((await open({ kind: 'prompt' }, [` ${key} `])).address).toBe(address);
  expect(await refusal(open(undefined))).toMatchObject({
    code: 'signer.not-configured',
    exitCode: 3,
  });
});

it('never repeats what is no key', async () => {
  const almost = key.slice(0, -2);
  expect(await refusal(open({ kind: 'prompt' }, [almost]))).toMatchObject({
    code: 'signer.not-a-key',
  });
  expect(kept).toContain(almost);
  expect(await refusal(open({ kind: 'prompt' }, [`0x${'f'.repeat(64)}`]))).toMatchObject({
    code: 'signer.not-a-key',
  });
});

it('key command hangs or fails → refused with the reason, without what it printed', async () => {
  const byCommand = (...words: string[]) => refusal(open({ kind: 'command', words }));
  expect(await byCommand('sleep', '20')).toMatchObject({
    facts: { command: 'sleep', reason: 'no end after 0.3 s' },
    exitCode: 3,
  });
  const failing = ['sh', '-c', `echo ${key}; echo ${key} >&2; exit 7`];
  expect(await byCommand(...failing)).toMatchObject({ facts: { reason: 'exit code 7' } });
  expect(await byCommand('true')).toMatchObject({ facts: { reason: 'it printed nothing' } });
  expect(await byCommand('no-such-program-of-tv')).toMatchObject({
    facts: { reason: 'there is no such program' },
  });
  // It must not read the operator's answers.
  expect(await byCommand('cat')).toMatchObject({ facts: { reason: 'it printed nothing' } });
});

const oldKeystores = new URL('../support/keystores/', import.meta.url);

it.each([['password-two-line-feeds'], ['password-utf16']])(
  'keystore with "Crypto" and %s → opens',
  async (name) => {
    const keystore = file('old.json', readFileSync(new URL('upper-case-crypto.json', oldKeystores), 'utf8'));
    const passwordFile = file('password', readFileSync(new URL(name, oldKeystores)));
    const signer = await open({ kind: 'keystore', path: keystore, passwordFile });
    expect(signer.address).toBe(devAccount(2).address);
  },
);

it.each<[string, string | Buffer, string]>([
  ['wrong password, two line ends', 'nonsense\n\n', 'it ends in 2 line ends'],
  ['two lines', 'tv-test-pass\nsecond', 'it has several lines'],
  ['blank at the end', 'tv-test-pass \n', 'the password begins or ends with a blank'],
  ['empty', '', 'it is empty'],
  ['UTF-16', Buffer.from('\ufeffnonsense', 'utf16le'), 'it is UTF-16 text'],
])('password file: %s → refused, and says what is odd about it', async (_, content, oddity) => {
  const keystore = file('old.json', readFileSync(new URL('upper-case-crypto.json', oldKeystores), 'utf8'));
  const passwordFile = file('password', content);
  const error = await refusal(open({ kind: 'keystore', path: keystore, passwordFile }));
  expect(error).toMatchObject({ code: 'signer.wrong-password', exitCode: 3 });
  expect(error.facts['odd about it']).toContain(oddity);
});

it.each([
  { n: 2 ** 24, r: 8, p: 1 },
  { n: 2 ** 21, r: 64, p: 1 },
  { n: 2 ** 20, r: 4, p: 64 },
])(
  'keystore that asks for too much ($n, $r, $p) → refused at once',
  async ({ n, r, p }) => {
    const store = JSON.parse(readFileSync(new URL('upper-case-crypto.json', oldKeystores), 'utf8'));
    Object.assign(store.Crypto.kdfparams, { n, r, p });
    await expect(decryptKeystore(JSON.stringify(store), 'tv-test-pass')).rejects.toThrow(
      expect.objectContaining({
        code: 'signer.keystore-unusable',
        facts: expect.objectContaining({ n: String(n) }),
      }),
    );
  },
  2_000,
);
