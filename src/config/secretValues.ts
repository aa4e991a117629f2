import type { EnvAssignment } from './layers.ts';
import { databasePasswords, urlCredentials } from './mask.ts';
import type { SettingOrigin, SettingsProblem } from './settings.ts';

/** As in `Secrets`: shorter values are not looked for in output. */
const shortestSecret = 6;

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
 * The secrets that can be taken out of a text without taking ordinary words with them: with the
 * password `tempovault`, every unit name would be torn, in journals too. The others are told as weak.
 */
export function safeSecrets(
  candidates: readonly string[],
  settings: readonly SettingOrigin[],
): { readonly values: readonly string[]; readonly problems: readonly SettingsProblem[] } {
  const distinct = [...new Set(candidates)].filter((value) => value !== '');
  const isOrdinary = (value: string) => settings.some(({ shown }) => shown.includes(value));
  const weak = distinct.filter((value) => value.length < shortestSecret || isOrdinary(value));
  const problem: SettingsProblem = {
    level: 'warning',
    message: 'A password or key is an ordinary or very short word, so tv cannot take it out of all output.',
    where: 'database.url, chain.rpcUrls or .env',
    next: 'give it a long random password',
  };
  return {
    values: distinct.filter((value) => !weak.includes(value)),
    problems: weak.length === 0 ? [] : [problem],
  };
}
