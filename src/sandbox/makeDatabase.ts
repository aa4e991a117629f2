import { join } from 'node:path';
import { TvError } from '../errors/TvError.ts';
import { runInside, startUnits } from './machine/runInside.ts';
import type { ServiceUser } from './machine/serviceUser.ts';
import { type Machine, nodeInside, toolPath, unitPath } from './machine/startMachine.ts';
import type { DatabaseAccess } from './passwords.ts';
import type { SandboxPaths } from './paths.ts';
import { type KeptCluster, restoreCluster } from './postgres/clusterSnapshot.ts';
import { changePasswords, createDatabase, type SchemaForm } from './postgres/createDatabase.ts';
import type { PostgresServer } from './postgres/findServer.ts';
import { waitForServer } from './postgres/waitForServer.ts';

export interface MakeDatabaseParameters {
  readonly machine: Machine;
  readonly server: PostgresServer;
  readonly user: ServiceUser;
  readonly access: DatabaseAccess;
  readonly form: SchemaForm;
  /** Has its rows already. */
  readonly kept: KeptCluster | undefined;
  readonly signal: AbortSignal;
}

/** Starts the server on a database with the schema in it. */
export async function makeDatabase(
  paths: SandboxPaths,
  { machine, server, user, access, form, kept, signal }: MakeDatabaseParameters,
): Promise<void> {
  const { port, superuserPassword, password } = access;
  if (kept === undefined) {
    await initInside(paths, { machine, server, user, access });
    await startServer({ machine, access, signal });
    await createDatabase({ port, superuserPassword, password, form });
  } else {
    await restoreCluster(kept, { directory: dataDirectory(paths), port });
    await startServer({ machine, access: { ...access, superuserPassword: kept.superuserPassword }, signal });
    await changePasswords({ port, from: kept.superuserPassword, superuserPassword, password });
  }
}

/** @throws TimeoutError where it does not answer */
export async function startServer({
  machine,
  access: { port, superuserPassword },
  signal,
}: Pick<MakeDatabaseParameters, 'machine' | 'access' | 'signal'>): Promise<void> {
  await startUnits(machine, ['sandbox-database']);
  await waitForServer({ port, superuserPassword, signal });
}

async function initInside(
  paths: SandboxPaths,
  { machine, server, user, access }: Pick<MakeDatabaseParameters, 'machine' | 'server' | 'user' | 'access'>,
): Promise<void> {
  const at = (path: string) => unitPath(paths, path);
  const made = await runInside(machine, [...nodeInside(), at(join(paths.programs, 'init_cluster.js'))], {
    input: JSON.stringify({
      server: serverInside(server),
      parameters: {
        directory: at(dataDirectory(paths)),
        port: access.port,
        superuserPassword: access.superuserPassword,
        user: { uid: user.uid, gid: user.gid },
      },
    }),
    timeoutMs: 60_000,
  });
  if (made.exitCode === 0) return;
  const words = made.stderr.trim();
  throw new TvError('sandbox.not-started', 'The sandbox database cannot be made.', {
    facts: { reason: words.split('\n').find((line) => /error/i.test(line)) ?? words },
  });
}

/** The cluster's data directory. */
export function dataDirectory(paths: SandboxPaths): string {
  return join(paths.postgres, 'data');
}

/** The server's programs as units reach them, where they came with npm. */
export function serverInside(server: PostgresServer): PostgresServer {
  return { ...server, binDirectory: toolPath(server.binDirectory) };
}
