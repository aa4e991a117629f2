import { accessSync, constants, readFileSync, type Stats, statSync } from 'node:fs';
import { homedir, release, tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import type { ProblemLevel, Settings, SettingsOrigins } from '../src/config/settings.ts';
import { findExposure } from '../src/config/trustedFile.ts';
import {
  findLocalPrograms,
  type LocalProgram,
  type NeededProgram,
  postgresFolders,
} from '../src/host/localPrograms.ts';
import { type OwnForm, ownForm } from '../src/host/ownProgram.ts';
import type { ToolContext } from '../src/runbook/define.ts';
import { aligned, table } from '../src/text/layout.ts';
import { maskUrlsIn } from '../src/text/maskUrl.ts';
import { outsideText } from '../src/text/outsideText.ts';
import { withoutKeys } from '../src/text/pastedKeys.ts';

/** A file or folder of this machine that tv reads or writes. */
interface OwnPath {
  readonly role: string;
  readonly path: string;
  /** `missing`: it is not there, and tv works without it or makes it. */
  readonly state: 'usable' | 'missing' | 'unusable';
  /** `root:root`; null where it cannot be read, or is not there. */
  readonly owner: string | null;
  /** Octal: `0700`. */
  readonly mode: string | null;
  /** Why it is unusable, or what else there is to know. */
  readonly note: string | null;
}

/** What `tv doctor --self` reports: all that is known of tv itself, without any source of TempoVault. */
export interface SelfReport {
  readonly tv: { readonly version: string; readonly form: OwnForm; readonly program: string };
  readonly machine: {
    readonly node: string;
    readonly openssl: string;
    readonly platform: string;
    readonly system: string;
    readonly kernel: string;
    readonly user: string;
  };
  readonly terminal: {
    readonly output: 'terminal' | 'other';
    readonly columns: number | null;
    /** 1 without colour; null where the output is no terminal. */
    readonly colours: number | null;
    readonly term: string | null;
    readonly locale: string | null;
    readonly utf8: boolean;
    readonly timeZone: string;
  };
  /** Names alone, of those that tv or what it starts reads. */
  readonly variables: readonly string[];
  readonly environment: string;
  readonly problems: readonly {
    readonly level: ProblemLevel;
    readonly message: string;
    readonly where: string;
  }[];
  readonly paths: readonly OwnPath[];
  readonly programs: readonly LocalProgram[];
}

const version = ['--version'];
const backups = 'db backup, restore, verify; reindex';

/** Programs that tv starts. With a host prefix, those for the host have to be there, and not on this machine. */
const needed: readonly NeededProgram[] = [
  { name: 'systemctl', version, neededFor: 'status, service, reindex, emergency (on the host)' },
  { name: 'journalctl', version, neededFor: 'logs, trace, incident (on the host)' },
  { name: 'curl', version, neededFor: 'monitor install (on the host)' },
  { name: 'flock', version, neededFor: 'db schedule install (on the host)' },
  { name: 'psql', version, neededFor: `${backups} (on the host)` },
  { name: 'pg_dump', version, neededFor: `${backups} (on the host)` },
  { name: 'pg_restore', version, neededFor: `${backups} (on the host)` },
  { name: 'zstd', version, neededFor: 'smaller backups; gzip without it (on the host)' },
  { name: 'ssh', version: ['-V'], neededFor: 'a host.prefix with ssh' },
  { name: 'ssh-keygen', neededFor: 'plan approve, and runs that need approvals' },
  { name: 'less', version, neededFor: 'long reports at a terminal; printed whole without it' },
  { name: 'anvil', version, neededFor: 'previews where no RPC node can simulate' },
  { name: 'initdb', version, neededFor: 'sandbox up, drill start' },
  { name: 'postgres', version, neededFor: 'sandbox up, drill start' },
];

/** Of variables that tv reads, hands on, or that Node and libpq read by themselves. */
const relevant =
  /^(TV_\w+|PG[A-Z]+|NODE_\w+|XDG_\w+|LC_\w+|LANG|LANGUAGE|TERM|COLUMNS|NO_COLOR|FORCE_COLOR|COLORTERM|PAGER|LESS|HOME|PATH|TMPDIR|TZ|SHELL|SUDO_USER|SSH_AUTH_SOCK|SSL_CERT_(FILE|DIR)|HTTPS?_PROXY|NO_PROXY|https?_proxy|no_proxy)$/;

/**
 * Reads versions, paths, programs and the terminal of this machine. Contacts nothing: settings come from its files
 * and variables, and no value of a setting is part of the report.
 */
export async function collectSelf(
  { version: own, settings, settingsOrigins }: Pick<ToolContext, 'version' | 'settings' | 'settingsOrigins'>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<SelfReport> {
  const { versions, platform, arch, stdout, stderr } = process;
  const clean = (text: string) => outsideText(withoutKeys(maskUrlsIn(text)));
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || null;
  const form = ownForm();
  return {
    tv: { version: own, form, program: clean(programPath(form)) },
    machine: {
      node: versions.node,
      openssl: versions.openssl ?? 'none',
      platform: `${platform}-${arch}`,
      system: clean(systemName()),
      kernel: clean(release()),
      user: clean(nameOf(process.geteuid?.() ?? 0, '/etc/passwd')),
    },
    terminal: {
      output: stdout.isTTY === true ? 'terminal' : 'other',
      columns: stdout.columns ?? stderr.columns ?? null,
      colours: stdout.isTTY === true ? 2 ** stdout.getColorDepth(env) : null,
      term: env['TERM'] === undefined ? null : clean(env['TERM']),
      locale: locale === null ? null : clean(locale),
      utf8: /utf-?8/i.test(locale ?? ''),
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    },
    variables: Object.keys(env)
      .filter((name) => relevant.test(name))
      .map(clean)
      .toSorted(),
    environment: clean(settings.environment),
    problems: settingsOrigins.problems.map(({ level, message, where }) => ({
      level,
      message: clean(message),
      where: clean(where),
    })),
    paths: ownPaths(settings, settingsOrigins, env, form).map((one) => ({
      ...one,
      path: clean(one.path),
      note: one.note === null ? null : clean(one.note),
    })),
    programs: await findLocalPrograms(needed, { path: env['PATH'] ?? '', folders: postgresFolders() }),
  };
}

function programPath(form: OwnForm): string {
  return form === 'standalone' || form === 'debian' ? process.execPath : (process.argv[1] ?? 'unknown');
}

/** os-release(5). */
function systemName(): string {
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(textOf('/etc/os-release'))?.[1] ?? 'unknown';
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function ownPaths(
  settings: Settings,
  { files, problems }: SettingsOrigins,
  env: Readonly<Record<string, string | undefined>>,
  form: OwnForm,
): readonly OwnPath[] {
  const configs = files
    .filter(({ role }) => role !== '.env')
    .map(({ path, state }): OwnPath => {
      const seen = checkFile('configuration file', path);
      if (seen.state === 'missing') return seen;
      const problem = problems.find(({ where, level }) => level === 'fatal' && where.startsWith(path));
      if (problem !== undefined) return { ...seen, state: 'unusable', note: problem.message };
      return { ...seen, note: seen.note ?? state };
    });
  const { XDG_CACHE_HOME: cache = '', HOME: home = '' } = env;
  const base = isAbsolute(cache) ? cache : join(isAbsolute(home) ? home : homedir(), '.cache');
  const { allowedSigners, revokedKeys, key } = settings.approvals;
  const keystores = Object.values(settings.signers).flatMap((source) =>
    source?.kind === 'keystore' ? [source.path] : [],
  );
  return [
    ...configs,
    checkFolder('state directory', settings.stateDirectory),
    // A standalone executable holds its compiled code itself.
    ...(form === 'standalone' || form === 'debian'
      ? []
      : [privately(checkFolder('cache of compiled code', join(base, 'tv/compiled')))]),
    checkFolder('temporary files', tmpdir()),
    checkFile('allowed signers', allowedSigners),
    ...(revokedKeys === undefined ? [] : [checkFile('revoked keys', revokedKeys)]),
    ...(key === undefined ? [] : [checkFile('key for approvals', key)]),
    ...[...new Set(keystores)].map((path) => checkFile('keystore', path)),
  ];
}

/** A file that is only read. */
function checkFile(role: string, path: string): OwnPath {
  const stats = statsOf(path);
  if (typeof stats === 'string') return { role, path, owner: null, mode: null, ...absent(stats) };
  const seen = { role, path, ...ownership(stats) };
  if (!stats.isFile()) return { ...seen, state: 'unusable', note: 'it is no regular file' };
  if (!allows(path, constants.R_OK)) return { ...seen, state: 'unusable', note: 'this user may not read it' };
  return judged(seen, path);
}

/** A folder that tv writes to, and makes where it is not there. */
function checkFolder(role: string, path: string): OwnPath {
  const stats = statsOf(path);
  if (stats === 'ENOENT') {
    const above = firstExisting(path);
    const canMake = allows(above, constants.W_OK | constants.X_OK);
    const note = canMake ? 'made when it is needed' : `it cannot be made: ${above} is not writable`;
    return { role, path, owner: null, mode: null, state: canMake ? 'missing' : 'unusable', note };
  }
  if (typeof stats === 'string') return { role, path, owner: null, mode: null, ...absent(stats) };
  const seen = { role, path, ...ownership(stats) };
  if (!stats.isDirectory()) return { ...seen, state: 'unusable', note: 'it is no folder' };
  if (!allows(path, constants.R_OK | constants.W_OK | constants.X_OK)) {
    return { ...seen, state: 'unusable', note: 'this user may not write to it' };
  }
  return judged(seen, path);
}

/** As bin/tv.js has it: a cache that others can open is not used. */
function privately(seen: OwnPath): OwnPath {
  if (seen.state !== 'usable' || seen.mode === null || (Number.parseInt(seen.mode, 8) & 0o077) === 0)
    return seen;
  return { ...seen, state: 'unusable', note: 'others can open it; it is not used' };
}

function judged(seen: Omit<OwnPath, 'state' | 'note'>, path: string): OwnPath {
  const exposure = findExposure(path);
  if (exposure === undefined) return { ...seen, state: 'usable', note: null };
  const note = `${exposure.path === path ? '' : `${exposure.path}: `}${exposure.reason}`;
  return { ...seen, state: 'unusable', note };
}

function absent(code: string): Pick<OwnPath, 'state' | 'note'> {
  return code === 'ENOENT' ? { state: 'missing', note: null } : { state: 'unusable', note: code };
}

function firstExisting(path: string): string {
  const above = dirname(path);
  return above === path || typeof statsOf(above) !== 'string' ? above : firstExisting(above);
}

/** Of what a link points to, or the code of the error. */
function statsOf(path: string): Stats | string {
  try {
    return statSync(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

function allows(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function ownership({ uid, gid, mode }: Stats): Pick<OwnPath, 'owner' | 'mode'> {
  return {
    owner: `${nameOf(uid, '/etc/passwd')}:${nameOf(gid, '/etc/group')}`,
    mode: (mode & 0o7777).toString(8).padStart(4, '0'),
  };
}

/** passwd(5) and group(5) have the id third. An account that is not in them has only its number. */
function nameOf(id: number, file: string): string {
  const line = textOf(file)
    .split('\n')
    .find((each) => each.split(':')[2] === String(id));
  return line?.split(':')[0] ?? String(id);
}

/** A Markdown block, to be pasted into a bug report as it is. Without colours. */
export function renderSelf(report: SelfReport, width: number): string {
  const { tv, machine, terminal, variables, environment, problems, paths, programs } = report;
  const section = (title: string, rows: readonly (readonly [string, string])[]) =>
    rows.length === 0 ? [] : ['', title, aligned(rows, width)];
  const found = programs.filter(({ path }) => path !== null);
  const missing = programs.filter(({ path }) => path === null);
  return [
    '```',
    aligned(
      [
        ['tv', `${tv.version} (${tv.form}), ${tv.program}`],
        ['node', `${machine.node}, OpenSSL ${machine.openssl}`],
        ['machine', `${machine.system}, ${machine.kernel}, ${machine.platform}, user ${machine.user}`],
        ['terminal', terminalLine(terminal)],
        [
          'locale',
          `${terminal.locale ?? 'not set'}${terminal.utf8 ? '' : ' (not UTF-8)'}, ${terminal.timeZone}`,
        ],
        ['variables set', variables.join(' ') || 'none'],
      ],
      width,
      '',
    ),
    ...section(
      `Settings of ${environment} (.env was not read)`,
      problems.map(({ level, message, where }) => [level, `${message} (${where})`] as const),
    ),
    ...(problems.length === 0
      ? ['', `Settings of ${environment}: nothing is wrong in files and variables (.env was not read)`]
      : []),
    '',
    'Paths',
    table(
      paths.map(({ role, path, state, owner, mode, note }) => [
        state,
        role,
        [path, ...(owner === null ? [] : [`${owner} ${mode}`]), ...(note === null ? [] : [note])].join(', '),
      ]),
      '  ',
      width,
    ),
    ...section(
      'Programs',
      found.map(({ name, path, version: of }) => [name, of === null ? `${path}` : `${path}, ${of}`] as const),
    ),
    ...section(
      'Not found on this machine, and needed for',
      missing.map(({ name, neededFor }) => [name, neededFor] as const),
    ),
    '```',
    '',
  ].join('\n');
}

function terminalLine({ output, columns, colours, term }: SelfReport['terminal']): string {
  return [
    output === 'terminal' ? 'standard output is a terminal' : 'standard output is no terminal',
    ...(columns === null ? [] : [`${columns} columns`]),
    ...(colours === null ? [] : [colours <= 2 ? 'no colour' : `${colours} colours`]),
    `TERM ${term ?? 'not set'}`,
  ].join(', ');
}
