import { createHash } from 'node:crypto';
import type { Host } from '../runbook/context.ts';
import { lastLine } from './explainFailure.ts';
import { FileError } from './readTextFile.ts';
import script from './replaceFile.sh';

export interface ReplaceFileParameters {
  /** An existing file. A symbolic link is followed: what it points to is replaced, the link stays. */
  readonly path: string;
  readonly text: string;
  /** The text that the file must still hold; anything else means that it was changed meanwhile. */
  readonly expected?: string;
}

/**
 * Replaces a file's content at once: whoever opens it sees the old text or the new, after a power
 * cut too. Owner, group, mode and access list stay.
 * @throws FileError where it does not exist or cannot be replaced; then nothing has changed
 */
export async function replaceFile(
  host: Host,
  { path, text, expected }: ReplaceFileParameters,
): Promise<void> {
  const digest = expected === undefined ? '' : createHash('sha256').update(expected).digest('hex');
  const size = String(Buffer.byteLength(text));
  const { exitCode, stderr } = await host.run(['sh', '-c', script, 'sh', path, size, digest], {
    input: text,
  });
  if (exitCode !== 0) throw failure(path, exitCode, stderr);
}

/**
 * Whether `replaceFile` would be able to replace a file, without touching it: a temporary file is made
 * beside it and removed.
 * @throws FileError as `replaceFile`, with the reason
 */
export async function assertReplaceable(host: Host, { path }: { readonly path: string }): Promise<void> {
  const { exitCode, stderr } = await host.run(['sh', '-c', script, 'sh', path]);
  if (exitCode !== 0) throw failure(path, exitCode, stderr);
}

function failure(path: string, exitCode: number, stderr: string): FileError {
  if (exitCode === 21) return new FileError('missing', path);
  if (exitCode === 22) return new FileError('not-a-file', path);
  return new FileError('not-writable', path, lastLine(stderr));
}
