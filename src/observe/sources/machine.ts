import { type Machine, readMachine } from '../../host/readMachine.ts';
import { bytes, howMany } from '../../text/format.ts';
import type { Source } from '../sourceReader.ts';

/** Memory and load of the host. */
export const machine: Source<Machine> = {
  title: 'machine',
  read: ({ ctx }) => readMachine(ctx.host()),
  describe: ({ cores, memoryTotalBytes, memoryAvailableBytes, load }) =>
    `${bytes(memoryAvailableBytes)} of ${bytes(memoryTotalBytes)} memory available, load ${load[0]} on ${howMany(cores, 'core')}`,
};
