import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withChecksum, wrongChecksum } from '../../src/config/address.ts';
import { parseConfig } from '../../src/config/parseConfig.ts';
import { findExposure, readTrustedFile } from '../../src/config/trustedFile.ts';
import { onThisMachine } from '../../src/errors/advice.ts';
import { argumentsWithoutKeys } from '../../src/text/pastedKeys.ts';

const isRoot = process.getuid?.() === 0;
const stranger = 54_321;
let home: string;
let file: string;
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'tv-trust-')));
  mkdirSync(join(home, 'a', 'b'), { recursive: true, mode: 0o755 });
  file = join(home, 'a', 'b', 'tv.yaml');
  writeFileSync(file, 'default: x\n', { mode: 0o644 });
});
afterEach(() => rmSync(home, { recursive: true }));

it('own file, also readable by all and through an own link → no exposure', () => {
  expect(findExposure(file)).toBe(undefined);
  symlinkSync(join(home, 'a'), join(home, 'link'));
  symlinkSync('../../link/b/../b/tv.yaml', join(home, 'a', 'b', 'relative'));
  expect(findExposure(join(home, 'a', 'b', 'relative'))).toBe(undefined);
  expect(findExposure(join(home, 'not', 'there'))).toBe(undefined);
  expect(findExposure(join(file, 'below', 'a', 'file'))).toBe(undefined);
});

it.each<[string, string, number, string]>([
  ['file that its group may write to', 'a/b/tv.yaml', 0o664, 'its group'],
  ['file that all may write to', 'a/b/tv.yaml', 0o646, 'every user'],
  ['folder that all may write to', 'a/b', 0o777, 'every user'],
  ['folder further up that its group may write to', 'a', 0o775, 'its group'],
])('%s → exposed, with the chmod that ends it', (_, part, mode, who) => {
  const path = join(home, part);
  chmodSync(path, mode);
  expect(findExposure(file)).toMatchObject({ path, remedy: onThisMachine(`chmod go-w ${path}`) });
  expect(findExposure(file)?.reason).toContain(who);
  expect(readTrustedFile(file, 1_000)).toMatchObject({ kind: 'exposed' });
});

it('folder with the sticky bit that all may write to, own file in it → no exposure', () => {
  chmodSync(join(home, 'a'), 0o1777);
  expect(findExposure(file)).toBe(undefined);
});

it.runIf(isRoot)('file, folder or link of another user → exposed', () => {
  const link = join(home, 'link.yaml');
  symlinkSync(file, link);
  lchownSync(link, stranger, stranger);
  expect(findExposure(link)).toMatchObject({ path: link, remedy: onThisMachine(`chown -h root ${link}`) });
  lchownSync(link, 0, 0);
  expect(findExposure(link)).toBe(undefined);
  chownSync(file, stranger, 0);
  expect(findExposure(link)).toMatchObject({
    path: file,
    reason: `it belongs to another user (uid ${stranger})`,
  });
  // For that user it is his own, and root's folders count as safe.
  expect(findExposure(file, stranger)).toBe(undefined);
  chownSync(join(home, 'a'), stranger + 1, 0);
  expect(findExposure(file, stranger)).toMatchObject({ path: join(home, 'a') });
});

it('FIFO, device, directory, loop, too large, missing → a reason at once, no reading', () => {
  const fifo = join(home, 'fifo');
  execFileSync('mkfifo', ['-m', '600', fifo]);
  expect(readTrustedFile(fifo, 1_000)).toEqual({ kind: 'unreadable', reason: 'it is a FIFO' });
  expect(readTrustedFile('/dev/zero', 1_000)).toEqual({ kind: 'unreadable', reason: 'it is a device' });
  expect(readTrustedFile(home, 1_000)).toEqual({ kind: 'unreadable', reason: 'it is a directory' });
  symlinkSync('loop', join(home, 'loop'));
  expect(readTrustedFile(join(home, 'loop'), 1_000)).toMatchObject({ kind: 'unreadable' });
  writeFileSync(file, 'x'.repeat(2_000));
  expect(readTrustedFile(file, 1_024)).toEqual({ kind: 'unreadable', reason: 'it is larger than 1 KiB' });
  expect(readTrustedFile(join(home, 'none'), 10)).toEqual({ kind: 'missing' });
  expect(readTrustedFile(join(file, 'none'), 10)).toEqual({ kind: 'missing' });
});

const bomb = [
  'environments:',
  '  a: &a0 {pairs: {x: y}}',
  ...Array.from(
    { length: 12 },
    (_, at) =>
      `  b${at}: &a${at + 1} {pairs: {${'lmnopqrstu'
        .split('')
        .map((key) => `${key}: *a${at}`)
        .join(', ')}}}`,
  ),
].join('\n');

it.each<[string, string]>([
  ['aliases that multiply', bomb],
  ['a map that holds itself', 'environments:\n  a:\n    pairs: &p\n      x: *p\n'],
  ['a list that holds itself', 'environments:\n  a:\n    pairs: {x: &p [*p]}\n'],
  ['nesting without end', `environments: ${'['.repeat(100_000)}`],
  ['deep nesting of maps', `environments: {a: {pairs: ${'{a: '.repeat(50)}1${'}'.repeat(50)}}}`],
])(
  'configuration with %s → a problem, soon',
  async (_, text) => {
    const { problems, environments } = await parseConfig('/tv.yaml', text);
    const found = [...problems, ...[...environments.values()].flatMap((each) => each.problems)];
    expect(found[0]).toMatchObject({ level: 'fatal' });
  },
  // Aliases that multiply would take hours; a busy machine takes seconds for the deepest nesting.
  20_000,
);

it('an alias used once for each environment still works', async () => {
  const names = Array.from({ length: 20 }, (_, at) => `  e${at}: *base`);
  const text = ['environments:', '  base: &base', '    chain: {id: 4217}', ...names].join('\n');
  const { problems, environments } = await parseConfig('/tv.yaml', text);
  expect(problems).toEqual([]);
  expect(environments.get('e19')?.values.get('chain.id')?.raw).toBe('4217');
});

/** The examples of EIP-55. */
it.each([
  '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
  '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
  '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
  '0x52908400098527886E0F7030069857D2E4169EE7',
  '0xde709f2102306220921060314715629080e2fb77',
])('checksum of %s', (address) => {
  expect(withChecksum(address.toLowerCase())).toBe(address);
  expect(wrongChecksum(address)).toBe(undefined);
});

it('a wrong case of one letter → both spellings', () => {
  const written = '0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
  expect(wrongChecksum(`[${written}]`)).toEqual({
    written,
    'with the checksum': '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  });
});

it('keys are taken out of arguments, ids of pairs and plans are not', () => {
  const key = 'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
  const hidden = '(64 hex digits, not shown)';
  expect(argumentsWithoutKeys(['-e', key, `--to=0x${key}`, `0X${key.toUpperCase()}`, `a ${key}.`])).toEqual([
    '-e',
    hidden,
    `--to=${hidden}`,
    hidden,
    `a ${hidden}.`,
  ]);
  // A transaction's hash looks like a key; only where one belongs is it taken for one.
  expect(argumentsWithoutKeys(['-e', 'x', 'trace', `0x${key}`])).toEqual(['-e', 'x', 'trace', `0x${key}`]);
  expect(argumentsWithoutKeys(['trace', key])[1]).not.toContain(key);
  expect(argumentsWithoutKeys([key.slice(1)])).toEqual(['(63 hex digits, not shown)']);
  const kept = [
    '--pair',
    `0x${key}`,
    `0x${key}`,
    `--plan=${key}`,
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
    '--',
    key,
  ];
  expect(argumentsWithoutKeys(kept)).toEqual(kept);
});
