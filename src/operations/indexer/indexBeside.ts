import { Reorganised } from '../../chain/prefetch/blockWindow.ts';
import { openPrefetchProxy, type PrefetchProxy } from '../../chain/prefetch/prefetchProxy.ts';
import { readHead } from '../../chain/readHead.ts';
import type { Address } from '../../config/settings.ts';
import { clearEvents } from '../../database/clearEvents.ts';
import { databasesOfSessions } from '../../database/databasesOfSessions.ts';
import type { EventSchema } from '../../database/eventSchema.ts';
import { renamedUrl } from '../../database/parseDatabaseUrl.ts';
import type { EventKind } from '../../database/readEventKinds.ts';
import { readProgress } from '../../database/readProgress.ts';
import { onHost } from '../../errors/advice.ts';
import { exitCodes, TvError } from '../../errors/TvError.ts';
import { besideUnit, removeBesideUnit, writeBesideUnit } from '../../host/besideUnit.ts';
import { readEnvValue } from '../../host/envFile.ts';
import { readEnvFile } from '../../host/readEnvFile.ts';
import { readUnit } from '../../host/readUnit.ts';
import { startUnit } from '../../host/startUnit.ts';
import { stopUnit } from '../../host/stopUnit.ts';
import type { StepContext } from '../../runbook/define.ts';
import { monotonic } from '../../runbook/monotonic.ts';
import { poll } from '../../runbook/poll.ts';
import { note } from '../../runbook/step.ts';
import { type CompareParameters, compareWithChain } from '../compareWithChain.ts';
import { applicationName, withDatabase, withMaintenance } from '../maintenance.ts';
import { missingEvents } from './missingEvents.ts';
import { lastBlockKept, waitForCatchUp } from './waitForCatchUp.ts';

export interface IndexBesideParameters {
  /** The database that it fills: cleared from `fromBlock` on, with the cursor before that. */
  readonly name: string;
  /** The deployed indexer's unit, of which a second instance is started. */
  readonly unit: string;
  readonly schema: EventSchema;
  readonly contracts: readonly Address[];
  readonly fromBlock: number;
  /** What the database held of each kind before it was cleared. */
  readonly kinds: readonly EventKind[];
  readonly limitMs: number;
  readonly envFile: string;
}

export type IndexedBeside = {
  /** Up to this block the events are the same as on the chain. */
  readonly comparedTo: number;
  readonly events: number;
  /** How often a part was read again: skipped blocks, a reorganisation. */
  readonly refills: number;
  /** Blocks that the indexer read in the first round, and how long that took, in milliseconds. */
  readonly blocks: number;
  readonly indexingMs: number;
};

/** Blocks up to here were read without a failed call; a later attempt begins after it. */
const proven = note<number>('provenTo');
/** Between two such notes, in milliseconds. */
const noteEveryMs = 10_000;
/** The live indexer reads this many blocks by itself when it starts on the new database. */
const fewBlocks = 10;
/** A comparison that fails because of the nodes is made again so often, at most so many milliseconds later. */
const mostAttempts = 20;
const longestWaitMs = 10_000;
/** A part that is missing is read again this many times. */
const rounds = 3;
/** The second indexer is connected to its database within this time, in milliseconds. */
const connectMs = 30_000;
/** So that the indexer notices the blocks soon. In seconds. */
const pollSeconds = 1;

/**
 * Has a second instance of the deployed indexer fill a database of its own, from blocks that are read ahead for it,
 * until it is near the head and all its events are those of the chain. The instance is stopped afterwards, whatever
 * happens. An attempt that was cut off goes on from where every call was answered.
 * @throws TvError where the instance does not start, is connected elsewhere, or leaves out events
 */
export function indexBeside(ctx: StepContext, parameters: IndexBesideParameters): Promise<IndexedBeside> {
  const { name, unit } = parameters;
  return withDatabase(ctx, { name, applicationName: applicationName(ctx.runId) }, async (database) => {
    // Of a tv that was killed: it has skipped every block since.
    await stopBeside(ctx, { unit });
    const beside: StepContext = { ...ctx, database: () => database };
    try {
      return await fill(beside, parameters);
    } finally {
      await stopBeside(ctx, { unit });
    }
  });
}

/** Stops the second instance and forgets it. Does nothing where there is none. */
export async function stopBeside(ctx: StepContext, { unit }: { readonly unit: string }): Promise<void> {
  const host = ctx.host();
  const second = besideUnit(unit);
  const { loadState } = await readUnit(host, { unit: second });
  if (loadState !== 'not-found') await stopUnit(host, { unit: second });
  await removeBesideUnit(host, { unit });
}

async function fill(ctx: StepContext, parameters: IndexBesideParameters): Promise<IndexedBeside> {
  const { schema, contracts, fromBlock, kinds, limitMs } = parameters;
  const deadline = monotonic(ctx.clock) + limitMs;
  /** The first block that is not known to be as on the chain. */
  let next = fromBlock;
  let events = 0;
  let refills = 0;
  /** Of these, those because events were missing; reorganisations are the chain's own doing. */
  let retries = 0;
  let indexed: { readonly blocks: number; readonly ms: number } | undefined;
  let readFrom = Math.max(fromBlock, (proven.read(ctx) ?? -1) + 1);
  await clearFrom(ctx, parameters, readFrom);
  for (;;) {
    const target = (await readHead(ctx.chain())).number;
    if (target >= readFrom) {
      const end = await readTo(ctx, parameters, { from: readFrom, target, deadline });
      if (typeof end === 'number') indexed ??= { blocks: target - readFrom + 1, ms: end };
      else {
        refills++;
        readFrom = Math.max(fromBlock, end.ancestor + 1);
        next = Math.min(next, readFrom);
        await clearFrom(ctx, parameters, readFrom);
        continue;
      }
    }
    const comparison = await comparePatiently(ctx, {
      ...{ schema, contracts, fromBlock: next, toBlock: target, before: kinds },
      onProgress: ctx.progress,
    });
    const { missing: lost, surplus, differing } = comparison;
    const [missing] = lost.first;
    const wrong = [missing, surplus.first[0], differing.first[0]].flatMap((one) =>
      one === undefined ? [] : one.block,
    );
    if (wrong.length > 0) {
      if (retries >= rounds) {
        if (missing === undefined) break;
        throw await missingEvents(ctx, {
          ...{ unit: besideUnit(parameters.unit), missing: comparison.missing, tried: rounds },
        });
      }
      refills++;
      retries++;
      readFrom = Math.max(fromBlock, Math.min(...wrong));
      await clearFrom(ctx, parameters, readFrom);
      continue;
    }
    events += comparison.matched;
    proven.write(ctx, target);
    next = target + 1;
    readFrom = next;
    if ((await readHead(ctx.chain())).number - target <= fewBlocks) break;
  }
  return {
    comparedTo: next - 1,
    events,
    refills,
    blocks: indexed?.blocks ?? 0,
    indexingMs: indexed?.ms ?? 0,
  };
}

/**
 * The comparison, again while nodes fail in passing: what has been filled for hours is not given up for that.
 * @throws the failure of the last attempt; at once what trying again would not help
 */
async function comparePatiently(
  ctx: StepContext,
  parameters: CompareParameters,
): ReturnType<typeof compareWithChain> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await compareWithChain(ctx, parameters);
    } catch (error) {
      const mayPass = error instanceof TvError && error.exitCode !== exitCodes.blocked;
      if (!mayPass || ctx.signal.aborted || attempt >= mostAttempts) throw error;
      await ctx.clock.sleep(Math.min(longestWaitMs, 1_000 * attempt), ctx.signal);
    }
  }
}

/** Rows from a block on go, in one transaction with the cursor. */
async function clearFrom(ctx: StepContext, { schema }: IndexBesideParameters, block: number): Promise<void> {
  await clearEvents(ctx.database(), {
    ...{ schema, fromBlock: block, all: false, cursor: lastBlockKept(block) },
    applicationName: applicationName(ctx.runId),
    signal: ctx.signal,
  });
}

/**
 * One start of the second indexer: to a block, and stopped again.
 * @returns how long it was reading, in milliseconds
 */
async function readTo(
  ctx: StepContext,
  parameters: IndexBesideParameters,
  range: { readonly from: number; readonly target: number; readonly deadline: number },
): Promise<Reorganised | number> {
  const { unit, schema, contracts, limitMs } = parameters;
  const { from, target, deadline } = range;
  const second = besideUnit(unit);
  // Nothing to index, until it is known to which database it is connected; the blocks are read meanwhile.
  await using proxy = await openPrefetchProxy(ctx.chain(), {
    ...{ addresses: contracts, fromBlock: from, target: lastBlockKept(from), readAhead: target },
  });
  const timer = setInterval(() => void noteProgress(ctx, { schema, proxy }).catch(() => {}), noteEveryMs);
  try {
    await writeBesideUnit(ctx.host(), {
      unit,
      variables: await variablesOf(ctx, parameters, { proxy, from }),
    });
    await startUnit(ctx.host(), { unit: second, signal: ctx.signal });
    await assertConnected(ctx, parameters);
    proxy.setTarget(target);
    const begun = monotonic(ctx.clock);
    await waitForCatchUp(ctx, {
      ...{ unit: second, pollSeconds, schema, contracts, fromBlock: from, limitMs, deadline, target },
      source: proxy,
    });
    const ms = monotonic(ctx.clock) - begun;
    await assertAlone(ctx, parameters);
    return ms;
  } catch (error) {
    if (error instanceof Reorganised) return error;
    throw error;
  } finally {
    clearInterval(timer);
    // Before the proxy closes: a call that fails is a block that is skipped.
    await stopUnit(ctx.host(), { unit: second });
  }
}

/** While every call is answered, the cursor says what was read. */
async function noteProgress(
  ctx: StepContext,
  { schema, proxy }: { readonly schema: EventSchema; readonly proxy: PrefetchProxy },
): Promise<void> {
  const { block, source } = await readProgress(ctx.database(), { schema });
  if (block === null || proxy.failure !== undefined) return;
  // Without a cursor, the block of the newest row may not be whole yet.
  proven.write(ctx, source === 'cursor' ? block : block - 1);
}

/** Its name in `pg_stat_activity`. */
function identityOf({ unit }: Pick<IndexBesideParameters, 'unit'>): string {
  return besideUnit(unit).slice(0, 63);
}

async function variablesOf(
  ctx: StepContext,
  parameters: IndexBesideParameters,
  { proxy, from }: { readonly proxy: PrefetchProxy; readonly from: number },
): Promise<Readonly<Record<string, string>>> {
  const { text } = await readEnvFile(ctx.host(), { path: parameters.envFile });
  const url = readEnvValue(text, 'INDEXER_DB_URL');
  if (url === undefined) {
    throw new TvError('config.setting-missing', 'INDEXER_DB_URL is not in .env.', {
      facts: { file: parameters.envFile },
    });
  }
  const applicationName = identityOf(parameters);
  return {
    INDEXER_DB_URL: renamedUrl(url, { name: parameters.name, applicationName }),
    // A program that reads another URL from elsewhere still has this name.
    PGAPPNAME: applicationName,
    RPC_URL: proxy.url,
    START_BLOCK: String(lastBlockKept(from)),
    POLL_INTERVAL: String(pollSeconds),
  };
}

/** In which databases the second indexer is. */
function databasesOf(ctx: StepContext, parameters: IndexBesideParameters): Promise<readonly string[]> {
  return withMaintenance(ctx, applicationName(ctx.runId), (maintenance) =>
    databasesOfSessions(maintenance, { applicationName: identityOf(parameters) }),
  );
}

/** @throws TvError where the second indexer is not connected to its own database, or to another one as well */
async function assertConnected(ctx: StepContext, parameters: IndexBesideParameters): Promise<void> {
  const found = await poll(
    ctx.clock,
    { everyMs: 100, limitMs: connectMs, signal: ctx.signal },
    () => databasesOf(ctx, parameters),
    (databases) => databases.length > 0,
  );
  judge(parameters, found);
}

async function assertAlone(ctx: StepContext, parameters: IndexBesideParameters): Promise<void> {
  judge(parameters, await databasesOf(ctx, parameters));
}

function judge(parameters: IndexBesideParameters, databases: readonly string[]): void {
  const { name, unit, fromBlock } = parameters;
  if (databases.length === 1 && databases[0] === name) return;
  throw new TvError(
    'indexer.wrong-database',
    databases.length === 0
      ? 'The second indexer has not connected to its database under its own name; nothing was indexed.'
      : 'The second indexer is connected to another database than its own; it was stopped.',
    {
      facts: { expected: name, found: databases.join(', ') || 'no session' },
      next: [
        onHost(`journalctl -u ${besideUnit(unit)} -n 50 --no-pager`),
        {
          when: 'where the indexer takes settings from elsewhere than its environment',
          tv: ['reindex', '--from-block', String(fromBlock), '--in-place'],
        },
      ],
    },
  );
}
