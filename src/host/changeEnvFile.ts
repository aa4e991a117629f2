import { onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { quoteForShell } from '../text/shellLine.ts';
import { readEnvValue } from './envFile.ts';
import { readTextFile } from './readTextFile.ts';
import { replaceFile } from './replaceFile.ts';

export interface ChangedEnvFile {
  /** What the key held before; undefined where it was not there. May be a secret. */
  readonly previous: string | undefined;
}

export interface ChangeEnvFileParameters {
  readonly path: string;
  readonly key: string;
  edit(text: string): string;
}

/** Reads a `.env` file, edits it, replaces it atomically where that changed anything, and reads it back. */
export async function changeEnvFile(
  host: Host,
  { path, key, edit }: ChangeEnvFileParameters,
): Promise<ChangedEnvFile> {
  const before = await readTextFile(host, { path });
  const previous = readEnvValue(before.text, key);
  const text = edit(before.text);
  if (text === before.text) return { previous };

  await replaceFile(host, { path, text, expected: before.text });
  const after = await readTextFile(host, { path });
  const kept = after.mode === before.mode && after.uid === before.uid && after.gid === before.gid;
  if (after.text === text && kept) return { previous };
  throw new TvError('file.not-replaced', `${path} does not hold what was written to it.`, {
    next: onHost(`ls -l ${quoteForShell(path)}`),
  });
}
