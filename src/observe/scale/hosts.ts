import type { ServiceName, Settings } from '../../config/settings.ts';
import { type Advice, distinctAdvice, onThisMachine } from '../../errors/advice.ts';
import type { UnitState } from '../../host/readUnits.ts';
import { serviceNames } from '../../operations/service/service.ts';
import { behindPrefix } from '../../text/shellLine.ts';
import type { Finding } from '../findings.ts';
import type { Level } from '../level.ts';
import type { Escalation } from '../rule.ts';
import type { Reading } from '../sourceReader.ts';
import type { SourceId } from '../world.ts';
import type { HostSeen } from './readScale.ts';

/** Whether a host runs a service: what runs it, in words; `sure` is false where a part could not be read. */
export interface Instances {
  readonly words: readonly string[];
  readonly sure: boolean;
}

function isRunning({ activeState }: Pick<UnitState, 'activeState'>): boolean {
  return activeState === 'active' || activeState === 'reloading';
}

/** What runs a service on a host: its processes, and its unit where systemd has it active. */
export function instancesOn({ world }: HostSeen, service: ServiceName): Instances {
  const unit = world.services?.known === true ? world.services.value[service] : undefined;
  const processes = world.processes?.known === true ? world.processes.value[service] : undefined;
  const words = (processes ?? []).map(
    (each) => `process ${each.pid}, ${each.unit ?? 'no unit'}, user ${each.user}`,
  );
  const isUp = unit !== undefined && isRunning(unit);
  // A program of another name is not found among the processes.
  const isSeen = unit !== undefined && (processes ?? []).some(({ pid }) => pid === unit.mainPid);
  const own =
    isUp && !isSeen && words.length === 0
      ? [`${unit.unit} ${unit.activeState}, process ${unit.mainPid}`]
      : [];
  return { words: [...words, ...own], sure: unit !== undefined && processes !== undefined };
}

/** Workers of the API on a host, as they are and as they should be. */
export interface WorkersSeen {
  /** Null where neither the unit nor the processes of its control group show it. */
  readonly workers: number | null;
  /** 2 × cores + 1; null where the cores are unknown. */
  readonly recommended: number | null;
  readonly from: string;
}

/** Undefined where no API is installed. */
export function workersOn({ world, workers }: HostSeen): WorkersSeen | undefined {
  const unit = world.services?.known === true ? world.services.value.api : undefined;
  if (unit?.loadState === 'not-found') return undefined;
  const recommended = world.machine?.known === true ? 2 * world.machine.value.cores + 1 : null;
  if (unit !== undefined && !isRunning(unit)) {
    return { workers: null, recommended, from: `${unit.unit} is ${unit.activeState}` };
  }
  if (workers.known && workers.value.workers !== null) {
    return { workers: workers.value.workers, recommended, from: workers.value.from };
  }
  return { workers: null, recommended, from: workers.known ? workers.value.from : workers.reason };
}

/** Hosts that are one machine under two names: by the boot id and the name of the machine. */
export function doublesOf(hosts: readonly HostSeen[]): ReadonlyMap<string, string> {
  const seen = new Map<string, string>();
  const doubles = new Map<string, string>();
  for (const { name, world } of hosts) {
    if (world.machine?.known !== true) continue;
    const { bootId, hostname } = world.machine.value;
    const key = `${bootId} ${hostname}`;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, name);
    else doubles.set(name, first);
  }
  return doubles;
}

interface Draft {
  readonly id: string;
  readonly source: SourceId;
  readonly level: Exclude<Level, 'ok'>;
  readonly title: string;
  readonly sentence: string;
  readonly evidence?: Readonly<Record<string, string>>;
  readonly likely?: string;
  readonly next?: readonly Advice[];
  readonly cause?: string | null;
  readonly escalation?: Escalation;
}

export function draft({
  evidence = {},
  likely,
  next = [],
  cause = null,
  escalation = 1,
  ...rest
}: Draft): Finding {
  return { ...rest, section: '5', escalation, evidence, likely: likely ?? null, next, cause };
}

/** A finding about one of several hosts: its id, its words and its commands name the host. */
export function onThis(
  host: HostSeen,
  finding: Finding,
  hosts: readonly HostSeen[],
  settings: Settings,
): Finding {
  if (hosts.length === 1) return finding;
  const isFirst = host === hosts[0];
  return {
    ...finding,
    id: isFirst ? finding.id : `${finding.id}@${host.name}`,
    sentence: `${host.name}: ${finding.sentence}`,
    // Only what was found on this host can explain it.
    cause: finding.cause === null || isFirst ? finding.cause : `${finding.cause}@${host.name}`,
    next: isFirst ? finding.next : finding.next.map((advice) => forHost(host, advice, settings)),
  };
}

/** Advice for the first host, as it has to be typed for another one. */
export function forHost({ name, prefix }: HostSeen, advice: Advice, settings: Settings): Advice {
  if (typeof advice === 'string' || 'again' in advice) return advice;
  if ('shell' in advice) {
    return advice.on === 'here' ? advice : onThisMachine(behindPrefix(prefix, advice.shell), advice.when);
  }
  const [first, verb, service] = advice.tv;
  // The settings are on this machine, whichever host they are about.
  if (first === 'config') return advice;
  const known = serviceNames.find((each) => each === service);
  // From here tv controls the units of the first host alone. What must not run twice is started by a tv on that
  // host, which looks for a second one first.
  if (first === 'service' && known !== undefined && (verb === 'stop' || known === 'api')) {
    const shell = `systemctl ${verb} ${settings.host.units[known]}`;
    return onThisMachine(behindPrefix(prefix, shell), advice.when);
  }
  return { ...advice, on: name };
}

/** The finding that says why a host was not read; null where none does. */
export function silenceOf(
  host: HostSeen | undefined,
  hosts: readonly HostSeen[],
  judged: readonly Finding[],
): string | null {
  if (host === undefined) return null;
  const end = host === hosts[0] ? '' : `@${host.name}`;
  const ids = ['host-away', 'unknown-services', 'unknown-processes'].map((id) => `${id}${end}`);
  return ids.find((id) => judged.some((finding) => finding.id === id)) ?? null;
}

/** A source of this screen alone that said nothing. */
export function unread(
  common: Pick<Draft, 'id' | 'source' | 'title'>,
  what: string,
  { reason, next, facts }: Exclude<Reading<unknown>, { known: true }>,
  judged: readonly Finding[],
): Finding {
  const explaining = ['database-away', 'unknown-database', 'database-schema'];
  return draft({
    ...common,
    level: 'unknown',
    sentence: `${what} is unknown: ${reason}`,
    evidence: facts,
    next: distinctAdvice(next),
    cause: explaining.find((id) => judged.some((finding) => finding.id === id)) ?? null,
  });
}
