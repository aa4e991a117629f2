import type { Host } from '../runbook/context.ts';
import { changeEnvFile } from './changeEnvFile.ts';
import { unsetEnvValue } from './editEnvFile.ts';

/**
 * Takes one value out of a `.env` file on the host, line and all, with the same care as
 * `writeEnvValue`. A file without it is left alone.
 * @throws FileError, or TvError where the key occurs more than once
 */
export function removeEnvValue(
  host: Host,
  { path, key }: { readonly path: string; readonly key: string },
): Promise<void> {
  return changeEnvFile(host, { path, edit: (text) => unsetEnvValue(text, key) });
}
