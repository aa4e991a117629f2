import { TvError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import script from './findPaths.sh';

/**
 * Those of the paths on the host where there is a file, a directory or a link.
 * @throws TvError where the host does not answer, or this user may not see whether one is there
 */
export async function findPaths(
  { run }: Pick<Host, 'run'>,
  { paths }: { readonly paths: readonly string[] },
): Promise<readonly string[]> {
  const { exitCode, stdout, stderr } = await run(['sh', '-c', script, 'tv', ...paths]);
  const lines = stdout.trimEnd().split('\n');
  if (exitCode !== 0 || lines.at(-1) !== 'asked') {
    throw new TvError('host.unreadable-answer', 'the host did not return which files are there', {
      facts: { said: stderr.trim().slice(0, 200) || `exit code ${exitCode}` },
    });
  }
  return lines.slice(0, -1);
}
