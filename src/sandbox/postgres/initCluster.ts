import { appendFile, chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { TvError } from '../../errors/TvError.ts';
import type { PostgresServer } from './findServer.ts';

/** The user that the server runs as: PostgreSQL refuses to run as root. */
export interface UnixUser {
  readonly uid: number;
  readonly gid: number;
}

export interface InitClusterParameters {
  /** Becomes the data directory: made here, 0700, owned by `user`. Its parent must be passable for `user`. */
  readonly directory: string;
  readonly port: number;
  /** Password of the superuser `postgres`. */
  readonly superuserPassword: string;
  /** Needed as root; left out otherwise. */
  readonly user?: UnixUser;
}

/**
 * Makes an empty, throw-away cluster that listens on 127.0.0.1 only and asks everyone for a password.
 *
 * @throws TvError with initdb's own last words
 */
export async function initCluster(server: PostgresServer, parameters: InitClusterParameters): Promise<void> {
  const { directory, port, superuserPassword, user } = parameters;
  await mkdir(directory, { mode: 0o700 });
  const passwordFile = `${directory}.password`;
  await writeFile(passwordFile, `${superuserPassword}\n`, { mode: 0o600 });
  try {
    if (user !== undefined) {
      await chown(directory, user.uid, user.gid);
      await chown(passwordFile, user.uid, user.gid);
    }
    const { exitCode, stderr } = await execa(
      join(server.binDirectory, 'initdb'),
      [
        ['--pgdata', directory],
        ['--username', 'postgres', '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
        ['--encoding', 'UTF8', '--locale', 'C', '--no-sync', '--no-instructions'],
      ].flat(),
      {
        ...user,
        // Programs that run as another user complain about a working folder that they cannot enter.
        cwd: '/',
        env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
        extendEnv: false,
        reject: false,
        timeout: 60_000,
      },
    );
    if (exitCode !== 0) {
      throw new TvError('sandbox.not-started', 'initdb could not make the sandbox database.', {
        facts: { directory, programs: server.binDirectory, says: stderr.trim().split('\n').at(-1) },
      });
    }
  } finally {
    await rm(passwordFile, { force: true });
  }
  const configuration = join(directory, 'postgresql.conf');
  await chmod(configuration, 0o600);
  await appendFile(configuration, settings(server, port));
}

function settings(server: PostgresServer, port: number): string {
  const lines = [
    "listen_addresses = '127.0.0.1'",
    `port = ${port}`,
    "unix_socket_directories = ''",
    'max_connections = 60',
    'shared_buffers = 32MB',
    // Nothing in here has to survive a power cut.
    'fsync = off',
    'synchronous_commit = off',
    'full_page_writes = off',
    "log_destination = 'stderr'",
    'logging_collector = off',
    ...(server.hasStatStatements ? ["shared_preload_libraries = 'pg_stat_statements'"] : []),
  ];
  return `\n# Set by tv sandbox\n${lines.join('\n')}\n`;
}
