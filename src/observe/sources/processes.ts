import type { ServiceName } from '../../config/settings.ts';
import { withoutBeside } from '../../host/besideUnit.ts';
import { type HostProcess, listPrograms } from '../../host/listProcesses.ts';
import { serviceNames } from '../../operations/service/service.ts';
import type { Source } from '../sourceReader.ts';

export type Processes = Readonly<Record<ServiceName, readonly HostProcess[]>>;

/**
 * The processes of the host that run the programs of the services, whoever started them, but for a second indexer that
 * works on a database of its own for a run of tv.
 */
export const processes: Source<Processes> = {
  title: 'processes',
  read: async ({ ctx }) => {
    const { programs, units } = ctx.settings.host;
    const [api = [], indexer = [], oracle = []] = await listPrograms(ctx.host(), {
      programs: [programs.api, programs.indexer, programs.oracle],
    });
    return { api, indexer: withoutBeside(indexer, units.indexer), oracle };
  },
  describe: (found) => serviceNames.map((name) => `${name} ${found[name].length}`).join(', '),
};
