import type { Host } from '../runbook/context.ts';
import { changeEnvFile } from './changeEnvFile.ts';
import { setEnvValue } from './editEnvFile.ts';

export interface WriteEnvValueParameters {
  readonly path: string;
  readonly key: string;
  readonly value: string;
}

/**
 * Sets one value in a `.env` file on the host, atomically and with owner and mode kept, and reads
 * it back. A file that says so already is left alone.
 * @throws FileError, or TvError where the key occurs more than once
 */
export function writeEnvValue(host: Host, { path, key, value }: WriteEnvValueParameters): Promise<void> {
  return changeEnvFile(host, { path, edit: (text) => setEnvValue(text, key, value) });
}
