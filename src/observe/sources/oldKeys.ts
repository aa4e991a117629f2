import { dueAt, type OldKey, readOldKeys } from '../../chain/oracle/oldKeys.ts';
import { ago, howMany } from '../../text/format.ts';
import type { Source } from '../sourceReader.ts';

/** Oracle keys that a rotation has replaced and that are not revoked yet. */
export const oldKeys: Source<readonly OldKey[]> = {
  title: 'old keys',
  read: async ({ ctx }) => readOldKeys(ctx.settings),
  describe: ([first, ...more], now) =>
    first === undefined
      ? undefined
      : `${howMany(more.length + 1, 'old oracle key')} still valid, the first to be revoked ${ago(dueAt(first), now)}`,
};
