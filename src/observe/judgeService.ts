import { endThePause } from '../chain/readProtocol.ts';
import { type Advice, onHost } from '../errors/advice.ts';
import { describeProcess, endOthers, isCrashing } from '../operations/service/checkUnit.ts';
import { serviceTitles } from '../operations/service/service.ts';
import { howMany } from '../text/format.ts';
import type { Level } from './level.ts';
import type { ServiceRow } from './serviceTable.ts';

export interface ServiceVerdict {
  readonly level: Level;
  /** What is unusual, one sentence each. */
  readonly remarks: readonly string[];
  readonly next: readonly Advice[];
}

/** What is unusual about a service, and what mends it. A service that was stopped on purpose needs no start. */
export function judgeService(row: ServiceRow, paused: boolean | null): ServiceVerdict {
  const faults = [unitFault(row, paused), othersFault(row), restartsFault(row)].filter(
    (fault) => fault !== undefined,
  );
  const levels: readonly Level[] = ['critical', 'warning', 'unknown'];
  const level = levels.find((each) => faults.some((fault) => fault.level === each)) ?? 'ok';
  return {
    level,
    remarks: faults.flatMap(({ remark }) => remark),
    next: faults.flatMap(({ next }) => next),
  };
}

interface Fault {
  readonly level: Level;
  readonly remark: string;
  readonly next: readonly Advice[];
}

function unitFault(row: ServiceRow, paused: boolean | null): Fault | undefined {
  const { service, unit, state } = row;
  const { loadState, activeState, subState, result } = state;
  const log = onHost(`journalctl -u ${unit} -n 50 --no-pager`);
  if (activeState === 'active') {
    if (row.isListed !== false) return undefined;
    return {
      level: 'unknown',
      remark: `systemd says that ${unit} is active with process ${state.mainPid}, and ps lists no process of it`,
      next: [
        onHost(`ps -fp ${state.mainPid}`),
        { when: `if it runs, set host.programs.${service}`, tv: ['config', 'show'] },
      ],
    };
  }
  if (loadState === 'not-found') {
    const next = [
      onHost('systemctl list-units --all'),
      { when: `set host.units.${service}`, tv: ['config', 'show'] },
    ];
    return { level: 'unknown', remark: `${unit} is not installed on this host`, next };
  }
  if (loadState === 'masked') {
    const next = [onHost(`systemctl unmask ${unit}`, 'to be able to start it')];
    return { level: 'critical', remark: `${unit} is masked and cannot be started`, next };
  }
  if (row.stoppedBy !== null) {
    const next = [{ tv: ['resume', row.stoppedBy] }];
    return { level: 'critical', remark: `${unit} was stopped by ${row.stoppedBy}`, next };
  }
  const cure: Advice = {
    tv: service === 'oracle' ? ['oracle', 'recover'] : ['service', 'restart', service],
  };
  if (isCrashing(state)) {
    const remark = `${unit} crashes, and systemd starts it again each time (last result ${result})`;
    return { level: 'critical', remark, next: [log, { ...cure, when: 'once the cause is mended' }] };
  }
  if (activeState === 'failed') {
    return { level: 'critical', remark: `${unit} has failed (${result})`, next: [log, cure] };
  }
  if (activeState !== 'inactive') {
    return { level: 'warning', remark: `${unit} is ${activeState} (${subState})`, next: [log] };
  }
  if (paused === true) {
    const remark = `${unit} is stopped, and the protocol is paused`;
    return { level: 'critical', remark, next: [endThePause] };
  }
  const start = service === 'oracle' ? cure : { tv: ['service', 'start', service] };
  return { level: 'critical', remark: `${unit} is stopped`, next: [start] };
}

function othersFault({ service, unit, state, others }: ServiceRow): Fault | undefined {
  const what = serviceTitles[service];
  if (!others.known) {
    const remark = `whether ${what} runs outside ${unit} is unknown: ${others.reason}`;
    return { level: 'unknown', remark, next: [] };
  }
  if (others.value.length === 0) return undefined;
  const list = others.value.map((each) => `process ${each.pid} (${describeProcess(each)})`).join(', ');
  return {
    level: service === 'api' ? 'warning' : 'critical',
    remark: `${what} runs outside ${unit}: ${list}`,
    // Where the unit goes by another name they may be its own.
    next: state.loadState === 'not-found' ? [] : endOthers(unit, others.value),
  };
}

function restartsFault({ unit, state }: ServiceRow): Fault | undefined {
  // Of a crash loop the number is no news.
  if (state.activeState !== 'active' || state.restarts === 0) return undefined;
  return {
    level: 'warning',
    remark: `systemd restarted ${unit}: ${howMany(state.restarts, 'time')} since it was last started by hand`,
    next: [onHost(`journalctl -u ${unit} -n 50 --no-pager`)],
  };
}
