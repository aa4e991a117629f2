import type { Database, Host } from '../../runbook/context.ts';
import { runHostScript } from '../hostScript.ts';
import dumpReader from './dumpReader.awk';
import { type DumpText, parseDumpText } from './dumpScript.ts';
import type { Backup } from './listBackups.ts';
import script from './readDump.sh';

export interface ReadDefinitionsParameters {
  readonly run: Host['run'];
  readonly backup: Pick<Backup, 'form' | 'archive' | 'path'>;
  readonly signal?: AbortSignal;
}

/**
 * The functions and procedures that a backup defines, as it names them, and the roles and extensions that it
 * needs. A restore may run functions: by an index, a constraint, a materialised view, or to check them. An archive
 * has its definitions read, a plain dump all.
 * @throws TvError where it cannot be read
 */
export async function readDefinitions(
  database: Database,
  { run, backup, signal }: ReadDefinitionsParameters,
): Promise<Pick<DumpText, 'functions' | 'needs'>> {
  const { form, archive, path } = backup;
  const kind = form === 'sql' || form === 'sql.gz' ? form : 'definitions';
  const output = await runHostScript(database, {
    run,
    script,
    args: [kind, archive, dumpReader],
    code: 'backup.unreadable',
    failure: 'The backup cannot be read.',
    facts: { backup: path },
    ...(signal === undefined ? {} : { signal }),
  });
  const { functions, needs } = parseDumpText(output);
  return { functions, needs };
}
