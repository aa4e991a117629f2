import { describe, expect, it } from 'vitest';
import restart from '../../runbooks/service/restart.ts';
import start from '../../runbooks/service/start.ts';
import stop from '../../runbooks/service/stop.ts';
import type { Writer } from '../../src/database/findWriters.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import { UnavailableError, UsageError } from '../../src/errors/TvError.ts';
import type { HostProcess } from '../../src/host/listProcesses.ts';
import type { UnitState } from '../../src/host/readUnits.ts';
import { parseTimeSpan, type UnitTraits } from '../../src/host/readUnitTraits.ts';
import { askApi, describeApi } from '../../src/operations/askApi.ts';
import {
  judgeApiNow,
  judgePause,
  judgeSecondRelay,
  judgeWriters,
} from '../../src/operations/service/checkStart.ts';
import { judgeProcesses, judgeUnit, type Verb } from '../../src/operations/service/checkUnit.ts';
import { exampleFacts, findService, type ServiceFacts } from '../../src/operations/service/service.ts';
import { judgeDown } from '../../src/operations/service/verifyDown.ts';
import { judgeNewest, judgeUp } from '../../src/operations/service/verifyUp.ts';
import type { Finding } from '../../src/runbook/check.ts';
import type { Api } from '../../src/runbook/context.ts';

const now = new Date('2026-11-29T03:00:00Z');
const unit = 'tempovault-indexer';
const log = `journalctl -u ${unit} -n 50 --no-pager`;
const active: UnitState = {
  unit: `${unit}.service`,
  loadState: 'loaded',
  activeState: 'active',
  subState: 'running',
  result: 'success',
  mainPid: 812,
  since: new Date('2026-11-29T02:00:00Z'),
  restarts: 0,
  memoryBytes: undefined,
};
const down = { activeState: 'inactive', subState: 'dead', mainPid: 0 } as const;
const failed = { activeState: 'failed', subState: 'failed', result: 'exit-code', mainPid: 0 } as const;
const looping = {
  ...{ activeState: 'activating', subState: 'auto-restart', result: 'exit-code' },
  ...{ mainPid: 0, restarts: 7 },
} as const;
const masked = { ...down, loadState: 'masked' } as const;
const traits: UnitTraits = { stopLimitMs: 90_000, isOutdated: false, triggers: [], atBoot: 'enabled' };

const advice = ({ next = [] }: Finding) => next.map(plainAdvice);

describe('the unit before a change', () => {
  const table: readonly (readonly [
    string,
    Verb,
    Partial<UnitState>,
    Partial<UnitTraits>,
    Finding['status'],
    string,
    readonly string[],
  ])[] = [
    ['runs', 'restart', {}, {}, 'pass', 'active for 1h 0min, process 812; systemd kills it if', []],
    ['takes 90 s to end', 'stop', {}, {}, 'pass', 'if it has not ended after 1 min 30 s', []],
    ['has no limit', 'stop', {}, { stopLimitMs: undefined }, 'pass', 'waits without a limit', []],
    ['runs already', 'start', {}, {}, 'warn', 'runs already, nothing to start', []],
    ['is stopped', 'start', down, {}, 'pass', 'inactive, 1h 0min ago', []],
    ['is stopped', 'restart', down, {}, 'warn', 'inactive, 1h 0min ago; it will run afterwards', []],
    ['is stopped already', 'stop', down, {}, 'warn', 'does not run, nothing to stop', []],
    [
      'has failed',
      'start',
      failed,
      {},
      'warn',
      'failed (exit-code), 1h 0min ago: the failure is reset',
      [log],
    ],
    ['has failed', 'stop', failed, {}, 'warn', 'does not run, nothing to stop', [log]],
    [
      'crashes again and again',
      'restart',
      looping,
      {},
      'warn',
      'starts it again each time (7 restarts, last result exit-code)',
      [log],
    ],
    [
      'is ending slowly',
      'stop',
      { activeState: 'deactivating', subState: 'stop-sigterm' },
      {},
      'warn',
      'is stopping (stop-sigterm) for 1h 0min; systemd kills it if',
      [log],
    ],
    [
      'is masked',
      'start',
      masked,
      {},
      'block',
      'cannot be started: it is masked',
      [`systemctl unmask ${unit}`],
    ],
    [
      'is masked and runs',
      'restart',
      { loadState: 'masked' },
      {},
      'block',
      'once stopped, it could not be started again',
      [`systemctl unmask ${unit}`],
    ],
    [
      'is masked and runs',
      'stop',
      { loadState: 'masked' },
      {},
      'warn',
      'masked: it cannot be started afterwards',
      [],
    ],
    [
      'has a broken unit file',
      'start',
      { ...down, loadState: 'bad-setting' },
      {},
      'block',
      'its unit file is not usable (bad-setting)',
      [`systemctl status ${unit} --no-pager`],
    ],
    [
      'is not installed',
      'stop',
      { ...down, loadState: 'not-found' },
      {},
      'block',
      'is not installed on this host',
      ['see what the unit is called: systemctl list-units --all', 'set host.units.indexer: tv config show'],
    ],
    [
      'has a timer',
      'stop',
      {},
      { triggers: ['indexer.timer'] },
      'warn',
      'indexer.timer may start it again after the stop',
      ['systemctl stop indexer.timer'],
    ],
    [
      'has a newer unit file',
      'restart',
      {},
      { isOutdated: true },
      'warn',
      'its unit file has changed',
      ['systemctl daemon-reload'],
    ],
  ];
  it.each(table)('%s → %s', (_, verb, state, more, status, says, next) => {
    const finding = judgeUnit({
      ...{ service: 'indexer', unit, verb, now },
      ...{ state: { ...active, ...state }, traits: { ...traits, ...more } },
    });
    expect([finding.status, advice(finding)]).toEqual([status, next]);
    expect(finding.summary).toContain(says);
  });
});

describe('other processes of the same program', () => {
  const own: HostProcess = {
    ...{ pid: 812, startedSecondsAgo: 9, user: 'tv', stopped: false },
    ...{ command: 'python3 event_indexer.py', unit: `${unit}.service` },
  };
  const loose = { ...own, pid: 900, unit: 'session-3.scope' };
  const foreign = { ...own, pid: 901, unit: 'indexer-old.service' };
  const kill = 'find out who started it, then end it: kill 900';
  const end = 'systemctl stop indexer-old.service';
  it.each([
    ['none but its own', 'indexer', 'restart', [own], 812, 'pass', []],
    ['one started by hand', 'indexer', 'restart', [own, loose], 812, 'block', [kill]],
    ['another unit', 'oracle', 'start', [foreign], 0, 'block', [end]],
    ['both', 'indexer', 'start', [loose, foreign], 0, 'block', [end, kill]],
    [
      'one that its stopped unit has left',
      'indexer',
      'start',
      [own],
      0,
      'block',
      ['find out who started it, then end it: kill 812'],
    ],
    ['a second API', 'api', 'restart', [own, loose], 812, 'warn', [kill]],
    ['a second one, before a stop', 'indexer', 'stop', [own, loose], 812, 'warn', [kill]],
    ['its own, the unit unknown', 'indexer', 'start', [own], undefined, 'pass', []],
  ] as const)('%s: %s, %s', (_, service, verb, processes, mainPid, status, next) => {
    const finding = judgeProcesses({ service, verb, unit, processes, mainPid });
    expect([finding.status, advice(finding)]).toEqual([status, next]);
  });

  it('names a unit that the settings have with its suffix', () => {
    const seen = { service: 'indexer', verb: 'restart', processes: [own], mainPid: 812 } as const;
    expect(judgeProcesses({ ...seen, unit: `${unit}.service` }).status).toBe('pass');
  });
});

describe('sessions that write the event tables', () => {
  const from = (client: string | null): Writer => ({
    ...{ pid: 7, user: 'tempovault', application: '', client, state: 'idle', since: null },
    ...{ statement: '', locks: [], reason: 'its last statement writes events', hidden: false },
  });
  const unseen = { ...from(null), hidden: true };
  it.each([
    ['none, the unit stopped', [], false, 'pass'],
    ['one, the unit stopped', [from('10.0.0.7:4000')], false, 'block'],
    ['one of an unknown address, the unit stopped', [from(null)], false, 'block'],
    ['none, the unit runs', [], true, 'pass'],
    ['its own two', [from('127.0.0.1:4000'), from('local')], true, 'pass'],
    ['its own two of another host', [from('10.0.0.7:4000'), from('10.0.0.7:4001')], true, 'pass'],
    ['its own and that of another host', [from('local'), from('10.0.0.7:4000')], true, 'block'],
  ] as const)('%s → %s', (_, writers, runs, status) => {
    expect(judgeWriters({ found: writers, hidden: [] }, { runs, role: 'tv' }).status).toBe(status);
  });
  it.each([
    ['of which this role sees nothing, the unit stopped', [], [unseen], false, 'warn'],
    ['of which this role sees nothing, the unit runs', [from('local')], [unseen], true, 'warn'],
    ['that hold a lock, their address hidden, the unit runs', [unseen], [], true, 'warn'],
    ['that hold a lock, their address hidden, the unit stopped', [unseen], [], false, 'block'],
  ] as const)('sessions of another role %s → %s', (_what, found, hidden, runs, status) => {
    const finding = judgeWriters({ found, hidden }, { runs, role: 'tv' });
    expect(finding.status).toBe(status);
    if (status === 'warn') {
      expect(finding.summary).toBe(
        'whether another indexer writes is unknown: 1 session of tempovault is hidden from tv',
      );
      expect(advice(finding).join()).toContain('GRANT pg_read_all_stats TO "tv"');
    }
  });
  it('names each session, and may be overruled', () => {
    const finding = judgeWriters({ found: [from('10.0.0.7:4000')], hidden: [] }, { runs: false, role: 'tv' });
    expect(finding.override).toBe('second-indexer');
    expect(finding.facts).toEqual({
      'session 7': 'no name, of tempovault, from 10.0.0.7:4000: its last statement writes events',
    });
  });
});

describe('a second relay, by the newest signal of its key', () => {
  const seen = { runs: false, unknown: null, ageMs: 20_000, stoppedMs: 3_600_000, intervalMs: 60_000 };
  it.each([
    ['newer than the stop', {}, 'block', 'another relay sends with this key'],
    ['from before the stop', { ageMs: 100_000, stoppedMs: 90_000 }, 'pass', 'is from before the stop'],
    ['on its way at the stop', { ageMs: 10_000, stoppedMs: 35_000 }, 'pass', 'is from before the stop'],
    ['older than two intervals', { ageMs: 200_000, stoppedMs: null }, 'pass', 'no relay sends with this key'],
    ['recent, the time of the stop unknown', { stoppedMs: null }, 'warn', 'since when its unit is stopped'],
    [
      'old, the interval unknown',
      { ageMs: 200_000, stoppedMs: null, intervalMs: null },
      'warn',
      'since when its unit is stopped',
    ],
    [
      'newer than the stop, the interval unknown',
      { intervalMs: null },
      'block',
      'another relay sends with this key',
    ],
    ['none', { ageMs: null }, 'pass', 'no recent signal'],
    ['unknown', { ageMs: null, unknown: 'no logs' }, 'warn', 'is unknown: no logs'],
    ['its own', { runs: true }, 'pass', 'not seen from here'],
  ] as const)('%s → %s', (_, changes, status, says) => {
    const finding = judgeSecondRelay({ ...seen, ...changes });
    expect(finding.status).toBe(status);
    expect(finding.summary).toContain(says);
  });
});

it.each([
  [false, 'inactive', 'pass', []],
  [true, 'active', 'warn', []],
  [true, 'inactive', 'warn', ['once the cause is gone: tv emergency resume']],
  [undefined, 'inactive', 'warn', []],
] as const)('paused %s, the unit %s → %s', (paused, state, status, next) => {
  const finding = judgePause({ paused, state });
  expect([finding.status, advice(finding)]).toEqual([status, next]);
});

describe('the API', () => {
  /** Bodies by path; a path that is not there does not answer. */
  const api = (answers: Readonly<Record<string, unknown>>): Api => ({
    url: 'http://api',
    get: async (path) => {
      if (!(path in answers)) throw new UnavailableError('api.unreachable', 'The API cannot be reached.');
      return { status: 200, body: answers[path], durationMs: 1 };
    },
  });
  const healthy = { '/health': { status: 'healthy' } };
  const ready = { '/ready': { ready: true, checks: {} } };
  const broken = { ready: false, checks: { rpc: true, database: false, database_error: 'no route' } };
  it.each([
    ['ready', { ...healthy, ...ready }, true, 'answers /health healthy and /ready true'],
    ['degraded', { '/health': { status: 'degraded' }, ...ready }, true, 'answers /health degraded'],
    [
      'unhealthy',
      { '/health': { status: 'unhealthy' }, ...ready },
      false,
      'is not ready: /health is unhealthy',
    ],
    ['without its database', { ...healthy, '/ready': broken }, false, 'is not ready: database: no route'],
    ['under detail', { ...healthy, '/ready': { detail: broken } }, false, 'database: no route'],
    ['not ready, without a reason', { ...healthy, '/ready': { ready: false } }, false, 'it does not say why'],
    ['silent', {}, false, 'does not answer: The API cannot be reached'],
    ['silent at /ready', healthy, false, 'answers, and is not ready: The API cannot be reached'],
    ['another program', { '/health': { ok: 1 }, ...ready }, false, 'does not answer: What answers'],
  ])('%s', async (_, answers, isReady, says) => {
    const seen = await askApi(api(answers));
    expect(seen.isReady).toBe(isReady);
    expect(describeApi(seen)).toContain(says);
  });
  it.each([
    ['ready, the unit active', { ...healthy, ...ready }, 'active', 'warn'],
    ['not ready, the unit active', healthy, 'active', 'pass'],
    ['silent, the unit stopped', {}, 'inactive', 'pass'],
    ['ready, the unit stopped', { ...healthy, ...ready }, 'inactive', 'warn'],
  ])('before the start: %s', async (_, answers, state, status) => {
    expect(judgeApiNow(await askApi(api(answers)), state).status).toBe(status);
  });
});

describe('the unit after a start', () => {
  const started = { unit, process: 812, at: now.toISOString(), fromBlock: null };
  it.each([
    ['the process that came up', {}, started, 700, 'pass', 'active, process 812'],
    [
      'restarted by another run since',
      { mainPid: 950 },
      started,
      700,
      'warn',
      'process 812 of this run was replaced by 950, without a crash',
    ],
    [
      'restarted by systemd',
      { mainPid: 950, restarts: 1 },
      started,
      700,
      'block',
      'process 812 ended, and systemd started 950',
    ],
    ['the process of before', {}, started, 812, 'block', 'still runs as process 812'],
    ['a crash loop', looping, started, 700, 'block', 'crashes: it ended again (exit-code)'],
    ['failed', failed, started, 700, 'block', 'is failed (failed, exit-code)'],
    ['stopped meanwhile', down, started, 700, 'block', 'is inactive'],
    ['nothing was started', {}, undefined, 812, 'pass', 'active, process 812'],
    ['nothing was started, and it has died', down, undefined, 812, 'block', 'is inactive'],
  ] as const)('%s → %s', (_, state, start, before, status, says) => {
    const finding = judgeUp({ unit, state: { ...active, ...state }, start, before });
    expect(finding.status).toBe(status);
    expect(finding.summary).toContain(says);
  });
  it.each([
    [undefined, 'block'],
    [210_000, 'pass'],
    [210_001, 'block'],
  ] as const)('a relay that ran before, last signal %s ms old → %s', (ageMs, status) => {
    expect(judgeNewest(ageMs, { oracle: '0x1', limitMs: 210_000 }).status).toBe(status);
  });
});

it.each([
  ['inactive', down, true, 'pass', 'its main process is gone'],
  ['killed', { ...failed, result: 'timeout' }, true, 'block', 'it did not end in time and was killed'],
  ['ended with an error', failed, true, 'block', 'counts it as failed (exit-code)'],
  ['failed before this run', failed, false, 'warn', 'counts it as failed'],
  ['still runs', {}, true, 'block', 'is active (running), process 812'],
  ['inactive with a process', { ...down, mainPid: 812 }, true, 'block', 'process 812'],
  ['in a crash loop', looping, true, 'block', 'is activating (auto-restart)'],
] as const)('the unit after a stop: %s → %s', (_, state, byThisRun, status, says) => {
  const finding = judgeDown({ unit, state: { ...active, ...state }, byThisRun });
  expect(finding.status).toBe(status);
  expect(finding.summary).toContain(says);
});

describe('the plan', () => {
  const stoppedFacts = { ...exampleFacts, state: 'inactive', mainPid: 0 };
  const failedFacts = { ...exampleFacts, state: 'failed', mainPid: 0 };
  const relay = { oracle: '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc', limitMs: 210_000 } as const;
  const reset = `systemctl reset-failed ${unit} && systemctl`;
  const commands = (runbook: typeof start, facts: ServiceFacts) =>
    runbook.plan(facts, { name: 'indexer' }).map(({ command }) => command);
  it.each([
    ['start', start, stoppedFacts, [`systemctl start ${unit}`]],
    ['start of one that has failed', start, failedFacts, [`${reset} start ${unit}`]],
    ['start of one that runs', start, exampleFacts, []],
    ['restart', restart, exampleFacts, [`systemctl restart ${unit}`]],
    ['restart of one that has failed', restart, failedFacts, [`${reset} restart ${unit}`]],
    [
      'restart of the relay',
      restart,
      { ...exampleFacts, relay },
      [`systemctl restart ${unit}`, `journalctl -u ${unit} -f`],
    ],
    ['stop', stop, exampleFacts, [`systemctl stop ${unit}`]],
    ['stop of one that is stopped', stop, stoppedFacts, []],
    ['stop of one that has failed', stop, failedFacts, []],
    ['stop of a crash loop', stop, { ...exampleFacts, state: 'activating' }, [`systemctl stop ${unit}`]],
  ])('%s', (_, runbook, facts, expected) => {
    expect(commands(runbook, facts)).toEqual(expected);
  });

  it('a start can be undone, but that of a relay, which is better left running', () => {
    const effects = (facts: ServiceFacts) =>
      start.plan(facts, { name: 'oracle' }).map(({ effect, undoTitle }) => [effect, undoTitle]);
    expect(effects(stoppedFacts)).toEqual([['reversible', 'stop the indexer']]);
    expect(effects({ ...stoppedFacts, relay })[0]).toEqual(['final', undefined]);
  });

  it.each([
    ['api', 'Users have no API until it is started again.'],
    ['indexer', 'they wait on the chain.'],
    ['oracle', 'Signals go stale until it is started again'],
  ] as const)('a stop of %s says what it means', (service, says) => {
    expect(stop.consequence({ ...exampleFacts, service }, { name: service })).toContain(says);
  });
});

describe('the name of a service', () => {
  const settings = {
    host: {
      units: { api: 'tv-api', indexer: 'tv-indexer.service', oracle: 'tempovault-oracle' },
    },
  } as unknown as Parameters<typeof findService>[0];
  it.each([
    ['api', 'api'],
    ['tv-api', 'api'],
    ['tv-api.service', 'api'],
    ['tv-indexer', 'indexer'],
    ['tempovault-oracle.service', 'oracle'],
  ])('%s → %s', (given, expected) => {
    expect(findService(settings, given)).toBe(expected);
  });
  it.each(['tempovault-api', 'relay', '', 'api.service'])('%s is none', (given) => {
    expect(() => findService(settings, given)).toThrow(UsageError);
  });
});

it.each([
  ['1min 30s', 90_000],
  ['5s', 5_000],
  ['1h 2min 3.5s', 3_723_500],
  ['500ms', 500],
  ['infinity', undefined],
  ['', undefined],
  ['90', undefined],
  ['10 bananas', undefined],
])('systemd’s time span %s → %s ms', (text, expected) => {
  expect(parseTimeSpan(text)).toBe(expected);
});
