import type { ServiceName, Settings } from '../../config/settings.ts';
import { onHost } from '../../errors/advice.ts';
import { startsAtBoot } from '../../host/readUnitTraits.ts';
import { serviceNames } from '../../operations/service/service.ts';
import { bytes, howMany } from '../../text/format.ts';
import { type Finding, inOrder, judge } from '../findings.ts';
import { doublesOf, draft, instancesOn, onThis, silenceOf, unread, workersOn } from './hosts.ts';
import { exactlyOne, relays, sessions, singles, twiceAtBoot } from './judgeSingles.ts';
import { type HostSeen, hostSources, type ScaleSeen } from './readScale.ts';

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
    ...hosts.flatMap((host) => lostAtBoot(host, hosts, judged, settings)),
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
    installed.find(({ traits }) => traits.known && startsAtBoot(traits.value[service]) === true) ??
    installed[0]
  );
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

/** What runs now and would be missing after a reboot, which a resize is. */
function lostAtBoot(
  host: HostSeen,
  hosts: readonly HostSeen[],
  judged: readonly Finding[],
  settings: Settings,
): readonly Finding[] {
  const { traits, world } = host;
  const services = world.services?.known === true ? world.services.value : undefined;
  // One that runs twice is to be stopped on one host, and not to be started there again.
  const isSecond = (name: ServiceName) =>
    name !== 'api' && hosts.some((other) => other !== host && instancesOn(other, name).words.length > 0);
  const wanted = serviceNames.filter(
    (name) => (services === undefined || services[name].activeState === 'active') && !isSecond(name),
  );
  const unitsOf = (names: readonly ServiceName[]) => names.map((name) => settings.host.units[name]);
  if (!traits.known || services === undefined) {
    // Why the services could not be read is a finding of its own.
    const reason = traits.known ? undefined : traits.reason;
    return wanted.length === 0 || reason === undefined
      ? []
      : [unknownAtBoot(unitsOf(wanted), reason, host, hosts, judged, settings)];
  }
  const [lost, open] = ([false, undefined] as const).map((state) =>
    wanted.filter((name) => startsAtBoot(traits.value[name]) === state),
  );
  const found: Finding[] = [];
  if (lost !== undefined && lost.length > 0) {
    const names = unitsOf(lost);
    const missing = draft({
      id: 'boot-lost',
      source: 'services',
      level: 'warning',
      title: 'A unit that runs does not start at boot',
      sentence: `not started at boot, and so missing after a resize: ${names.join(', ')}`,
      next: [onHost(`systemctl enable ${names.join(' ')}`)],
    });
    found.push(onThis(host, missing, hosts, settings));
  }
  if (open !== undefined && open.length > 0) {
    const words = open.map((name) => traits.value[name].atBoot ?? 'without a unit file state').join(', ');
    found.push(unknownAtBoot(unitsOf(open), `systemd has it as ${words}`, host, hosts, judged, settings));
  }
  return found;
}

function unknownAtBoot(
  units: readonly string[],
  reason: string,
  host: HostSeen,
  hosts: readonly HostSeen[],
  judged: readonly Finding[],
  settings: Settings,
): Finding {
  const found = draft({
    id: 'boot-unknown',
    source: 'services',
    level: 'unknown',
    title: 'Whether a unit starts at boot is unknown',
    sentence: `whether ${units.join(', ')} ${units.length === 1 ? 'starts' : 'start'} at boot is unknown: ${reason}`,
    next: [onHost(`systemctl list-dependencies --reverse ${units.join(' ')}`)],
  });
  return { ...onThis(host, found, hosts, settings), cause: silenceOf(host, hosts, judged) };
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
    const down = host === hosts[0] ? 'service-down:api' : `service-down:api@${host.name}`;
    const cause = silenceOf(host, hosts, judged) ?? judged.find(({ id }) => id === down)?.id ?? null;
    return [{ ...onThis(host, found, hosts, settings), cause }];
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
