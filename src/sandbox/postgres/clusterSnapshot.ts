import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { TvError } from '../../errors/TvError.ts';
import { childEnvironment } from '../../host/childEnvironment.ts';
import type { ChainForm } from '../chain/chainSnapshot.ts';
import { publishFolder } from '../publishFolder.ts';
import type { IndexerForm } from '../services/lib/decodeLog.ts';
import type { SchemaForm } from './createDatabase.ts';

export interface ClusterForm extends ChainForm {
  readonly schema: SchemaForm;
  readonly indexer: IndexerForm;
}

/** What is known of a kept cluster. */
export interface ClusterDescription {
  /** Of the superuser `postgres`. Secret. */
  readonly superuserPassword: string;
  /** How many events of the past it holds. */
  readonly events: number;
}

/** The cluster of a sandbox as it was once the chain's past had been indexed. */
export interface KeptCluster extends ClusterDescription {
  readonly dataDirectory: string;
}

/** The cluster of this form, where the folder has one. It belongs to the chain's past in the same folder. */
export async function findCluster(folder: string, form: ClusterForm): Promise<KeptCluster | undefined> {
  const { description, dataDirectory } = files(clusterOf(folder, form));
  const text = await readFile(description, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : { ...(JSON.parse(text) as ClusterDescription), dataDirectory };
}

/** Keeps a cluster whose server has been stopped, unless another process has done so meanwhile. */
export async function keepCluster(
  folder: string,
  form: ClusterForm,
  { dataDirectory, ...description }: KeptCluster,
): Promise<void> {
  await publishFolder(clusterOf(folder, form), async (draft) => {
    const paths = files(draft);
    await copyOwned(dataDirectory, paths.dataDirectory);
    await writeFile(paths.description, JSON.stringify(description), { mode: 0o600 });
    return undefined;
  });
}

/** Copies a kept cluster to where a server on another port is to run on it. */
export async function restoreCluster(
  { dataDirectory }: KeptCluster,
  { directory, port }: { readonly directory: string; readonly port: number },
): Promise<void> {
  await copyOwned(dataDirectory, directory);
  // The last line counts.
  await appendFile(join(directory, 'postgresql.conf'), `port = ${port}\n`);
}

/** With owners and modes, which PostgreSQL checks. */
async function copyOwned(from: string, to: string): Promise<void> {
  const { exitCode, stderr } = await execa('cp', ['-a', from, to], {
    reject: false,
    env: childEnvironment(),
    extendEnv: false,
  });
  if (exitCode === 0) return;
  throw new TvError('sandbox.not-started', 'The sandbox database cannot be copied.', {
    facts: { from, to, reason: stderr?.split('\n')[0] },
  });
}

function clusterOf(folder: string, { network, contracts, schema, indexer }: ClusterForm): string {
  return join(folder, `cluster-${network}-${contracts}-${schema}-${indexer}`);
}

function files(directory: string) {
  return { description: join(directory, 'cluster.json'), dataDirectory: join(directory, 'data') };
}
