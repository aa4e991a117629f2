import { mainHost } from '../../config/mapSettings.ts';
import type { ServiceName } from '../../config/settings.ts';
import { findWriters, type Writers } from '../../database/findWriters.ts';
import { readEventSchema } from '../../database/readEventSchema.ts';
import { connectHost } from '../../host/connectHost.ts';
import { type ApiWorkers, readApiWorkers } from '../../host/readApiWorkers.ts';
import { readUnitTraits, type UnitTraits } from '../../host/readUnitTraits.ts';
import { serviceNames } from '../../operations/service/service.ts';
import { compareSettings, type Tuning } from '../../operations/tuning.ts';
import type { Context } from '../../runbook/context.ts';
import { type Reading, type Source, SourceReader } from '../sourceReader.ts';
import { observe, type SourceId, type World } from '../world.ts';

/** One of the configured hosts. */
export interface HostSeen {
  /** `host` for that of `host.prefix`; of the others the name in `host.others`. */
  readonly name: string;
  readonly prefix: readonly string[];
  /** `services`, `processes` and `machine`; of the first host all that was read. */
  readonly world: World;
  readonly traits: Reading<Readonly<Record<ServiceName, UnitTraits>>>;
  readonly workers: Reading<ApiWorkers>;
}

export interface ScaleSeen {
  /** The host of `host.prefix` first. */
  readonly hosts: readonly [HostSeen, ...HostSeen[]];
  /** PostgreSQL's settings against the machine of the first host. */
  readonly tuning: Reading<Tuning>;
  /** Database sessions that write the event tables. */
  readonly writers: Reading<Writers>;
  /** With which the database was asked. */
  readonly role: string;
}

/** What a host is asked for. */
export const hostSources: readonly SourceId[] = ['services', 'processes', 'machine'];

/** What is read once: progress and the evidence of the chain, and what explains that they are missing. */
const sharedSources: readonly SourceId[] = [
  ...(['nodes', 'chain', 'protocol', 'signals', 'relay', 'relayInterval'] as const),
  ...(['database', 'indexer', 'indexerError', 'api', 'runs'] as const),
];

const traits: Source<HostSeen['traits'] extends Reading<infer T> ? T : never> = {
  title: 'units',
  read: async ({ ctx }) => {
    const { units } = ctx.settings.host;
    const found = await readUnitTraits(ctx.host(), { units: serviceNames.map((name) => units[name]) });
    return Object.fromEntries(serviceNames.map((name, index) => [name, found[index]])) as Record<
      ServiceName,
      UnitTraits
    >;
  },
  describe: () => undefined,
};

const workers: Source<ApiWorkers> = {
  title: 'API workers',
  read: ({ ctx }) => readApiWorkers(ctx.host(), { unit: ctx.settings.host.units.api }),
  describe: () => undefined,
};

const tuning: Source<Tuning> = {
  title: 'PostgreSQL settings',
  read: ({ ctx }) => compareSettings(ctx, {}),
  describe: () => undefined,
};

const writers: Source<Writers> = {
  title: 'writing sessions',
  read: async ({ ctx }) => findWriters(ctx.database(), { schema: await readEventSchema(ctx.database()) }),
  describe: () => undefined,
};

/** Reads all configured hosts, and chain and database once; all at once, each source within its own limit. */
export async function readScale(ctx: Context): Promise<ScaleSeen> {
  const reader = new SourceReader(ctx);
  const { prefix, others } = ctx.settings.host;
  const [first, more, tuned, writing] = await Promise.all([
    readHost(reader, { name: mainHost, prefix }, [...hostSources, ...sharedSources]),
    Promise.all(
      Object.entries(others).map(([name, its]) =>
        readHost(new SourceReader(onOther(ctx, its)), { name, prefix: its }, hostSources),
      ),
    ),
    reader.reading(tuning),
    reader.reading(writers),
  ]);
  const role = ctx.database().target.user;
  return { hosts: [first, ...more], tuning: tuned, writers: writing, role };
}

async function readHost(
  reader: SourceReader,
  host: Pick<HostSeen, 'name' | 'prefix'>,
  which: readonly SourceId[],
): Promise<HostSeen> {
  const [world, boot, api] = await Promise.all([
    observe(reader.ctx, which, reader),
    reader.reading(traits),
    reader.reading(workers),
  ]);
  return { ...host, world, traits: boot, workers: api };
}

/** The same context with another host. */
function onOther(ctx: Context, prefix: readonly string[]): Context {
  const { timeoutMs } = ctx.settings.host;
  const host = connectHost({ prefix, timeoutMs, signal: ctx.signal });
  return { ...ctx, host: () => host };
}
