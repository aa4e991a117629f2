import type { Database, Host } from '../../runbook/context.ts';
import { runHostScript } from '../hostScript.ts';
import script from './findCompression.sh';
import type { Compression } from './manifest.ts';

/**
 * The faster of the compressions that the host's programs can write and read.
 * @throws TvError where the host's programs cannot be run
 */
export async function findCompression(
  database: Database,
  { run }: { readonly run: Host['run'] },
): Promise<Compression> {
  const said = await runHostScript(database, {
    run,
    script,
    args: [],
    code: 'backup.dump-failed',
    failure: "The compression of the host's pg_dump could not be determined.",
  });
  return said.trim() === 'zstd' ? 'zstd' : 'gzip';
}
