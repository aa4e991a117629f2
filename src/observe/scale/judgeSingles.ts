import type { ServiceName, Settings } from '../../config/settings.ts';
import { onHost } from '../../errors/advice.ts';
import { startsAtBoot } from '../../host/readUnitTraits.ts';
import { judgeSecondRelay, judgeWriters } from '../../operations/service/checkStart.ts';
import { serviceTitles } from '../../operations/service/service.ts';
import { duration, howMany } from '../../text/format.ts';
import type { Finding } from '../findings.ts';
import { draft, forHost, instancesOn, silenceOf, unread } from './hosts.ts';
import type { HostSeen, ScaleSeen } from './readScale.ts';

/** Of these there must be exactly one, over all hosts. */
export const singles = ['indexer', 'oracle'] as const satisfies readonly ServiceName[];

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

/** Exactly one indexer, and exactly one relay, over all hosts that could be read. */
export function exactlyOne(
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
  if (running.length === 1) return [];
  const none = { id: `hosts-${service}`, source: 'services', title: `None of ${what}` } as const;
  if (!isInstalled && hosts.length === 1) {
    return [
      draft({
        ...none,
        level: 'unknown',
        sentence: `whether ${what} runs is unknown: it is not installed on this host, and no other host is configured`,
        next: [{ when: 'name all hosts under host.others', tv: ['config', 'show'] }],
      }),
    ];
  }
  if (isInstalled) {
    // Why it is stopped is found with its unit; none is not one.
    const down = judged.find(({ id }) => id.startsWith(`service-down:${service}`));
    return [
      draft({
        ...none,
        level: 'critical',
        sentence: `${what} does not run`,
        ...(down === undefined ? {} : { cause: down.id }),
      }),
    ];
  }
  return [
    draft({
      ...none,
      level: 'critical',
      sentence: `${what} is installed on none of ${howMany(hosts.length, 'host')}`,
      next: [{ when: 'name all hosts under host.others', tv: ['config', 'show'] }],
    }),
  ];
}

/** A second one that a reboot would start. */
export function twiceAtBoot(
  service: Single,
  hosts: readonly HostSeen[],
  settings: Settings,
): readonly Finding[] {
  const unit = settings.host.units[service];
  const enabled = hosts.filter(({ traits }) => traits.known && startsAtBoot(traits.value[service]) === true);
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

/** A second indexer that is on none of the hosts still has a session in the database. */
export function sessions(
  { writers, role }: ScaleSeen,
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
  const { status, summary, facts = {}, next = [] } = judgeWriters(writers.value, { runs, role });
  if (status === 'pass') return [];
  if (status === 'warn') {
    return [draft({ ...common, id: 'unknown-writers', level: 'unknown', sentence: summary, next })];
  }
  return [
    draft({
      ...{ ...common, id: 'second-indexer', level: 'critical', sentence: summary, evidence: facts },
      next: [...next, { when: 'see the indexer on this host', tv: ['service', 'status'] }],
      escalation: 2,
    }),
  ];
}

/** What the chain shows of a second relay: whose signals it takes, and how often. */
export function relays(
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
  if (interval === undefined && meanSeconds !== undefined) {
    return [
      draft({
        ...common,
        level: 'unknown',
        sentence: `whether more than one relay runs with the key of ${oracle} is unknown: its signals come every ${duration(meanSeconds * 1000)}, and how often one relay sends could not be read`,
        next,
      }),
    ];
  }
  const instances = hosts.map((host) => instancesOn(host, 'oracle'));
  const isElsewhere = instances.every(({ words, sure }) => words.length === 0 && sure);
  if (interval !== undefined && !isElsewhere) return [];
  if (interval === undefined || chain?.known !== true) {
    return [
      draft({
        ...common,
        level: 'unknown',
        sentence: `whether a relay runs elsewhere is unknown: ${interval === undefined ? 'the interval of the relay is unknown' : 'the head of the chain could not be read'}`,
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
