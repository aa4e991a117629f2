import { openPrefetchProxy } from '../src/chain/prefetch/prefetchProxy.ts';
import type { EventSchema } from '../src/database/eventSchema.ts';
import { listExtensions } from '../src/database/listExtensions.ts';
import { parseDatabaseUrl } from '../src/database/parseDatabaseUrl.ts';
import type { DatabaseServer } from '../src/database/readServer.ts';
import { readTableChanges } from '../src/database/readTableChanges.ts';
import { listBesideDatabases } from '../src/database/restore/listDatabases.ts';
import { listRenameBlockers } from '../src/database/restore/listRenameBlockers.ts';
import { lackedBy, missingNeeds } from '../src/database/restore/missingNeeds.ts';
import type { Advice } from '../src/errors/advice.ts';
import { besideUnit, findUnitObstacle } from '../src/host/besideUnit.ts';
import { readEnvValue } from '../src/host/envFile.ts';
import { fetchUrl } from '../src/host/fetchUrl.ts';
import { readDisk } from '../src/host/readDisk.ts';
import { readEnvFile } from '../src/host/readEnvFile.ts';
import { checkMaintenance, type MaintenanceFacts, withMaintenance } from '../src/operations/maintenance.ts';
import { describeBlockers } from '../src/operations/swapObstacles.ts';
import type { Finding } from '../src/runbook/check.ts';
import type { Context } from '../src/runbook/context.ts';
import type { Json } from '../src/runbook/json.ts';
import { block, need, type Preflight, pass, warn } from '../src/runbook/preflight.ts';
import { bytes, howMany } from '../src/text/format.ts';

/** What the preflight has found for it. */
export type BesideFacts = {
  readonly maintenance: MaintenanceFacts;
  /** Databases of runs that were abandoned; dropped before this one needs the disk. */
  readonly leftovers: readonly { readonly name: string; readonly oid: number }[];
  /** Of tables without events, how often rows have changed: what is written there meanwhile is not in the copy. */
  readonly changes: Readonly<Record<string, number>>;
};

/** The other way, as advice. */
const inPlace: Advice = {
  when: 'or, with the indexer down while it reads the chain',
  again: ['--in-place'],
};
/** Room beside the copy: write-ahead log and sorting, in bytes. */
const marginBytes = 512 * 1024 ** 2;
/** For curl on the host, in seconds. */
const reachSeconds = 5;

/** The checks that only this way needs. @returns what they find; undefined where one of them blocks */
export async function checkBeside(
  ctx: Context,
  preflight: Preflight,
  parameters: {
    readonly server: Promise<DatabaseServer | undefined>;
    readonly schema: Promise<EventSchema | undefined>;
  },
): Promise<BesideFacts | undefined> {
  const { name } = ctx.database().target;
  const rights = preflight.check('copy', 'database', () => withWay(checkCopy(ctx)));
  const left = preflight.check('leftovers', 'database', () => findLeftovers(ctx));
  preflight.check('space', 'host', async () => {
    const { dataDirectory } = await need(rights, 'copy');
    return checkSpace(ctx, { dataDirectory, sizeBytes: (await need(parameters.server, 'server')).sizeBytes });
  });
  preflight.check('swap', 'database', async () => {
    const found = await withMaintenance(ctx, 'tv', (database) => listRenameBlockers(database, { name }));
    const { facts, next } = describeBlockers(found, name);
    return Object.keys(facts).length === 0
      ? pass('no replication slot, prepared transaction or worker')
      : block(`${name} cannot be renamed while these use it`, { facts, next: [...next, inPlace] });
  });
  preflight.check('second indexer', 'host', () => checkSecond(ctx));
  const changed = preflight.check('other tables', 'database', async () => {
    const found = await readTableChanges(ctx.database(), { schema: await need(parameters.schema, 'schema') });
    const tables = Object.keys(found).length;
    return pass(
      tables === 0 ? 'none' : `${howMany(tables, 'table')} without events; must not change until the swap`,
      found,
    );
  });
  const [maintenance, leftovers, changes] = await Promise.all([rights, left, changed]);
  return maintenance === undefined || leftovers === undefined || changes === undefined
    ? undefined
    : { maintenance, leftovers, changes };
}

/** A database can be made beside the live one, and every extension of it there. */
export async function checkCopy(ctx: Context): Promise<Finding<MaintenanceFacts>> {
  const found = await checkMaintenance(ctx);
  if (found.status === 'block') return found;
  const extensions = await listExtensions(ctx.database());
  const lacked = lackedBy(
    'this server',
    await withMaintenance(ctx, 'tv', (database) => missingNeeds(database, { roles: [], extensions })),
  );
  if (lacked === undefined) return found;
  const { what, ...rest } = lacked;
  return { ...found, ...block<MaintenanceFacts>(`the copy cannot be made: ${what}`, rest) };
}

async function withWay<T extends Json>(finding: Promise<Finding<T>>): Promise<Finding<T>> {
  const found = await finding;
  return found.status === 'block' ? { ...found, next: [...(found.next ?? []), inPlace] } : found;
}

async function findLeftovers(ctx: Context) {
  const { name } = ctx.database().target;
  const found = await withMaintenance(ctx, 'tv', (maintenance) =>
    listBesideDatabases(maintenance, { live: name, purpose: 'reindex' }),
  );
  const names = found.map((one) => one.name).join(', ');
  return found.length === 0
    ? pass('none of an earlier reindex', found)
    : warn(`${names}: of a reindex that was abandoned; dropped first`, { value: found });
}

async function checkSpace(
  ctx: Context,
  { dataDirectory, sizeBytes }: { readonly dataDirectory: string | null; readonly sizeBytes: number },
) {
  const needed = sizeBytes + marginBytes;
  if (dataDirectory === null) {
    return warn(`needs about ${bytes(needed)}; the server does not say where it keeps its data`);
  }
  const { freeBytes } = await readDisk(ctx.host(), { path: dataDirectory });
  const room = `${bytes(freeBytes)} free for the database server, needs about ${bytes(needed)}`;
  return freeBytes < needed
    ? block(room, { next: [{ tv: ['db', 'prune', '--old'] }, inPlace], override: 'reindex-space' })
    : pass(room);
}

/** A second instance of the indexer can be started, with settings of its own, and reaches this tv. */
async function checkSecond(ctx: Context): Promise<Finding> {
  const { settings } = ctx;
  const unit = settings.host.units.indexer;
  const obstacle = await findUnitObstacle(ctx.host(), { unit });
  if (obstacle !== undefined) {
    return block(`${unit} cannot run twice`, { facts: { 'its unit has': obstacle }, next: [inPlace] });
  }
  const { text } = await readEnvFile(ctx.host(), { path: settings.host.envFile });
  const url = readEnvValue(text, 'INDEXER_DB_URL');
  if (url === undefined || parseDatabaseUrl(url).name !== ctx.database().target.name) {
    const found = url === undefined ? 'is not in .env' : 'in .env leads to another database';
    return block(`INDEXER_DB_URL ${found}: the second indexer needs one like it`, {
      facts: { file: settings.host.envFile },
      next: [inPlace],
    });
  }
  await using proxy = await openPrefetchProxy(ctx.chain(), { addresses: [], fromBlock: 0, target: -1 });
  const answered = await fetchUrl(ctx.host(), { url: proxy.url, limitSeconds: reachSeconds });
  if (answered === undefined) {
    return block('the host does not reach this tv: the second indexer would have no RPC', {
      facts: { prefix: ctx.host().prefix.join(' ') || 'none' },
      next: ['run tv on the host itself', inPlace],
    });
  }
  return pass(`${besideUnit(unit)}: as ${unit}, with another database and its RPC from this tv`);
}
