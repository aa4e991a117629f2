import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AnyRunbook, concurrencyOf, mayTouch } from '../../src/engine/engine.ts';
import { judge, type OtherRun } from '../../src/engine/judgeConcurrency.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { acquireFileLock } from '../../src/journal/fileLock.ts';
import { lockDirectory, lockRecords } from '../../src/journal/lockRecords.ts';
import { thisOperator } from '../../src/journal/operator.ts';
import { registry } from '../../src/registry.generated.ts';
import { harmless, ordinary, protective } from '../../src/runbook/concurrency.ts';
import { FakeWorld, fakeRunbook } from '../support/fakeRunbook.ts';
import { temporaryState } from '../support/fakes.ts';
import { type Outcome, play } from '../support/scenario.ts';

let state: ReturnType<typeof temporaryState>;
let stateDirectory: string;
let world: FakeWorld;

beforeEach(() => {
  state = temporaryState();
  stateDirectory = state.directory;
  world = new FakeWorld(`${state.directory}-world`);
});
afterEach(() => state.remove());

const place = () => ({ stateDirectory, environment: 'production' });

/** Every runbook of tv by its command, with the input of its example and changes to it. */
const runbooks = new Map<string, AnyRunbook>(
  (
    await Promise.all(registry.map(async ({ command, load }) => [command, (await load()).default] as const))
  ).flatMap(([command, loaded]) => (loaded.kind === 'runbook' ? [[command, loaded] as const] : [])),
);

function policy(command: string, changes: Readonly<Record<string, unknown>> = {}) {
  const runbook = runbooks.get(command);
  if (runbook === undefined) throw new Error(`no runbook ${command}`);
  return concurrencyOf(runbook, { ...(runbook.example.input as object), ...changes });
}

const compromised = { compromised: true };
const paying = { withdraw: true };

it('the preview is only information for what stops losses, and for no other command', () => {
  const advisory = [...runbooks].filter(([, { preview }]) => preview !== undefined);
  expect(advisory.map(([command, { preview }]) => [command, preview])).toEqual([
    ['breaker trip', { blocks: false, inPlanId: false }],
    ['emergency shutdown', { blocks: false, inPlanId: false }],
  ]);
});

describe('what a run waits for', () => {
  /** New run, its input, the run beside it, its input, then the verdict while that runs, and while it is unfinished. */
  const table: readonly (readonly [
    string,
    Readonly<Record<string, unknown>>,
    string,
    Readonly<Record<string, unknown>>,
    'blocks' | 'warns',
    'blocks' | 'warns',
  ])[] = [
    // Protective commands wait for nothing that does not touch the same thing.
    ...[
      'reindex',
      'db restore',
      'db backup',
      'oracle recover',
      'oracle rotate-key',
      'db tune',
      'db prune',
    ].flatMap(
      (other) =>
        [
          ['breaker trip', {}, other, {}, 'warns', 'warns'],
          ['emergency shutdown', {}, other, {}, 'warns', 'warns'],
          ['emergency withdraw', {}, other, {}, 'warns', 'warns'],
          ['emergency unwind', paying, other, {}, 'warns', 'warns'],
        ] as const,
    ),
    ...['reindex', 'db restore', 'db backup', 'emergency withdraw', 'breaker reset'].map(
      (other) => ['oracle rotate-key', compromised, other, {}, 'warns', 'warns'] as const,
    ),
    ['oracle rotate-key', compromised, 'oracle rotate-key', {}, 'blocks', 'blocks'],
    ['oracle rotate-key', compromised, 'oracle revoke-old', {}, 'blocks', 'blocks'],
    ['oracle rotate-key', {}, 'reindex', {}, 'blocks', 'blocks'],
    // Another restore leaves nothing of it to finish; any other command waits for that.
    ['db restore', {}, 'db restore', { inPlace: true }, 'blocks', 'warns'],
    ['reindex', {}, 'db restore', { inPlace: true }, 'blocks', 'blocks'],
    ['db restore', {}, 'reindex', {}, 'blocks', 'blocks'],
    ['breaker trip', {}, 'breaker reset', {}, 'blocks', 'warns'],
    ['breaker trip', {}, 'breaker trip', {}, 'blocks', 'warns'],
    ['breaker reset', {}, 'breaker trip', {}, 'blocks', 'blocks'],
    ['emergency shutdown', {}, 'emergency shutdown', {}, 'blocks', 'warns'],
    ['emergency shutdown', {}, 'emergency resume', {}, 'warns', 'warns'],
    ['emergency shutdown', {}, 'emergency withdraw', {}, 'warns', 'warns'],
    // It may have paid already.
    ['emergency withdraw', {}, 'emergency withdraw', {}, 'blocks', 'blocks'],
    ['emergency withdraw', {}, 'emergency unwind', paying, 'blocks', 'blocks'],
    ['emergency withdraw', {}, 'emergency unwind', { withdraw: false }, 'warns', 'warns'],
    ['emergency unwind', { withdraw: false }, 'emergency withdraw', {}, 'warns', 'warns'],
    // It can be run anew, so what is left of it holds up nothing.
    ['emergency withdraw', {}, 'emergency shutdown', {}, 'blocks', 'warns'],
    ['emergency resume', {}, 'emergency shutdown', {}, 'blocks', 'warns'],
    ['emergency resume', {}, 'reindex', {}, 'blocks', 'blocks'],
    ['reindex', {}, 'db restore', {}, 'blocks', 'blocks'],
    ['reindex', {}, 'db backup', {}, 'blocks', 'warns'],
    // A service that did not come up may be started again, and holds up nothing.
    ['service restart', {}, 'service restart', {}, 'blocks', 'warns'],
    ['service start', {}, 'service restart', {}, 'blocks', 'warns'],
    ['reindex', {}, 'service stop', {}, 'blocks', 'warns'],
    ['service restart', {}, 'reindex', {}, 'blocks', 'blocks'],
    ['service start', {}, 'oracle recover', {}, 'blocks', 'blocks'],
    ['service restart', {}, 'db vacuum', {}, 'blocks', 'warns'],
    ['oracle rotate-key', compromised, 'service restart', { name: 'api' }, 'warns', 'warns'],
    ['oracle rotate-key', compromised, 'service restart', { name: 'oracle' }, 'blocks', 'warns'],
    ['oracle rotate-key', compromised, 'service stop', { name: 'the-relay' }, 'blocks', 'warns'],
    ['emergency shutdown', {}, 'service restart', {}, 'warns', 'warns'],
    ['reindex', {}, 'db vacuum', {}, 'blocks', 'warns'],
    ['reindex', {}, 'emergency withdraw', {}, 'blocks', 'blocks'],
    ['db backup', {}, 'reindex', {}, 'blocks', 'warns'],
    ['db pin', {}, 'reindex', {}, 'blocks', 'warns'],
  ];

  it.each(table)(
    '%s %j beside %s %j → running: %5$s, unfinished: %6$s',
    (name, input, other, its, running, unfinished) => {
      const theirs = policy(other, its);
      const supersedes: readonly string[] = runbooks.get(other)?.supersedes?.({ pause: true }) ?? [];
      const beside = (as: OtherRun['state']): OtherRun => ({
        runbook: other,
        touches: theirs.touches,
        holdsUpOthers: theirs.holdsUpOthers,
        state: as,
        supersedesItself: supersedes.includes(other),
        // The services or the indexer stopped, the protocol unpaused.
        residual: true,
      });
      const verdicts = (['running', 'unfinished'] as const).map((as) =>
        judge(name, policy(name, input), beside(as)),
      );
      expect(verdicts).toEqual([running, unfinished]);
    },
  );

  it('unverified, and so perhaps done already → blocks only its own command, where that must not be done twice', () => {
    const beside = (runbook: string): OtherRun => ({
      ...{ runbook, touches: ['capital'], holdsUpOthers: true, state: 'unverified' },
      ...{ supersedesItself: false, residual: false },
    });
    const of = (mine: Parameters<typeof judge>[1]) =>
      ['pay', 'other'].map((name) => judge('pay', mine, beside(name)));
    expect(of({ ...ordinary, ...protective('capital') })).toEqual(['blocks', 'warns']);
    expect(of({ ...ordinary, blockedBy: 'itself or residual' })).toEqual(['blocks', 'warns']);
    expect(of({ ...ordinary, ...protective('capital'), blockedBy: 'unfinished touching' })).toEqual([
      'warns',
      'warns',
    ]);
    expect(of(ordinary)).toEqual(['warns', 'warns']);
    expect(of({ ...ordinary, ...harmless })).toEqual(['warns', 'warns']);
  });

  it('protective are these commands, and no others', () => {
    const all = [...runbooks.keys()].filter((name) => policy(name, compromised).protective);
    expect(all.toSorted()).toEqual([
      ...[
        'breaker trip',
        'emergency shutdown',
        'emergency unwind',
        'emergency withdraw',
        'oracle rotate-key',
      ],
    ]);
    expect(policy('oracle rotate-key', { compromised: false }).protective).toBe(false);
  });
});

describe('locks', () => {
  const capital = () => fakeRunbook(world, { name: 'pay', concurrency: protective('capital') });
  const during = async (step: string, act: () => Promise<Outcome>, first = fakeRunbook(world)) => {
    let inner: Outcome | undefined;
    const outer = await play(first, {
      stateDirectory,
      stateOf: 'nothing',
      prepare: () => {
        world.onRun = async (id) => {
          if (id !== step || inner !== undefined) return;
          world.onRun = () => {};
          inner = await act();
        };
      },
    });
    if (inner === undefined) throw new Error('never ran');
    return { outer, inner };
  };

  it('protective run while an ordinary one runs → runs beside it, and names it', async () => {
    const { outer, inner } = await during('b', () => play(capital(), { stateDirectory, stateOf: 'nothing' }));
    expect([outer.exitCode, inner.exitCode]).toEqual([0, 0]);
    const checks = inner.events.find((event) => event.type === 'preflight.done')?.checks;
    expect(checks?.find(({ id }) => id === 'lock')).toMatchObject({
      status: 'warn',
      summary: expect.stringContaining('set values (set values)'),
    });
  });

  it('two protective runs that touch the same, beside an ordinary one → the second is refused', async () => {
    let third: Outcome | undefined;
    const { inner } = await during('b', () =>
      play(capital(), {
        stateDirectory,
        stateOf: 'nothing',
        prepare: () => {
          world.onRun = async (id) => {
            if (id !== 'b') return;
            world.onRun = () => {};
            third = await play(fakeRunbook(world, { name: 'drain', concurrency: protective('capital') }), {
              stateDirectory,
              stateOf: 'nothing',
            });
          };
        },
      }),
    );
    expect([inner.exitCode, third?.exitCode]).toEqual([0, 6]);
    expect(third?.error?.facts['what']).toBe('pay (set values)');
  });

  it('an ordinary run, while a protective one runs without the environment’s lock → refused', async () => {
    const root = lockDirectory(place());
    const holder = {
      operator: thisOperator(),
      what: 'pay',
      since: '2026-11-23T03:12:00.000Z',
      runbook: 'pay',
    };
    const thing = acquireFileLock(join(root, 'thing-capital'), { ...holder, touches: ['capital'] });
    expect((await play(fakeRunbook(world), { stateDirectory, stateOf: 'nothing' })).exitCode).toBe(6);
    if (thing.held) await thing.release();
    expect((await play(fakeRunbook(world), { stateDirectory })).exitCode).toBe(0);
  });

  it('--wait, the lock is released in time → runs, and has said what it waits for', async () => {
    const root = lockDirectory(place());
    const held = acquireFileLock(root, {
      operator: thisOperator(),
      what: 'reindex',
      since: '2026-11-23T03:12:00.000Z',
    });
    const outcome = await play(fakeRunbook(world), {
      stateDirectory,
      answers: { waitMs: 60_000 },
      prepare: (scene) => {
        const sleep = scene.clock.sleep.bind(scene.clock);
        let times = 0;
        scene.clock.sleep = async (ms, signal) => {
          if (++times === 3 && held.held) await held.release();
          return sleep(ms, signal);
        };
      },
    });
    expect(outcome.exitCode).toBe(0);
    expect(outcome.events.filter((event) => event.type === 'lock.waiting')).toMatchObject([
      { for: { what: 'reindex' }, limitMs: 60_000 },
    ]);
  });

  it('--wait, the lock is not released → refused with exit 6 at the limit', async () => {
    acquireFileLock(lockDirectory(place()), {
      operator: thisOperator(),
      what: 'reindex',
      since: '2026-11-23T03:12:00.000Z',
    });
    const outcome = await play(fakeRunbook(world), {
      stateDirectory,
      answers: { waitMs: 60_000 },
      stateOf: 'nothing',
    });
    expect([outcome.exitCode, outcome.error?.facts['what']]).toEqual([6, 'reindex']);
    expect(outcome.error?.next).toContainEqual({ when: 'or', again: ['--wait', '10m'] });
    expect(world.effects()).toEqual([]);
  });

  it('the lock is taken over while a step runs → stops before the next step, exit 6, and can be resumed', async () => {
    const takeOver = () =>
      writeFileSync(
        join(lockDirectory(place()), 'claim-99'),
        JSON.stringify({
          operator: { ...thisOperator(), pid: 1, mark: null },
          what: 'other',
          since: '2026-11-23T03:12:00Z',
        }),
      );
    const outcome = await play(fakeRunbook(world), {
      stateDirectory,
      prepare: () => {
        world.onRun = (id) => {
          if (id === 'b') takeOver();
        };
      },
    });
    expect([outcome.exitCode, outcome.state?.status]).toEqual([6, 'interrupted']);
    expect(world.effects().filter((effect) => effect.startsWith('run'))).toEqual(['run a', 'run b']);
    expect(outcome.events.find((event) => event.type === 'lock.lost')).toMatchObject({ stops: true });
  });

  it('an undo loses its lock to another run → exit 6, and the rest is undone later', async () => {
    const { run = '' } = await play(fakeRunbook(world), { stateDirectory, cutOff: { world, during: 'b' } });
    const held = new TvError('lock.held', 'Another run holds it.', { exitCode: 6 });
    let lost = false;
    world.forget();
    const outcome = await play(fakeRunbook(world), {
      stateDirectory,
      continued: { run, direction: 'undo' },
      prepare: (scene) => {
        scene.onEvent = ({ type }) => {
          lost ||= type === 'undo.done';
        };
        scene.engine.remoteLock = async () => ({
          held: true,
          release: () => {},
          assertHeld: async () => {
            if (lost) throw held;
          },
        });
      },
    });
    expect(world.effects().filter((effect) => effect.startsWith('undo'))).toEqual(['undo b']);
    expect([outcome.exitCode, outcome.state?.status]).toEqual([6, 'interrupted']);
  });

  it('the database’s lock is lost → stops before the next step; a protective run continues and says so', async () => {
    for (const protects of [false, true]) {
      world.forget();
      let lost = false;
      const outcome = await play(protects ? capital() : fakeRunbook(world), {
        stateDirectory,
        answers: { overrides: ['unfinished-run'], reason: 'test' },
        prepare: (scene) => {
          world.onRun = (id) => {
            lost = id === 'a';
          };
          scene.engine.remoteLock = async () => ({
            held: true,
            release: () => {},
            assertHeld: async () => {
              if (lost) throw new Error('session ended');
            },
          });
        },
      });
      expect(outcome.exitCode).toBe(protects ? 0 : 7);
      const ran = world.effects().filter((effect) => effect.startsWith('run'));
      expect(ran).toEqual(protects ? ['run a', 'run b', 'run c'] : ['run a']);
      expect(outcome.events.find((event) => event.type === 'lock.lost')).toMatchObject({
        reason: 'session ended',
        stops: !protects,
      });
    }
  });

  it.each([
    ['refuses the login', async () => ({ held: null, reason: 'The database does not let tv in.', next: [] })],
    ['does not answer', () => new Promise<never>(() => {})],
  ] as const)(
    'the database %s → the run goes on, and says that runs elsewhere are not kept out',
    async (_, remoteLock) => {
      const outcome = await play(capital(), {
        stateDirectory,
        prepare: (scene) => {
          scene.engine.remoteLock = remoteLock;
        },
      });
      expect(outcome.exitCode).toBe(0);
      const checks = outcome.events.flatMap((event) => (event.type === 'preflight.done' ? event.checks : []));
      expect(checks.find(({ id }) => id === 'lock')).toMatchObject({
        status: 'warn',
        summary: expect.stringContaining(
          'the lock in the database could not be taken, so runs on other machines are not kept out: The database d',
        ),
      });
    },
  );

  it.each([
    ['emergency unwind', paying, 'emergency withdraw'],
    ['emergency withdraw', {}, 'emergency unwind'],
    ['oracle rotate-key', compromised, 'oracle recover'],
  ] as const)('%s %j, while %s runs on another machine → excluded as on one', (name, input, other) => {
    const touches = mayTouch(runbooks.get(other) as AnyRunbook);
    const rest = { supersedesItself: false, residual: false, holdsUpOthers: true };
    const beside = { runbook: other, touches, state: 'running', ...rest } as const;
    expect(judge(name, policy(name, input), beside)).toBe('blocks');
  });

  it('another machine runs a command that touches the same → exit 6; one that touches nothing of it → starts', async () => {
    const operator = { user: 'anna', host: 'elsewhere', pid: 0, processStart: null } as never;
    const on = async (touches: readonly string[]) => {
      const by = { operator, what: 'unwind', since: new Date().toISOString(), runbook: 'unwind', touches };
      const outcome = await play(capital(), {
        stateDirectory,
        prepare: (scene) => {
          scene.engine.remoteLock = async () => ({ held: false, by });
        },
      });
      return outcome.exitCode;
    };
    expect(await on(['capital'])).toBe(6);
    expect(await on(['orders'])).toBe(0);
  });

  it.each([
    ['of the same command, by the field', 'pay', 'resume 20261123-031200', 6],
    ['of another command whose text names this one', 'audit', 'pay (pay)', 0],
    ['of a tv that names none', undefined, 'pay (pay)', 0],
  ] as const)('a holder on another machine, %s', async (_, runbook, what, exitCode) => {
    const operator = { user: 'anna', host: 'elsewhere', pid: 0, processStart: null } as never;
    const since = new Date().toISOString();
    const by = { operator, what, since, ...(runbook === undefined ? {} : { runbook }) };
    const outcome = await play(capital(), {
      stateDirectory,
      prepare: (scene) => {
        scene.engine.remoteLock = async () => ({ held: false, by });
      },
    });
    expect(outcome.exitCode).toBe(exitCode);
  });

  it('the holder is known from the database alone → named without a process', async () => {
    const operator = { user: 'anna', host: 'elsewhere', pid: 0, processStart: null } as never;
    const by = { operator, what: 'reindex (reindex events)', since: new Date().toISOString() };
    const outcome = await play(capital(), {
      stateDirectory,
      prepare: (scene) => {
        scene.engine.remoteLock = async () => ({ held: false, by });
      },
    });
    const checks = outcome.events.find((event) => event.type === 'preflight.done')?.checks;
    expect(checks?.find(({ id }) => id === 'lock')?.facts).toMatchObject({ who: 'anna@elsewhere' });

    const hidden = await play(fakeRunbook(world), {
      stateDirectory,
      answers: { overrides: ['unfinished-run'], reason: 'test' },
      prepare: (scene) => {
        scene.engine.remoteLock = async () => ({ held: false, by: { ...by, since: null } });
      },
    });
    expect([hidden.exitCode, hidden.error?.facts]).toEqual([
      6,
      expect.objectContaining({ what: by.what, since: 'unknown' }),
    ]);
  });
});

describe('a question that stays open', () => {
  const severe = () => fakeRunbook(world, { risk: 'severe', name: 'rebuild' });
  const typed = (answer: boolean) => ({ kind: 'typed', question: /Type production/, answer }) as const;

  /** Plays `severe`, and does something while its question is open. */
  const whileOpen = (act: () => void | Promise<void>, replies = [typed(true)], options = {}) =>
    play(severe(), {
      stateDirectory,
      stateOf: 'nothing',
      replies,
      ...options,
      prepare: (scene) => {
        const ask = scene.engine.prompt.typed.bind(scene.engine.prompt);
        let first = true;
        scene.engine.prompt.typed = async (...question) => {
          if (first) await act();
          first = false;
          return ask(...question);
        };
      },
    });

  it('→ blocks no other run, and is on record with who, what and since', async () => {
    let other: Outcome | undefined;
    const outcome = await whileOpen(async () => {
      const { asking, holding } = lockRecords(place());
      expect(holding).toEqual([]);
      expect(asking).toMatchObject([
        { what: 'rebuild (set values)', operator: { pid: process.pid }, since: expect.any(String) },
      ]);
      other = await play(fakeRunbook(world), { stateDirectory, stateOf: 'nothing' });
    });
    expect([other?.exitCode, outcome.exitCode]).toEqual([0, 0]);
    expect(lockRecords(place())).toEqual({ asking: [], holding: [] });
  });

  it('answered no → no record of it is left, and no lock was taken', async () => {
    const outcome = await whileOpen(() => {}, [typed(false)]);
    expect(outcome.exitCode).toBe(4);
    expect(readdirSync(lockDirectory(place())).filter((name) => /asking|claim/.test(name))).toEqual([]);
  });

  it('its terminal was killed → its record is not shown', async () => {
    await whileOpen(() => {
      const root = lockDirectory(place());
      const dead = {
        operator: { ...thisOperator(), pid: 2 ** 22 + 1, mark: '1' },
        what: 'x',
        since: '2026-11-23T03:12:00Z',
      };
      writeFileSync(join(root, 'asking-4194305.json'), JSON.stringify(dead));
      writeFileSync(join(root, 'asking-7.json'), '{"torn');
      expect(lockRecords(place()).asking).toHaveLength(1);
    });
  });

  it('the facts move meanwhile → the new plan is shown and asked about', async () => {
    const outcome = await whileOpen(() => {
      world.fact = 'second';
    }, [typed(true), typed(true)]);
    expect(outcome.exitCode).toBe(0);
    expect(outcome.asked).toHaveLength(2);
    const plans = outcome.events.flatMap((event) => (event.type === 'plan.ready' ? [event.plan.id] : []));
    expect(new Set(plans).size).toBe(2);
    expect(outcome.events.find((event) => event.type === 'plan.changed')).toEqual({
      type: 'plan.changed',
      from: plans[0],
      to: plans[1],
    });
    expect(world.effects().filter((effect) => effect.startsWith('run'))).toEqual(['run a', 'run b', 'run c']);
  });

  it('the facts move meanwhile, and the new plan is declined → nothing is done', async () => {
    const outcome = await whileOpen(() => {
      world.fact = 'second';
    }, [typed(true), typed(false)]);
    expect(outcome.exitCode).toBe(4);
    expect(world.effects().filter((effect) => effect.startsWith('run'))).toEqual([]);
  });

  it('a check blocks under the lock → refused, nothing is done', async () => {
    const outcome = await whileOpen(() => {
      world.checks = [{ id: 'disk', world: 'host', status: 'block', summary: 'full' }];
    });
    expect([outcome.exitCode, outcome.error?.facts['disk']]).toEqual([3, 'full']);
    expect(world.effects().filter((effect) => effect.startsWith('run'))).toEqual([]);
  });

  it('another run has begun meanwhile → refused with exit 6; with --wait it waits', async () => {
    let held: ReturnType<typeof acquireFileLock> | undefined;
    const begin = () => {
      held = acquireFileLock(lockDirectory(place()), {
        ...{ operator: thisOperator(), what: 'reindex', since: '2026-11-23T03:12:00.000Z' },
      });
    };
    expect((await whileOpen(begin)).exitCode).toBe(6);
    // Held already: no question is asked.
    expect((await whileOpen(() => {}, [])).exitCode).toBe(6);
    if (held?.held) await held.release();
    expect(existsSync(lockDirectory(place()))).toBe(true);
  });

  it('of a resume, and the run was resumed elsewhere meanwhile → refused, nothing is done twice', async () => {
    const cut = await play(severe(), {
      stateDirectory,
      answers: { confirm: 'production' },
      cutOff: { world, during: 'b' },
    });
    const resume = { run: cut.run ?? '', direction: 'resume' } as const;
    let other: Outcome | undefined;
    const outcome = await whileOpen(
      async () => {
        other = await play(severe(), {
          stateDirectory,
          answers: { confirm: 'production' },
          continued: resume,
        });
      },
      [typed(true)],
      { continued: resume },
    );
    expect([other?.exitCode, outcome.exitCode]).toEqual([0, 3]);
    expect(world.effects().filter((effect) => effect === 'run c')).toHaveLength(1);
  });
});

describe('one verdict of judge, by the state of the other run', () => {
  const beside: OtherRun = {
    ...{ runbook: 'pay', touches: ['vault'], state: 'closed', supersedesItself: false },
    ...{ residual: false, holdsUpOthers: true },
  };
  it.each<readonly [string, 'blocks' | 'warns', string, Partial<OtherRun>, (typeof ordinary)['blockedBy']]>([
    ['closed, of its command', 'blocks', 'pay', {}, 'touching'],
    ['closed, of its command, which does nothing twice', 'warns', 'pay', {}, 'unfinished touching'],
    ['closed, of its command, which nothing blocks', 'warns', 'pay', {}, 'none'],
    ['closed, of its command, superseded', 'warns', 'pay', { supersedesItself: true }, 'touching'],
    ['closed, of another command that touches the same', 'warns', 'other', {}, 'touching'],
    ['closed, and holds up no other', 'warns', 'pay', { holdsUpOthers: false }, 'touching'],
    ['unfinished, touches the same', 'blocks', 'other', { state: 'unfinished' }, 'unfinished touching'],
    ['not verified, touches the same', 'warns', 'other', { state: 'unverified' }, 'unfinished touching'],
    [
      'not verified, of its command, whose keys it would take',
      'blocks',
      'pay',
      { state: 'unverified' },
      'any and itself',
    ],
    ['not verified, of another command', 'warns', 'other', { state: 'unverified' }, 'any and itself'],
    [
      'unfinished, touches nothing that it does',
      'blocks',
      'other',
      { state: 'unfinished', touches: [] },
      'any and itself',
    ],
    [
      'unfinished, touches the same, superseded',
      'warns',
      'other',
      { state: 'unfinished', supersedesItself: true },
      'unfinished touching',
    ],
    [
      'unfinished, touches something else',
      'warns',
      'other',
      { state: 'unfinished', touches: ['breakers'] },
      'unfinished touching',
    ],
  ])('%s → %s', (_situation, verdict, name, changes, blockedBy) => {
    const mine = { ...ordinary, touches: ['vault'], blockedBy };
    expect(judge(name, mine, { ...beside, ...changes })).toBe(verdict);
  });
});
