import { withoutKeys } from '../text/pastedKeys.ts';
import type { ProcessEnv } from './configPaths.ts';
import { type Key, type KeyName, keyNames, keyOf, type Raw } from './keys.ts';
import { databasePasswords, hasLogin } from './mask.ts';
import type { FileEnvironment } from './parseConfig.ts';
import type { SettingSource, SettingsProblem } from './settings.ts';
import { suggest } from './suggest.ts';

/** A value as one source has it. */
export interface Written {
  readonly raw: Raw;
  readonly source: SettingSource;
  readonly where: string;
}

export type Layer = ReadonlyMap<KeyName, Written>;

/** One assignment in TempoVault's `.env`. */
export interface EnvAssignment {
  readonly key: string;
  readonly value: string;
  readonly line: number;
  /** Names in `${NAME}` that the file does not set. */
  readonly unresolved?: readonly string[];
}

export interface EnvFileText {
  readonly entries: readonly EnvAssignment[];
  /** Permission bits, as in `0o640`. */
  readonly mode: number;
  /**
   * Its owner, if not root, the operator or the services' user. `sure` is false where the services' user is
   * unknown.
   */
  readonly stranger?: { readonly name: string; readonly sure: boolean };
}

/** `--set key=value`. */
export function flagLayer(set: ReadonlyMap<string, string>): {
  readonly layer: Layer;
  readonly problems: readonly SettingsProblem[];
} {
  const layer = new Map<KeyName, Written>();
  const problems: SettingsProblem[] = [];
  for (const [name, raw] of set) {
    const where = `--set ${withoutKeys(name)}`;
    if (isKey(name) && keyOf(name).fileOnly !== true) {
      layer.set(name, { raw, source: 'flag', where });
      if (holdsPassword(raw)) problems.push(passwordInFlag(name, where));
    } else problems.push(notASetting(name, where));
  }
  return { layer, problems };
}

/** `TV_…` variables; an empty one counts as unset. */
export function environmentLayer(env: ProcessEnv): Layer {
  const layer = new Map<KeyName, Written>();
  for (const name of keyNames) {
    const { variable } = keyOf(name);
    const raw = variable === undefined ? undefined : env[variable];
    if (variable !== undefined && raw) layer.set(name, { raw, source: 'environment', where: variable });
  }
  return layer;
}

/** One environment of a configuration file. */
export function fileLayer(path: string, { values }: FileEnvironment): Layer {
  const layer = new Map<KeyName, Written>();
  for (const [name, { raw, line }] of values) {
    if (isKey(name)) layer.set(name, { raw, source: 'file', where: `${path}:${line}` });
  }
  return layer;
}

/** TempoVault's `.env`. Of a name that is set twice the services use the last value. */
export function dotEnvLayer(path: string, assignments: readonly EnvAssignment[]): Layer {
  const layer = new Map<KeyName, Written>();
  for (const name of keyNames) {
    const key: Key<unknown> = keyOf(name);
    const found = assignments.findLast((each) => each.key === key.envKey);
    if (found === undefined || found.value.trim() === '') continue;
    const where = `${path}:${found.line} (${found.key})`;
    if (found.unresolved !== undefined && found.unresolved.length > 0) {
      layer.set(name, { raw: '', source: 'unset', where });
      continue;
    }
    const raw = key.inEnv?.toValue(found.value.trim()) ?? found.value;
    layer.set(name, { raw, source: '.env', where: `${path}:${found.line} (${found.key})` });
  }
  return layer;
}

/** Settings whose value in `.env` refers to a name that only the services' own environment may hold. */
export function unresolvedReferences(
  path: string,
  assignments: readonly EnvAssignment[],
): readonly SettingsProblem[] {
  return keyNames.flatMap((name): SettingsProblem[] => {
    const { envKey }: Key<unknown> = keyOf(name);
    const { key, line, unresolved: [first] = [] } = assignments.findLast((each) => each.key === envKey) ?? {};
    if (first === undefined) return [];
    return [
      {
        level: 'error',
        message: `${key} in .env refers to \${${first}}, which .env does not set.`,
        where: `${path}:${line} (${key})`,
        key: name,
        next: { when: `set ${first} above line ${line} of ${path}, or set ${name}`, tv: ['config', 'show'] },
      },
    ];
  });
}

function holdsPassword(raw: string): boolean {
  return /^postgres/i.test(raw.trim()) ? databasePasswords(raw).length > 0 : raw.split(',').some(hasLogin);
}

/** Every user of the machine sees command lines, and shells keep them. */
function passwordInFlag(name: KeyName, where: string): SettingsProblem {
  return {
    level: 'fatal',
    message: 'A password on a command line can be seen by every user of this machine.',
    where,
    next: `put it into ${keyOf(name).variable}, and change it if it was a real one`,
  };
}

function isKey(name: string): name is KeyName {
  return keyNames.some((known) => known === name);
}

function notASetting(name: string, where: string): SettingsProblem {
  const settable = keyNames.filter((known) => keyOf(known).fileOnly !== true);
  const meant = suggest(name, settable);
  return {
    level: 'fatal',
    message: isKey(name) ? `${name} cannot be set by a flag.` : `${withoutKeys(name)} is not a setting.`,
    where,
    ...(meant === undefined || isKey(name) ? {} : { facts: { 'did you mean': meant } }),
    next: { tv: ['config', 'show'] },
  };
}
