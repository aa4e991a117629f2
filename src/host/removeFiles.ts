import { TvError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { lastLine } from './explainFailure.ts';

/** Deletes files; one that is gone already is no error. @throws TvError where one stays */
export async function removeFiles(
  host: Host,
  { paths }: { readonly paths: readonly string[] },
): Promise<void> {
  if (paths.length === 0) return;
  const { exitCode, stderr } = await host.run(['rm', '-f', '--', ...paths]);
  if (exitCode === 0) return;
  throw new TvError('file.not-replaced', 'A file cannot be deleted.', { facts: { said: lastLine(stderr) } });
}
