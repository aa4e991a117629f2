import type { Advice } from '../errors/advice.ts';
import { exitCodes, TvError } from '../errors/TvError.ts';
import { withoutKeys } from '../text/pastedKeys.ts';
import { type Key, type KeyName, keyOf, rawText } from './keys.ts';
import type { Written } from './layers.ts';
import type { ProblemLevel, SettingsOrigins, SettingsProblem } from './settings.ts';

/** A value that is not what its setting expects. One that may hold a secret is not quoted. */
export function unreadableValue(
  level: ProblemLevel,
  name: KeyName,
  { raw, source, where }: Written,
  next: Advice,
): SettingsProblem {
  const key: Key<unknown> = keyOf(name);
  const written = rawText(raw);
  const clean = withoutKeys(written);
  const shown = clean.length > 60 ? `${clean.slice(0, 59)}…` : clean;
  const reason = key.reason?.(raw);
  const explained = clean === written ? key.explain?.(raw) : undefined;
  return {
    level,
    message:
      explained === undefined
        ? `${name} is malformed.`
        : `The checksum of an address in ${name} is wrong: check every digit of it.`,
    where,
    key: name,
    facts: {
      expected: (source === '.env' ? key.inEnv?.expected : undefined) ?? key.expected,
      written: key.credentials === undefined ? shown || '(nothing)' : 'not shown, it may hold a secret',
      ...(reason === undefined ? {} : { reason }),
      ...explained,
    },
    next,
  };
}

export function toError({ code = 'config.invalid', message, where, facts, next }: SettingsProblem): TvError {
  return new TvError(code, message, { facts: { where, ...facts }, next, exitCode: exitCodes.usage });
}

/** Without these it is not certain which machine and chain a command works on. */
const vital = /^(host|stateDirectory|sandbox|chain$|chain\.id$)/;

/**
 * Stops a command whose settings cannot be trusted: a file that does not parse, an unknown
 * environment, a malformed flag. `tv config …` and commands that need no environment continue.
 * @param what `vital`: only what leaves it open which environment, machine and chain is meant. An emergency
 * must not fail on a malformed list of pairs.
 * @throws TvError for the first fatal problem, with exit code 2
 */
export function assertUsable({ problems }: SettingsOrigins, what: 'all' | 'vital' = 'all'): void {
  const fatal = problems.filter(
    ({ level, key, where, untrusted }) =>
      level === 'fatal' &&
      (what === 'all' ||
        (untrusted !== true && (key === undefined || vital.test(key) || where.startsWith('--set')))),
  );
  const [first, ...others] = fatal;
  if (first === undefined) return;
  const more = others.length === 0 ? undefined : `${others.length}: tv config check lists them`;
  throw toError({ ...first, facts: { ...first.facts, ...(more && { 'more problems': more }) } });
}
