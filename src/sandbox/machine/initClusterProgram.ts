import { readFileSync } from 'node:fs';
import { initCluster } from '../postgres/initCluster.ts';

/**
 * Makes the cluster from inside the sandbox, with its parameters as JSON on standard input. Inside,
 * the unprivileged user can reach the directory, and an `up` that is killed leaves no initdb behind.
 */
const { server, parameters } = JSON.parse(readFileSync(0, 'utf8'));
await initCluster(server, parameters);
