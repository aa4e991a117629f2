import * as z from 'zod';
import { type Answer, known, unknown } from '../../errors/answer.ts';
import { TvError } from '../../errors/TvError.ts';
import type { ChecklistEntry } from '../../runbook/checklist.ts';
import type { Context } from '../../runbook/context.ts';
import { howMany } from '../../text/format.ts';
import { skewMs } from '../oracle/keyAge.ts';
import { type Evidence, type ItemId, itemIds, items, type Period, periods } from './items.ts';

/** A record of one item, as far as it is shown. */
export interface Recorded {
  readonly seq: number;
  /** ISO 8601. */
  readonly at: string;
  /** `anna@vault-1`. */
  readonly by: string;
  readonly note: string;
  /** What could be read then. */
  readonly evidence: ChecklistEntry['evidence'];
}

export interface Records {
  /** The newest of each item, of this environment. */
  readonly newest: Partial<Record<ItemId, Recorded>>;
  /** Records of this environment. */
  readonly total: number;
}

const shape = z.object({
  seq: z.int(),
  at: z.iso.datetime(),
  environment: z.string(),
  operator: z.object({ user: z.string(), host: z.string() }),
  item: z.string(),
  note: z.string(),
  evidence: z.json(),
});

/**
 * What is recorded in the state directory. A log that was changed after it was written proves nothing.
 * @throws what is no TvError
 */
export function readRecords({
  checklist,
  settings,
  clock,
}: Pick<Context, 'checklist' | 'settings' | 'clock'>): Answer<Records> {
  try {
    const { intact, problems } = checklist.verify();
    if (!intact) return unknown(`${checklist.file} was changed or damaged: ${problems[0] ?? ''}`);
    const read = checklist.entries().map((entry) => shape.safeParse(entry));
    if (read.some(({ success }) => !success))
      return unknown(`${checklist.file} holds lines that are no records`);
    const own = read.flatMap(({ data }) => (data?.environment === settings.environment ? [data] : []));
    const latest = clock.now().getTime() + skewMs;
    const ahead = own.find(({ at }) => Date.parse(at) > latest);
    if (ahead !== undefined)
      return unknown(`record ${ahead.seq} of ${checklist.file} is dated in the future`);
    const newest: Partial<Record<ItemId, Recorded>> = {};
    for (const { seq, at, operator, item, note, evidence } of own) {
      // By its time, not by its place: a clock may have been set back between two records.
      const id = itemIds.find((each) => each === item);
      if (id === undefined || Date.parse(newest[id]?.at ?? at) > Date.parse(at)) continue;
      newest[id] = { seq, at, by: `${operator.user}@${operator.host}`, note, evidence };
    }
    return known({ newest, total: own.length });
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    const { reason } = error.facts;
    return unknown(error.message.replace(/\.$/, '') + (reason === undefined ? '' : ` (${reason})`));
  }
}

/**
 * - `proven`: what tv read shows that it is done
 * - `recorded`: a person has recorded it, and nothing that was read says otherwise
 * - `due`: neither within the period, or what was read says that it is not done
 * - `unknown`: what would decide it could not be read
 */
export type ItemState = 'proven' | 'recorded' | 'due' | 'unknown';

export interface JudgedItem {
  readonly id: ItemId;
  readonly period: Period;
  readonly title: string;
  readonly state: ItemState;
  /** ISO 8601: when it is, or was, due. Null: now, since it was never done as far as is known, or unknown. */
  readonly due: string | null;
  /** Why the state is unknown. */
  readonly reason: string | null;
  readonly recorded: Recorded | null;
  readonly evidence: Evidence;
}

/** The state of one item. What was read outranks what is recorded. */
export function judgeItem(id: ItemId, records: Answer<Records>, evidence: Evidence, now: Date): JudgedItem {
  const { period, title } = items[id];
  const after = (at: string) => addMonths(new Date(at), periods[period]);
  const recorded = records.known ? (records.value.newest[id] ?? null) : null;
  const byRecord = recorded === null ? null : after(recorded.at);
  const base = { id, period, title, recorded, evidence };
  const is = (state: ItemState, due: Date | null, reason: string | null = null): JudgedItem => ({
    ...{ ...base, state, reason },
    due: due?.toISOString() ?? null,
  });
  if (evidence.kind === 'contradicted') return is('due', null);
  const provenAt = evidence.at === undefined || evidence.at === null ? now.toISOString() : evidence.at;
  const byProof =
    evidence.kind !== 'proven'
      ? null
      : evidence.until === undefined
        ? after(provenAt)
        : new Date(evidence.until);
  if (byProof !== null && byProof > now) {
    return is(
      'proven',
      byRecord !== null && byRecord > byProof && evidence.until === undefined ? byRecord : byProof,
    );
  }
  if (byRecord !== null && byRecord > now) return is('recorded', byRecord);
  if (evidence.kind === 'unknown' && decides(id)) return is('unknown', byRecord, evidence.words);
  if (!records.known) return is('unknown', byProof, records.reason);
  const last = [byProof, byRecord]
    .filter((due) => due !== null)
    .toSorted((a, b) => b.getTime() - a.getTime());
  return is('due', last[0] ?? null);
}

/** Items that what tv reads can prove; of the others it is only shown to the person who does them. */
const provable: readonly ItemId[] = ['backups', 'roles', 'oracle-key', 'certificates', 'recovery-test'];

function decides(id: ItemId): boolean {
  return provable.includes(id);
}

/** The same day so many calendar months later, or the last of that month where it has no such day. In UTC. */
export function addMonths(from: Date, months: number): Date {
  const to = new Date(from);
  to.setUTCMonth(to.getUTCMonth() + months);
  if (to.getUTCDate() !== from.getUTCDate()) to.setUTCDate(0);
  return to;
}

/** `2 due, 1 unknown, 8 done`. */
export function inWords(all: readonly JudgedItem[]): string {
  const number = (...states: readonly ItemState[]) =>
    all.filter(({ state }) => states.includes(state)).length;
  const [due, open, done] = [number('due'), number('unknown'), number('proven', 'recorded')];
  const parts = [
    ...(due === 0 ? [] : [`${due} due`]),
    ...(open === 0 ? [] : [`${open} unknown`]),
    ...(done === 0 ? [] : [`${done} done`]),
  ];
  return `${parts.join(', ')} of ${howMany(all.length, 'item')}`;
}
