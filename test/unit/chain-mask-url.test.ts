import fc from 'fast-check';
import { expect, it } from 'vitest';
import { maskUrl, maskUrlsIn } from '../../src/text/maskUrl.ts';

it.each([
  ['https://rpc.tempo.xyz', 'https://rpc.tempo.xyz'],
  ['http://127.0.0.1:8545/', 'http://127.0.0.1:8545'],
  ['https://ops:hunter22@rpc.tempo.xyz/', 'https://rpc.tempo.xyz'],
  ['https://tempo.infura.io/v3/0123456789abcdef0123456789abcdef', 'https://tempo.infura.io/v3/***'],
  ['https://rpc.example/?apikey=abc&x=1#frag', 'https://rpc.example/?apikey=***&x=***'],
  ['not a url with secret', '(not a URL)'],
])('%s', (url, shown) => expect(maskUrl(url)).toBe(shown));

it('masks credentials in every part, and stays a URL', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9]{20,40}$/);
  fc.assert(
    fc.property(secret, fc.constantFrom('user', 'password', 'path', 'query', 'hash'), (key, place) => {
      const url = {
        user: `https://${key}@rpc.example/v1`,
        password: `https://u:${key}@rpc.example/v1`,
        path: `https://rpc.example/v1/${key}/x`,
        query: `https://rpc.example/v1?token=${key}`,
        hash: `https://rpc.example/v1#${key}`,
      }[place];
      const shown = maskUrl(url);
      expect(shown).not.toContain(key);
      expect(URL.canParse(shown)).toBe(true);
    }),
  );
});

it.each([
  [
    'INFO - Connecting to postgresql://tempovault:Tv@x/#:%?&@127.0.0.1:5432/tempovault now',
    'INFO - Connecting to postgresql://***@127.0.0.1:5432/tempovault now',
  ],
  ["{'url': 'postgres://a:b@h/db'}", "{'url': 'postgres://***@h/db'}"],
  [`GET https://rpc.example/v3/${'k'.repeat(32)} failed: 429`, 'GET https://rpc.example/v3/*** failed: 429'],
  ['HTTPConnectionPool(host=localhost): http://localhost:8545 refused', undefined],
  ['mail ops@example.com about block 12', undefined],
])('a line from outside, without the secrets of its URLs: %s', (line, shown) => {
  expect(maskUrlsIn(line)).toBe(shown ?? line);
});

it('a URL with any password in a line → the password is nowhere in what is shown', () => {
  const password = fc.stringMatching(/^[!-~]{6,30}$/);
  fc.assert(
    fc.property(password, fc.constantFrom('postgresql', 'https', 'redis+tls'), (secret, scheme) => {
      const shown = maskUrlsIn(`Connecting to ${scheme}://tempovault:${secret}@db.internal:5432/x ok`);
      expect(shown).toBe(`Connecting to ${scheme}://***@db.internal:5432/x ok`);
    }),
  );
});
