import { TvError } from '../../errors/TvError.ts';
import type { Host } from '../../runbook/context.ts';
import { lastLine } from '../explainFailure.ts';

/** Deletes unit files; one that is gone already is no error. @throws TvError */
export async function removeUnitFiles(
  host: Host,
  { paths }: { readonly paths: readonly string[] },
): Promise<void> {
  const { exitCode, stderr } = await host.run(['rm', '-f', '--', ...paths]);
  if (exitCode === 0) return;
  throw new TvError('A unit file cannot be deleted.', { facts: { said: lastLine(stderr) } });
}
