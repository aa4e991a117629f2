import { resolve } from 'node:path';
import { withoutKeys } from '../text/pastedKeys.ts';
import { type ConfigPaths, findSandboxes, type ProcessEnv } from './configPaths.ts';
import type { FileEnvironment } from './parseConfig.ts';
import { type ConfigFile, readConfigFile } from './readConfigFile.ts';
import type { ConsideredFile, SettingsProblem } from './settings.ts';
import { suggest } from './suggest.ts';

export interface Chosen {
  readonly name: string;
  /** What a configuration file says about it. */
  readonly inFile: { readonly path: string; readonly environment: FileEnvironment } | undefined;
  /** The configuration file that was found, whether or not it knows the environment. */
  readonly file: ConfigFile | undefined;
  /** False if there is no such environment, or that is unknown: then no setting of it is assumed. */
  readonly sound: boolean;
  readonly environments: readonly string[];
  readonly sandboxes: readonly string[];
  readonly files: readonly ConsideredFile[];
  readonly problems: readonly SettingsProblem[];
}

const standardName = 'production';

/** Finds the configuration file and the environment in it, or the sandbox of that name. */
export async function chooseEnvironment(
  flags: { readonly env: string | undefined; readonly config: string | undefined },
  env: ProcessEnv,
  paths: ConfigPaths,
): Promise<Chosen> {
  const found = await findFile(flags.config, env, paths);
  const { file } = found;
  const sandboxes = findSandboxes(paths);
  const named = file === undefined ? [] : [...file.environments.keys()];
  const environments = [...new Set([...(named.length === 0 ? [standardName] : named), ...sandboxes.keys()])];
  const name = flags.env ?? (env['TV_ENVIRONMENT'] || String(file?.default?.raw ?? standardName));
  const common = { name, environments, sandboxes: [...sandboxes.keys()] };
  const whole = {
    ...common,
    file,
    files: found.files,
    problems: [...found.problems, ...(file?.problems ?? [])],
  };

  const listed = file?.environments.get(name);
  if (file !== undefined && listed !== undefined) {
    return { ...whole, inFile: { path: file.path, environment: listed }, sound: true };
  }
  const registered = sandboxes.get(name);
  if (registered !== undefined) return openSandbox(common, found.files, name, registered);
  const unreadable = whole.problems.some(({ level }) => level === 'fatal');
  if (unreadable) return { ...whole, inFile: undefined, sound: false };
  // Without a list of environments the only one is the one of .env. A misspelled name, or a sandbox that is
  // down, must not resolve to it.
  if (named.length === 0 && name === standardName) return { ...whole, inFile: undefined, sound: true };
  const problem = unknownEnvironment(name, environments, askedBy(flags.env, env, file));
  return { ...whole, inFile: undefined, sound: false, problems: [...whole.problems, problem] };
}

interface Found {
  readonly file: ConfigFile | undefined;
  readonly files: readonly ConsideredFile[];
  readonly problems: readonly SettingsProblem[];
}

/** `--config` or `TV_CONFIG`, which must exist; else the first that exists. */
async function findFile(flag: string | undefined, env: ProcessEnv, paths: ConfigPaths): Promise<Found> {
  const asked = flag ?? (env['TV_CONFIG'] || undefined);
  const candidates = asked === undefined ? [paths.userConfig, paths.machineConfig] : [resolve(asked)];
  const files: ConsideredFile[] = [];
  for (const [index, path] of candidates.entries()) {
    const answer = await readConfigFile(path);
    files.push({ path, role: 'config', state: answer.state });
    if (answer.state === 'missing') continue;
    const rest = candidates
      .slice(index + 1)
      .map((path) => ({ path, role: 'config', state: 'not used' }) as const);
    return {
      file: answer.state === 'used' ? answer.file : undefined,
      files: [...files, ...rest],
      problems: answer.state === 'used' ? [] : [answer.problem],
    };
  }
  return { file: undefined, files, problems: asked === undefined ? [] : [noSuchFile(flag, resolve(asked))] };
}

function noSuchFile(flag: string | undefined, path: string): SettingsProblem {
  return {
    level: 'fatal',
    code: 'config.file-missing',
    message: 'The requested configuration file does not exist.',
    where: flag === undefined ? 'TV_CONFIG' : '--config',
    facts: { file: path },
    next: { tv: ['config', 'init', path] },
  };
}

async function openSandbox(
  common: Pick<Chosen, 'name' | 'environments' | 'sandboxes'>,
  before: readonly ConsideredFile[],
  name: string,
  path: string,
): Promise<Chosen> {
  const answer = await readConfigFile(path);
  const file = answer.state === 'used' ? answer.file : undefined;
  const environment = file?.environments.get(name);
  const known = before.map((each) =>
    each.state === 'used' ? { ...each, state: 'not used' as const } : each,
  );
  const lacking: SettingsProblem = {
    level: 'fatal',
    code: 'config.unknown-environment',
    message: `The sandbox's own configuration does not describe ${name}.`,
    where: path,
    next: { tv: ['sandbox', 'status'] },
  };
  const problems = answer.state === 'unreadable' ? [answer.problem] : (file?.problems ?? []);
  return {
    ...common,
    file,
    inFile: environment === undefined ? undefined : { path, environment },
    sound: environment !== undefined,
    files: [{ path, role: 'sandbox', state: answer.state }, ...known],
    problems: environment === undefined && problems.length === 0 ? [lacking] : problems,
  };
}

function askedBy(flag: string | undefined, env: ProcessEnv, file: ConfigFile | undefined): string {
  if (flag !== undefined) return '-e';
  if (env['TV_ENVIRONMENT']) return 'TV_ENVIRONMENT';
  if (file?.default !== undefined) return `${file.path}:${file.default.line} (default)`;
  return `${file?.path ?? ''} (it has no "default:")`;
}

function unknownEnvironment(name: string, known: readonly string[], where: string): SettingsProblem {
  // Only a name close to the typed one: advice must not lead to production from another environment.
  const meant = suggest(name, known);
  return {
    level: 'fatal',
    code: 'config.unknown-environment',
    message: `There is no environment "${withoutKeys(name)}".`,
    where,
    facts: { known: known.join(', ') },
    next: meant === undefined ? { tv: ['config', 'show'] } : { again: ['-e', meant] },
  };
}
