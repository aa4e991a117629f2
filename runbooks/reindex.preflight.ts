import { checkChainIds } from '../src/chain/checkChainIds.ts';
import { contractAddresses } from '../src/chain/contracts.ts';
import { readStaleHead } from '../src/chain/currentState.ts';
import { indexedEvents } from '../src/chain/events.ts';
import { probeHistory } from '../src/chain/probeHistory.ts';
import { readHead } from '../src/chain/readHead.ts';
import type { Address } from '../src/config/settings.ts';
import { checkRights } from '../src/database/checkRights.ts';
import { countRows, type TableRows } from '../src/database/countRows.ts';
import type { EventSchema } from '../src/database/eventSchema.ts';
import type { UnpairedRows } from '../src/database/findUnpairedRows.ts';
import { readCursor } from '../src/database/readCursor.ts';
import { type EventKind, readEventKinds } from '../src/database/readEventKinds.ts';
import { readEventSchema } from '../src/database/readEventSchema.ts';
import { readProgress } from '../src/database/readProgress.ts';
import { type DatabaseServer, readServer } from '../src/database/readServer.ts';
import { type Advice, onHost } from '../src/errors/advice.ts';
import { answer } from '../src/errors/answer.ts';
import { TimeoutError, UsageError } from '../src/errors/TvError.ts';
import { withoutBeside } from '../src/host/besideUnit.ts';
import { detectSystemd } from '../src/host/detectSystemd.ts';
import { findEnvFileObstacle } from '../src/host/envFileObstacle.ts';
import { listProcesses } from '../src/host/listProcesses.ts';
import { readEnvFile } from '../src/host/readEnvFile.ts';
import { readUnit } from '../src/host/readUnit.ts';
import { readUnitTraits } from '../src/host/readUnitTraits.ts';
import { type BackupFacts, checkFormat, readRoom } from '../src/operations/backup.ts';
import { checkFolder, checkTools, type Tools } from '../src/operations/checkTools.ts';
import {
  compareWithChain,
  doubtsOf,
  firstDifference,
  unpairedRows,
} from '../src/operations/compareWithChain.ts';
import { defaultPollSeconds } from '../src/operations/indexer/awaitProgress.ts';
import { checkWriting } from '../src/operations/indexer/checkWriting.ts';
import { lastBlockKept } from '../src/operations/indexer/waitForCatchUp.ts';
import { outdatedOddities, triggerOddities } from '../src/operations/unitOddities.ts';
import type { Finding } from '../src/runbook/check.ts';
import type { Context } from '../src/runbook/context.ts';
import type { PreflightResult } from '../src/runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../src/runbook/preflight.ts';
import { ago, bytes, count, howMany } from '../src/text/format.ts';
import { quoteForShell } from '../src/text/shellLine.ts';
import { type BesideFacts, checkBeside } from './reindex.checks.ts';

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
    /** Seconds between two polls of the chain by the indexer (POLL_INTERVAL). */
    readonly pollSeconds: number;
  };
  readonly chain: {
    readonly id: number;
    readonly head: number;
    readonly contracts: readonly Address[];
  };
  readonly database: {
    readonly name: string;
    /** Identifies the database when the run is resumed. */
    readonly identity: string;
    readonly schema: EventSchema;
    readonly cursor: number | null;
    readonly clear: number;
    readonly keep: number;
    /** The same by table. Absent in journals of releases that did not keep it. */
    readonly rows?: readonly TableRows[];
    /** What was there before, by kind, in the blocks from `fromBlock` to `kindsUpTo`. */
    readonly kinds: readonly EventKind[];
    readonly kindsUpTo: number;
    /**
     * Events up to `kindsUpTo` that had no row in the table of their kind before the run. Absent in journals of
     * releases that did not check.
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
  readonly backup: BackupFacts;
  /** Null for --in-place. Absent in journals of releases that knew no other way. */
  readonly beside?: BesideFacts | null;
};

export interface ReindexInput {
  readonly fromBlock: number;
  readonly truncate: boolean;
  readonly backupDir?: string | undefined;
  readonly wait: boolean;
  readonly timeout: number;
  readonly beside: boolean;
  readonly inPlace: boolean;
}

/** A count over a large table takes its time; past this the answer would be stale anyway. In milliseconds. */
const countLimitMs = 600_000;

/** The way on after a run that was rolled back because what it rests on has changed. */
export function planAnew({ fromBlock }: Pick<ReindexFacts, 'fromBlock'>): Advice {
  return { when: 'plan it anew', tv: ['reindex', '--from-block', String(fromBlock)] };
}

/** Checks everything that could go wrong later, all at once. */
export async function preflight(ctx: Context, input: ReindexInput): Promise<PreflightResult<ReindexFacts>> {
  const { fromBlock, truncate, inPlace } = input;
  if (input.beside && inPlace) {
    throw new UsageError('usage.conflicting-flags', '--beside and --in-place are two ways of the same.', {
      next: ['one of them; without either it is --beside'],
    });
  }
  if (!input.wait && !inPlace) {
    throw new UsageError('usage.conflicting-flags', '--no-wait goes with --in-place only.', {
      next: [
        '--in-place as well, or leave --no-wait out: the present database serves until the new one is ready',
      ],
    });
  }
  const directory = input.backupDir ?? ctx.settings.backup.directory;
  const preflight = new Preflight(ctx);

  const indexer = preflight.check('services', 'host', () => checkServices(ctx));
  const env = preflight.check('env', 'host', () => checkEnvFile(ctx, fromBlock));
  const chain = preflight.check('chain', 'chain', () => checkChain(ctx, { fromBlock }));
  const server = preflight.check('server', 'database', () => checkServer(ctx));
  const schema = preflight.check('schema', 'database', async () => {
    await need(server, 'server');
    return checkSchema(ctx);
  });
  const rights = preflight.check('rights', 'database', async () =>
    checkTableRights(ctx, await need(schema, 'schema')),
  );
  preflight.check('writing', 'database', async () => {
    await need(server, 'server');
    return checkWriting(ctx, ctx.database(), ctx.database().target.name);
  });
  /** Without the rights no table can be read, and each check would report it again. */
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
    checkCursor(ctx, await readable(), fromBlock),
  );
  const logs = preflight.check(
    'logs',
    'chain',
    async (signal) => {
      const { head, contracts } = await need(chain, 'chain');
      return checkLogs(ctx, { head, contracts, schema: await readable(), fromBlock, signal });
    },
    countLimitMs,
  );
  const tools = preflight.check('backup', 'host', () =>
    checkBackup(ctx, { directory, server: () => need(server, 'server') }),
  );
  const format = preflight.check('format', 'host', async () =>
    checkFormat(ctx, { plain: false, tools: await need(tools, 'backup') }),
  );

  const beside = inPlace ? Promise.resolve(null) : checkBeside(ctx, preflight, { server, schema });

  const wanted = { indexer, env, chain, server, schema, rows, cursor, logs, tools, format, beside };
  return preflight.result(wanted, (known) => {
    const { name } = ctx.database().target;
    const { systemIdentifier, databaseOid: oid, version, major, sizeBytes } = known.server;
    const { pollSeconds, ...envFacts } = known.env;
    return {
      fromBlock,
      truncate,
      wait: input.wait,
      timeoutMs: input.timeout,
      indexer: { ...known.indexer, pollSeconds },
      chain: known.chain,
      database: {
        name,
        identity: `${systemIdentifier ?? 'unknown'}/${oid}`,
        schema: known.schema,
        cursor: known.cursor.block,
        ...known.rows,
        ...known.logs,
      },
      env: envFacts,
      backup: {
        ...known.format,
        directory,
        database: { name, systemIdentifier, oid },
        server: { version, major },
        tools: known.tools,
        sizeBytes,
      },
      beside: known.beside,
    };
  });
}

/** The indexer is a unit of this host, and the only indexer on it. */
export async function checkServices(ctx: Context) {
  const { settings } = ctx;
  const host = ctx.host();
  const unit = settings.host.units.indexer;
  const program = settings.host.programs.indexer;
  const systemd = await detectSystemd(host);
  if (!systemd.available) {
    return block('no systemd on this host, so the indexer cannot be stopped', {
      facts: { systemd: systemd.reason },
      next: [{ when: 'run tv on the host of the services, or set host.prefix', tv: ['config', 'show'] }],
    });
  }
  const [state, all] = await Promise.all([readUnit(host, { unit }), listProcesses(host, { program })]);
  // One that an abandoned run has left beside it works on a database of its own, and is stopped by this run.
  const processes = withoutBeside(all, unit);
  if (state.loadState === 'masked') {
    const running = state.activeState === 'active' ? ', and still running' : '';
    return block(`${unit} is masked${running}: once stopped, it could not be started again`, {
      next: [onHost(`systemctl unmask ${unit}`)],
    });
  }
  if (state.loadState !== 'loaded') {
    return block(`${unit} is not installed here (${state.loadState})`, {
      next: [
        onHost('systemctl list-units --all', 'see what the unit is called'),
        { when: 'set host.units.indexer', tv: ['config', 'show'] },
      ],
    });
  }
  const strangers = processes.filter((process) => process.unit !== `${unit}.service`);
  if (strangers.length > 0 || processes.length > 1) {
    return block(
      strangers.length > 0
        ? `an indexer runs that does not belong to ${unit}; there must never be two`
        : `${unit} has ${processes.length} processes of the indexer; there must never be two`,
      {
        facts: Object.fromEntries(
          processes.map(({ pid, command, user, unit: of }) => [
            `process ${pid}`,
            `${command}, of ${user}, ${of ?? 'no unit'}`,
          ]),
        ),
        next:
          strangers.length > 0
            ? [`end what does not belong to the unit: kill ${strangers.map(({ pid }) => pid).join(' ')}`]
            : [onHost(`systemctl status ${unit}`)],
      },
    );
  }
  const wasActive = state.activeState === 'active';
  const value = { unit, program, wasActive };
  if (!wasActive) {
    return warn(`${unit} is ${state.activeState}; it will run afterwards`, { value });
  }
  const lasting =
    state.since === undefined ? '' : ` for ${ago(state.since, ctx.clock.now())}`.replace(' ago', '');
  const summary = `${unit} active${lasting}, one process (${state.mainPid})`;
  const [traits] = await readUnitTraits(host, { units: [unit] });
  // What could start the unit again during the run, or start another program than the one that runs now.
  const oddities =
    traits === undefined ? [] : [...triggerOddities(traits, ' during the run'), ...outdatedOddities(traits)];
  if (oddities.length === 0) return pass(summary, value);
  return warn(`${summary}; ${oddities.map(({ what }) => what).join('; ')}`, {
    value,
    next: oddities.map(({ next }) => next),
  });
}

/** `.env` can be read and replaced, and sets START_BLOCK once at most. */
async function checkEnvFile(ctx: Context, fromBlock: number) {
  const file = ctx.settings.host.envFile;
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
  const after = String(lastBlockKept(fromBlock));
  const pollSeconds = Number(entries.find(({ key }) => key === 'POLL_INTERVAL')?.value ?? Number.NaN);
  const value = { file, before, after, pollSeconds: pollSeconds > 0 ? pollSeconds : defaultPollSeconds };
  return pass(`START_BLOCK ${before ?? 'is not set'}; the indexer reads from the block after it`, value);
}

/** The node is on the right chain and still has all that the indexer will ask for. */
export async function checkChain(ctx: Context, { fromBlock }: { readonly fromBlock: number }) {
  const { settings } = ctx;
  const expected = settings.chain.id;
  if (expected === undefined) {
    return block('the chain id is not set', {
      next: [{ when: 'set CHAIN_ID in .env, or chain.id', tv: ['config', 'show'] }],
    });
  }
  const [nodes, head, old] = await Promise.all([
    checkChainIds(ctx.chain()),
    readHead(ctx.chain()),
    readStaleHead(ctx),
  ]);
  const wrong = nodes.find(({ id }) => id !== undefined && id !== expected);
  if (wrong !== undefined) {
    return block(`the RPC node is on chain ${wrong.id}, not ${expected}`, {
      facts: { node: wrong.url },
      next: [
        { when: `set RPC_URL to a node of chain ${expected}, or mend CHAIN_ID`, tv: ['config', 'show'] },
      ],
    });
  }
  const contracts = contractAddresses(settings);
  if (contracts.length === 0) {
    return block('no contract address is known', {
      next: [{ when: 'set the addresses in .env', tv: ['config', 'show'] }],
    });
  }
  if (fromBlock > head.number) {
    return block(`block ${count(fromBlock)} is above the head, ${count(head.number)}`, {
      next: [`begin at a block that exists, ${head.number} at most`],
    });
  }
  const history = await probeHistory(ctx.chain(), { block: fromBlock });
  if (!history.served) {
    const { firstServed, reason = 'unknown' } = history;
    const later = firstServed === undefined ? '' : `, only from block ${count(firstServed)} on`;
    return block(`block ${count(fromBlock)} and its logs are not served by this node${later}`, {
      facts: { reason, node: ctx.chain().urls.join(', ') },
      next: [
        'set RPC_URL, or chain.rpcUrls, to a node with the full history (an archive node)',
        ...(firstServed === undefined ? [] : [{ tv: ['reindex', '--from-block', String(firstServed)] }]),
      ],
    });
  }
  const value = { id: expected, head: head.number, contracts: contracts as Address[] };
  if (old !== undefined) {
    const { summary, facts, next } = old;
    return block(summary, { facts, next, value, stale: true, override: 'old-head' });
  }
  const { blocksAtOnce } = history;
  const pieces = blocksAtOnce === undefined ? '' : `, ${count(blocksAtOnce)} blocks at a time`;
  return pass(
    `head ${count(head.number)}; block ${count(fromBlock)} and its logs are served${pieces}`,
    value,
  );
}

async function checkServer(ctx: Context) {
  const found = await readServer(ctx.database());
  if (found.inRecovery) {
    return block<DatabaseServer>('this PostgreSQL is a read-only standby', {
      next: [{ when: 'set INDEXER_DB_URL, or database.url, to the primary', tv: ['config', 'show'] }],
    });
  }
  return pass(`PostgreSQL ${found.version}, as ${found.user}`, found);
}

/** Tables that the indexer is known to fill, those of RUNBOOK.md (section 1, step 3) included. */
const knownTables = new Set([...indexedEvents.map(({ table }) => table), 'rebalances']);

/** What is to be cleared is what the indexer fills again, and nothing else hangs on it. */
async function checkSchema(ctx: Context) {
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

const purposeWords = { clear: 'clear', backup: 'back up', restore: 'restore' } as const;

/** The role may do all that this run, or its undo, will do. */
async function checkTableRights(ctx: Context, schema: EventSchema) {
  const missing = await checkRights(ctx.database(), { schema });
  if (missing.length === 0) return pass('has all required privileges', true);
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

/** How many rows go and how many stay; older history goes only where that is asked for by name. */
async function checkRows(
  ctx: Context,
  {
    schema,
    fromBlock,
    truncate,
  }: { readonly schema: EventSchema; readonly fromBlock: number; readonly truncate: boolean },
) {
  const counts = await countRows(ctx.database(), { schema, fromBlock });
  if (!truncate) {
    const value = { clear: counts.clear, keep: counts.keep, rows: counts.tables };
    return pass(
      `${count(counts.clear)} to clear from block ${count(fromBlock)} on; ${count(counts.keep)} older ones stay`,
      value,
    );
  }
  const rows = counts.tables.map(({ table, clear, keep }) => ({ table, clear: clear + keep, keep: 0 }));
  const value = { clear: counts.clear + counts.keep, keep: 0, rows };
  if (counts.keep === 0) return pass(`${count(value.clear)} to clear; none is older`, value);
  return block(`--truncate would lose ${count(counts.keep)} rows older than block ${count(fromBlock)}`, {
    value,
    facts: { 'they begin at': `block ${count(counts.lowestKept ?? 0)}` },
    next: ['leave --truncate out: older rows then stay'],
    override: 'older-history',
  });
}

/** The indexer has come as far as the block to begin at: nothing is left out between. */
async function checkCursor(ctx: Context, schema: EventSchema, fromBlock: number) {
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

/** How long the preflight reads logs, in milliseconds; a longer history is read on after the clearing. */
const budgetMs = 20_000;

interface LogsParameters {
  readonly head: number;
  readonly contracts: readonly Address[];
  readonly schema: EventSchema;
  readonly fromBlock: number;
  readonly signal: AbortSignal;
}

type LogsValue = Required<Pick<ReindexFacts['database'], 'kinds' | 'kindsUpTo' | 'unpaired' | 'surplus'>>;

/**
 * Reads the logs that the indexer will ask for, in ranges as wide as the node allows, and compares them
 * with the rows that are to be cleared. A row whose log the node does not return would be lost.
 */
async function checkLogs(ctx: Context, parameters: LogsParameters): Promise<Finding<LogsValue>> {
  const { head, contracts, schema, fromBlock, signal } = parameters;
  const { block: indexed } = await readProgress(ctx.database(), { schema });
  const toBlock = Math.min(head, indexed ?? head);
  const kinds = await readEventKinds(ctx.database(), { schema, fromBlock, toBlock });
  const unpaired = await unpairedRows(ctx, { schema, fromBlock: 0, toBlock });
  const before = { kinds, kindsUpTo: toBlock, unpaired };
  if (toBlock < fromBlock) {
    return pass('no block of the range is indexed yet', { ...before, surplus: {} });
  }
  const budget = new AbortController();
  const timer = setTimeout(() => budget.abort(new TimeoutError('check.timeout', 'out of time')), budgetMs);
  let read = 0;
  try {
    const comparison = await compareWithChain(ctx, {
      schema,
      contracts,
      fromBlock,
      toBlock,
      explain: false,
      signal: AbortSignal.any([signal, budget.signal]),
      onProgress: ({ done }) => {
        read = done;
      },
    });
    const doubts = doubtsOf(comparison);
    if (doubts.length > 0) {
      return block(`rows to be cleared might not come back: ${doubts.join('; ')}`, {
        next: [
          {
            when: 'set RPC_URL, or chain.rpcUrls, to a node with all logs (an archive node)',
            tv: ['config', 'show'],
          },
          { when: 'see which rows', tv: ['reindex', 'check', '--from-block', String(fromBlock)] },
        ],
        override: 'incomplete-logs',
        value: { ...before, surplus: null },
      });
    }
    const { surplus, matched, differing } = comparison;
    const byKind: Record<string, number> = {};
    for (const { kind, table } of surplus.first) {
      byKind[kind ?? table] = (byKind[kind ?? table] ?? 0) + 1;
    }
    // A row under the name of another kind comes back under its own.
    for (const { kind, table, differences } of differing.first) {
      if (!differences.some(({ of }) => of === 'kind' || of === 'table')) continue;
      byKind[kind ?? table] = (byKind[kind ?? table] ?? 0) + 1;
    }
    const value = { ...before, surplus: byKind };
    const range = `blocks ${count(fromBlock)} to ${count(toBlock)}`;
    const [first] = surplus.first;
    const other = firstDifference(comparison);
    const findings = [
      ...(first === undefined
        ? []
        : [
            `${howMany(surplus.total, 'row')} of ${range} ${surplus.total === 1 ? 'is' : 'are'} not on the chain and will not come back; the first in block ${count(first.block)}, ${first.reason}`,
          ]),
      ...(other === undefined
        ? []
        : [
            `${howMany(differing.total, 'row')} of ${range} ${differing.total === 1 ? 'is' : 'are'} stored otherwise than on the chain and will be read again; the first in ${other}`,
          ]),
    ];
    if (findings.length > 0) return warn(findings.join('. '), { value });
    return pass(`of ${range} all served; ${howMany(matched, 'stored event')} found among them`, value);
  } catch (error) {
    if (!budget.signal.aborted) throw error;
    return warn(
      `${count(read)} of ${count(toBlock - fromBlock + 1)} blocks read in ${budgetMs / 1000} s, all served; the rest is compared afterwards`,
      { value: { ...before, surplus: null } },
    );
  } finally {
    clearTimeout(timer);
  }
}

interface BackupParameters {
  readonly directory: string;
  /** Asked for last: without a database it is still worth knowing that there is no folder. */
  server(): Promise<DatabaseServer>;
}

/** There is a place for the backup, and programs that can make it. */
export async function checkBackup(
  ctx: Context,
  { directory, server }: BackupParameters,
): Promise<Finding<Tools>> {
  const elsewhere: Advice = { when: 'or another folder', again: ['--backup-dir', '…'] };
  const { value: _, ...folder } = await checkFolder(ctx, directory, elsewhere);
  if (folder.status === 'block') return folder;
  const { major, version, sizeBytes } = await server();
  const tools = await checkTools(ctx, { major, version });
  const { value } = tools;
  if (value === undefined) return tools;
  const { freeBytes, neededBytes } = await readRoom(ctx, { directory, sizeBytes });
  const room = `${directory} has ${bytes(freeBytes)} free, needs about ${bytes(neededBytes)}`;
  if (freeBytes < neededBytes) {
    return block(room, {
      value,
      next: [onHost(`df -h ${quoteForShell(directory)}`), elsewhere],
      override: 'backup-space',
    });
  }
  return pass(`${room}; pg_dump ${value.major} ≥ server ${major}`, value);
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
    rows: [{ table: 'events', clear: 1_204_332, keep: 88_210 }],
    kinds: [],
    unpaired: [],
    kindsUpTo: 15_204_110,
    surplus: {},
  },
  env: { file: '/home/tempovault/tempovault/.env', before: '0', after: '12345677' },
  backup: {
    form: 'directory',
    compression: 'zstd',
    directory: '/backup',
    database: { name: 'tempovault', systemIdentifier: null, oid: 0 },
    server: { version: '15.14', major: 15 },
    tools: { major: 15, version: '', cores: 4, memoryBytes: 17_179_869_184 },
    sizeBytes: 2_362_232_012,
  },
  beside: {
    maintenance: {
      properties: {
        ...{
          name: 'tempovault',
          owner: 'tempovault',
          encoding: 'UTF8',
          collate: 'C.UTF-8',
          ctype: 'C.UTF-8',
        },
        ...{ provider: 'c', icuLocale: null, tablespace: 'pg_default', connectionLimit: -1, comment: null },
        ...{ settings: [], grants: null },
      },
      user: 'postgres',
      dataDirectory: null,
    },
    leftovers: [],
    changes: {},
  },
};
