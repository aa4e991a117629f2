import { describe, expect, it } from 'vitest';
import restart from '../../runbooks/service/restart.ts';
import report from '../../runbooks/service/status.ts';
import stop from '../../runbooks/service/stop.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import { UnavailableError } from '../../src/errors/TvError.ts';
import type { CommandOutput, Context } from '../../src/runbook/context.ts';
import { plainPaint } from '../support/paint.ts';

const now = Date.parse('2026-11-29T03:00:00Z');

interface World {
  /** Properties of a unit that differ from one that runs. */
  readonly units?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Processes besides one for each active unit: id, program, unit. */
  readonly processes?: readonly (readonly [number, string, string])[];
  /** Not even those of the units. */
  readonly noProcesses?: true;
  readonly psFails?: boolean;
  readonly systemd?: 'absent' | 'hostAway';
  readonly paused?: boolean | 'unknown';
  /** Journals: run id and runbook of an unfinished run that has stopped the indexer. */
  readonly stoppedBy?: string;
}

const programs = { api: 'api_server', indexer: 'event_indexer', oracle: 'oracle_relay' };
const units = { api: 'tempovault-api', indexer: 'tempovault-indexer', oracle: 'tempovault-oracle' };

/** A host with three units. Any command that a test does not foresee is an error, and so is every other service. */
function contextOf(world: World): Context {
  const done = (stdout: string, exitCode = 0, stderr = ''): CommandOutput => ({ exitCode, stdout, stderr });
  const shown = (name: string, asked: readonly string[]) => {
    const properties: Readonly<Record<string, string>> = {
      ...{ Id: `${name}.service`, LoadState: 'loaded', ActiveState: 'active', SubState: 'running' },
      ...{ Result: 'success', MainPID: '812', NRestarts: '0', MemoryCurrent: '89128960' },
      ...{ ActiveEnterTimestamp: 'Sat 2026-11-28 23:00:00 UTC', TimeoutStopUSec: '1min 30s' },
      ...{ NeedDaemonReload: 'no', TriggeredBy: '', UnitFileState: 'enabled' },
      ...world.units?.[name],
    };
    return asked.map((key) => `${key}=${properties[key] ?? ''}`).join('\n');
  };
  // A unit that is active has a process.
  const own = (['api', 'indexer', 'oracle'] as const)
    .filter((service) => (world.units?.[units[service]]?.['ActiveState'] ?? 'active') === 'active')
    .map((service, index) => [500 + index, programs[service], `${units[service]}.service`] as const);
  const processes = [...own.filter(() => world.noProcesses !== true), ...(world.processes ?? [])];
  const run = async ([name = '', verb = '', ...rest]: readonly string[]) => {
    if (world.systemd === 'hostAway')
      throw new UnavailableError('host.ssh-unreachable', 'The host cannot be reached over ssh.');
    if (name === 'systemctl' && world.systemd === 'absent') {
      return done('offline', 1, 'System has not been booted with systemd as init system (PID 1).');
    }
    if (name === 'systemctl' && verb === 'is-system-running') return done('running');
    if (name === 'systemctl' && verb === 'show') {
      const asked =
        rest
          .find((word) => word.startsWith('--property='))
          ?.slice(11)
          .split(',') ?? [];
      const names = rest.filter((word) => !word.startsWith('--'));
      return done(names.map((unit) => shown(unit, asked)).join('\n\n'));
    }
    if (name === 'ps') {
      if (world.psFails) return done('', 1, 'ps: error');
      const lines = processes.map(([pid, program]) => `${pid} 5 S tv python3 ${program}.py\n`);
      // ps lists itself.
      return done(
        [
          '1 9 Ss root /sbin/init\n',
          '4000 0 R tv ps -ww -eo pid=,etimes=,stat=,user:64=,args=\n',
          ...lines,
        ].join(''),
      );
    }
    if (name === 'sh') {
      return done(
        processes
          .map(
            ([pid, program, unit]) => `pid ${pid}\npython3\n${program}.py\n\n0::/system.slice/${unit}\nend\n`,
          )
          .join(''),
      );
    }
    throw new Error(`unexpected command: ${name} ${verb}`);
  };
  const call = async ({ method }: { readonly method: string }) => {
    if (world.paused === undefined) throw new Error('the chain must not be asked');
    if (world.paused === 'unknown')
      throw new UnavailableError('chain.node-unreachable', 'The RPC node did not answer.');
    if (method === 'eth_getCode') return '0x60';
    if (method === 'eth_getStorageAt') return `0x${'0'.repeat(64)}`;
    return `0x${(world.paused ? '1' : '0').padStart(64, '0')}`;
  };
  const address = `0x${'11'.repeat(20)}`;
  const client = { request: call, transport: { nodes: [{ url: 'http://node', request: call }] } };
  return {
    settings: { environment: 'production', host: { units, programs, prefix: [] } },
    runs: runsOf(world.stoppedBy),
    // A limit that an answer does not reach.
    clock: { now: () => new Date(now), sleep: () => new Promise((late) => setTimeout(late, 200)) },
    signal: new AbortController().signal,
    host: () => ({ prefix: [], run }),
    chain: () => ({ client, urls: ['http://node'], contracts: { riskController: address } }),
  } as unknown as Context;
}

/** The journal of a reindex that has stopped the indexer, and nothing else. */
function runsOf(run: string | undefined) {
  const at = '2026-11-29T02:00:00.000Z';
  const steps = [
    {
      ...{ id: 'stop', title: 'stop the indexer', command: '', effect: 'reversible', undo: 'start' },
      leaves: { subject: 'indexer', state: 'STOPPED', until: 'start' },
    },
    { id: 'start', title: 'start the indexer', command: '', effect: 'reversible', undo: 'stop' },
  ];
  const operator = { user: 'night', host: 'other', pid: 1, mark: null };
  const started = {
    ...{ type: 'run.started', run, runbook: 'reindex', title: 'Reindex', section: '1', risk: 'severe' },
    ...{ environment: 'production', operator, version: '1', input: {}, facts: {}, checks: [] },
    ...{ plan: { id: 'x', steps, consequence: '' }, overrides: [], confirmation: 'typed' },
  };
  const events = [
    started,
    { type: 'step.started', step: 'stop' },
    { type: 'step.done', step: 'stop', result: {}, durationMs: 1, how: 'ran' },
    { type: 'run.ended', outcome: 'interrupted', exitCode: 7 },
  ];
  return {
    directory: '/state',
    stamps: () => (run === undefined ? [] : [{ run, stamp: '' }]),
    read: () => events.map((event, index) => ({ ...event, at, seq: index, hash: '' })),
  };
}

const inactive = {
  ...{ ActiveState: 'inactive', SubState: 'dead', MainPID: '0', MemoryCurrent: '[not set]' },
  InactiveEnterTimestamp: 'Sun 2026-11-29 02:00:00 UTC',
};

async function statusOf(world: World) {
  const data = await report.collect(contextOf(world) as never, {});
  const screen = (width: number) => report.render(data, { ...plainPaint(width), now: new Date(now) }, {});
  return { data, screen, exitCode: report.exitCode?.(data), next: data.next.map(plainAdvice) };
}

describe('tv service status', () => {
  const restartApi = 'tv service restart api';
  const log = 'journalctl -u tempovault-api -n 50 --no-pager';
  it.each<readonly [string, World, readonly string[], readonly string[]]>([
    ['all run', {}, [], []],
    [
      'the API is stopped',
      { units: { 'tempovault-api': inactive }, paused: false },
      ['tempovault-api is stopped'],
      ['tv service start api'],
    ],
    [
      'stopped, whether the protocol is paused unknown',
      { units: { 'tempovault-api': inactive }, paused: 'unknown' },
      ['tempovault-api is stopped'],
      ['tv service start api'],
    ],
    [
      'the relay is stopped',
      { units: { 'tempovault-oracle': inactive }, paused: false },
      ['tempovault-oracle is stopped'],
      ['tv oracle recover'],
    ],
    [
      'stopped during a pause',
      { units: { 'tempovault-api': inactive, 'tempovault-oracle': inactive }, paused: true },
      [
        'tempovault-api is stopped, and the protocol is paused',
        'tempovault-oracle is stopped, and the protocol is paused',
      ],
      ['once the cause is gone: tv emergency resume'],
    ],
    [
      'stopped by an unfinished run',
      { units: { 'tempovault-indexer': inactive }, paused: false, stoppedBy: '20261129-0200-reindex-7f3a' },
      ['tempovault-indexer was stopped by 20261129-0200-reindex-7f3a'],
      ['tv resume 20261129-0200-reindex-7f3a'],
    ],
    [
      'failed',
      {
        units: { 'tempovault-api': { ActiveState: 'failed', Result: 'exit-code', MainPID: '0' } },
        paused: false,
      },
      ['tempovault-api has failed (exit-code)'],
      [log, restartApi],
    ],
    [
      'a crash loop',
      {
        units: {
          'tempovault-api': {
            ...{ ActiveState: 'activating', SubState: 'auto-restart', Result: 'exit-code' },
            ...{ MainPID: '0', NRestarts: '9' },
          },
        },
        paused: false,
      },
      ['tempovault-api crashes, and systemd starts it again each time (last result exit-code)'],
      [log, `once the cause is mended: ${restartApi}`],
    ],
    [
      'restarted by systemd, and running',
      { units: { 'tempovault-api': { NRestarts: '2' } } },
      ['systemd restarted tempovault-api: 2 times since it was last started by hand'],
      [log],
    ],
    [
      'masked',
      { units: { 'tempovault-api': { ...inactive, LoadState: 'masked' } }, paused: false },
      ['tempovault-api is masked and cannot be started'],
      ['to be able to start it: systemctl unmask tempovault-api'],
    ],
    [
      'not installed, with processes under another name',
      {
        units: { 'tempovault-api': { ...inactive, LoadState: 'not-found' } },
        processes: [[7, 'api_server', 'vault-api.service']],
        paused: false,
      },
      [
        'tempovault-api is not installed on this host',
        'the API runs outside tempovault-api: process 7 (python3 api_server.py, of tv, vault-api.service)',
      ],
      ['systemctl list-units --all', 'set host.units.api: tv config show'],
    ],
    [
      'a second indexer',
      {
        processes: [
          [812, 'event_indexer', 'tempovault-indexer.service'],
          [900, 'event_indexer', 'session-3.scope'],
        ],
      },
      [
        'the indexer runs outside tempovault-indexer: process 900 (python3 event_indexer.py, of tv, session-3.scope)',
      ],
      ['find out who started it, then end it: kill 900'],
    ],
  ])('%s: exit 0', async (_, world, remarks, next) => {
    const { data, exitCode, next: advised } = await statusOf(world);
    expect(exitCode).toBe(0);
    expect(data.services.flatMap((each) => each.remarks)).toEqual(remarks);
    expect(advised).toEqual(next);
  });

  it('processes that cannot be listed are unknown, not none', async () => {
    const { data, exitCode, screen } = await statusOf({ psFails: true });
    expect(exitCode).toBe(0);
    expect(data.services.map(({ otherProcesses, level }) => [otherProcesses, level])).toEqual(
      Array(3).fill([null, 'unknown']),
    );
    expect(screen(80)).toMatch(/enabled +\?$/m);
    expect(screen(80)).toContain('whether the API runs outside tempovault-api is unknown');
  });

  it('systemd says active, and ps lists no process → unknown, with both sides and how to decide it', async () => {
    const { data, next } = await statusOf({ noProcesses: true });
    expect(data.services.map(({ level }) => level)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(data.services[1]?.remarks).toEqual([
      'systemd says that tempovault-indexer is active with process 812, and ps lists no process of it',
    ]);
    expect(next).toContain('ps -fp 812');
    expect(next).toContain('if it runs, set host.programs.indexer: tv config show');
  });

  it.each([
    ['absent', 'no systemd on this host ('],
    ['hostAway', 'The host cannot be reached over ssh'],
  ] as const)('systemd %s: exit 1, and no unit', async (systemd, says) => {
    const { data, exitCode, screen } = await statusOf({ systemd });
    expect([exitCode, data.services]).toEqual([1, []]);
    expect(screen(200)).toContain(`The units could not be read: ${says}`);
    expect(screen(80)).toContain('Services · production · unknown');
  });

  it('fits 80 columns as a table, and 60 as one block a unit', async () => {
    const { screen } = await statusOf({
      units: { 'tempovault-indexer': { MainPID: '1234567', MemoryCurrent: '1181116006', NRestarts: '12' } },
    });
    const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length));
    const [, , head, api, indexer] = screen(80).split('\n');
    expect(head).toBe('    service  state           pid      memory    restarts  at boot  others');
    expect(api).toBe('  ✔ api      active 4h 0min  812      85.0 MiB  0         enabled  none');
    expect(indexer).toContain('1234567');
    expect(widest(screen(80))).toBeLessThanOrEqual(80);
    expect(widest(screen(60))).toBeLessThanOrEqual(60);
    expect(screen(60)).toMatch(/^ {2}✔ api\n {4}state +active 4h 0min\n {4}pid +812$/m);
  });
});

describe('a change where the host does not answer as it should', () => {
  const checksOf = async (runbook: typeof restart, name: string, world: World) =>
    Object.fromEntries(
      (await runbook.preflight(contextOf(world), { name })).checks.map(({ id, status }) => [id, status]),
    );
  it.each([
    ['absent', {}, { service: 'block', processes: 'pass' }],
    ['hostAway', {}, { service: 'block', processes: 'block' }],
  ] as const)('stop, systemd %s', async (systemd, more, expected) => {
    expect(await checksOf(stop, 'indexer', { systemd, ...more })).toEqual(expected);
  });

  it('restart of an indexer: a stray process blocks whatever else is unknown', async () => {
    const processes = [[900, 'event_indexer', 'session-3.scope']] as const;
    expect(await checksOf(restart, 'tempovault-indexer.service', { processes })).toEqual({
      ...{ service: 'pass', processes: 'block', chain: 'block', cursor: 'block', writing: 'block' },
      ...{ writers: 'block', pause: 'skip' },
    });
  });

  it('restart of an API: what it depends on may be overruled, without which it could not be proved', async () => {
    const { checks } = await restart.preflight(contextOf({}), { name: 'api' });
    expect(checks.map(({ id, status, override }) => [id, status, override])).toEqual([
      ['service', 'pass', undefined],
      ['processes', 'pass', undefined],
      ['chain', 'block', 'api-dependencies'],
      ['database', 'block', 'api-dependencies'],
      ['api', 'block', undefined],
      ['pause', 'skip', undefined],
    ]);
  });

  it('stop: a unit that is not installed has no plan', async () => {
    const world = { units: { 'tempovault-api': { ...inactive, LoadState: 'not-found' } } };
    expect(await checksOf(stop, 'api', world)).toEqual({ service: 'block', processes: 'pass' });
  });
});
