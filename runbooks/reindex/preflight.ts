import { readServer } from '../../src/database/readServer.ts';
import { checkWriting } from '../../src/operations/indexer/checkWriting.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { PreflightResult } from '../../src/runbook/define.ts';
import { block, need, Preflight, pass } from '../../src/runbook/preflight.ts';
import { checkBackup } from './checks/backup.ts';
import { checkChain } from './checks/chain.ts';
import { checkCursor } from './checks/cursor.ts';
import { checkEnvFile } from './checks/envFile.ts';
import { checkLogs } from './checks/logs.ts';
import { checkTableRights } from './checks/rights.ts';
import { checkRows } from './checks/rows.ts';
import { checkSchema } from './checks/schema.ts';
import { checkServices } from './checks/services.ts';
import type { ReindexFacts } from './facts.ts';

export interface ReindexInput {
  readonly fromBlock: number;
  readonly truncate: boolean;
  readonly backupDir?: string | undefined;
  readonly wait: boolean;
  readonly timeout: number;
}

/** A count over a large table takes its time; past this the answer would be stale anyway. */
const countLimitMs = 600_000;

/** Everything that could go wrong later is looked at now, all at once. */
export async function preflight(ctx: Context, input: ReindexInput): Promise<PreflightResult<ReindexFacts>> {
  const { fromBlock, truncate, wait } = input;
  const directory = input.backupDir ?? ctx.settings.backup.directory;
  const preflight = new Preflight(ctx);

  const indexer = preflight.check('services', 'host', () => checkServices(ctx));
  const env = preflight.check('env', 'host', () => checkEnvFile(ctx, { fromBlock }));
  const chain = preflight.check('chain', 'chain', () => checkChain(ctx, { fromBlock }));
  const server = preflight.check('server', 'database', async () => {
    const found = await readServer(ctx.database());
    if (found.inRecovery) {
      return block('this PostgreSQL is a read-only standby', {
        next: [{ when: 'set INDEXER_DB_URL, or database.url, to the primary', tv: ['config', 'show'] }],
      });
    }
    return pass(`PostgreSQL ${found.version}, as ${found.user}`, found);
  });
  const schema = preflight.check('schema', 'database', async () => {
    await need(server, 'server');
    return checkSchema(ctx);
  });
  const rights = preflight.check('rights', 'database', async () =>
    checkTableRights(ctx, { schema: await need(schema, 'schema') }),
  );
  preflight.check('writing', 'database', async () => {
    await need(server, 'server');
    return checkWriting(ctx, ctx.database(), ctx.database().target.name);
  });
  /** Without its rights the tables cannot be read, and that would be told again for each. */
  const readable = async () => {
    const found = await need(schema, 'schema');
    await need(rights, 'rights');
    return found;
  };
  const rows = preflight.check(
    'rows',
    'database',
    async () => checkRows(ctx, { schema: await readable(), fromBlock, truncate }),
    countLimitMs,
  );
  const cursor = preflight.check('cursor', 'database', async () =>
    checkCursor(ctx, { schema: await readable(), fromBlock }),
  );
  const logs = preflight.check(
    'logs',
    'chain',
    async (signal) =>
      checkLogs(ctx, {
        chain: await need(chain, 'chain'),
        schema: await readable(),
        fromBlock,
        signal,
      }),
    countLimitMs,
  );
  preflight.check('backup', 'host', () =>
    checkBackup(ctx, { directory, server: () => need(server, 'server') }),
  );

  const checks = await preflight.checks();
  const known = {
    indexer: await indexer,
    env: await env,
    chain: await chain,
    schema: await schema,
    server: await server,
    rows: await rows,
    cursor: await cursor,
    logs: await logs,
  };
  if (
    known.indexer === undefined ||
    known.env === undefined ||
    known.chain === undefined ||
    known.schema === undefined ||
    known.server === undefined ||
    known.rows === undefined ||
    known.cursor === undefined ||
    known.logs === undefined
  ) {
    return { checks, facts: undefined };
  }
  const { name } = ctx.database().target;
  const { pollSeconds, ...envFacts } = known.env;
  return {
    checks,
    facts: {
      fromBlock,
      truncate,
      wait,
      timeoutMs: input.timeout,
      indexer: { ...known.indexer, pollSeconds },
      chain: known.chain,
      database: {
        name,
        identity: `${known.server.systemIdentifier ?? 'unknown'}/${known.server.databaseOid}`,
        schema: known.schema,
        cursor: known.cursor.block,
        clear: known.rows.clear,
        keep: known.rows.keep,
        ...known.logs,
      },
      env: envFacts,
      backup: { directory },
    },
  };
}
