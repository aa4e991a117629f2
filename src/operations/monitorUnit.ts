import { onHost } from '../errors/advice.ts';
import { TvError, UnavailableError, UsageError } from '../errors/TvError.ts';
import { CommandMissingError } from '../host/explainFailure.ts';
import { fetchUrl, type HostAnswer } from '../host/fetchUrl.ts';
import { type MonitorService, monitorSet, monitorUnit, readMonitorService } from '../host/monitorUnit.ts';
import type { UnitFile } from '../host/unitFile.ts';
import type { PlannedChange } from '../runbook/changes.ts';
import type { Check, Finding } from '../runbook/check.ts';
import type { Host } from '../runbook/context.ts';
import type { StepContext } from '../runbook/define.ts';
import { poll } from '../runbook/poll.ts';
import { block, Preflight, pass } from '../runbook/preflight.ts';
import { ago } from '../text/format.ts';
import { checkDeleted, checkWritten, type UnitChange } from './unitFiles.ts';

/** The service before a run. */
export type ServiceBefore = {
  /** It ran, or systemd was about to start it again. */
  readonly wasActive: boolean;
  readonly wasEnabled: boolean;
  /** systemd's word, or `not installed`. Absent in journals of releases that did not keep it. */
  readonly state?: string;
};

/** What the preflight of `tv monitor install` has found and the plan is made from. */
export type MonitorInstallFacts = {
  readonly environment: string;
  readonly files: readonly UnitChange[];
  /** Where the host itself reaches the page: `http://127.0.0.1:9464`. */
  readonly url: string;
  /** Flags by which changes of state are sent. */
  readonly receivers: readonly string[];
  readonly service: ServiceBefore;
};

/** Whether it starts with the machine, before and after a plan. */
export function plannedAtBoot({ wasEnabled }: ServiceBefore, afterwards: boolean): PlannedChange {
  const words = (enabled: boolean) => (enabled ? 'started' : 'not started');
  return { kind: 'unit', what: `${monitorUnit} at boot`, course: [words(wasEnabled), words(afterwards)] };
}

/** What the preflight of `tv monitor remove` has found. */
export type MonitorRemoveFacts = {
  readonly files: readonly UnitFile[];
  readonly service: ServiceBefore;
};

/** For Node to start and for the first check, in milliseconds: a check takes at most 10 s. */
export const firstCheckMs = 60_000;
/** Between two requests, in milliseconds. */
const everyMs = 500;
/** Of one request, in seconds. */
const answerSeconds = 5;

const journal = onHost(`journalctl -u ${monitorUnit} -n 50 --no-pager`);

/**
 * `9464` and `localhost:9464` are for this machine alone, `:9464` and `0.0.0.0:9464` for all; `[::1]:9464`.
 * @throws UsageError
 */
export function parseAddress(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plainHost, portText] =
    /^(?:(?:\[([0-9a-f:.]+)\]|([^:[\]\s]*)):)?(\d{1,5})$/i.exec(text) ?? [];
  const port = Number(portText);
  if (portText === undefined || port > 65_535) {
    throw new UsageError('usage.malformed-value', '--serve needs an address such as 127.0.0.1:9464.', {
      next: { tv: ['monitor', '--help'] },
    });
  }
  const host = bracketed ?? plainHost;
  return { host: host === undefined ? '127.0.0.1' : host === '' ? '0.0.0.0' : host, port };
}

/** Where the host reaches what listens at this address. */
export function urlOnHost({ host, port }: { readonly host: string; readonly port: number }): string {
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`;
  if (host.includes(':')) return `http://[${/^[0:]+$/.test(host) ? '::1' : host}]:${port}`;
  return `http://${host}:${port}`;
}

/** What `/health` proves. `waiting`: it may still come. `other`: what answers is not this service. */
export type HealthVerdict =
  | { readonly kind: 'answers'; readonly lastLook: Date }
  | { readonly kind: 'waiting' | 'other'; readonly reason: string };

/**
 * Judges an answer of `/health` by the start of the service that it names: another monitor, or another program
 * at the same address, proves nothing.
 * @param answer undefined where nothing listens
 * @param invocation of the service, as systemd has it
 */
export function judgeHealth(answer: HostAnswer | undefined, invocation: string): HealthVerdict {
  if (answer === undefined) return { kind: 'waiting', reason: 'nothing listens there yet' };
  const health = parsed(answer.body);
  if (health === undefined || !('lastLook' in health) || !('invocation' in health)) {
    return { kind: 'other', reason: `what answers there is not this monitor (HTTP ${answer.status})` };
  }
  if (invocation === '' || health['invocation'] !== invocation) {
    return { kind: 'other', reason: 'another monitor answers there' };
  }
  const lastLook = new Date(typeof health['lastLook'] === 'string' ? health['lastLook'] : Number.NaN);
  if (answer.status === 200 && !Number.isNaN(lastLook.getTime())) return { kind: 'answers', lastLook };
  return {
    kind: 'waiting',
    reason: health['lastLook'] === null ? 'its first check has not finished' : 'its last check is too old',
  };
}

function parsed(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

type Answering = {
  readonly service: MonitorService;
  readonly verdict: HealthVerdict;
};

/** The service, and what it answers. It counts only if the same start of it was there before and afterwards. */
async function readAnswer(ctx: StepContext, url: string): Promise<Answering> {
  const host = ctx.host();
  const { invocation } = await readMonitorService(host);
  const answer = await askHealth(host, url);
  const service = await readMonitorService(host);
  if (service.invocation !== invocation) {
    return { service, verdict: { kind: 'waiting', reason: 'it was started anew in between' } };
  }
  const verdict: HealthVerdict =
    typeof answer === 'string' ? { kind: 'waiting', reason: answer } : judgeHealth(answer, invocation);
  return { service, verdict };
}

/**
 * What answers at `/health`, or why that is unknown; undefined where nothing listens.
 * @throws CommandMissingError without curl
 */
export async function askHealth(
  host: Host,
  url: string,
  limitSeconds = answerSeconds,
): Promise<HostAnswer | string | undefined> {
  try {
    return await fetchUrl(host, { url: `${url}/health`, limitSeconds });
  } catch (error) {
    if (!(error instanceof UnavailableError) || error instanceof CommandMissingError) throw error;
    const { reason } = error.facts;
    return reason === undefined ? error.message : `no HTTP answer: ${reason}`;
  }
}

/** Whether systemd has seen it end since it was started. */
function hasEnded({ activeState, restarts }: MonitorService): boolean {
  return activeState !== 'active' || restarts > 0;
}

/**
 * Waits until the first check of the service.
 * @throws TvError as soon as it has exited, or where it has not answered within the limit
 */
export async function awaitFirstCheck(ctx: StepContext, url: string): Promise<Date> {
  const { service, verdict } = await poll(
    ctx.clock,
    { everyMs, limitMs: firstCheckMs, signal: ctx.signal },
    () => readAnswer(ctx, url),
    (found) => hasEnded(found.service) || found.verdict.kind === 'answers',
  );
  if (!hasEnded(service) && verdict.kind === 'answers') return verdict.lastLook;
  throw new TvError(
    'monitor.not-answering',
    hasEnded(service)
      ? `${monitorUnit} ended right after its start.`
      : `${monitorUnit} does not answer within ${firstCheckMs / 1000} s.`,
    { facts: factsOf(service, verdict, url), next: journal },
  );
}

function factsOf(
  { activeState, subState, result, restarts }: MonitorService,
  verdict: HealthVerdict,
  url: string,
): Readonly<Record<string, string>> {
  return {
    state: `${activeState} (${subState})`,
    ...(result === 'success' ? {} : { result }),
    ...(restarts === 0 ? {} : { restarts: String(restarts) }),
    ...(verdict.kind === 'answers' ? {} : { [url]: verdict.reason }),
  };
}

/** The file is there byte for byte, and the service is enabled, runs, and has checked. */
export async function verifyMonitor(
  ctx: StepContext,
  { files, url }: MonitorInstallFacts,
): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  preflight.check('unit', 'host', () => checkWritten(ctx, monitorSet, files));
  preflight.check('monitor', 'host', async () => {
    const { service, verdict } = await readAnswer(ctx, url);
    if (hasEnded(service) || verdict.kind !== 'answers') {
      return block(`${monitorUnit} does not answer at ${url}`, {
        facts: factsOf(service, verdict, url),
        next: [journal],
      });
    }
    if (!service.enabled) {
      return block(`${monitorUnit} does not start at boot`, {
        next: [onHost(`systemctl enable ${monitorUnit}`)],
      });
    }
    return pass(
      `active, starts at boot; ${url} answers, last check ${ago(verdict.lastLook, ctx.clock.now())}`,
    );
  });
  return preflight.checks();
}

/** Neither the file nor the service is left. */
export async function verifyMonitorRemoved(
  ctx: StepContext,
  { files }: MonitorRemoveFacts,
): Promise<readonly Check[]> {
  const preflight = new Preflight(ctx);
  preflight.check('unit', 'host', () => checkDeleted(ctx, monitorSet, files));
  preflight.check('monitor', 'host', async () => {
    const { activeState, enabled } = await readMonitorService(ctx.host());
    if (activeState === 'inactive' && !enabled) return pass('stopped, and not started at boot');
    return block(`${monitorUnit} is ${activeState}${enabled ? ', and enabled' : ''}`, {
      next: [onHost(`systemctl disable --now ${monitorUnit}`)],
    });
  });
  return preflight.checks();
}

/** Whether the service runs and is enabled exactly where it was before a run. */
export async function checkServiceAsBefore(
  ctx: StepContext,
  { wasActive, wasEnabled }: ServiceBefore,
): Promise<Finding> {
  const { activeState, enabled } = await readMonitorService(ctx.host());
  const isActive = activeState === 'active' || activeState === 'activating';
  const words = (active: boolean, atBoot: boolean) =>
    `${active ? 'running' : 'not running'}, ${atBoot ? 'enabled' : 'not enabled'}`;
  if (isActive === wasActive && enabled === wasEnabled)
    return pass(`${monitorUnit} ${words(isActive, enabled)}, as before the run`);
  return block(
    `${monitorUnit} is ${words(isActive, enabled)}; before the run ${words(wasActive, wasEnabled)}`,
    {
      next: [onHost(`systemctl status ${monitorUnit} --no-pager`)],
    },
  );
}
