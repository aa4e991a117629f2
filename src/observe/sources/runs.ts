import { serviceNames } from '../../operations/service/service.ts';
import { howMany } from '../../text/format.ts';
import { type RunsSeen, seeRuns } from '../runs.ts';
import type { Source } from '../sourceReader.ts';
import { protocol } from './protocol.ts';
import { services } from './services.ts';

/** Unfinished runs, what of their residual state is still there, and who holds the lock. */
export const runs: Source<RunsSeen> = {
  title: 'runs',
  read: (reader) =>
    seeRuns(reader.ctx, {
      paused: async () => {
        const deployed = await reader.answer(protocol);
        return deployed.known ? deployed.value.paused : undefined;
      },
      stopped: async () => {
        const states = await reader.answer(services);
        return states.known
          ? serviceNames.filter((name) => states.value[name].activeState !== 'active')
          : undefined;
      },
    }),
  describe: ({ left, unverified, running, locks }) =>
    [
      ...(left.length === 0 ? [] : [`${howMany(left.length, 'run')} unfinished`]),
      ...(unverified.length === 0 ? [] : [`${unverified.length} not verified`]),
      ...(running.length === 0 ? [] : [`running now: ${running.join(', ')}`]),
      ...locks,
    ].join('; ') || 'none unfinished',
};
