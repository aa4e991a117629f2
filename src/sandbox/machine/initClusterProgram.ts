import { json } from 'node:stream/consumers';
import type { PostgresServer } from '../postgres/findServer.ts';
import { type InitClusterParameters, initCluster } from '../postgres/initCluster.ts';

/**
 * Makes the cluster from inside the sandbox, with its parameters as JSON on standard input. Inside,
 * the unprivileged user can reach the directory, and an `up` that is killed leaves no initdb behind.
 */
// Not readFileSync(0): a pipe that has nothing yet answers EAGAIN where its other end made it non-blocking.
const { server, parameters } = (await json(process.stdin)) as {
  readonly server: PostgresServer;
  readonly parameters: InitClusterParameters;
};
await initCluster(server, parameters);
