import type { EnvFileText } from './config/layers.ts';
import { type ConnectHostParameters, connectHost } from './host/connectHost.ts';
import { readEnvFile } from './host/readEnvFile.ts';
import { FileError } from './host/readTextFile.ts';
import { whoseFile } from './host/whoseFile.ts';

interface DotEnvParameters extends ConnectHostParameters {
  readonly path: string;
  /** Whose user the file may belong to. */
  readonly units: readonly string[];
}

/**
 * TempoVault's `.env` on the host of the services; undefined where there is none. Loaded only by commands that
 * have settings: it brings all that starts a process.
 */
export async function readDotEnv(parameters: DotEnvParameters): Promise<EnvFileText | undefined> {
  const { path, units } = parameters;
  const host = connectHost(parameters);
  try {
    const { entries, mode, uid, owner } = await readEnvFile(host, { path });
    const whose = await whoseFile(host, { path, uid, units });
    if (whose === 'own') return { entries, mode };
    return { entries, mode, stranger: { name: `${owner} (uid ${uid})`, sure: whose === 'foreign' } };
  } catch (error) {
    if (error instanceof FileError && error.problem === 'missing') return undefined;
    throw error;
  }
}
