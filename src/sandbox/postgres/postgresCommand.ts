import { join } from 'node:path';
import type { PostgresServer } from './findServer.ts';

export interface PostgresCommandParameters {
  readonly directory: string;
}

/**
 * The server's command line. It stays in the foreground and logs to stderr; run it as the cluster's user.
 * SIGINT ends it fast (open connections are cut), SIGTERM waits for clients to leave.
 */
export function postgresCommand(
  server: PostgresServer,
  { directory }: PostgresCommandParameters,
): readonly string[] {
  return [join(server.binDirectory, 'postgres'), '-D', directory];
}
