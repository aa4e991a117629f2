import type { ServiceName } from '../../config/settings.ts';
import { type HostProcess, listProcesses } from '../../host/listProcesses.ts';
import { serviceNames } from '../../operations/service/service.ts';
import type { Source } from '../look.ts';

export type Processes = Readonly<Record<ServiceName, readonly HostProcess[]>>;

/** The processes of the host that run the programs of the services, whoever started them. */
export const processes: Source<Processes> = {
  title: 'processes',
  read: async ({ ctx }) => {
    const { programs } = ctx.settings.host;
    const [api, indexer, oracle] = await Promise.all([
      listProcesses(ctx.host(), { program: programs.api }),
      listProcesses(ctx.host(), { program: programs.indexer }),
      listProcesses(ctx.host(), { program: programs.oracle }),
    ]);
    return { api, indexer, oracle };
  },
  describe: (found) => serviceNames.map((name) => `${name} ${found[name].length}`).join(', '),
};
