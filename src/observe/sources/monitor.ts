import { type Answer, answer, known, unknown } from '../../errors/answer.ts';
import { type MonitorService, readMonitorService } from '../../host/monitorUnit.ts';
import {
  askHealth,
  type HealthVerdict,
  judgeHealth,
  parseAddress,
  urlOnHost,
} from '../../operations/monitorUnit.ts';
import type { Host } from '../../runbook/context.ts';
import { ago } from '../../text/format.ts';
import type { Source } from '../sourceReader.ts';

/** Of the limit of a source, what a request to the monitor may take: the rest is for systemd. */
const requestShare = 0.6;

export interface InstalledMonitor {
  readonly service: MonitorService;
  /** What its `/health` says; undefined where the service does not run. */
  readonly health: Answer<HealthVerdict> | undefined;
}

/** The service of `tv monitor install` for this environment; undefined where none is installed. */
export const monitor: Source<InstalledMonitor | undefined> = {
  title: 'monitor',
  read: async ({ ctx }) => {
    const service = await readMonitorService(ctx.host());
    const { environment, limitMs } = { ...ctx.settings, ...ctx.settings.monitor };
    const isOther = service.environment !== undefined && service.environment !== environment;
    if (service.loadState === 'not-found' || isOther) return undefined;
    if (service.activeState !== 'active') return { service, health: undefined };
    return { service, health: await readHealth(ctx.host(), service, (limitMs * requestShare) / 1000) };
  },
  describe: (installed, now) => {
    if (installed === undefined) return undefined;
    const { service, health } = installed;
    if (health === undefined) return `${service.activeState} (${service.subState})`;
    if (!health.known) return `active; its last check is unknown: ${health.reason}`;
    return health.value.kind === 'answers'
      ? `last check ${ago(health.value.lastLook, now)}`
      : `active; ${health.value.reason}`;
  },
};

async function readHealth(
  host: Host,
  { serves, invocation }: MonitorService,
  limitSeconds: number,
): Promise<Answer<HealthVerdict>> {
  if (serves === undefined) return unknown('the command of its unit has no --serve');
  const asked = await answer((async () => askHealth(host, urlOnHost(parseAddress(serves)), limitSeconds))());
  if (!asked.known) return asked;
  // It listens and returns nothing: a monitor that hangs does so.
  if (typeof asked.value === 'string') return known({ kind: 'waiting', reason: asked.value });
  return known(judgeHealth(asked.value, invocation));
}
