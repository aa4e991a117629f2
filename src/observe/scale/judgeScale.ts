import type { ServiceName, Settings } from '../../config/settings.ts';
import { type Advice, distinctAdvice, onHost, onThisMachine } from '../../errors/advice.ts';
import { judgeSecondRelay, judgeWriters } from '../../operations/service/checkStart.ts';
import { serviceNames, serviceTitles } from '../../operations/service/service.ts';
import { bytes, duration, howMany } from '../../text/format.ts';
import { behindPrefix } from '../../text/shellLine.ts';
import { type Finding, inOrder, judge } from '../findings.ts';
import type { Level } from '../level.ts';
import type { Reading } from '../look.ts';
import type { Escalation } from '../rule.ts';
import type { SourceId } from '../world.ts';
import { type HostSeen, hostSources, type ScaleSeen } from './readScale.ts';

/** Of these there must be exactly one, over all hosts. */
const singles = ['indexer', 'oracle'] as const satisfies readonly ServiceName[];
type Single = (typeof singles)[number];

const collisions: Readonly<Record<Single, string>> = {
  indexer: 'two write the same cursor, and blocks are lost',
  oracle: 'two with one key collide on nonces',
};

/** Signals that come on average in less than this part of the relay's interval are those of more than one. */
const tooOftenPart = 0.7;
/** Fewer gaps than these may be restarts, each of which sends a signal at once. */
const fewestGaps = 5;
const mostGaps = 10;
/** On top of two intervals: what sending takes. In seconds. */
const sendingSeconds = 15;

/** Whether a host runs a service: what runs it, in words; `sure` is false where a part could not be read. */
export interface Instances {
  readonly words: readonly string[];
  readonly sure: boolean;
}

/** What runs a service on a host: its processes, and its unit where systemd has it active. */
export function instancesOn({ world }: HostSeen, service: ServiceName): Instances {
  const unit = world.services?.known === true ? world.services.value[service] : undefined;
  const processes = world.processes?.known === true ? world.processes.value[service] : undefined;
  const words = (processes ?? []).map(
    (each) => `process ${each.pid}, ${each.unit ?? 'no unit'}, user ${each.user}`,
  );
  const isUp = unit?.activeState === 'active' || unit?.activeState === 'reloading';
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
  /** Null where neither the unit nor its processes show it. */
  readonly workers: number | null;
  /** 2 × cores + 1; null where the cores are unknown. */
  readonly recommended: number | null;
  readonly from: string;
}

/** Undefined where no API is meant to run there. */
export function workersOn({ world, workers }: HostSeen): WorkersSeen | undefined {
  const unit = world.services?.known === true ? world.services.value.api : undefined;
  if (unit !== undefined && unit.activeState !== 'active') return undefined;
  const recommended = world.machine?.known === true ? 2 * world.machine.value.cores + 1 : null;
  if (workers.known && workers.value.workers !== null) {
    return { workers: workers.value.workers, recommended, from: workers.value.from };
  }
  const running = world.processes?.known === true ? world.processes.value.api.length : 0;
  const from = workers.known ? workers.value.from : workers.reason;
  if (running === 0) return { workers: null, recommended, from };
  // A server with workers also has the process that starts them.
  return running === 1
    ? { workers: 1, recommended, from: 'its one process' }
    : { workers: running - 1, recommended, from: `its ${running} processes, one of which starts the others` };
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

/**
 * What is wrong after a resize or a move. What a host by itself shows is judged by the rules of every other
 * screen; what several hosts show together is judged here.
 */
export function judgeScale(seen: ScaleSeen, settings: Settings, now: Date): readonly Finding[] {
  const doubles = doublesOf(seen.hosts);
  const hosts = seen.hosts.filter(({ name }) => !doubles.has(name));
  const judged = hosts.flatMap((host) => ofHost(host, hosts, settings, now));
  const findings = [
    ...judged,
    ...[...doubles].map(([name, first]) => double(name, first)),
    ...hosts.flatMap((host) => emptyHost(host, hosts, settings)),
    ...singles.flatMap((service) => exactlyOne(service, hosts, judged, settings)),
    ...singles.flatMap((service) => twiceAtBoot(service, hosts, settings)),
    ...hosts.flatMap((host) => lostAtBoot(host, hosts, settings)),
    ...hosts.flatMap((host) => workerCount(host, hosts, judged, settings)),
    ...sessions(seen, hosts, judged),
    ...relays(seen, hosts, settings, now),
    ...tuned(seen, judged),
  ];
  const ids = new Set(findings.map(({ id }) => id));
  // What would have explained it may be no finding where another host does the work.
  return inOrder(
    findings.map((each) => (each.cause === null || ids.has(each.cause) ? each : { ...each, cause: null })),
  );
}

/** What the rules find on one host. A service that runs on another host is not missed on this one. */
function ofHost(
  host: HostSeen,
  hosts: readonly HostSeen[],
  settings: Settings,
  now: Date,
): readonly Finding[] {
  const { findings } = judge({ world: host.world, settings, now });
  if (hosts.length === 1) return findings;
  return findings.flatMap((finding) => {
    if (!hostSources.includes(finding.source)) return [finding];
    const service = serviceNames.find((name) => finding.id.endsWith(`:${name}`));
    const elsewhere =
      service !== undefined &&
      hosts.some((other) => other !== host && instancesOn(other, service).words.length > 0);
    if (finding.id.startsWith('service-missing:')) return [];
    if (finding.id.startsWith('service-down:') && service !== undefined) {
      // One of these is enough, and one alone is to be started.
      if (service !== 'api' && (elsewhere || host !== homeOf(service, hosts))) return [];
    }
    if (finding.id === 'service-down:api' && elsewhere) {
      return [onThis(host, { ...finding, level: 'warning' }, hosts, settings)];
    }
    return [onThis(host, finding, hosts, settings)];
  });
}

/** Of a service that runs nowhere: the host on which it is installed, starting at boot if there is one. */
function homeOf(service: ServiceName, hosts: readonly HostSeen[]): HostSeen | undefined {
  const installed = hosts.filter(
    ({ world }) => world.services?.known === true && world.services.value[service].loadState !== 'not-found',
  );
  return (
    installed.find(({ traits }) => traits.known && traits.value[service].atBoot === 'enabled') ?? installed[0]
  );
}

/** A finding about one of several hosts: its id, its words and its commands name the host. */
function onThis(host: HostSeen, finding: Finding, hosts: readonly HostSeen[], settings: Settings): Finding {
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
function forHost({ name, prefix }: HostSeen, advice: Advice, settings: Settings): Advice {
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

function draft({ evidence = {}, likely, next = [], cause = null, escalation = 1, ...rest }: Draft): Finding {
  return { ...rest, section: '5', escalation, evidence, likely: likely ?? null, next, cause };
}

function double(name: string, first: string): Finding {
  return draft({
    id: `same-machine:${name}`,
    source: 'machine',
    level: 'warning',
    title: 'Two configured hosts are one machine',
    sentence: `${name} is the same machine as ${first}, and was not counted again`,
    next: [{ when: `correct the prefix of ${name} under host.others`, tv: ['config', 'show'] }],
  });
}

/** A host on which no unit of TempoVault is installed is likely not the one that was meant. */
function emptyHost(host: HostSeen, hosts: readonly HostSeen[], settings: Settings): readonly Finding[] {
  const { services } = host.world;
  if (hosts.length === 1 || services?.known !== true) return [];
  if (serviceNames.some((name) => services.value[name].loadState !== 'not-found')) return [];
  const found = draft({
    id: 'host-empty',
    source: 'services',
    level: 'warning',
    title: 'No unit is installed on a host',
    sentence: `none of the units is installed: ${serviceNames.map((name) => settings.host.units[name]).join(', ')}`,
    next: [
      onHost('systemctl list-units --all'),
      { when: 'see host.others and host.units', tv: ['config', 'show'] },
    ],
  });
  return [{ ...onThis(host, found, hosts, settings), id: `host-empty:${host.name}` }];
}

/** Exactly one indexer, and exactly one relay, over all hosts that could be read. */
function exactlyOne(
  service: Single,
  hosts: readonly HostSeen[],
  judged: readonly Finding[],
  settings: Settings,
): readonly Finding[] {
  const all = hosts.map((host) => ({ host, ...instancesOn(host, service) }));
  const running = all.filter(({ words }) => words.length > 0);
  const what = serviceTitles[service];
  const evidence = Object.fromEntries(running.map(({ host, words }) => [host.name, words.join('; ')]));
  const where = { source: 'processes', title: `More than one of ${what}` } as const;
  if (running.length > 1) {
    const names = running.map(({ host }) => host.name);
    return [
      draft({
        id: `hosts-${service}`,
        ...where,
        level: 'critical',
        sentence: `${what} runs on ${howMany(running.length, 'host')} (${names.join(', ')}): ${collisions[service]}`,
        evidence,
        next: running
          .slice(1)
          .map(({ host }) =>
            forHost(
              host,
              { when: `keep one, such as that of ${names[0]}`, tv: ['service', 'stop', service] },
              settings,
            ),
          ),
      }),
    ];
  }
  const unread = all.filter(({ sure }) => !sure).map(({ host }) => host);
  if (unread.length > 0) {
    const names = unread.map(({ name }) => name).join(', ');
    return [
      draft({
        id: `hosts-${service}`,
        ...where,
        level: 'unknown',
        sentence:
          running.length === 0
            ? `whether ${what} runs is unknown: not all could be read on ${names}`
            : `whether ${what} runs only once is unknown: not all could be read on ${names}`,
        evidence,
        cause: silenceOf(unread[0], hosts, judged),
      }),
    ];
  }
  const isInstalled = hosts.some(
    ({ world }) => world.services?.known === true && world.services.value[service].loadState !== 'not-found',
  );
  // One that is installed and stopped is found as such.
  if (running.length === 1 || isInstalled || hosts.length === 1) return [];
  return [
    draft({
      id: `hosts-${service}`,
      source: 'services',
      title: `None of ${what}`,
      level: 'critical',
      sentence: `${what} is installed on none of ${howMany(hosts.length, 'host')}`,
      next: [{ when: 'name all hosts under host.others', tv: ['config', 'show'] }],
    }),
  ];
}

/** The finding that says why a host was not read; null where none does. */
function silenceOf(
  host: HostSeen | undefined,
  hosts: readonly HostSeen[],
  judged: readonly Finding[],
): string | null {
  if (host === undefined) return null;
  const end = host === hosts[0] ? '' : `@${host.name}`;
  const ids = ['host-away', 'unknown-services', 'unknown-processes'].map((id) => `${id}${end}`);
  return ids.find((id) => judged.some((finding) => finding.id === id)) ?? null;
}

/** A second one that a reboot would start. */
function twiceAtBoot(service: Single, hosts: readonly HostSeen[], settings: Settings): readonly Finding[] {
  const unit = settings.host.units[service];
  const enabled = hosts.filter(({ traits }) => traits.known && traits.value[service].atBoot === 'enabled');
  if (enabled.length < 2) return [];
  return [
    draft({
      id: `boot-twice:${service}`,
      source: 'services',
      level: 'warning',
      title: 'A unit starts at boot on two hosts',
      sentence: `${unit} starts at boot on ${enabled.map(({ name }) => name).join(' and ')}: after a reboot ${collisions[service]}`,
      next: enabled
        .filter((host) => instancesOn(host, service).words.length === 0)
        .map((host) => {
          const disable = onHost(`systemctl disable ${unit}`);
          return host === hosts[0] ? disable : forHost(host, disable, settings);
        }),
    }),
  ];
}

/** What runs now and would be missing after a reboot, which a resize is. */
function lostAtBoot(host: HostSeen, hosts: readonly HostSeen[], settings: Settings): readonly Finding[] {
  const { traits, world } = host;
  const { services } = world;
  if (services?.known !== true || !traits.known) return [];
  // One that runs twice is to be stopped on one host, and not to be started there again.
  const isSecond = (name: ServiceName) =>
    name !== 'api' && hosts.some((other) => other !== host && instancesOn(other, name).words.length > 0);
  const lost = serviceNames.filter(
    (name) =>
      services.value[name].activeState === 'active' &&
      traits.value[name].atBoot === 'disabled' &&
      !isSecond(name),
  );
  if (lost.length === 0) return [];
  const names = lost.map((name) => settings.host.units[name]);
  const found = draft({
    id: 'boot-lost',
    source: 'services',
    level: 'warning',
    title: 'A unit that runs does not start at boot',
    sentence: `not started at boot, and so missing after a resize: ${names.join(', ')}`,
    next: [onHost(`systemctl enable ${names.join(' ')}`)],
  });
  return [onThis(host, found, hosts, settings)];
}

function workerCount(
  host: HostSeen,
  hosts: readonly HostSeen[],
  judged: readonly Finding[],
  settings: Settings,
): readonly Finding[] {
  const seen = workersOn(host);
  if (seen === undefined) return [];
  const { workers, recommended, from } = seen;
  if (workers !== null && workers === recommended) return [];
  const common = { id: 'api-workers', source: 'machine', title: 'Workers of the API' } as const;
  if (workers === null || recommended === null) {
    const should = recommended === null ? '' : ` = ${recommended}`;
    const reason = workers === null ? from : 'its cores are unknown';
    const sentence = `whether the API has 2 × cores + 1${should} workers is unknown: ${reason}`;
    const found = draft({ ...common, level: 'unknown', sentence });
    return [{ ...onThis(host, found, hosts, settings), cause: silenceOf(host, hosts, judged) }];
  }
  const found = draft({
    ...common,
    level: 'warning',
    sentence: `the API has ${howMany(workers, 'worker')} (${from}), and should have ${recommended} (2 × cores + 1)`,
    next: [
      onHost(`systemctl edit --full ${settings.host.units.api}`, `set its workers to ${recommended}`),
      { when: 'then', tv: ['service', 'restart', 'api'] },
    ],
  });
  return [onThis(host, found, hosts, settings)];
}

/** A second indexer that is on none of the hosts still has a session in the database. */
function sessions(
  { writers }: ScaleSeen,
  hosts: readonly HostSeen[],
  judged: readonly Finding[],
): readonly Finding[] {
  const common = { source: 'database', title: 'Sessions that write the event tables' } as const;
  if (!writers.known) {
    return [
      unread({ ...common, id: 'unknown-writers' }, 'which sessions write the event tables', writers, judged),
    ];
  }
  const runs = hosts.some((host) => instancesOn(host, 'indexer').words.length > 0);
  const { status, summary, facts = {}, next = [] } = judgeWriters(writers.value, runs);
  if (status === 'pass') return [];
  return [
    draft({
      ...{ ...common, id: 'second-indexer', level: 'critical', sentence: summary, evidence: facts },
      next: [...next, { when: 'see the indexer on this host', tv: ['service', 'status'] }],
      escalation: 2,
    }),
  ];
}

/** What the chain shows of a second relay: whose signals it takes, and how often. */
function relays(
  { hosts: [first] }: ScaleSeen,
  hosts: readonly HostSeen[],
  settings: Settings,
  now: Date,
): readonly Finding[] {
  const { relay, relayInterval, chain } = first.world;
  // A relay that could not be read is found as such.
  if (relay?.known !== true) return [];
  const { activity, oracle } = relay.value;
  const common = { id: 'second-relay', source: 'relay', title: 'A second relay' } as const;
  const next = [{ tv: ['oracle', 'status'] }];
  if (!activity.known) {
    const reason = `which relays send signals is unknown: ${activity.reason}`;
    return [draft({ ...common, level: 'unknown', sentence: reason, next })];
  }
  const interval = relayInterval?.known === true ? relayInterval.value : undefined;
  const { own, others } = activity.value;
  const newest = own.at(-1);
  const rivals = others.filter(
    ({ signal }) =>
      own.some(({ pair }) => pair === signal.pair) &&
      newest !== undefined &&
      newest.at - signal.at <= 2 * (interval ?? 0) + sendingSeconds,
  );
  if (rivals.length > 0) {
    return [
      draft({
        ...common,
        level: 'critical',
        sentence: `${howMany(rivals.length + 1, 'account')} send signals of the same pair: each takes the nonce of the other`,
        evidence: Object.fromEntries([
          ['key of .env', oracle],
          ...rivals.map(({ sender, signal }, index) => [
            `also ${index + 1}`,
            `${sender}, block ${signal.block}`,
          ]),
        ]),
        next,
      }),
    ];
  }
  const meanSeconds = meanGap(own.filter(({ pair }) => pair === newest?.pair).map(({ at }) => at));
  if (interval !== undefined && meanSeconds !== undefined && meanSeconds < tooOftenPart * interval) {
    return [
      draft({
        ...common,
        level: 'critical',
        sentence: `signals of ${oracle} come every ${duration(meanSeconds * 1000)}, and one relay sends one every ${duration(interval * 1000)}: more than one runs with this key`,
        likely: `a relay on a host that is not configured, or one with another interval`,
        next,
      }),
    ];
  }
  const instances = hosts.map((host) => instancesOn(host, 'oracle'));
  if (instances.some(({ words, sure }) => words.length > 0 || !sure)) return [];
  if (interval === undefined || chain?.known !== true) {
    return [
      draft({
        ...common,
        level: 'unknown',
        sentence: `whether a relay runs elsewhere is unknown: ${interval === undefined ? 'its interval' : 'the head of the chain'} could not be read`,
        next,
      }),
    ];
  }
  const since = first.world.services?.known === true ? first.world.services.value.oracle.since : undefined;
  const verdict = judgeSecondRelay({
    ...{ runs: false, unknown: null },
    ageMs: newest === undefined ? null : (chain.value.timestamp - newest.at) * 1000,
    stoppedMs: since === undefined || hosts.length > 1 ? null : now.getTime() - since.getTime(),
    intervalMs: interval * 1000,
  });
  if (verdict.status === 'pass') return [];
  const level = verdict.status === 'block' ? 'critical' : 'unknown';
  return [
    draft({
      ...common,
      level,
      sentence: verdict.summary,
      evidence: { unit: settings.host.units.oracle },
      next: verdict.next ?? next,
    }),
  ];
}

/** Mean time between the newest of some moments, in seconds; undefined where there are too few. */
function meanGap(moments: readonly number[]): number | undefined {
  const newest = moments.slice(-(mostGaps + 1));
  const [first, last] = [newest[0], newest.at(-1)];
  if (first === undefined || last === undefined || newest.length <= fewestGaps) return undefined;
  return (last - first) / (newest.length - 1);
}

/** PostgreSQL's settings against those of `tv db tune`. */
function tuned({ tuning }: ScaleSeen, judged: readonly Finding[]): readonly Finding[] {
  const common = { source: 'database', title: "PostgreSQL's settings", escalation: 2 } as const;
  if (!tuning.known) {
    return [unread({ ...common, id: 'unknown-tuning' }, "whether PostgreSQL's settings fit", tuning, judged)];
  }
  const { machine, settings } = tuning.value;
  if (machine.elsewhere !== null) {
    return [
      draft({
        ...common,
        ...{ id: 'tuning-elsewhere', level: 'unknown' },
        sentence: `whether PostgreSQL's settings fit is unknown: it is on ${machine.elsewhere}, whose memory and cores tv does not see`,
        next: [
          {
            when: 'with the figures of that server',
            tv: ['db', 'tune', '--memory', '16GB', '--cores', '4', '--disk', 'ssd'],
          },
        ],
      }),
    ];
  }
  const named = (state: (typeof settings)[number]['state']) =>
    settings.filter((setting) => setting.state === state);
  const [differ, waiting, outranked] = [named('differs'), named('waiting'), named('outranked')];
  const evidence = (list: typeof settings) =>
    Object.fromEntries(list.map(({ name, now, recommended }) => [name, `${now}, better ${recommended}`]));
  return [
    ...(differ.length + outranked.length === 0
      ? []
      : [
          draft({
            ...common,
            ...{ id: 'tuning-differs', level: 'warning' },
            sentence: `${differ.length + outranked.length} of ${settings.length} settings of PostgreSQL do not fit ${bytes(machine.memoryBytes).replace('.0 ', ' ')} of memory and ${howMany(machine.cores, 'core')}`,
            evidence: evidence([...differ, ...outranked]),
            next: [{ tv: ['db', 'tune'] }],
          }),
        ]),
    ...(waiting.length === 0
      ? []
      : [
          draft({
            ...common,
            ...{ id: 'tuning-waiting', level: 'warning' },
            sentence: `${waiting.map(({ name }) => name).join(', ')}: set, in effect after the next restart of PostgreSQL`,
            next: [onHost('systemctl restart postgresql', 'at a quiet hour')],
          }),
        ]),
  ];
}

/** A source of this screen alone that said nothing. */
function unread(
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
