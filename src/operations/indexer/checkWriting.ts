import { parseDatabaseUrl } from '../../database/parseDatabaseUrl.ts';
import { readReadOnlyDefault } from '../../database/readReadOnlyDefault.ts';
import { onHost } from '../../errors/advice.ts';
import { answer } from '../../errors/answer.ts';
import { readEnvFile } from '../../host/readEnvFile.ts';
import type { Context, Database } from '../../runbook/context.ts';
import { block, pass } from '../../runbook/preflight.ts';
import { quoteForShell } from '../../text/shellLine.ts';

/**
 * Whether the indexer's sessions can write: its role is that of INDEXER_DB_URL in `.env`, where that can be
 * read, and otherwise tv's own.
 * @param database any of the server
 * @param name the database that the indexer will work in
 */
export async function checkWriting(ctx: Context, database: Database, name: string) {
  const { user, options } = await indexerSession(ctx);
  const found = await readReadOnlyDefault(database, { name, role: user });
  // What the URL says outranks what the server has stored.
  const overruled = /default_transaction_read_only\s*=\s*(off|false|no|0)\b/i.test(options ?? '');
  if (found === undefined || overruled) return pass(`no setting keeps the indexer (${user}) from writing`);
  const own = found.ofAll ? "env PGOPTIONS='-c default_transaction_read_only=off' " : '';
  return block(`the indexer could not write: default_transaction_read_only is on for ${found.of}`, {
    facts: { 'role of the indexer': user, database: name },
    next: [
      onHost(`sudo -u postgres ${own}psql ${found.reset.map((one) => `-c ${quoteForShell(one)}`).join(' ')}`),
    ],
  });
}

async function indexerSession(
  ctx: Context,
): Promise<{ readonly user: string; readonly options?: string | undefined }> {
  const { user } = ctx.database().target;
  const read = await answer(readEnvFile(ctx.host(), { path: ctx.settings.host.envFile }));
  const url = read.known ? read.value.entries.find(({ key }) => key === 'INDEXER_DB_URL')?.value : undefined;
  if (url === undefined) return { user };
  const parsed = await answer((async () => parseDatabaseUrl(url))());
  return parsed.known ? parsed.value : { user };
}
