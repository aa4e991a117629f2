import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { TvError } from '../errors/TvError.ts';
import { runInside } from './machine/runInside.ts';
import type { ServiceUser } from './machine/serviceUser.ts';
import { type Machine, toolPath, unitPath } from './machine/startMachine.ts';
import { startUnits } from './machine/startUnits.ts';
import { writePasswords } from './passwords.ts';
import type { SandboxPaths } from './paths.ts';
import { createDatabase } from './postgres/createDatabase.ts';
import type { PostgresServer } from './postgres/findServer.ts';
import type { SchemaForm } from './postgres/schemaForm.ts';
import { waitForServer } from './postgres/waitForServer.ts';

export interface MakeDatabaseParameters {
  readonly machine: Machine;
  readonly server: PostgresServer;
  readonly user: ServiceUser | undefined;
  readonly port: number;
  readonly form: SchemaForm;
  /** As in the shipped `.env.example`, where role, database and password are all `tempovault`. */
  readonly shippedPassword: boolean;
  readonly signal: AbortSignal;
}

/** @returns the URL for `INDEXER_DB_URL`. Secret */
export async function makeDatabase(
  paths: SandboxPaths,
  { machine, server, user, port, form, shippedPassword, signal }: MakeDatabaseParameters,
): Promise<string> {
  const superuserPassword = randomBytes(18).toString('base64url');
  // As people choose them: with characters that a URL has to encode.
  const password = shippedPassword ? 'tempovault' : `Tv@${randomBytes(12).toString('base64url')}/#:%?&`;
  const at = (path: string) => unitPath(machine.kind, paths, path);
  const made = await runInside(
    machine,
    [toolPath(machine.kind, process.execPath), at(join(paths.programs, 'init_cluster.js'))],
    {
      input: JSON.stringify({
        server: serverInside(machine, server),
        parameters: {
          directory: at(dataDirectory(paths)),
          port,
          superuserPassword,
          ...(user === undefined ? {} : { user: { uid: user.uid, gid: user.gid } }),
        },
      }),
      timeoutMs: 60_000,
    },
  );
  if (made.exitCode !== 0) {
    throw new TvError('sandbox.not-started', 'The sandbox database cannot be made.', {
      facts: {
        reason:
          made.stderr
            .trim()
            .split('\n')
            .find((line) => /error/i.test(line)) ?? made.stderr.trim(),
      },
    });
  }
  await startUnits(machine, ['sandbox-database']);
  await waitForServer({ port, superuserPassword, signal });
  const { url } = await createDatabase({ port, superuserPassword, password, form });
  writePasswords(paths, { port, passwords: { tempovault: password, postgres: superuserPassword } });
  return url;
}

/** The cluster's data directory. */
export function dataDirectory(paths: SandboxPaths): string {
  return join(paths.postgres, 'data');
}

/** The server's programs as units reach them, where they came with npm. */
export function serverInside({ kind }: Pick<Machine, 'kind'>, server: PostgresServer): PostgresServer {
  return { ...server, binDirectory: toolPath(kind, server.binDirectory) };
}
