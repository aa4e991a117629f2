import { type DatabaseStatus, readStatus } from '../../database/readStatus.ts';
import { bytes } from '../../text/format.ts';
import type { Source } from '../sourceReader.ts';

/** Size, connections and progress of the event database. */
export const database: Source<DatabaseStatus> = {
  title: 'database',
  read: ({ ctx }) => readStatus(ctx.database()),
  describe: ({ version, sizeBytes, connections, hiddenSessions: hidden }) =>
    `PostgreSQL ${version}, ${bytes(sizeBytes)}, ${connections.used} of ${connections.max} connections${hidden === 0 ? '' : `; what ${hidden} of them do is hidden from this role`}`,
};
