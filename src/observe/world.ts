import type { Context } from '../runbook/context.ts';
import { type Reading, type Source, SourceReader } from './sourceReader.ts';
import { api } from './sources/api.ts';
import { backups } from './sources/backups.ts';
import { breakers } from './sources/breakers.ts';
import { certificate } from './sources/certificate.ts';
import { chain } from './sources/chain.ts';
import { checklist } from './sources/checklist.ts';
import { cors } from './sources/cors.ts';
import { crashes } from './sources/crashes.ts';
import { database } from './sources/database.ts';
import { disk } from './sources/disk.ts';
import { envFile } from './sources/envFile.ts';
import { events } from './sources/events.ts';
import { indexer, indexerError } from './sources/indexer.ts';
import { machine } from './sources/machine.ts';
import { monitor } from './sources/monitor.ts';
import { nodes } from './sources/nodes.ts';
import { oldKeys } from './sources/oldKeys.ts';
import { orders } from './sources/orders.ts';
import { pause } from './sources/pause.ts';
import { processes } from './sources/processes.ts';
import { protocol } from './sources/protocol.ts';
import { relay, relayInterval } from './sources/relay.ts';
import { runs } from './sources/runs.ts';
import { schedule } from './sources/schedule.ts';
import { services } from './sources/services.ts';
import { signals } from './sources/signals.ts';

/** Everything that is observed, in the order of screens: what others rest on comes first. */
export const sources = {
  services,
  crashes,
  processes,
  machine,
  disk,
  envFile,
  nodes,
  chain,
  protocol,
  pause,
  breakers,
  orders,
  signals,
  relay,
  relayInterval,
  database,
  indexer,
  indexerError,
  events,
  api,
  cors,
  backups,
  schedule,
  monitor,
  certificate,
  oldKeys,
  checklist,
  runs,
};

export type SourceId = keyof typeof sources;
export type ValueOf<K extends SourceId> = (typeof sources)[K] extends Source<infer T> ? T : never;

/** What was read of each source. One that was not checked is absent, and nothing is concluded from it. */
export type World = { readonly [K in SourceId]?: Reading<ValueOf<K>> };

export const sourceIds = Object.keys(sources) as readonly SourceId[];

/** Why nothing can rest on a source: it was not read, said nothing, or had nothing to look at. Undefined where it may. */
export function unseenIn(world: World, id: SourceId): string | undefined {
  const source = sources[id] as Source<unknown>;
  const reading = world[id];
  if (reading === undefined) return `${source.title} not read`;
  return reading.known ? source.unseen?.(reading.value) : `${source.title} unknown: ${reading.reason}`;
}

/**
 * Reads sources, all at once, each within its own limit.
 * @param reader of a caller that reads more with it than these sources
 * @throws what is no TvError
 */
export async function observe(
  ctx: Context,
  which: readonly SourceId[] = sourceIds,
  reader = new SourceReader(ctx),
): Promise<World> {
  const read = which.map(async (id) => [id, await reader.reading(sources[id] as Source<unknown>)] as const);
  return Object.fromEntries(await Promise.all(read)) as World;
}
