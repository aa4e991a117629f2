import { readBlockTime, readHead } from '../../chain/readHead.ts';
import { readEventSchema } from '../../database/readEventSchema.ts';
import { readProgress } from '../../database/readProgress.ts';
import { type Answer, answer } from '../../errors/answer.ts';
import { TvError } from '../../errors/TvError.ts';
import type { Context } from '../../runbook/context.ts';
import { count, duration, howMany, localTime } from '../../text/format.ts';
import type { IncidentPart, TimeSpan } from './incident.ts';

/** A timeline that ends earlier than this before now says nothing of now. In milliseconds. */
const nowMs = 120_000;
/** The next block has to wait this long to be worth a line. In milliseconds. */
const waitingMs = 60_000;

export interface CursorNow {
  readonly at: Date;
  readonly block: number;
  readonly head: number;
  /** Since when the next block is on the chain; null where the cursor is at the head. */
  readonly waitsSince: Date | null;
}

/** Where the cursor is now; undefined where the timeline ends too long before now for that to matter. */
export async function readCursorNow(
  ctx: Pick<Context, 'database' | 'chain' | 'clock'>,
  span: TimeSpan,
): Promise<Answer<CursorNow> | undefined> {
  const now = ctx.clock.now();
  return now.getTime() - span.until.getTime() > nowMs ? undefined : answer(readCursor(ctx, now));
}

/** The part of the cursor with what is so now: the only evidence where no monitor has checked. */
export function withCursorNow(
  part: IncidentPart,
  read: Answer<CursorNow> | undefined,
  span: TimeSpan,
): IncidentPart {
  if (read === undefined) return part;
  const { report } = part;
  if (!read.known) {
    const state = report.state === 'read' || report.state === 'partly' ? 'partly' : 'unread';
    return {
      ...part,
      report: { ...report, state, summary: `${report.summary}; now unknown: ${read.reason}` },
    };
  }
  const { at: now, block, waitsSince, head } = read.value;
  const lag = head - block;
  const behind = lag <= 0 ? 'at the head' : `${howMany(lag, 'block')} behind the head`;
  const summary = `${report.summary}; now at block ${count(block)}, ${behind}`;
  const waits = waitsSince === null ? 0 : now.getTime() - waitsSince.getTime();
  // A stall that a monitor has seen to the end is in the timeline already.
  const isSeen = part.entries.some(({ until }) => until === null);
  if (waitsSince === null || waits < waitingMs || isSeen) return { ...part, report: { ...report, summary } };
  return {
    ...part,
    report: { ...report, summary },
    entries: [
      ...part.entries,
      {
        at: new Date(Math.max(waitsSince.getTime(), span.since.getTime())),
        until: null,
        of: 'cursor',
        level: 'bad',
        what: `cursor at block ${count(block)}: the next block has been waiting for ${duration(waits)}`,
        details: [`since ${localTime(waitsSince)}; ${behind}`],
      },
    ],
  };
}

async function readCursor(ctx: Pick<Context, 'database' | 'chain'>, now: Date): Promise<CursorNow> {
  const database = ctx.database();
  const schema = await readEventSchema(database);
  const { block, source } = await readProgress(database, { schema });
  if (block === null || source !== 'cursor')
    throw new TvError('db.events-missing', 'The database has no cursor of the indexer.');
  const chain = ctx.chain();
  const { number: head } = await readHead(chain);
  const made = head > block ? await readBlockTime(chain, block + 1) : undefined;
  return {
    at: now,
    block,
    head,
    waitsSince: made === undefined ? null : new Date(Math.min(made * 1000, now.getTime())),
  };
}
