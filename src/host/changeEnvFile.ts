import { onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { quoteForShell } from '../text/shellLine.ts';
import { readTextFile } from './readTextFile.ts';
import { replaceFile } from './replaceFile.ts';

export interface ChangeEnvFileParameters {
  readonly path: string;
  /** Pure. It has to leave every line that it does not mean to change as it is. */
  edit(text: string): string;
}

/**
 * Reads a `.env` file, edits it, replaces it atomically where that changed anything, and reads it back. Owner and
 * mode stay. To set or remove one value there are `writeEnvValue` and `removeEnvValue`.
 * @throws FileError where it cannot be read or replaced, or was changed in between
 */
export async function changeEnvFile(host: Host, { path, edit }: ChangeEnvFileParameters): Promise<void> {
  const before = await readTextFile(host, { path });
  const text = edit(before.text);
  if (text === before.text) return;

  await replaceFile(host, { path, text, expected: before.text });
  const after = await readTextFile(host, { path });
  const kept = after.mode === before.mode && after.uid === before.uid && after.gid === before.gid;
  if (after.text === text && kept) return;
  throw new TvError('file.not-replaced', `${path} does not hold what was written to it.`, {
    next: onHost(`ls -l ${quoteForShell(path)}`),
  });
}
