import { onHost } from '../errors/advice.ts';
import { quoteForShell } from '../text/shellLine.ts';
import type { Chosen } from './chooseEnvironment.ts';
import type { ProcessEnv } from './configPaths.ts';
import { keyNames, keyOf, publicChains } from './keys.ts';
import type { EnvFileText } from './layers.ts';
import type { ConsideredFile, SettingOrigin, Settings, SettingsProblem } from './settings.ts';

export interface SettingsWarningsParameters {
  readonly settings: Settings;
  readonly values: readonly SettingOrigin[];
  readonly files: readonly ConsideredFile[];
  readonly chosen: Chosen;
  readonly processEnv: ProcessEnv;
  readonly envText: EnvFileText | undefined;
}

/** Settings that are missing, contradictory or unsafe although each value is well-formed. */
export function settingsWarnings(parameters: SettingsWarningsParameters): readonly SettingsProblem[] {
  if (!parameters.chosen.sound) return [];
  const nothing = nothingKnown(parameters);
  if (nothing !== undefined) return [nothing];
  return [
    ...missing(parameters),
    ...wrongChain(parameters),
    ...exposedEnvFile(parameters),
    ...repeatedEnvKeys(parameters),
    ...localThroughSsh(parameters),
    ...sharedEnvFile(parameters),
    ...ignoredVariables(parameters),
    ...otherEnvironments(parameters),
  ];
}

/** No file, flag or variable locates TempoVault. */
function nothingKnown({
  values,
  files,
  chosen,
  settings,
}: SettingsWarningsParameters): SettingsProblem | undefined {
  const given = values.some(
    ({ key, source }) => /^(chain\.(id|rpcUrls)|database\.url)$/.test(key) && source !== 'unset',
  );
  const envFile = files.find(({ role }) => role === '.env');
  if (saysSomething(chosen.file) || given || envFile?.state !== 'missing') return undefined;
  const [sandbox] = chosen.sandboxes;
  return {
    level: 'fatal',
    message: `No TempoVault is configured: ${chosen.file === undefined ? 'there is no configuration file' : `${chosen.file.path} holds no setting`}, and no .env in the default location.`,
    where: settings.host.envFile,
    facts: {
      'looked for': files.map(({ path }) => path).join(', '),
      ...(chosen.sandboxes.length === 0 ? {} : { sandboxes: chosen.sandboxes.join(', ') }),
    },
    next: sandbox === undefined ? { tv: ['config', 'init'] } : { tv: ['-e', sandbox, 'status'] },
  };
}

/** The file of a package may hold comments alone. */
function saysSomething(file: Chosen['file']): boolean {
  return file !== undefined && (file.environments.size > 0 || file.default !== undefined);
}

const consequences: readonly (readonly [RegExp, 'error' | 'warning', string])[] = [
  [/^chain\.rpcUrls$/, 'error', 'The RPC URL of the chain is not configured'],
  [/^database\.url$/, 'error', 'The database URL is not configured'],
  [/^chain\.id$/, 'warning', 'The chain id is not configured, so a wrong chain would not be detected'],
  [/^contracts\./, 'warning', 'Contract addresses are missing'],
];

function missing({ values, files }: SettingsWarningsParameters): readonly SettingsProblem[] {
  const envFile = files.find(({ role }) => role === '.env');
  // The failed read is a problem of its own, and the cause of whatever is missing.
  if (envFile?.state === 'not used' || envFile?.state === 'unreadable') return [];
  const state = envFile?.state === 'used' ? '' : `, and ${envFile?.path} is ${envFile?.state}`;
  return consequences.flatMap(([pattern, level, message]) => {
    // A place means that the value is malformed, which is a problem already.
    const unset = values.filter(
      ({ key, source, where }) => pattern.test(key) && source === 'unset' && where === '',
    );
    const [first] = unset;
    if (first === undefined) return [];
    const names = unset.map(({ key }) => key).join(', ');
    const variable = keyOf(keyNames.find((name) => name === first.key) ?? 'chain.id').envKey;
    const next = { when: `set ${variable} in .env, or`, tv: ['config', 'init'] };
    return [
      {
        level,
        message: `${message}${state}.`,
        where: names,
        ...(unset.length === 1 && { key: first.key }),
        next,
      },
    ];
  });
}

function wrongChain({ settings, values }: SettingsWarningsParameters): readonly SettingsProblem[] {
  const { id, rpcUrls } = settings.chain;
  for (const [publicId, publicUrl] of publicChains) {
    const sameHost = rpcUrls.some((url) => new URL(url).host === new URL(publicUrl).host);
    if (id === undefined || id === publicId || !sameHost) continue;
    const from = (key: string) => values.find((value) => value.key === key)?.where || 'default';
    return [
      {
        level: 'error',
        message: `The chain id and the RPC URL are of different chains.`,
        where: from('chain.id'),
        facts: {
          'chain.id': String(id),
          'chain.rpcUrls': `${publicUrl} is chain ${publicId} (${from('chain.rpcUrls')})`,
        },
        next: 'correct whichever of the two is wrong',
      },
    ];
  }
  return [];
}

function exposedEnvFile({ envText, settings }: SettingsWarningsParameters): readonly SettingsProblem[] {
  if (envText === undefined) return [];
  const where = settings.host.envFile;
  const path = quoteForShell(where);
  const { mode, stranger } = envText;
  const facts = { mode: `0${(mode & 0o777).toString(8)}` };
  const problems: SettingsProblem[] = [];
  // As for tv's own configuration file: it decides on the node, database and contracts.
  if ((mode & 0o002) !== 0) {
    const message = "TempoVault's .env can be changed by every user of its machine.";
    const next = onHost(`chmod o-w ${path}`);
    problems.push({ level: 'fatal', untrusted: true, message, where, facts, next });
  } else if ((mode & 0o005) !== 0) {
    const message = "TempoVault's .env, with its keys, can be read by every user of its machine.";
    problems.push({
      level: 'warning',
      message,
      where,
      facts,
      next: onHost(`chmod o= ${path}`),
    });
  }
  if (stranger !== undefined) {
    const owner = { owner: stranger.name };
    const next = onHost(`chown --reference="$(dirname ${path})" ${path}`);
    // Not refused: it is often the account that deploys, which can change the services themselves, too.
    problems.push(
      stranger.sure
        ? {
            ...{ level: 'warning', where, facts: owner, next },
            message: "TempoVault's .env is owned by an account other than root, the services' user or yours.",
          }
        : {
            ...{ level: 'warning', where, facts: owner, next: onHost(`ls -l ${path}`) },
            message: "Whether the owner of TempoVault's .env is the services' user is unknown.",
          },
    );
  }
  return problems;
}

/** Names that get a warning each. */
const mostRepeated = 10;

function repeatedEnvKeys({ envText, settings }: SettingsWarningsParameters): readonly SettingsProblem[] {
  const lines = new Map<string, number[]>();
  for (const { key, line } of envText?.entries ?? [])
    lines.set(key, [...(lines.get(key) ?? []).slice(-20), line]);
  const repeated = [...lines].filter(([, all]) => all.length > 1).slice(0, mostRepeated);
  return repeated.map(([name, all]) => ({
    level: 'warning',
    message: `${name} is set more than once in .env. The last value is used.`,
    where: settings.host.envFile,
    facts: {
      lines: all.join(', '),
    },
    next: 'remove the others',
  }));
}

/** `localhost` in a `.env` on another machine means that machine, and for tv this one. */
function localThroughSsh({ settings, values }: SettingsWarningsParameters): readonly SettingsProblem[] {
  if (!settings.host.prefix.some((word) => /(^|\/)ssh$/.test(word))) return [];
  const urls = {
    'database.url': [settings.database.url],
    'api.url': [settings.api.url],
    'chain.rpcUrls': settings.chain.rpcUrls,
  };
  return Object.entries(urls).flatMap(([key, list]) => {
    if (
      !list.some((url) => url !== undefined && /[@/](localhost|127\.\d+\.\d+\.\d+|\[::1\])([:/]|$)/.test(url))
    )
      return [];
    const origin = values.find((value) => value.key === key);
    return [
      {
        level: 'warning',
        message: `${key} is on this machine, but TempoVault's host is reached through ssh.`,
        where: origin?.where || 'default',
        facts: { value: origin?.shown ?? '' },
        next: `open a tunnel (ssh -L), or set ${key}`,
      } as const,
    ];
  });
}

/** Two environments without a `.env` of their own use the database of the same one. */
function sharedEnvFile({ chosen }: SettingsWarningsParameters): readonly SettingsProblem[] {
  const seen = new Map<string, string>();
  for (const [name, { values }] of chosen.file?.environments ?? []) {
    if (['url', 'urlCommand', 'urlEnv'].some((way) => values.has(`database.${way}`))) continue;
    const place = JSON.stringify([
      values.get('host.prefix')?.raw ?? [],
      values.get('host.envFile')?.raw ?? '',
    ]);
    const other = seen.get(place);
    if (other !== undefined) {
      return [
        {
          level: 'warning',
          message: `The environments ${other} and ${name} read the same .env and therefore use the same database.`,
          where: chosen.file?.path ?? '',
          next: `give ${name} its own host.prefix, host.envFile or database.url`,
        },
      ];
    }
    seen.set(place, name);
  }
  return [];
}

function ignoredVariables({ settings, processEnv }: SettingsWarningsParameters): readonly SettingsProblem[] {
  if (!settings.sandbox) return [];
  const set = keyNames.flatMap((name) => {
    const { variable } = keyOf(name);
    return variable !== undefined && processEnv[variable] && name !== 'stateDirectory' ? [variable] : [];
  });
  if (set.length === 0) return [];
  return [
    {
      level: 'warning',
      message: `Ignored, because ${settings.environment} is a sandbox: ${set.join(', ')}.`,
      where: set.join(', '),
      next: 'use --set for a single command',
    },
  ];
}

/** A mistake in another environment must not block this one. */
function otherEnvironments({ chosen, settings }: SettingsWarningsParameters): readonly SettingsProblem[] {
  return [...(chosen.file?.environments ?? [])]
    .filter(([name]) => name !== settings.environment)
    .flatMap(([name, { problems }]) =>
      problems.map((problem) => ({
        ...problem,
        level: 'warning' as const,
        message: `In ${name}: ${problem.message}`,
      })),
    );
}
