import type { EnvAssignment } from './layers.ts';
import { databasePasswords, urlCredentials } from './mask.ts';
import type { SettingOrigin, SettingsProblem } from './settings.ts';

/** Shorter values, in characters, would be found in ordinary words; a real key or generated password is longer. */
const shortestSecret = 6;
/** Words and numbers up to this length, in characters, occur in names, times and hashes by themselves. */
const longestWord = 15;

/**
 * Whether a secret is a word or number that texts contain by themselves: short, of letters alone, or of hex
 * digits alone. With the shipped password `tempovault` every unit name contains the password.
 */
export function isOrdinaryWord(value: string): boolean {
  if (value.length < shortestSecret) return true;
  return value.length <= longestWord && /^([a-z]+|[0-9a-f]+)$/i.test(value);
}

/** Every value in `.env` that is a secret by its name or its form. */
export function envSecrets(entries: readonly EnvAssignment[]): readonly string[] {
  return entries.flatMap(({ key, value }) => {
    const isAddress = /^0x[0-9a-f]{40}$/i.test(value);
    const isSecret = /(KEY|SECRET|PASSWORD|PASSWD|MNEMONIC|TOKEN)$/i.test(key) && !isAddress;
    if (isSecret) return [value];
    return /^https?:/i.test(value) ? value.split(',').flatMap(urlCredentials) : databasePasswords(value);
  });
}

/**
 * The secrets that can be removed from any text, and the weak ones: an ordinary word, or a part of what the
 * settings show (user, database, unit names). Those would tear names apart, so they are removed only where a
 * password is expected.
 */
export function safeSecrets(
  candidates: readonly string[],
  settings: readonly SettingOrigin[],
): {
  readonly values: readonly string[];
  readonly weak: readonly string[];
  readonly problems: readonly SettingsProblem[];
} {
  const distinct = [...new Set(candidates)].filter((value) => value !== '');
  const isPublic = (value: string) => settings.some(({ shown }) => shown.includes(value));
  const weak = distinct.filter((value) => isOrdinaryWord(value) || isPublic(value));
  const known = new Set(weak);
  const problem: SettingsProblem = {
    level: 'warning',
    message:
      'A password or key is weak: it is an ordinary word or very short, or equal to a name such as user or database.',
    where: 'database.url, chain.rpcUrls or .env',
    facts: { consequence: 'easy to guess; tv hides it in URLs and assignments, but not inside other words' },
    next: 'replace it with a long random one, such as the output of: openssl rand -hex 24',
  };
  return {
    values: distinct.filter((value) => !known.has(value)),
    weak,
    problems: weak.length === 0 ? [] : [problem],
  };
}
