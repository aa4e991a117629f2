import { answer } from '../../errors/answer.ts';
import { thisOperator } from '../../journal/operator.ts';
import type { Context } from '../../runbook/context.ts';
import type { Progress } from '../../runbook/events.ts';
import { count, duration } from '../../text/format.ts';
import { readChainPart } from './chainPart.ts';
import { readClocks, widened } from './clocks.ts';
import { readCursorNow, withCursorNow } from './cursorNow.ts';
import { type Incident, mergeEntries, type TimeSpan, unreadPart } from './incident.ts';
import { type JournalPart, readJournalPart } from './journalPart.ts';
import { readMonitorParts } from './monitorPart.ts';
import { readCallsPart, readNotesPart, readRunsPart } from './runsPart.ts';

/** Clocks further apart than this may change the order of entries. In milliseconds. */
const apartMs = 2_000;

/** How far the slow sources are. */
export class IncidentProgress {
  entries = 0;
  blocks: Progress | undefined;
  readonly #awaited = new Set<string>();

  /** @returns what `read` does; until then the source is named as one that is waited for */
  async of<T>(source: string, read: Promise<T>): Promise<T> {
    this.#awaited.add(source);
    try {
      return await read;
    } finally {
      this.#awaited.delete(source);
    }
  }

  /** `waiting for chain, journal; read so far: 400 000 journal entries`. */
  words(): string {
    const read = [
      ...(this.entries === 0 ? [] : [`${count(this.entries)} journal entries`]),
      ...(this.blocks === undefined
        ? []
        : [`${count(this.blocks.done)} of ${count(this.blocks.total ?? this.blocks.done)} blocks`]),
    ];
    const awaited = `waiting for ${[...this.#awaited].join(', ')}`;
    return read.length === 0 ? awaited : `${awaited}; read so far: ${read.join(', ')}`;
  }
}

/**
 * Everything that is known of a stretch of time, in one order. A source that cannot be read is named, with the
 * stretch that it leaves out.
 * @param progress is kept up to date while the journal and the chain are read
 * @throws what is no TvError: a bug, or the reason of an abort
 */
export async function collectIncident(
  ctx: Context,
  span: TimeSpan,
  progress: IncidentProgress,
): Promise<Incident> {
  const clock = readClocks(ctx);
  const [host, database, head, now, chain, journal, monitor, runs, calls, notes] = await Promise.all([
    progress.of('clock of the host', clock.host),
    progress.of('clock of the database', clock.database),
    progress.of('clock of the chain', clock.chain),
    progress.of('cursor', readCursorNow(ctx, span)),
    progress.of(
      'events of the contracts',
      clock.chain.then((reading) =>
        readChainPart(ctx, widened(span, reading), (blocks) => {
          progress.blocks = blocks;
        }),
      ),
    ),
    progress.of(
      'journals',
      clock.host.then((reading) =>
        journalOrNot(ctx, widened(span, reading), (entries) => {
          progress.entries = entries;
        }),
      ),
    ),
    readMonitorParts(ctx, span),
    readRunsPart(ctx, span),
    readCallsPart(ctx, span),
    readNotesPart(ctx, span),
  ]);
  const clocks = [host, database, head];
  const cursor = withCursorNow(monitor.cursor, now, span);
  const parts = [chain, journal, cursor, monitor.alerts, runs, calls, notes];
  const operator = thisOperator();
  const skewed = clocks.filter(
    ({ clock, offsetMs, withinMs }) =>
      offsetMs !== null && Math.abs(offsetMs) - withinMs > apartMs && (clock !== 'chain' || offsetMs > 0),
  );
  return {
    environment: ctx.settings.environment,
    ...span,
    madeAt: ctx.clock.now(),
    madeBy: `${operator.user}@${operator.host}`,
    entries: mergeEntries(parts),
    services: journal.services,
    errors: journal.errors,
    clocks,
    sources: parts.map(({ report }) => report),
    missing: parts.flatMap(({ missing }) => missing),
    remarks: [
      ...skewed.map(
        ({ clock, offsetMs }) =>
          `the clock of the ${clock} is ${duration(Math.abs(offsetMs ?? 0))} ${(offsetMs ?? 0) > 0 ? 'ahead of' : 'behind'} this machine's; times are shown as each source recorded them, so the order of entries is uncertain by that much`,
      ),
      ...parts.flatMap(({ remarks }) => remarks),
    ],
  };
}

async function journalOrNot(
  ctx: Context,
  span: TimeSpan,
  onProgress: (entries: number) => void,
): Promise<JournalPart> {
  const read = await answer((async () => readJournalPart(ctx, span, onProgress))());
  if (read.known) return read.value;
  const services = (
    Object.entries(ctx.settings.host.units) as [keyof typeof ctx.settings.host.units, string][]
  ).map(([service, unit]) => ({
    ...{ service, unit, state: 'unknown' as const, why: read.reason },
    ...{ outages: [], downMs: 0, leftOut: 0 },
  }));
  return {
    ...unreadPart('journal', span, read.reason),
    services,
    errors: { total: 0, groups: [], leftOut: 0 },
  };
}
