import { type Health, readHealth } from '../../api/readHealth.ts';
import { type Ready, readReady } from '../../api/readReady.ts';
import { duration } from '../../text/format.ts';
import type { Source } from '../sourceReader.ts';

export interface ApiState {
  readonly url: string;
  readonly health: Health;
  readonly ready: Ready;
}

/** `/health` and `/ready`, at the URL of the settings. */
export const api: Source<ApiState> = {
  title: 'api',
  read: async ({ ctx }) => {
    const [health, ready] = await Promise.all([readHealth(ctx.api()), readReady(ctx.api())]);
    return { url: ctx.api().url, health, ready };
  },
  describe: ({ health, ready }) =>
    `${health.status}, ${ready.ready ? 'ready' : 'not ready'}, ${duration(health.durationMs)}`,
};
