import fc from 'fast-check';
import { expect, it } from 'vitest';
import { maskUrl } from '../../src/errors/maskUrl.ts';

it.each([
  ['https://rpc.tempo.xyz', 'https://rpc.tempo.xyz'],
  ['http://127.0.0.1:8545/', 'http://127.0.0.1:8545'],
  ['https://ops:hunter22@rpc.tempo.xyz/', 'https://rpc.tempo.xyz'],
  ['https://tempo.infura.io/v3/0123456789abcdef0123456789abcdef', 'https://tempo.infura.io/v3/***'],
  ['https://rpc.example/?apikey=abc&x=1#frag', 'https://rpc.example/?apikey=***&x=***'],
  ['not a url with secret', '(not a URL)'],
])('%s', (url, shown) => expect(maskUrl(url)).toBe(shown));

it('shows no credential, wherever it stands, and stays a URL', () => {
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
