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

/** What is missing, contradicts itself or invites trouble, though every single value is well-formed. */
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

/** Neither a file, nor a flag or variable, says where TempoVault is. */
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
  if (chosen.file !== undefined || given || envFile?.state !== 'missing') return undefined;
  const [sandbox] = chosen.sandboxes;
  return {
    level: 'fatal',
    message: 'tv does not know any TempoVault: there is no configuration, and no .env in the usual place.',
    where: settings.host.envFile,
    facts: {
      'looked for': files.map(({ path }) => path).join(', '),
      ...(chosen.sandboxes.length === 0 ? {} : { sandboxes: chosen.sandboxes.join(', ') }),
    },
    next: sandbox === undefined ? { tv: ['config', 'init'] } : { tv: ['-e', sandbox, 'status'] },
  };
}

const consequences: readonly (readonly [RegExp, 'error' | 'warning', string])[] = [
  [/^chain\.rpcUrls$/, 'error', 'Nothing says where the chain is'],
  [/^database\.url$/, 'error', 'Nothing says where the database is'],
  [/^chain\.id$/, 'warning', 'Nothing says which chain it must be, so a wrong one would not be noticed'],
  [/^contracts\./, 'warning', 'Contract addresses are missing'],
];

function missing({ values, files }: SettingsWarningsParameters): readonly SettingsProblem[] {
  const envFile = files.find(({ role }) => role === '.env');
  // Why there is nothing from it is told elsewhere; all the rest would only follow from that.
  if (envFile?.state === 'not used' || envFile?.state === 'unreadable') return [];
  const state = envFile?.state === 'used' ? '' : `, and ${envFile?.path} is ${envFile?.state}`;
  return consequences.flatMap(([pattern, level, message]) => {
    // One with a place has been complained about already.
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
        message: `The chain id and the RPC URL do not belong together.`,
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
  // As for tv's own configuration file: it says which node, database and contracts tv works on.
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
    // Often whoever deploys, so it is not refused: that account can change the services themselves, too.
    problems.push(
      stranger.sure
        ? {
            ...{ level: 'warning', where, facts: owner, next },
            message:
              "TempoVault's .env belongs to a user who is neither root, nor the services', nor this one.",
          }
        : {
            ...{ level: 'warning', where, facts: owner, next: onHost(`ls -l ${path}`) },
            message: "Whether the owner of TempoVault's .env is the services' user is unknown.",
          },
    );
  }
  return problems;
}

/** Names that are worth a line each. */
const mostRepeated = 10;

function repeatedEnvKeys({ envText, settings }: SettingsWarningsParameters): readonly SettingsProblem[] {
  const lines = new Map<string, number[]>();
  for (const { key, line } of envText?.entries ?? [])
    lines.set(key, [...(lines.get(key) ?? []).slice(-20), line]);
  const repeated = [...lines].filter(([, all]) => all.length > 1).slice(0, mostRepeated);
  return repeated.map(([name, all]) => ({
    level: 'warning',
    message: `${name} stands in .env more than once; the last one counts.`,
    where: settings.host.envFile,
    facts: {
      lines: all.join(', '),
    },
    next: 'remove the others',
  }));
}

/** `localhost` in a `.env` on another machine means that machine; tv takes it for this one. */
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
        message: `${key} is on this machine, while TempoVault is reached through ssh.`,
        where: origin?.where || 'default',
        facts: { value: origin?.shown ?? '' },
        next: `open a tunnel (ssh -L), or set ${key}`,
      } as const,
    ];
  });
}

/** Two environments that name no `.env` of their own would both take the database from the same one. */
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
          message: `The environments ${other} and ${name} read the same .env, and so work on the same database.`,
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
      message: `Not used, since ${settings.environment} is a sandbox: ${set.join(', ')}.`,
      where: set.join(', '),
      next: 'use --set for a single command',
    },
  ];
}

/** A slip in another environment's part must not stop work on this one. */
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
