import { TvError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { readEnvValue, setEnvValue } from './envFile.ts';
import { readTextFile } from './readTextFile.ts';
import { replaceFile } from './replaceFile.ts';

export interface WriteEnvValueParameters {
  readonly path: string;
  readonly key: string;
  readonly value: string;
}

export interface WrittenEnvValue {
  /** What the key held before; undefined where it was not there. May be a secret. */
  readonly previous: string | undefined;
}

/**
 * Sets one value in a `.env` file on the host, atomically and with owner and mode kept, and reads
 * it back. A value that is already there is left alone.
 * @throws FileError, or TvError where the key occurs more than once
 */
export async function writeEnvValue(
  host: Host,
  { path, key, value }: WriteEnvValueParameters,
): Promise<WrittenEnvValue> {
  const before = await readTextFile(host, { path });
  const previous = readEnvValue(before.text, key);
  const text = setEnvValue(before.text, key, value);
  if (previous === value) return { previous };

  await replaceFile(host, { path, text, expected: before.text });
  const after = await readTextFile(host, { path });
  const kept = after.mode === before.mode && after.uid === before.uid && after.gid === before.gid;
  if (after.text === text && kept) return { previous };
  throw new TvError(`${path} does not hold what was written to it.`, { next: `ls -l ${path}` });
}
