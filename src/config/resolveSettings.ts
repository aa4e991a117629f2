import { join } from 'node:path';
import { onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import { quoteForShell } from '../text/shellLine.ts';
import { type Chosen, chooseEnvironment } from './chooseEnvironment.ts';
import { type ConfigPaths, findConfigPaths, type ProcessEnv } from './configPaths.ts';
import { fileDatabaseUrl, type RunSecretCommand } from './fileDatabaseUrl.ts';
import { type KeyName, keyNames, publicChains } from './keys.ts';
import {
  dotEnvLayer,
  type EnvFileText,
  environmentLayer,
  fileLayer,
  flagLayer,
  type Layer,
  unresolvedReferences,
  type Written,
} from './layers.ts';
import { Resolution } from './resolution.ts';
import { envSecrets, safeSecrets } from './secretValues.ts';
import type { ConsideredFile, Settings, SettingsOrigins, SettingsProblem } from './settings.ts';
import { settingsWarnings } from './settingsWarnings.ts';
import { findExposure } from './trustedFile.ts';

export interface SettingsRequest {
  readonly flags: {
    readonly env: string | undefined;
    readonly config: string | undefined;
    readonly set: ReadonlyMap<string, string>;
  };
  readonly processEnv: ProcessEnv;
  /**
   * Reads TempoVault's `.env` through the host prefix; undefined where there is none. Without it the file is not
   * used, and not taken for missing.
   * @throws TvError where there is one that cannot be read, or the host cannot be reached
   */
  readonly readEnvFile?: (parameters: {
    readonly path: string;
    readonly prefix: readonly string[];
    readonly timeoutMs: number;
    /** Of the services, whose user the file may belong to. */
    readonly units: readonly string[];
  }) => Promise<EnvFileText | undefined>;
  /** A command that must not be kept waiting for what it can do without. */
  readonly hurried?: boolean;
  /** A command that shows what it has seen within `monitor.limitMs`: what `.env` takes is part of that. */
  readonly withinLimit?: boolean;
  /** Runs `database.urlCommand`; without it the URL is not read. */
  readonly runSecretCommand?: RunSecretCommand;
  /** For tests: paths other than this machine's. */
  readonly paths?: Parameters<typeof findConfigPaths>[1];
}

export interface ResolvedSettings {
  readonly settings: Settings;
  readonly origins: SettingsOrigins;
  /** Values to take out of everything that leaves tv, from all sources, also those not used. */
  readonly secrets: readonly string[];
  /** Weak ones, which are removed only where a password is expected: they are words that names contain. */
  readonly weakSecrets: readonly string[];
}

/**
 * Resolves the settings of one environment: flags, `TV_…` variables, configuration file,
 * TempoVault's `.env`, defaults; the first that has a value decides, also where the value is
 * malformed. Throws nothing: what is wrong is in `origins.problems`, and `assertUsable` refuses.
 */
export async function resolveSettings(request: SettingsRequest): Promise<ResolvedSettings> {
  const { flags, processEnv } = request;
  const paths = findConfigPaths(processEnv, request.paths);
  const chosen = await chooseEnvironment(flags, processEnv, paths);
  const upper = await upperLayers(request, chosen);
  const resolution = new Resolution(upper.layers);
  resolution.problems.push(...chosen.problems, ...upper.problems);

  const envFile = await readDotEnv(request, resolution, chosen.sound);
  if (envFile.problem !== undefined) resolution.problems.push(envFile.problem);
  const entries = envFile.text?.entries ?? [];
  resolution.add(dotEnvLayer(envFile.path, entries));

  const settings = buildSettings(resolution, chosen, paths);
  const files: readonly ConsideredFile[] = [
    ...chosen.files,
    { path: envFile.path, role: '.env', state: envFile.state },
  ];
  const values = keyNames.map((name) => resolution.origin(name));
  const candidates = [...resolution.secrets, ...envSecrets(entries)];
  const secrets = safeSecrets(candidates, values);
  const weak = settingsWarnings({ settings, values, files, chosen, processEnv, envText: envFile.text });
  const own = exposedState(settings.stateDirectory);
  const references = unresolvedReferences(envFile.path, entries).filter(
    ({ key }) => values.find((value) => value.key === key)?.source === 'unset',
  );
  const problems = [...references, ...resolution.problems, ...own, ...weak, ...secrets.problems];
  return {
    settings,
    secrets: secrets.values,
    weakSecrets: secrets.weak,
    origins: {
      values,
      named: flags.env !== undefined || Boolean(processEnv['TV_ENVIRONMENT']),
      environments: chosen.environments,
      files,
      problems: sorted(problems),
    },
  };
}

async function upperLayers(
  { flags, processEnv, runSecretCommand }: SettingsRequest,
  { inFile }: Chosen,
): Promise<{ readonly layers: readonly Layer[]; readonly problems: readonly SettingsProblem[] }> {
  const set = flagLayer(flags.set);
  if (inFile === undefined)
    return { layers: [set.layer, environmentLayer(processEnv)], problems: set.problems };
  const { path, environment } = inFile;
  const file = new Map<KeyName, Written>(fileLayer(path, environment));
  const problems = [...set.problems, ...environment.problems];
  // A sandbox is all there in its file. A variable exported for production must not reach into it,
  // nor its commands into production.
  const isSandbox = file.get('sandbox')?.raw === 'true';
  const variables = isSandbox ? new Map() : environmentLayer(processEnv);
  const layers = [set.layer, variables, file];
  if (set.layer.has('database.url') || variables.has('database.url')) return { layers, problems };
  const url = await fileDatabaseUrl(path, environment.values, processEnv, runSecretCommand);
  if (url === undefined) return { layers, problems };
  if ('problem' in url) {
    // An empty value holds the place, so that no source below is asked.
    file.set('database.url', { raw: [], source: 'unset', where: url.problem.where });
    return { layers, problems: [...problems, url.problem] };
  }
  file.set('database.url', { raw: url.raw, source: 'file', where: url.where });
  return { layers, problems };
}

/** How long a host that hangs may keep an emergency waiting for settings that are there already, in milliseconds. */
const optionalEnvMs = 3_000;

/** Of the time for a check, what a host that hangs may take from the other sources. */
export const envShareOfLimit = 0.6;

/** Whether the chain and every contract are known without `.env`. */
function hasChain(resolution: Resolution): boolean {
  const needed = keyNames.filter((name) => name === 'chain.rpcUrls' || name.startsWith('contracts.'));
  return needed.every((name) => resolution.get(name) !== undefined);
}

interface DotEnv {
  readonly path: string;
  readonly state: ConsideredFile['state'];
  readonly text?: EnvFileText;
  readonly problem?: SettingsProblem;
}

async function readDotEnv(request: SettingsRequest, resolution: Resolution, sound: boolean): Promise<DotEnv> {
  const path = resolution.get('host.envFile') ?? '';
  const prefix = resolution.get('host.prefix');
  const usable = sound && !resolution.problems.some(({ level }) => level === 'fatal');
  const { readEnvFile } = request;
  if (readEnvFile === undefined || path === '' || prefix === undefined || !usable) {
    return { path, state: 'not used' };
  }
  try {
    const units = (['api', 'indexer', 'oracle'] as const).map((name) =>
      resolution.need(`host.units.${name}`),
    );
    const limitMs = resolution.get('host.timeoutMs') ?? 0;
    const most = longestWait(request, resolution);
    const timeoutMs = most === undefined || (limitMs > 0 && limitMs <= most) ? limitMs : most;
    const text = await readEnvFile({ path, prefix, timeoutMs, units });
    return text === undefined ? { path, state: 'missing' } : { path, state: 'used', text };
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    const problem: SettingsProblem = {
      level: 'error',
      message: error.message,
      where: path,
      facts: error.facts,
      next: error.next[0] ?? onHost(`ls -l ${quoteForShell(path)}`),
    };
    return { path, state: 'unreadable', problem };
  }
}

/** How long at most the answer is waited for, in milliseconds; undefined where the host's own limit decides. */
function longestWait({ withinLimit, hurried }: SettingsRequest, resolution: Resolution): number | undefined {
  if (!hasChain(resolution)) return undefined;
  if (withinLimit === true) return envShareOfLimit * resolution.need('monitor.limitMs');
  return hurried === true ? optionalEnvMs : undefined;
}

function buildSettings(resolution: Resolution, { name }: Chosen, paths: ConfigPaths): Settings {
  const id = resolution.get('chain.id');
  const known = id === undefined ? undefined : publicChains.get(id);
  const need = <K extends KeyName>(key: K) => resolution.need(key);
  return {
    environment: name,
    sandbox: need('sandbox'),
    chain: {
      id,
      rpcUrls: resolution.get('chain.rpcUrls', known === undefined ? undefined : [known]) ?? [],
      timeoutMs: need('chain.timeoutMs'),
    },
    contracts: {
      governanceRoles: resolution.get('contracts.governanceRoles'),
      riskController: resolution.get('contracts.riskController'),
      treasuryVault: resolution.get('contracts.treasuryVault'),
      dexStrategy: resolution.get('contracts.dexStrategy'),
    },
    database: {
      url: resolution.get('database.url'),
      adminUrl: resolution.get('database.adminUrl'),
      unit: need('database.unit'),
      timeoutMs: need('database.timeoutMs'),
    },
    host: {
      prefix: need('host.prefix'),
      others: need('host.others'),
      envFile: need('host.envFile'),
      units: {
        api: need('host.units.api'),
        indexer: need('host.units.indexer'),
        oracle: need('host.units.oracle'),
      },
      programs: {
        api: need('host.programs.api'),
        indexer: need('host.programs.indexer'),
        oracle: need('host.programs.oracle'),
      },
      accessLog: need('host.accessLog'),
      timeoutMs: need('host.timeoutMs'),
    },
    api: {
      url: resolution.get('api.url'),
      publicUrl: resolution.get('api.publicUrl'),
      origins: need('api.origins'),
      timeoutMs: need('api.timeoutMs'),
    },
    backup: { directory: need('backup.directory'), copy: resolution.get('backup.copy') },
    signers: {
      admin: resolution.get('signers.admin'),
      emergency: resolution.get('signers.emergency'),
      riskOfficer: resolution.get('signers.riskOfficer'),
      treasuryManager: resolution.get('signers.treasuryManager'),
    },
    roles: {
      admin: resolution.get('roles.admin'),
      emergency: resolution.get('roles.emergency'),
      riskOfficer: resolution.get('roles.riskOfficer'),
      treasuryManager: resolution.get('roles.treasuryManager'),
      strategist: resolution.get('roles.strategist'),
      vaultOwner: resolution.get('roles.vaultOwner'),
    },
    pairs: need('pairs'),
    oracle: { fundDays: need('oracle.fundDays'), keyMaxAgeDays: need('oracle.keyMaxAgeDays') },
    withdraw: { recipients: need('withdraw.recipients') },
    contacts: {
      level1: need('contacts.level1'),
      level2: need('contacts.level2'),
      level3: need('contacts.level3'),
      security: need('contacts.security'),
    },
    monitor: {
      limitMs: need('monitor.limitMs'),
      lagBlocks: need('monitor.lagBlocks'),
      apiSlowMs: need('monitor.apiSlowMs'),
      diskPercent: need('monitor.diskPercent'),
      memoryPercent: need('monitor.memoryPercent'),
      connectionPercent: need('monitor.connectionPercent'),
      backupHours: need('monitor.backupHours'),
      certificateDays: need('monitor.certificateDays'),
    },
    approvals: {
      moderate: need('approvals.moderate'),
      severe: need('approvals.severe'),
      allowedSigners: need('approvals.allowedSigners'),
      revokedKeys: resolution.get('approvals.revokedKeys'),
      expiryMs: need('approvals.expiry'),
      operator: resolution.get('approvals.operator'),
      key: resolution.get('approvals.key'),
    },
    audit: { anchor: resolution.get('audit.anchor') },
    stateDirectory: resolution.get('stateDirectory', paths.stateDirectory) ?? paths.stateDirectory,
  };
}

/** Journals decide what is sent and undone: others must not be able to write or replace them. */
function exposedState(directory: string): readonly SettingsProblem[] {
  const own = ['.', 'runs', 'audit.jsonl', 'checklist.jsonl', 'oracle', 'locks', 'used-plans'].map((name) =>
    join(directory, name),
  );
  const exposure = own.map((path) => findExposure(path)).find((found) => found !== undefined);
  if (exposure === undefined) return [];
  return [
    {
      level: 'fatal',
      message: 'The state directory of tv can be changed by other users of this machine.',
      where: directory,
      facts: { through: exposure.path, reason: exposure.reason },
      next: exposure.remedy,
    },
  ];
}

const ranks = { fatal: 0, error: 1, warning: 2 } as const;

function sorted(problems: readonly SettingsProblem[]): readonly SettingsProblem[] {
  return problems.toSorted((a, b) => ranks[a.level] - ranks[b.level]);
}
