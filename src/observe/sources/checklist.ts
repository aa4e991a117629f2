import type { Answer } from '../../errors/answer.ts';
import { known, unknown } from '../../errors/answer.ts';
import { evidenceFor } from '../checklist/evidence.ts';
import { itemIds } from '../checklist/items.ts';
import { inWords, type JudgedItem, judgeItem, readRecords } from '../checklist/judge.ts';
import type { Source } from '../sourceReader.ts';

export interface ChecklistState {
  readonly items: readonly JudgedItem[];
  /** Records of this environment in the state directory of this machine. */
  readonly records: Answer<number>;
}

/** Of the source's own limit, what the reading of an item may take: one that hangs leaves the others. */
const shareOfLimit = 0.8;

/**
 * The security checklist, by what is recorded on this machine and what is read quickly. Of a sandbox only what was
 * recorded there: it is not audited.
 */
export const checklist: Source<ChecklistState> = {
  title: 'checklist',
  read: async (reader) => {
    const { clock, settings } = reader.ctx;
    const records = readRecords(reader.ctx);
    const wanted = itemIds.filter(
      (id) => !settings.sandbox || !records.known || records.value.newest[id] !== undefined,
    );
    const limitMs = settings.monitor.limitMs * shareOfLimit;
    const items = await Promise.all(
      wanted.map(async (id) => judgeItem(id, records, await evidenceFor(id, reader, limitMs), clock.now())),
    );
    return { items, records: records.known ? known(records.value.total) : unknown(records.reason) };
  },
  describe: ({ items }) => (items.length === 0 ? undefined : inWords(items)),
};
