import { isPrintable } from '../text/outsideText.ts';
import { readAddress } from './address.ts';
import type { Address, PairSetting, SignerSource } from './settings.ts';

const isAddress = (value: unknown): value is Address =>
  typeof value === 'string' && readAddress(value) !== undefined;
const isWord = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** One signer, from the JSON of its map. Undefined where it names no source, or more than one. */
export function readSigner(json: string): SignerSource | undefined {
  const map = parseMap(json);
  if (map === undefined) return undefined;
  const { keystore, passwordFile, command, env, prompt, ...rest } = map;
  const given = [keystore, command, env, prompt].filter((value) => value !== undefined);
  if (given.length !== 1 || Object.keys(rest).length > 0) return undefined;
  if (passwordFile !== undefined && !(isWord(passwordFile) && keystore !== undefined)) return undefined;
  if (isWord(keystore)) return { kind: 'keystore', path: keystore, passwordFile };
  if (Array.isArray(command) && command.length > 0 && command.every(isWord)) {
    return { kind: 'command', words: command };
  }
  if (isWord(env) && /^\w+$/.test(env)) return { kind: 'env', name: env };
  return prompt === 'true' ? { kind: 'prompt' } : undefined;
}

/** Where a key comes from, fit to be shown. */
export function showSigner(source: SignerSource): string {
  switch (source.kind) {
    case 'keystore':
      return `keystore ${source.path}`;
    case 'command':
      return `output of ${source.words[0]}`;
    case 'env':
      return `$${source.name}`;
    case 'prompt':
      return 'asked for';
  }
}

/** In characters: what a column of a table takes. */
const longestPairName = 64;

/** Named pairs, from the JSON of their map. */
export function readPairs(json: string): Readonly<Record<string, PairSetting>> | undefined {
  const map = parseMap(json);
  if (map === undefined) return undefined;
  const pairs: Record<string, PairSetting> = {};
  for (const [name, value] of Object.entries(map)) {
    const pair = readPair(value);
    if (pair === undefined || name === '' || name.length > longestPairName || !isPrintable(name)) {
      return undefined;
    }
    pairs[name] = pair;
  }
  return pairs;
}

function readPair(value: unknown): PairSetting | undefined {
  if (typeof value === 'string' && /^0x[0-9a-fA-F]{64}$/.test(value)) {
    return { id: value.toLowerCase() as `0x${string}` };
  }
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [first, second] = value as readonly unknown[];
  return isAddress(first) && isAddress(second) ? { tokens: [first, second] } : undefined;
}

function parseMap(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
