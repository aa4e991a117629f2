import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectDatabase, libpqArguments } from '../../src/database/connectDatabase.ts';
import { parseDatabaseUrl } from '../../src/database/parseDatabaseUrl.ts';
import { TvError } from '../../src/errors/TvError.ts';

const full = { user: 'tempovault', password: 'pw', host: 'db.example', port: 6543, name: 'vault' };

describe('parseDatabaseUrl', () => {
  it.each([
    ['postgres://tempovault:pw@db.example:6543/vault', full],
    ['postgresql://tempovault:pw@db.example:6543/vault', full],
    ['postgresql+asyncpg://tempovault:pw@db.example:6543/vault', full],
    [' postgresql://tempovault:pw@db.example:6543/vault?sslmode=require\n', { ...full, sslMode: 'require' }],
    ['postgresql://tempovault@db.example/vault', { password: undefined, port: 5432, sslMode: 'prefer' }],
    ['postgresql://tempovault:@db.example/vault', { password: undefined }],
    ['postgresql://tempovault:p%40ss%25@db.example/vault', { password: 'p@ss%' }],
    [
      'postgresql://tempovault:p@s/s?w#d%zz@db.example/vault',
      { password: 'p@s/s?w#d%zz', host: 'db.example', name: 'vault' },
    ],
    ['postgresql://tempovault@db.example', { name: 'tempovault' }],
    ['postgresql://tempovault@/vault', { host: 'localhost', name: 'vault' }],
    ['postgresql://tempovault@/vault?host=/var/run/postgresql', { host: '/var/run/postgresql' }],
    ['postgresql://tempovault@%2Fvar%2Frun%2Fpostgresql/vault', { host: '/var/run/postgresql' }],
    ['postgresql://tempovault@[::1]:5433/vault', { host: '::1', port: 5433 }],
    ['postgresql:///vault?user=alice&password=pw&port=5444', { user: 'alice', password: 'pw', port: 5444 }],
    ['postgresql://db.example/vault?options=-csearch_path%3Dvault', { options: '-csearch_path=vault' }],
    [
      'postgresql://tempovault:pw@db.example/vault?application_name=indexer@prod',
      { ...full, port: 5432, host: 'db.example' },
    ],
    [
      'postgresql://tempovault:p@s/s?w@db.example/vault?options=-csearch_path%3Da@b&sslmode=require',
      { password: 'p@s/s?w', host: 'db.example', options: '-csearch_path=a@b', sslMode: 'require' },
    ],
    ['postgresql://db.example?user=a@b', { user: 'a@b', host: 'db.example' }],
    ['postgresql://tempovault:what?user@db.example/vault', { password: 'what?user', host: 'db.example' }],
    ['postgresql://db.example/vault?ssl=require', { sslMode: 'require' }],
    ['postgresql://db.example/vault?ssl=True', { sslMode: 'require' }],
    ['postgresql://db.example/vault?ssl=verify-full', { sslMode: 'verify-full' }],
    ['postgresql://db.example/vault?ssl=false', { sslMode: 'disable' }],
  ])('reads %s', (url, expected) => {
    expect(parseDatabaseUrl(url)).toMatchObject(expected);
  });

  it.each([
    'mysql://tempovault:hunter2@db/vault',
    'tempovault:hunter2@db/vault',
    'postgres://tempovault:hunter2@db:port/vault',
    'postgres://tempovault:hunter2@db:70000/vault',
    'postgres://tempovault:hunter2@a,b/vault',
    'postgres://tempovault:hunter2@db/vault?sslmode=maybe',
    'postgres://tempovault:hunter2@db/vault?ssl=maybe',
    'postgres://tempovault:hunter2@db/vault?service=prod',
  ])('refuses %s without showing the password', (url) => {
    let error: unknown;
    try {
      parseDatabaseUrl(url);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(TvError);
    expect(JSON.stringify(error) + String(error) + String((error as Error).stack)).not.toContain('hunter2');
  });

  it('gives back any escaped user, password and database', () => {
    const word = fc.string({ minLength: 1, unit: 'grapheme' }).filter((s) => s.trim() === s);
    fc.assert(
      fc.property(word, word, word, (user, password, name) => {
        const [u, p, n] = [user, password, name].map(encodeURIComponent);
        expect(parseDatabaseUrl(`postgres://${u}:${p}@db/${n}`)).toMatchObject({ user, password, name });
      }),
    );
  });
});

describe('libpqArguments', () => {
  it('quotes what libpq would misread, and never holds the password', () => {
    const database = connectDatabase({
      url: 'postgres://tempovault:hunter2@db/it%27s%20a%5Cvault%3D1?sslmode=verify-full',
      timeoutMs: 1_000,
      applicationName: 'tv',
    });
    expect(libpqArguments(database, 'tv dump')).toEqual([
      '-w',
      '-h',
      'db',
      '-p',
      '5432',
      '-U',
      'tempovault',
      '-d',
      expect.stringMatching(
        /^dbname='it\\'s a\\\\vault=1' application_name='tv dump' sslmode='verify-full' options='-c DateStyle=ISO [^']*'$/,
      ),
    ]);
    expect(database.secrets).toEqual({ PGPASSWORD: 'hunter2' });
  });
});
