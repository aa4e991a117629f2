import type { ServiceName } from '../../config/settings.ts';
import { readUnits, type UnitState } from '../../host/readUnits.ts';
import { serviceNames } from '../../operations/service/service.ts';
import { duration } from '../../text/format.ts';
import type { Source } from '../sourceReader.ts';

export type Services = Readonly<Record<ServiceName, UnitState>>;

/** The three units, with one `systemctl show`. */
export const services: Source<Services> = {
  title: 'services',
  read: async ({ ctx }) => {
    const { units } = ctx.settings.host;
    const states = await readUnits(ctx.host(), { units: serviceNames.map((name) => units[name]) });
    return Object.fromEntries(serviceNames.map((name, index) => [name, states[index]])) as Services;
  },
  describe: (states, now) =>
    serviceNames
      .map((name) => {
        const { activeState, since } = states[name];
        const age =
          since === undefined ? '' : ` for ${duration(Math.max(0, now.getTime() - since.getTime()))}`;
        return `${name} ${activeState}${age}`;
      })
      .join(', '),
};
