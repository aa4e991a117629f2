import type { ServiceName } from '../../config/settings.ts';
import { type Advice, onHost } from '../../errors/advice.ts';
import { outsideUnit } from '../../operations/service/checkUnit.ts';
import { serviceNames } from '../../operations/service/service.ts';
import { ago, count, howMany } from '../../text/format.ts';
import { rule } from '../rule.ts';

/** A restart by systemd is worth a look for so long. In milliseconds. */
const recentRestartMs = 3_600_000;

const log = (unit: string): Advice => onHost(`journalctl -u ${unit} -n 50 --no-pager`);

/** What starts a service and proves that it works. */
function start(name: ServiceName): Advice {
  return name === 'oracle' ? { tv: ['oracle', 'recover'] } : { tv: ['service', 'start', name] };
}

export const serviceRules = [
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
            ...(run === undefined ? [] : ['run-unfinished', 'run-running']),
            ...(isOff ? ['paused'] : []),
          ],
        };
      }),
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
    title: 'systemd had to start a service again',
    section: '10',
    level: 'warning',
    escalation: 1,
    about: 'services',
    needs: ['services'],
    find: ({ services }, { settings, now }) =>
      serviceNames.flatMap((name) => {
        const { activeState, restarts, since } = services[name];
        const isRecent = since === undefined || now.getTime() - since.getTime() < recentRestartMs;
        if (activeState !== 'active' || restarts === 0 || !isRecent) return [];
        const unit = settings.host.units[name];
        return {
          subject: name,
          sentence: `systemd started ${unit} again${since === undefined ? '' : ` ${ago(since, now)}`}: ${howMany(restarts, 'restart')} since it was last started by hand`,
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
          next:
            strangers.length === 0
              ? [onHost(`systemctl status ${unit}`)]
              : [onHost(`kill ${strangers.map(({ pid }) => pid).join(' ')}`)],
        };
      }),
  }),
  rule({
    id: 'service-frozen',
    title: 'A process is held by SIGSTOP',
    section: '10',
    level: 'critical',
    escalation: 1,
    about: 'processes',
    needs: ['processes'],
    find: ({ processes }) =>
      serviceNames.flatMap((name) => {
        const held = processes[name].filter(({ stopped }) => stopped);
        return held.length === 0
          ? []
          : {
              subject: name,
              sentence: `the ${name} exists and does nothing: process ${held.map(({ pid }) => pid).join(', ')} is held by SIGSTOP or a debugger`,
              next: [onHost(`kill -CONT ${held.map(({ pid }) => pid).join(' ')}`)],
            };
      }),
  }),
];
