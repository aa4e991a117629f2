import { indexedEvents } from '../src/chain/events.ts';
import { readHead } from '../src/chain/readHead.ts';
import type { Address } from '../src/config/settings.ts';
import { checkRights } from '../src/database/checkRights.ts';
import type { EventSchema } from '../src/database/eventSchema.ts';
import type { UnpairedRows } from '../src/database/findUnpairedRows.ts';
import { readCursor } from '../src/database/readCursor.ts';
import type { EventKind } from '../src/database/readEventKinds.ts';
import { readEventSchema } from '../src/database/readEventSchema.ts';
import { readServer } from '../src/database/readServer.ts';
import { onHost } from '../src/errors/advice.ts';
import { answer } from '../src/errors/answer.ts';
import { findEnvFileObstacle } from '../src/host/envFileObstacle.ts';
import { readEnvFile } from '../src/host/readEnvFile.ts';
import type { BackupFacts } from '../src/operations/backup.ts';
import { checkWriting } from '../src/operations/indexer/checkWriting.ts';
import type { Context } from '../src/runbook/context.ts';
import type { PreflightResult } from '../src/runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../src/runbook/preflight.ts';
import { count } from '../src/text/format.ts';
import { checkBackup, checkChain, checkLogs, checkRows, checkServices } from './reindex.checks.ts';

/** What the preflight has found and the plan is made from. */
export type ReindexFacts = {
  readonly fromBlock: number;
  readonly truncate: boolean;
  readonly wait: boolean;
  /** Limit of the way to the head, in milliseconds. */
  readonly timeoutMs: number;
  readonly indexer: {
    readonly unit: string;
    readonly program: string;
    readonly wasActive: boolean;
    /** Seconds between two looks of the indexer at the chain (POLL_INTERVAL). */
    readonly pollSeconds: number;
  };
  readonly chain: {
    readonly id: number;
    readonly head: number;
    readonly contracts: readonly Address[];
  };
  readonly database: {
    readonly name: string;
    /** Tells whether it is the same database when the run is resumed. */
    readonly identity: string;
    readonly schema: EventSchema;
    readonly cursor: number | null;
    readonly clear: number;
    readonly keep: number;
    /** What was there before, by kind, in the blocks from `fromBlock` to `kindsUpTo`. */
    readonly kinds: readonly EventKind[];
    readonly kindsUpTo: number;
    /**
     * Events up to `kindsUpTo` that had no row in the table of their kind before the run. Absent in journals of
     * releases that did not look.
     */
    readonly unpaired?: readonly UnpairedRows[];
    /** How many of these rows are not on the chain, by kind; null where the preflight had no time to find out. */
    readonly surplus: Readonly<Record<string, number>> | null;
  };
  readonly env: {
    readonly file: string;
    /** Null where START_BLOCK is not in the file. */
    readonly before: string | null;
    readonly after: string;
  };
  readonly backup: BackupFacts & { readonly form: 'directory' };
};

/**
 * The cursor, and START_BLOCK: the indexer takes both as "already indexed" and reads from the block
 * after it (deployment-facts, section 4).
 */
export function lastBlockKept(facts: ReindexFacts): number {
  return Math.max(0, facts.fromBlock - 1);
}

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
  const tools = preflight.check('backup', 'host', () =>
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
    tools: await tools,
  };
  if (
    known.indexer === undefined ||
    known.env === undefined ||
    known.chain === undefined ||
    known.schema === undefined ||
    known.server === undefined ||
    known.rows === undefined ||
    known.cursor === undefined ||
    known.logs === undefined ||
    known.tools === undefined
  ) {
    return { checks, facts: undefined };
  }
  const { name } = ctx.database().target;
  const { systemIdentifier, databaseOid: oid, version, major } = known.server;
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
        identity: `${systemIdentifier ?? 'unknown'}/${oid}`,
        schema: known.schema,
        cursor: known.cursor.block,
        clear: known.rows.clear,
        keep: known.rows.keep,
        ...known.logs,
      },
      env: envFacts,
      backup: {
        form: 'directory',
        directory,
        database: { name, systemIdentifier, oid },
        server: { version, major },
        tools: known.tools,
      },
    },
  };
}

export interface CursorParameters {
  readonly schema: EventSchema;
  readonly fromBlock: number;
}

/** The indexer has come as far as the block to begin at: nothing is left out between. */
export async function checkCursor(ctx: Context, { schema, fromBlock }: CursorParameters) {
  if (schema.cursor === null) return pass('none in this schema; START_BLOCK decides', { block: null });
  const now = await readCursor(ctx.database(), { schema });
  const value = { block: now?.block ?? null };
  const { name } = schema.cursor;
  if (now === undefined) {
    return warn(`${name} holds no block: it is unknown how far the indexer is; both will be set`, { value });
  }
  // The head second: an indexer that works is never ahead of a head that was read after its cursor.
  const head = await answer(readHead(ctx.chain()));
  if (now.block < fromBlock - 1) {
    return block(
      `the indexer is only at block ${count(now.block)}: the blocks up to ${count(fromBlock - 1)} would never be indexed`,
      {
        value,
        next: [
          { when: 'let the indexer get there first', tv: ['status'] },
          `or begin at block ${now.block + 1} at most`,
        ],
        override: 'skip-blocks',
      },
    );
  }
  // A node that does not answer blocks the check of the chain.
  if (head.known && now.block > head.value.number) {
    return warn(
      `${name} is at block ${count(now.block)}, ahead of the head, ${count(head.value.number)}: the chain was reorganised or reset, or the RPC node lags; both will be set`,
      { value },
    );
  }
  return warn(`${name} outranks START_BLOCK: both will be set`, { value });
}

/** `.env` can be read and replaced, and sets START_BLOCK once at most. */
export async function checkEnvFile(ctx: Context, { fromBlock }: { readonly fromBlock: number }) {
  const { settings } = ctx;
  const file = settings.host.envFile;
  const { entries } = await readEnvFile(ctx.host(), { path: file });
  const lines = entries.filter(({ key }) => key === 'START_BLOCK');
  if (lines.length > 1) {
    return block('START_BLOCK is set more than once in .env', {
      facts: { file, lines: lines.map(({ line }) => line).join(', ') },
      next: ['leave one line with START_BLOCK: programs differ in which one they take'],
    });
  }
  const obstacle = await findEnvFileObstacle(ctx.host(), { path: file });
  if (obstacle !== undefined) return obstacle;
  const before = lines[0]?.value ?? null;
  const after = String(Math.max(0, fromBlock - 1));
  const pollSeconds = Number(entries.find(({ key }) => key === 'POLL_INTERVAL')?.value ?? Number.NaN);
  const value = { file, before, after, pollSeconds: pollSeconds > 0 ? pollSeconds : 12 };
  return pass(`START_BLOCK ${before ?? 'is not set'}; the indexer reads from the block after it`, value);
}

const purposeWords = { clear: 'clear', backup: 'back up', restore: 'put back' } as const;

/** The role may do all that this run, or its undo, will do. */
export async function checkTableRights(ctx: Context, { schema }: { readonly schema: EventSchema }) {
  const missing = await checkRights(ctx.database(), { schema });
  if (missing.length === 0) return pass('to read, clear, back up and put back: all there', true);
  const tables = [...new Set(missing.map(({ table }) => table))];
  const lacking = (table: string) => {
    const ofTable = missing.filter((right) => right.table === table);
    const privileges = [...new Set(ofTable.map(({ privilege }) => privilege))];
    const purposes = [...new Set(ofTable.map(({ purpose }) => purposeWords[purpose]))];
    return `${privileges.join(', ')} (to ${purposes.join(', ')})`;
  };
  return block(`${ctx.database().target.user} lacks rights on ${tables.length} of the tables`, {
    facts: Object.fromEntries(tables.slice(0, 8).map((table) => [table, lacking(table)])),
    next: [
      {
        when: "have them granted by the tables' owner, or set INDEXER_DB_URL to connect as the owner",
        tv: ['config', 'show'],
      },
    ],
  });
}

/** Tables that the indexer is known to fill, those of RUNBOOK.md (section 1, step 3) included. */
const knownTables = new Set([...indexedEvents.map(({ table }) => table), 'rebalances']);

/** What is to be cleared is what the indexer fills again, and nothing else hangs on it. */
export async function checkSchema(ctx: Context) {
  const found = await readEventSchema(ctx.database());
  if (found.dependents.length > 0) {
    return block('other tables refer to the event tables', {
      facts: Object.fromEntries(found.dependents.map(({ table, refersTo }) => [table, `→ ${refersTo}`])),
      next: ['drop or move those tables first: clearing would leave their rows without what they refer to'],
    });
  }
  const unknown = found.tables.filter(({ name, role }) => role !== 'raw' && !knownTables.has(name));
  if (unknown.length > 0) {
    const names = unknown.map(({ name }) => name).join(', ');
    return block(`${names}: would be cleared too, and nothing says that the indexer fills it again`, {
      value: found,
      next: [onHost(`psql -c '\\d+ ${unknown[0]?.name}'`, 'see what it is')],
      override: 'unknown-tables',
    });
  }
  const missing =
    found.missing.length === 0 ? '' : `; ${found.missing.join(', ')} of the runbook: not here, left out`;
  const what =
    found.raw === null
      ? `${found.tables.length} event tables, no cursor`
      : `${found.raw.name} + ${found.tables.length - 1} tables`;
  return pass(`${what}${missing}`, found);
}

/** The imagined case that the exported document shows. */
export const exampleFacts: ReindexFacts = {
  fromBlock: 12_345_678,
  truncate: false,
  wait: true,
  timeoutMs: 86_400_000,
  indexer: { unit: 'tempovault-indexer', program: 'event_indexer', wasActive: true, pollSeconds: 12 },
  chain: { id: 4217, head: 15_204_118, contracts: [] },
  database: {
    name: 'tempovault',
    identity: '',
    schema: {
      form: 'raw-and-kinds',
      tables: [],
      raw: null,
      cursor: {
        name: 'indexer_state',
        schema: 'public',
        blockColumn: 'last_indexed_block',
        timeColumn: null,
        keyColumn: 'id',
      },
      missing: ['rebalances'],
      others: [],
      dependents: [],
      fingerprint: '',
    },
    cursor: 15_204_110,
    clear: 1_204_332,
    keep: 88_210,
    kinds: [],
    unpaired: [],
    kindsUpTo: 15_204_110,
    surplus: {},
  },
  env: { file: '/home/tempovault/tempovault/.env', before: '0', after: '12345677' },
  backup: {
    form: 'directory',
    directory: '/backup',
    database: { name: 'tempovault', systemIdentifier: null, oid: 0 },
    server: { version: '15.14', major: 15 },
    tools: { major: 15, version: '', cores: 4, memoryBytes: 17_179_869_184 },
  },
};
