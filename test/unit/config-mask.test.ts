import fc from 'fast-check';
import { expect, it } from 'vitest';
import { databasePasswords, hasLogin, maskDatabaseUrl, urlCredentials } from '../../src/config/mask.ts';

it.each([
  [
    'postgres://tempovault:hunter22@localhost:5432/tempovault',
    'postgres://tempovault:***@localhost:5432/tempovault',
    ['hunter22'],
  ],
  ['postgresql+asyncpg://t:a%40b@db/t', 'postgresql+asyncpg://t:***@db/t', ['a%40b', 'a@b']],
  ['postgres://t:p@ss/w#rd?@db/t', 'postgres://t:***@db/t', ['p@ss/w#rd?']],
  ['postgres://t@db/t', 'postgres://t@db/t', []],
  ['postgres:///t', 'postgres:///t', []],
  [
    'postgres://db/t?user=t&password=hunter22&sslmode=require',
    'postgres://db/t?user=t&password=***&sslmode=require',
    ['hunter22'],
  ],
  ['postgres://t:100%@db/t', 'postgres://t:***@db/t', ['100%']],
  ['hunter22', '(not a database URL)', []],
])('database URL %s', (url, shown, passwords) => {
  expect(maskDatabaseUrl(url)).toBe(shown);
  expect(databasePasswords(url)).toEqual(passwords);
});

it('masks a password with any characters', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 30 }), (extra) => {
      const password = `Zq7${extra}`;
      const url = `postgres://tempovault:${password}@localhost/tempovault`;
      expect(maskDatabaseUrl(url)).toBe('postgres://tempovault:***@localhost/tempovault');
      expect(databasePasswords(url)[0]).toBe(password);
    }),
  );
});

it.each([
  ['https://rpc.tempo.xyz', []],
  ['https://ops:hunter22@rpc.example/v1', ['hunter22']],
  ['https://0123456789abcdef@rpc.example', ['0123456789abcdef']],
  ['https://rpc.example/v3/0123456789abcdef0123456789abcdef', ['0123456789abcdef0123456789abcdef']],
  ['https://rpc.example/?apikey=a%2Bb', ['a+b']],
  ['not a url', []],
])('credentials of %s', (url, credentials) => {
  expect(urlCredentials(url)).toEqual(credentials);
});

it('distinguishes a login from what only looks like a key', () => {
  expect(hasLogin('https://ops:hunter22@rpc.example')).toBe(true);
  expect(hasLogin('https://rpc.example/v3/0123456789abcdef0123456789abcdef')).toBe(false);
});
