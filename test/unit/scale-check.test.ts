import { describe, expect, it } from 'vitest';
import { answerFrom } from '../../runbooks/scale/check.answers.ts';
import check from '../../runbooks/scale/check.ts';
import type { Writer } from '../../src/database/findWriters.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import { instancesOn, workersOn } from '../../src/observe/scale/hosts.ts';
import { judgeScale } from '../../src/observe/scale/judgeScale.ts';
import type { HostSeen, ScaleSeen } from '../../src/observe/scale/readScale.ts';
import type { Reading } from '../../src/observe/sourceReader.ts';
import type { ValueOf } from '../../src/observe/world.ts';
import type { Tuning } from '../../src/operations/tuning.ts';
import { away, late, worldNow, worldSettings, worldWith } from '../support/observedWorld.ts';
import { plainPaint } from '../support/paint.ts';

type Changes = Parameters<typeof worldWith>[0];
type Services = ValueOf<'services'>;
type Relay = ValueOf<'relay'>;

const known = <T>(value: T): Reading<T> => ({ known: true, value });
const silent = (reason: string): Reading<never> => ({
  ...{ known: false, reason, away: false, facts: {}, next: [], cause: new Error(reason) },
});
const trait = (atBoot: string | undefined) => ({
  stopLimitMs: 90_000,
  isOutdated: false,
  triggers: [],
  atBoot,
});
const enabled = { api: trait('enabled'), indexer: trait('enabled'), oracle: trait('enabled') };
const onlyApi = { ...enabled, indexer: trait('disabled'), oracle: trait('disabled') };

/** The machine of the settings, on which all is well. */
function host(changes: Changes = {}, more: Partial<HostSeen> = {}): HostSeen {
  return {
    ...{ name: 'host', prefix: [], world: worldWith(changes), traits: known(enabled) },
    ...{ workers: known({ workers: 9, from: 'ExecStart of tempovault-api' }) },
    ...more,
  };
}

const stopped = (services: Services, ...names: readonly (keyof Services)[]): Services =>
  Object.fromEntries(
    Object.entries(services).map(([name, unit]) => [
      name,
      names.includes(name as keyof Services)
        ? { ...unit, activeState: 'inactive', subState: 'dead', mainPid: 0 }
        : unit,
    ]),
  ) as unknown as Services;
const without = (services: Services, ...names: readonly (keyof Services)[]): Services =>
  Object.fromEntries(
    Object.entries(stopped(services, ...names)).map(([name, unit]) => [
      name,
      names.includes(name as keyof Services) ? { ...unit, loadState: 'not-found' } : unit,
    ]),
  ) as unknown as Services;

/** A second machine with the API alone. */
function apiHost(
  changes: Changes = {},
  more: Partial<HostSeen> = {},
  failed: Parameters<typeof worldWith>[1] = {},
) {
  const { services, processes, machine } = worldWith(
    {
      services: (units) => without(units, 'indexer', 'oracle'),
      processes: (all) => ({ ...all, indexer: [], oracle: [] }),
      machine: (value) => ({ ...value, hostname: 'vault-2', bootId: 'c' }),
      ...changes,
    },
    failed,
  );
  return {
    ...host({}, { name: 'api-2', prefix: ['ssh', 'ops@vault-2'], traits: known(onlyApi) }),
    world: { services, processes, machine } as HostSeen['world'],
    ...more,
  };
}

const fitting: Tuning = {
  database: 'tempovault on localhost:5432',
  version: '17.2',
  machine: {
    ...{
      memoryBytes: 16 * 2 ** 30,
      reportedBytes: null,
      cores: 4,
      disk: 'ssd',
      diskWhy: 'vda',
      elsewhere: null,
    },
  },
  settings: [
    {
      name: 'work_mem',
      now: '10485kB',
      recommended: '10485kB',
      state: 'same',
      where: 'default',
      restart: false,
    },
  ],
  api: { workers: 9, recommended: 9, from: 'ExecStart' },
};
const differing = (state: 'differs' | 'waiting' | 'outranked'): Tuning => ({
  ...fitting,
  settings: [
    { name: 'shared_buffers', now: '128MB', recommended: '4GB', state, where: 'default', restart: true },
  ],
});

const writer = (client: string): Writer => ({
  ...{
    pid: 7,
    user: 'tempovault',
    application: 'indexer',
    hidden: false,
    client,
    state: 'idle',
    since: null,
    statement: '',
  },
  ...{ locks: [], reason: 'its name says so' },
});

const writing = (...found: readonly Writer[]) => known({ found, hidden: [] });

function seen(hosts: ScaleSeen['hosts'], more: Partial<ScaleSeen> = {}): ScaleSeen {
  const writers = writing(writer('10.0.0.1:40000'));
  return { hosts, tuning: known(fitting), writers, role: 'tv', ...more };
}

function idsOf(scale: ScaleSeen): readonly string[] {
  return judgeScale(scale, worldSettings, worldNow).map(
    ({ id, level, cause }) => `${level} ${id}${cause === null ? '' : ` < ${cause}`}`,
  );
}

const now = worldNow.getTime() / 1000;
const pair = `0x${'1'.repeat(64)}` as const;
const signal = (secondsAgo: number) => ({
  ...{ pair, transaction: `0x${'a'.repeat(64)}` as const, block: 4_990, at: now - secondsAgo },
});
/** So many signals of the relay, that many seconds apart. */
const signalsEvery = (seconds: number, number: number) =>
  Array.from({ length: number }, (_, index) => signal((number - 1 - index) * seconds + 2));
const active = (
  own: readonly ReturnType<typeof signal>[],
  others: readonly ReturnType<typeof signal>[] = [],
) => ({
  relay: (relay: Relay): Relay => ({
    ...relay,
    activity: {
      known: true,
      value: {
        ...(relay.activity as Extract<Relay['activity'], { known: true }>).value,
        own,
        newest: own.at(-1),
        others: others.map((each) => ({ sender: `0x${'d'.repeat(40)}`, signal: each })),
      },
    },
  }),
});
const noRelay: Changes = {
  services: (units) => stopped(units, 'oracle'),
  processes: (all) => ({ ...all, oracle: [] }),
};

describe('what is found', () => {
  const table: readonly (readonly [string, ScaleSeen, readonly string[]])[] = [
    ['all is well on one host', seen([host()]), []],
    ['all is well on two', seen([host(), apiHost()]), []],
    [
      'indexer and relay moved to the other host',
      seen([
        host(
          {
            services: (units) => stopped(units, 'indexer', 'oracle'),
            processes: (all) => ({ ...all, indexer: [], oracle: [] }),
          },
          { traits: known(onlyApi) },
        ),
        apiHost({ services: (units) => units, processes: (all) => all }, { traits: known(enabled) }),
      ]),
      [],
    ],
    [
      'an indexer on both',
      seen([
        host(),
        apiHost({
          services: (units) => without(units, 'oracle'),
          processes: (all) => ({ ...all, oracle: [] }),
        }),
      ]),
      ['critical hosts-indexer'],
    ],
    [
      'a relay started by hand on the other host',
      seen([
        host(),
        apiHost({
          processes: (all) => ({
            ...all,
            indexer: [],
            oracle: all.oracle.map((each) => ({ ...each, unit: undefined })),
          }),
        }),
      ]),
      ['critical hosts-oracle'],
    ],
    [
      'the other host is away: whether it runs one too is unknown',
      seen([
        host(),
        apiHost(
          {},
          { traits: silent('refused'), workers: silent('refused') },
          {
            services: away(),
            processes: away(),
            machine: away(),
          },
        ),
      ]),
      [
        'critical host-away@api-2',
        'unknown unknown-processes@api-2 < host-away@api-2',
        'unknown unknown-machine@api-2 < host-away@api-2',
        'unknown hosts-indexer < host-away@api-2',
        'unknown hosts-oracle < host-away@api-2',
        'unknown api-workers@api-2 < host-away@api-2',
        'unknown boot-unknown@api-2 < host-away@api-2',
      ],
    ],
    [
      'the processes of the other host did not come in time',
      seen([host(), apiHost({}, {}, { processes: late() })]),
      [
        'unknown unknown-processes@api-2',
        'unknown hosts-indexer < unknown-processes@api-2',
        'unknown hosts-oracle < unknown-processes@api-2',
      ],
    ],
    [
      'the same machine under two names is counted once',
      seen([host(), { ...host(), name: 'again' }]),
      ['warning same-machine:again'],
    ],
    [
      'a machine without any unit',
      seen([
        host(),
        apiHost({
          services: (units) => without(units, 'api', 'indexer', 'oracle'),
          processes: () => ({ api: [], indexer: [], oracle: [] }),
        }),
      ]),
      ['warning host-empty:api-2'],
    ],
    [
      'the indexer is down everywhere: it is missed once',
      seen(
        [
          host({
            services: (units) => stopped(units, 'indexer'),
            processes: (all) => ({ ...all, indexer: [] }),
          }),
          apiHost({ services: (units) => stopped(without(units, 'oracle'), 'indexer') }),
        ],
        { writers: writing() },
      ),
      ['critical service-down:indexer', 'critical hosts-indexer < service-down:indexer'],
    ],
    [
      'one of two API servers is down',
      seen([host(), apiHost({ services: (units) => stopped(without(units, 'indexer', 'oracle'), 'api') })]),
      ['warning service-down:api@api-2', 'unknown api-workers@api-2 < service-down:api@api-2'],
    ],
    [
      'the API is down: how many workers it has is unknown',
      seen([host({ services: (units) => stopped(units, 'api'), processes: (all) => ({ ...all, api: [] }) })]),
      ['critical service-down:api', 'unknown api-workers < service-down:api'],
    ],
    [
      'the states at boot could not be read',
      seen([host({}, { traits: silent('no answer') })]),
      ['unknown boot-unknown'],
    ],
    [
      'the states at boot of a host on which nothing runs could not be read',
      seen([
        host(),
        apiHost(
          {
            services: (units) => without(units, 'api', 'indexer', 'oracle'),
            processes: () => ({ api: [], indexer: [], oracle: [] }),
          },
          { traits: silent('no answer') },
        ),
      ]),
      ['warning host-empty:api-2'],
    ],
    ...(['enabled', 'alias', 'generated'] as const).map(
      (state) =>
        [
          `a unit that is ${state} starts at boot`,
          seen([host({}, { traits: known({ ...enabled, indexer: trait(state) }) })]),
          [],
        ] as const,
    ),
    ...(['disabled', 'linked', 'linked-runtime', 'masked', 'masked-runtime', 'enabled-runtime'] as const).map(
      (state) =>
        [
          `a unit that is ${state} does not start at boot`,
          seen([host({}, { traits: known({ ...enabled, indexer: trait(state) }) })]),
          ['warning boot-lost'],
        ] as const,
    ),
    ...(['static', 'indirect', 'transient', 'bad', undefined] as const).map(
      (state) =>
        [
          `whether a unit starts at boot that is ${state ?? 'without a state'} is unknown`,
          seen([host({}, { traits: known({ ...enabled, indexer: trait(state) }) })]),
          ['unknown boot-unknown'],
        ] as const,
    ),
    [
      'an alias on another host would start a second indexer at boot',
      seen([host(), apiHost({}, { traits: known({ ...onlyApi, indexer: trait('alias') }) })]),
      ['warning boot-twice:indexer'],
    ],
    [
      'a unit would start a second indexer at boot',
      seen([host(), apiHost({}, { traits: known({ ...onlyApi, indexer: trait('enabled') }) })]),
      ['warning boot-twice:indexer'],
    ],
    [
      'running units do not start at boot',
      seen([host({}, { traits: known(onlyApi) })]),
      ['warning boot-lost'],
    ],
    [
      'twice the cores, and as many workers as before',
      seen([host({ machine: (value) => ({ ...value, cores: 8 }) })]),
      ['warning api-workers'],
    ],
    [
      'settings for the smaller machine',
      seen([host()], { tuning: known(differing('differs')) }),
      ['warning tuning-differs'],
    ],
    [
      'settings that wait',
      seen([host()], { tuning: known(differing('waiting')) }),
      ['warning tuning-waiting'],
    ],
    [
      'settings of the command line',
      seen([host()], { tuning: known(differing('outranked')) }),
      ['warning tuning-differs'],
    ],
    [
      'PostgreSQL elsewhere',
      seen([host()], { tuning: known({ ...fitting, machine: { ...fitting.machine, elsewhere: 'db-1' } }) }),
      ['unknown tuning-elsewhere'],
    ],
    [
      'the database is away: its settings and sessions are unknown by that',
      seen([{ ...host(), world: worldWith({}, { database: away(), indexer: away() }) }], {
        ...{ tuning: silent('refused'), writers: silent('refused') },
      }),
      [
        'critical database-away',
        'unknown unknown-indexer < database-away',
        'unknown unknown-writers < database-away',
        'unknown unknown-tuning < database-away',
      ],
    ],
    [
      'sessions that write come from two addresses',
      seen([host()], { writers: writing(writer('10.0.0.1:40000'), writer('10.0.0.9:40000')) }),
      ['critical second-indexer'],
    ],
    [
      'sessions of another role are hidden',
      seen([host()], { writers: known({ found: [], hidden: [{ ...writer('?'), hidden: true }] }) }),
      ['unknown unknown-writers'],
    ],
    ['a relay at its pace', seen([host(active(signalsEvery(60, 12)))]), []],
    ['too few signals to tell', seen([host(active(signalsEvery(20, 4)))]), []],
    ['a restart sends one at once', seen([host(active([...signalsEvery(60, 6), signal(1)]))]), []],
    [
      'twice the pace: a second relay with the key',
      seen([host(active(signalsEvery(30, 12)))]),
      ['critical second-relay'],
    ],
    [
      'another account signs the same pair',
      seen([host(active(signalsEvery(60, 3), [signal(40)]))]),
      ['critical second-relay'],
    ],
    [
      'another account signed before, and no longer does',
      seen([host(active(signalsEvery(60, 3), [signal(900)]))]),
      [],
    ],
    [
      'no relay runs, and signals came after its stop',
      seen([host({ ...noRelay, ...active(signalsEvery(60, 3)) })]),
      [
        'critical service-down:oracle',
        'critical hosts-oracle < service-down:oracle',
        'critical second-relay',
      ],
    ],
    [
      'no relay runs, and none sends',
      seen([host({ ...noRelay, ...active([signal(4_000)]) })]),
      ['critical service-down:oracle', 'critical hosts-oracle < service-down:oracle'],
    ],
  ];
  it.each(table)('%s', (_, scale, expected) => {
    expect(idsOf(scale).toSorted()).toEqual([...expected].toSorted());
  });

  it('logs that are missing are no proof of one relay', () => {
    const blind: Changes = {
      relay: (relay) => ({ ...relay, activity: { known: false, reason: 'no logs' } }),
    };
    expect(idsOf(seen([host(blind)]))).toContain('unknown second-relay');
  });
});

it('a relay whose interval is unknown → neither one nor two', () => {
  const world = worldWith(active(signalsEvery(30, 12)), { relayInterval: away() });
  const [found, ...others] = judgeScale(seen([host({}, { world })]), worldSettings, worldNow);
  expect(found).toMatchObject({
    ...{ id: 'second-relay', level: 'unknown' },
    sentence: expect.stringMatching(
      /^whether more than one relay runs .* is unknown: its signals come every 30 s, and how often one relay sends/,
    ),
  });
  expect(others).toEqual([]);
});

describe('what is advised', () => {
  const nextOf = (scale: ScaleSeen) =>
    judgeScale(scale, worldSettings, worldNow).flatMap(({ next }) => next.map(plainAdvice));

  it('stops the second indexer through the prefix of its host', () => {
    const both = apiHost({
      services: (units) => without(units, 'oracle'),
      processes: (all) => ({ ...all, oracle: [] }),
    });
    expect(nextOf(seen([host(), both]))).toEqual([
      'keep one, such as that of host: ssh ops@vault-2 systemctl stop tempovault-indexer',
    ]);
  });

  it('starts an API on its host, and an indexer only with the checks of tv', () => {
    const down = apiHost({ services: (units) => stopped(without(units, 'indexer', 'oracle'), 'api') });
    expect(nextOf(seen([host(), down]))[0]).toBe('ssh ops@vault-2 systemctl start tempovault-api');
    const moved = seen(
      [
        host({
          services: (units) => without(units, 'indexer'),
          processes: (all) => ({ ...all, indexer: [] }),
        }),
        apiHost({ services: (units) => stopped(without(units, 'oracle'), 'indexer') }),
      ],
      { writers: writing() },
    );
    expect(nextOf(moved)[0]).toBe('on api-2: tv service start indexer');
  });
});

describe('on one host', () => {
  it.each([
    ['its process', {}, 1, true],
    [
      'a unit whose program goes by another name',
      { processes: () => ({ api: [], indexer: [], oracle: [] }) },
      1,
      true,
    ],
    ['a process without a unit', { services: (units: Services) => stopped(units, 'indexer') }, 1, true],
  ] as const)('an indexer is seen by %s', (_, changes, number, sure) => {
    const found = instancesOn(host(changes as Changes), 'indexer');
    expect([found.words.length, found.sure]).toEqual([number, sure]);
  });

  it.each([
    ['known by the unit', 5],
    // Workers that multiprocessing starts do not run the program by name.
    ['unknown, with one process that runs the program', null],
  ])('workers of the API are %s', (_, workers) => {
    const seenHost = host({}, { workers: known({ workers, from: 'unit' }) });
    expect(workersOn(seenHost)).toMatchObject({ workers, recommended: 9, from: 'unit' });
  });
});

describe('the answers', () => {
  const answersOf = (scale: ScaleSeen) => {
    const { answers, level } = answerFrom(judgeScale(scale, worldSettings, worldNow));
    return { level, open: answers.filter((answer) => answer.level !== 'ok').map(({ fine }) => fine) };
  };
  const running = 'every unit that is installed runs, and starts at boot';
  const working = 'they work: the API answers, the indexer keeps up, signals are fresh';
  const workers = 'the API has 2 × cores + 1 workers';

  it('all is well → every answer is yes', () => {
    expect(answersOf(seen([host()]))).toEqual({ level: 'ok', open: [] });
  });

  it.each<[string, HostSeen, readonly string[]]>([
    ['no pair is known', host({ signals: (value) => ({ ...value, signals: [] }) }), [working]],
    [
      'no cursor shows where the indexer is',
      host({ indexer: (value) => ({ ...value, block: 1_000, source: 'rows' }) }),
      [working],
    ],
    [
      'the indexer is static',
      host({}, { traits: known({ ...enabled, indexer: trait('static') }) }),
      [running],
    ],
    ['the states at boot could not be read', host({}, { traits: silent('no answer') }), [running]],
    [
      'the API is down',
      host({ services: (units) => stopped(units, 'api'), processes: (all) => ({ ...all, api: [] }) }),
      [running, workers],
    ],
  ])('%s → not answered with yes', (_, one, expected) => {
    expect(answersOf(seen([one])).open).toEqual(expected);
  });

  it.each(['services', 'processes', 'machine', 'signals', 'relay', 'indexer', 'api'] as const)(
    'only %s is silent → a question is open',
    (source) => {
      const { level, open } = answersOf(seen([{ ...host(), world: worldWith({}, { [source]: late() }) }]));
      expect([level, open.length > 0]).toEqual(['unknown', true]);
    },
  );

  it.each<[string, ScaleSeen]>([
    ['the states at boot', seen([host({}, { traits: silent('no answer') })])],
    ['PostgreSQL', seen([host()], { tuning: silent('no answer') })],
    ['the writing sessions', seen([host()], { writers: silent('no answer') })],
  ])('only %s could not be read → a question is open', (_, scale) => {
    const { level, open } = answersOf(scale);
    expect([level, open.length]).toEqual(['unknown', 1]);
  });
});

describe('the screen', () => {
  const findings = judgeScale(
    seen([host({}, { traits: known(onlyApi) }), apiHost()]),
    worldSettings,
    worldNow,
  );
  const shownHost = (name: string) => ({
    ...{ name, hostname: `${name}.internal.example`, cores: 4, memoryBytes: 2 ** 34, sameAs: null },
    units: { api: 'active', indexer: 'active', oracle: 'not installed' },
    running: { api: 1, indexer: 2, oracle: 0 },
    ...{ apiWorkers: 1, apiWorkersRecommended: 9 },
  });
  it.each([60, 80, 140])('fits %i columns', (width) => {
    const data = {
      ...{
        environment: 'production',
        level: 'warning' as const,
        hosts: [shownHost('host'), shownHost('api-2')],
      },
      ...{
        answers: [{ fine: 'exactly one indexer', level: 'ok' as const, findings: [] }],
        findings,
        next: [],
      },
    };
    const text = check.render(data, plainPaint(width), {});
    expect(text.split('\n').filter((line) => line.length > width)).toEqual([]);
    expect(text).toContain('active, 2 processes');
    expect(text).toContain('1 of 9');
  });
});
