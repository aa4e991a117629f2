import { checkChainIds } from '../src/chain/checkChainIds.ts';
import { readStaleHead } from '../src/chain/currentState.ts';
import { probeHistory } from '../src/chain/probeHistory.ts';
import { readHead } from '../src/chain/readHead.ts';
import type { Address } from '../src/config/settings.ts';
import { countRows } from '../src/database/countRows.ts';
import type { EventSchema } from '../src/database/eventSchema.ts';
import type { UnpairedRows } from '../src/database/findUnpairedRows.ts';
import { type EventKind, readEventKinds } from '../src/database/readEventKinds.ts';
import { readProgress } from '../src/database/readProgress.ts';
import type { DatabaseServer } from '../src/database/readServer.ts';
import { onHost } from '../src/errors/advice.ts';
import { TimeoutError } from '../src/errors/TvError.ts';
import { detectSystemd } from '../src/host/detectSystemd.ts';
import { listProcesses } from '../src/host/listProcesses.ts';
import { readUnit } from '../src/host/readUnit.ts';
import { readUnitTraits } from '../src/host/readUnitTraits.ts';
import { readRoom } from '../src/operations/backup.ts';
import { checkFolder, checkTools, type Tools } from '../src/operations/checkTools.ts';
import { compareWithChain, doubtsOf, unpairedRows } from '../src/operations/compareWithChain.ts';
import { outdatedOddities, triggerOddities } from '../src/operations/unitOddities.ts';
import type { Finding } from '../src/runbook/check.ts';
import type { Context } from '../src/runbook/context.ts';
import { block, pass, warn } from '../src/runbook/preflight.ts';
import { ago, bytes, count, howMany } from '../src/text/format.ts';
import { quoteForShell } from '../src/text/shellLine.ts';

export interface BackupParameters {
  readonly directory: string;
  /** Asked for last: without a database it is still worth knowing that there is no folder. */
  server(): Promise<DatabaseServer>;
}

/** There is a place for the backup, and programs that can make it. */
export async function checkBackup(
  ctx: Context,
  { directory, server }: BackupParameters,
): Promise<Finding<Tools>> {
  const elsewhere = 'the same command with --backup-dir and another folder';
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
  const contracts = Object.values(settings.contracts).filter((address) => address !== undefined);
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

export interface RowsParameters {
  readonly schema: EventSchema;
  readonly fromBlock: number;
  readonly truncate: boolean;
}

/** How many rows go and how many stay; older history goes only where that is asked for by name. */
export async function checkRows(ctx: Context, { schema, fromBlock, truncate }: RowsParameters) {
  const counts = await countRows(ctx.database(), { schema, fromBlock });
  if (!truncate) {
    const value = { clear: counts.clear, keep: counts.keep };
    return pass(
      `${count(counts.clear)} to clear from block ${count(fromBlock)} on; ${count(counts.keep)} older ones stay`,
      value,
    );
  }
  const value = { clear: counts.clear + counts.keep, keep: 0 };
  if (counts.keep === 0) return pass(`${count(value.clear)} to clear; none is older`, value);
  return block(`--truncate would lose ${count(counts.keep)} rows older than block ${count(fromBlock)}`, {
    value,
    facts: { 'they begin at': `block ${count(counts.lowestKept ?? 0)}` },
    next: ['leave --truncate out: older rows then stay'],
    override: 'older-history',
  });
}

/** How long the preflight reads logs, in milliseconds; a longer history is read on after the clearing. */
const budgetMs = 20_000;

export interface LogsParameters {
  readonly chain: { readonly head: number; readonly contracts: readonly Address[] };
  readonly schema: EventSchema;
  readonly fromBlock: number;
  readonly signal: AbortSignal;
}

/** For the facts of a reindex, which explain each. */
export type LogsValue = {
  readonly kinds: readonly EventKind[];
  readonly kindsUpTo: number;
  readonly unpaired: readonly UnpairedRows[];
  readonly surplus: Readonly<Record<string, number>> | null;
};

/**
 * Reads the logs that the indexer will ask for, in ranges as wide as the node allows, and compares them
 * with the rows that are to be cleared. A row whose log the node does not return would be lost.
 */
export async function checkLogs(ctx: Context, parameters: LogsParameters): Promise<Finding<LogsValue>> {
  const { chain, schema, fromBlock, signal } = parameters;
  const { block: indexed } = await readProgress(ctx.database(), { schema });
  const toBlock = Math.min(chain.head, indexed ?? chain.head);
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
      contracts: chain.contracts,
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
    const { surplus, matched } = comparison;
    const byKind: Record<string, number> = {};
    for (const { kind, table } of surplus.first) {
      byKind[kind ?? table] = (byKind[kind ?? table] ?? 0) + 1;
    }
    const value = { ...before, surplus: byKind };
    const range = `blocks ${count(fromBlock)} to ${count(toBlock)}`;
    const [first] = surplus.first;
    if (first !== undefined) {
      return warn(
        `${howMany(surplus.total, 'row')} of ${range} ${surplus.total === 1 ? 'is' : 'are'} not on the chain and will not come back; the first in block ${count(first.block)}, ${first.reason}`,
        { value },
      );
    }
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
  const [state, processes] = await Promise.all([readUnit(host, { unit }), listProcesses(host, { program })]);
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
