import type { LogOrigin } from '../../chain/newestLogs.ts';
import { readPause } from '../../chain/readPause.ts';
import type { Answer } from '../../errors/answer.ts';
import type { Source } from '../sourceReader.ts';
import { chain, ofTheChain } from './chain.ts';
import { protocol } from './protocol.ts';

/** Who paused the protocol, and when. Undefined where it is not paused. */
export const pause: Source<Answer<LogOrigin> | undefined> = {
  title: 'pause',
  read: async (reader) => {
    const deployed = await reader.read(protocol);
    if (deployed.paused !== true) return undefined;
    const { number } = await reader.read(chain);
    // Shorter than the limit of this source: a search that takes longer is no failure of it.
    const limitMs = reader.ctx.settings.monitor.limitMs / 2;
    return ofTheChain(reader, (ctx) => readPause(ctx.chain(), deployed, { head: number, limitMs }));
  },
  // The finding that it is paused reports the rest.
  describe: () => undefined,
};
