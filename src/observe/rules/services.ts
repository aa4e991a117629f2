import type { ServiceName } from '../../config/settings.ts';
import { type Advice, onHost } from '../../errors/advice.ts';
import type { HostProcess } from '../../host/listProcesses.ts';
import { endOthers, outsideUnit } from '../../operations/service/checkUnit.ts';
import { serviceNames, serviceTitles } from '../../operations/service/service.ts';
import { ago, bytes, count, duration, howMany } from '../../text/format.ts';
import { quoteForShell } from '../../text/shellLine.ts';
import { rule } from '../rule.ts';
import type { Crash } from '../sources/crashes.ts';

/** How long a restart by systemd is reported, in milliseconds. */
const recentRestartMs = 3_600_000;

/** Times of files and of starts are known to the second; a start reads the file a moment after. In milliseconds. */
const sameMomentMs = 2_000;

const log = (unit: string): Advice => onHost(`journalctl -u ${unit} -n 50 --no-pager`);

/** systemd changes a limit of its own while the unit runs; one of the kernel is taken from the unit's files. */
function withoutLimits(unit: string, { limits, dropIns }: Crash): readonly Advice[] {
  const names = Object.keys(limits);
  const own = names.filter((name) => name.startsWith('Memory')).map((name) => `${name}=infinity`);
  if (names.length === 0) return [onHost('ps -eo pid,user,rss,args --sort=-rss | head')];
  if (own.length > 0) {
    return [onHost(`systemctl set-property ${unit} ${own.join(' ')} && systemctl restart ${unit}`)];
  }
  return dropIns.length === 0
    ? [onHost(`systemctl edit ${unit}`, `raise ${names.join(', ')}`)]
    : [onHost(`systemctl revert ${unit} && systemctl restart ${unit}`, 'without the drop-ins of the unit')];
}

/** By the unit where it is the unit's own: an id may belong to another process by the time it is pasted. */
function letGo(unit: string, held: readonly HostProcess[]): readonly Advice[] {
  const loose = outsideUnit({ unit, processes: held, mainPid: undefined });
  return [
    ...(loose.length < held.length ? [onHost(`systemctl kill --signal=SIGCONT ${unit}`)] : []),
    ...(loose.length > 0 ? [onHost(`kill -CONT ${loose.map(({ pid }) => pid).join(' ')}`)] : []),
  ];
}

/** What starts a service and proves that it works. */
function start(name: ServiceName): Advice {
  return name === 'oracle' ? { tv: ['oracle', 'recover'] } : { tv: ['service', 'start', name] };
}

export const serviceRules = [
  rule({
    id: 'service-memory',
    title: 'A service has used up its memory',
    section: '10',
    level: 'critical',
    escalation: 1,
    about: 'services',
    needs: ['services', 'crashes'],
    find: ({ crashes, services }, { settings }) =>
      serviceNames.flatMap((name) => {
        const crash = crashes[name];
        if (crash?.outOfMemory === undefined) return [];
        const isGivenUp = services[name].activeState === 'failed';
        const unit = settings.host.units[name];
        const limits = Object.entries(crash.limits);
        return {
          subject: name,
          sentence: `${unit} has used up its memory, and ${isGivenUp ? 'systemd does not start it again' : 'systemd starts it again each time'}`,
          evidence: {
            journal: crash.outOfMemory,
            ...Object.fromEntries(limits.map(([limit, value]) => [limit, bytes(Number(value))])),
            ...(crash.dropIns.length === 0 ? {} : { 'drop-ins': crash.dropIns.join(', ') }),
          },
          next: [...withoutLimits(unit, crash), log(unit)],
        };
      }),
  }),
  rule({
    id: 'service-down',
    title: 'A service is not running',
    section: '10',
    level: 'critical',
    escalation: 1,
    about: 'services',
    needs: ['services'],
    find: ({ services }, { settings, world, now }) =>
      serviceNames.flatMap((name) => {
        const { activeState, subState, result, since, loadState } = services[name];
        const unit = settings.host.units[name];
        if (loadState === 'not-found' || activeState === 'active') return [];
        const run = world.runs?.known === true ? world.runs.value.stopped[name] : undefined;
        const isOff = activeState === 'inactive';
        const state = activeState === subState ? activeState : `${activeState} (${subState})`;
        return {
          subject: name,
          sentence: `${unit} is ${state}${run === undefined ? '' : `, stopped by ${run}`}`,
          evidence: {
            ...(since === undefined ? {} : { since: ago(since, now) }),
            ...(result === '' || result === 'success' ? {} : { result }),
          },
          next: [start(name), log(unit)],
          // Stopped on purpose: what stopped it is to be ended, which starts it again.
          causes: [
            `service-memory:${name}`,
            ...(run === undefined ? [] : ['run-unfinished', 'run-running']),
            `env-incomplete:${name}`,
            ...(isOff ? ['paused'] : []),
          ],
        };
      }),
  }),
  rule({
    id: 'env-incomplete',
    title: 'A variable that a service needs is not set in .env',
    section: '10',
    level: 'warning',
    escalation: 1,
    about: 'envFile',
    needs: ['envFile'],
    find: ({ envFile: { path, services } }) =>
      services.flatMap(({ service, missing }) =>
        missing.length === 0
          ? []
          : {
              subject: service,
              sentence: `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set in .env, and ${serviceTitles[service]} needs ${missing.length === 1 ? 'it' : 'them'}`,
              evidence: { file: path },
              next: [
                {
                  when: `once ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} set in ${path}`,
                  tv: ['service', 'restart', service],
                },
              ],
            },
      ),
  }),
  rule({
    id: 'env-outdated',
    title: 'A service runs with older values than .env has',
    section: '10',
    level: 'warning',
    escalation: 1,
    about: 'envFile',
    needs: ['envFile'],
    // Whoever changes .env restarts the service next.
    holdSeconds: 120,
    causes: ['run-unfinished'],
    find: ({ envFile: { path, changedAt, services } }, { now }) => {
      const isOlder = ({ since }: { readonly since: Date | undefined }) =>
        since !== undefined && changedAt.getTime() - since.getTime() > sameMomentMs;
      // Where no service was started since, no process has loaded the change. Where one was, the change may
      // have been for that one alone.
      const isTakenOver = services.some((each) => each.since !== undefined && !isOlder(each));
      return services.filter(isOlder).flatMap(({ service, since, outdated }) => {
        if (outdated === undefined ? isTakenOver : outdated.length === 0) return [];
        const runs = `${serviceTitles[service]} has run for ${duration(now.getTime() - (since ?? now).getTime())}`;
        const changed = `.env was changed ${ago(changedAt, now)}`;
        return {
          subject: service,
          sentence:
            outdated === undefined
              ? `${changed}; ${runs}, and may not know the change`
              : `${changed}; ${runs} with other values of ${outdated.join(', ')}`,
          evidence: { file: path },
          next: [{ tv: ['service', 'restart', service] }],
        };
      });
    },
  }),
  rule({
    id: 'env-exposed',
    title: 'Every user of the host may read or change .env',
    section: 'Security',
    level: 'warning',
    escalation: 1,
    about: 'envFile',
    needs: ['envFile'],
    find: ({ envFile: { path, mode, owner } }, { world }) => {
      const others = mode & 0o007;
      if (others === 0) return undefined;
      const may = (others & 0o002) === 0 ? 'read' : (others & 0o004) === 0 ? 'change' : 'read and change';
      const users = new Set(
        world.processes?.known === true
          ? Object.values(world.processes.value).flatMap((all) => all.map(({ user }) => user))
          : [],
      );
      const file = quoteForShell(path);
      // Services of another user than the owner read it as others do: with the rights alone they would lose it.
      const [reader, ...more] = [...users].filter((user) => user !== owner && user !== 'root');
      return {
        level: (others & 0o002) === 0 ? 'warning' : 'critical',
        sentence: `every user of the host may ${may} .env, which holds the oracle's key (mode ${mode.toString(8)})`,
        evidence: { file: path, owner },
        next:
          reader !== undefined && more.length === 0
            ? [onHost(`chown ${quoteForShell(reader)} ${file} && chmod 600 ${file}`)]
            : [onHost(`chmod o-rwx ${file}`)],
      };
    },
  }),
  rule({
    id: 'service-missing',
    title: 'A unit is not installed',
    section: '10',
    level: 'warning',
    escalation: 1,
    about: 'services',
    needs: ['services'],
    find: ({ services }, { settings }) =>
      serviceNames.flatMap((name) =>
        services[name].loadState === 'not-found'
          ? {
              subject: name,
              level: 'unknown',
              sentence: `${settings.host.units[name]} is not installed on this host`,
              next: [
                onHost('systemctl list-units --all'),
                { when: `host.units.${name}`, tv: ['config', 'show'] },
              ],
            }
          : [],
      ),
  }),
  rule({
    id: 'service-restarted',
    title: 'systemd has restarted a service',
    section: '10',
    level: 'warning',
    escalation: 1,
    about: 'services',
    needs: ['services'],
    find: ({ services }, { settings, now }) =>
      serviceNames.flatMap((name) => {
        const { activeState, restarts, since, sinceUnknown } = services[name];
        const isRecent = since === undefined || now.getTime() - since.getTime() < recentRestartMs;
        if (activeState !== 'active' || restarts === 0 || !isRecent) return [];
        const unit = settings.host.units[name];
        if (sinceUnknown !== undefined) {
          return {
            subject: name,
            level: 'unknown',
            sentence: `systemd has restarted ${unit} ${howMany(restarts, 'time')} since it was last started by hand; whether in the last hour is unknown: ${sinceUnknown}`,
            next: [log(unit)],
          };
        }
        return {
          subject: name,
          causes: [`service-memory:${name}`],
          sentence: `systemd restarted ${unit}${since === undefined ? '' : ` ${ago(since, now)}`}: ${howMany(restarts, 'restart')} since it was last started by hand`,
          next: [log(unit)],
        };
      }),
  }),
  rule({
    id: 'service-twice',
    title: 'A service runs twice',
    section: '10',
    level: 'critical',
    escalation: 1,
    about: 'processes',
    needs: ['processes'],
    find: ({ processes }, { settings }) =>
      (['indexer', 'oracle'] as const).flatMap((name) => {
        const unit = settings.host.units[name];
        const all = processes[name];
        if (all.length < 2) return [];
        const strangers = outsideUnit({ unit, processes: all, mainPid: undefined });
        const harm =
          name === 'oracle'
            ? 'two relays with one key collide on nonces'
            : 'two indexers write the same rows';
        return {
          subject: name,
          sentence: `${count(all.length)} processes of the ${name} run: ${harm}`,
          evidence: Object.fromEntries(
            all.map(({ pid, unit: of, user }) => [`process ${pid}`, `${of ?? 'no unit'}, user ${user}`]),
          ),
          next: strangers.length === 0 ? [onHost(`systemctl status ${unit}`)] : endOthers(unit, strangers),
        };
      }),
  }),
  rule({
    id: 'service-frozen',
    title: 'A process is suspended',
    section: '10',
    level: 'critical',
    escalation: 1,
    about: 'processes',
    needs: ['processes'],
    find: ({ processes }, { settings }) =>
      serviceNames.flatMap((name) => {
        const held = processes[name].filter(({ stopped }) => stopped);
        return held.length === 0
          ? []
          : {
              subject: name,
              sentence: `the ${name} is suspended: process ${held.map(({ pid }) => pid).join(', ')} was stopped by SIGSTOP or a debugger`,
              next: letGo(settings.host.units[name], held),
            };
      }),
  }),
];
