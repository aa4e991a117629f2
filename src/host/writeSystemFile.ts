import type { Host } from '../runbook/context.ts';
import { lastLine } from './explainFailure.ts';
import { FileError } from './readTextFile.ts';
import script from './writeSystemFile.sh';

export interface WriteSystemFileParameters {
  readonly path: string;
  readonly text: string;
  /** Default: everybody may read it. May be secret with `600`. */
  readonly mode?: '644' | '600';
}

/**
 * Makes or replaces a file, owned by who runs host commands, at once:
 * whoever opens it sees what was there before, or all of the new text.
 * @throws FileError where it cannot be written; then nothing has changed
 */
export async function writeSystemFile(
  host: Host,
  { path, text, mode = '644' }: WriteSystemFileParameters,
): Promise<void> {
  const command = ['sh', '-c', script, 'sh', path, String(Buffer.byteLength(text)), mode];
  const { exitCode, stderr } = await host.run(command, { input: text });
  if (exitCode !== 0) throw new FileError('not-writable', path, lastLine(stderr));
}
