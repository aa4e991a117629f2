import { checkChainIds, type NodeAnswer } from '../../chain/checkChainIds.ts';
import { duration, howMany } from '../../text/format.ts';
import type { Source } from '../sourceReader.ts';

/** Of the limit of a source. */
const shareOfOneNode = 0.9;

/** Each RPC node by itself: its chain, its head, how long it took, or why it did not answer. */
export const nodes: Source<readonly NodeAnswer[]> = {
  title: 'RPC nodes',
  // One node that is waited for must not hide what the others say.
  read: ({ ctx }) => checkChainIds(ctx.chain(), { limitMs: ctx.settings.monitor.limitMs * shareOfOneNode }),
  describe: (all) => {
    const answered = all.filter(({ error }) => error === undefined);
    const slowest = Math.max(0, ...answered.map(({ durationMs }) => durationMs));
    const which =
      all.length === 1 ? 'it answers' : `${answered.length} of ${howMany(all.length, 'node')} answer`;
    return answered.length === 0 ? 'none answers' : `${which} within ${duration(slowest)}`;
  },
};
