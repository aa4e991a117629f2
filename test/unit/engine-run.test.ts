import { existsSync, readdirSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TvError } from '../../src/errors/TvError.ts';
import type { Answers } from '../../src/runbook/answers.ts';
import { type AuditEntry, withoutEnded } from '../../src/runbook/audit.ts';
import type { Check } from '../../src/runbook/check.ts';
import type { RunEvent } from '../../src/runbook/events.ts';
import { block, need, Preflight, pass } from '../../src/runbook/preflight.ts';
import { FakeWorld, fakeRunbook } from '../support/fakeRunbook.ts';
import { type Reply, startScene, temporaryState } from '../support/fakes.ts';
import { play } from '../support/scenario.ts';

let state: ReturnType<typeof temporaryState>;
let world: FakeWorld;
let stateDirectory: string;

beforeEach(() => {
  state = temporaryState();
  stateDirectory = state.directory;
  world = new FakeWorld(`${state.directory}-world`);
});
afterEach(() => state.remove());

const blocked = (override?: string): Check => ({
  id: 'oracle',
  world: 'chain',
  status: 'block',
  summary: 'the oracle is stale',
  next: [{ tv: ['oracle', 'recover'] }],
  ...(override === undefined ? {} : { override }),
});

describe('the order of a run', () => {
  it('is preflight, plan, question, both again under the lock, steps, verification', async () => {
    const order: string[] = [];
    const outcome = await play(fakeRunbook(world, { risk: 'moderate' }), {
      stateDirectory,
      replies: [{ kind: 'yesNo', question: /^This sets 3 values\. Continue\?$/, answer: true }],
      prepare: (scene) => {
        const ask = scene.engine.prompt.yesNo.bind(scene.engine.prompt);
        scene.engine.prompt.yesNo = async (question, signal) => {
          world.did('question');
          return ask(question, signal);
        };
        scene.onEvent = (event: RunEvent) => order.push(event.type);
      },
    });
    expect(outcome.exitCode).toBe(0);
    expect(world.effects()).toEqual([
      ...['preflight', 'plan', 'question', 'preflight', 'plan', 'run a', 'run b', 'run c', 'verify'],
    ]);
    expect(order).toEqual([
      ...['preflight.started', 'preflight.done', 'plan.ready', 'run.started'],
      ...['step.started', 'step.done', 'step.started', 'step.done', 'step.started', 'step.done'],
      ...['run.checked', 'run.ended'],
    ]);
  });

  it('hands the results of earlier steps to later ones', async () => {
    const { state: run } = await play(fakeRunbook(world), { stateDirectory });
    expect(run?.steps.get('c')?.result).toEqual({ set: 'c', after: ['a', 'b'] });
  });

  it('journals each step before it begins', async () => {
    const seen: (string | undefined)[] = [];
    await play(fakeRunbook(world), {
      stateDirectory,
      prepare: (scene) => {
        world.onRun = () => {
          const run = scene.engine.ctx.runs.ids()[0] ?? '';
          const last = scene.engine.ctx.runs.read(run).at(-1);
          seen.push(last?.type === 'step.started' ? last.step : undefined);
        };
      },
    });
    expect(seen).toEqual(['a', 'b', 'c']);
  });
});

/** Every line of it. */
function auditLog(): readonly AuditEntry[] {
  const scene = startScene(stateDirectory, {});
  const entries = scene.engine.ctx.audit.entries();
  scene.close();
  return entries;
}

describe('the audit log', () => {
  it('has the start of a run before its first step, so that one that is killed is in it', async () => {
    const seen: (readonly AuditEntry[])[] = [];
    world.onRun = () => void seen.push(auditLog());
    const { run, plan } = await play(fakeRunbook(world), { stateDirectory });
    const start = { command: 'set values', outcome: 'started', exitCode: null, run, plan };
    expect(seen[0]).toMatchObject([start]);
    expect(auditLog()).toMatchObject([start, { outcome: 'verified', exitCode: 0, run }]);
  });

  it('leaves out of a list the starts whose end it has', () => {
    const entry = (run: string | null, outcome: string) => ({ run, outcome }) as AuditEntry;
    const [killed, goesOn] = [entry('a', 'started'), entry('b', 'started')];
    const ends = [entry(null, 'refused'), entry('c', 'verified'), entry('a', 'undone')];
    const log = [killed, ...ends.slice(0, 1), entry('c', 'started'), ...ends.slice(1, 2)];
    expect(withoutEnded([...log, entry('a', 'started'), ...ends.slice(2), goesOn])).toEqual([
      ...[killed, ...ends, goesOn],
    ]);
  });
});

describe('exit codes', () => {
  it('0: verified', async () => {
    const outcome = await play(fakeRunbook(world), { stateDirectory });
    expect([outcome.exitCode, outcome.state?.status, outcome.audit[0]?.outcome]).toEqual([
      ...[0, 'verified', 'verified'],
    ]);
  });

  it('1: a step failed', async () => {
    world.faults.set('b', 'before');
    const outcome = await play(fakeRunbook(world), { stateDirectory });
    expect(outcome.exitCode).toBe(1);
    expect(outcome.audit[0]).toMatchObject({ exitCode: 1, outcome: 'rolled-back' });
  });

  it('2: an override without a reason', async () => {
    world.checks = [blocked('stale-oracle')];
    for (const reason of [undefined, '', '  ']) {
      const outcome = await play(fakeRunbook(world), {
        stateDirectory,
        answers: { overrides: ['stale-oracle'], reason },
      });
      expect(outcome.exitCode).toBe(2);
    }
    expect(world.effects()).toEqual([]);
  });

  it('3: a check blocks, and nothing is changed', async () => {
    world.checks = [blocked(), { id: 'b', world: 'host', status: 'skip', summary: 'skipped' }];
    const outcome = await play(fakeRunbook(world), { stateDirectory });
    expect(outcome.exitCode).toBe(3);
    expect(world.effects()).toEqual(['preflight']);
    expect(outcome.run).toBeUndefined();
    expect(outcome.error?.facts).toEqual({ oracle: 'the oracle is stale' });
    expect(outcome.error?.next).toEqual([{ tv: ['oracle', 'recover'] }]);
    expect(outcome.audit).toMatchObject([{ outcome: 'refused', exitCode: 3, run: null }]);
  });

  it('4: not confirmed, and nothing is changed', async () => {
    const outcome = await play(fakeRunbook(world, { risk: 'severe' }), {
      stateDirectory,
      replies: [{ kind: 'typed', question: /Type production to continue:$/, answer: false }],
    });
    expect(outcome.exitCode).toBe(4);
    expect(world.effects()).toEqual(['preflight', 'plan']);
    expect(outcome.run).toBeUndefined();
    expect(outcome.audit).toMatchObject([{ outcome: 'refused', exitCode: 4, plan: outcome.plan }]);
  });

  it('5: done but not verified', async () => {
    world.verification = () => [
      { id: 'rows', world: 'database', status: 'block', summary: 'one is missing' },
    ];
    const outcome = await play(fakeRunbook(world), { stateDirectory });
    expect([outcome.exitCode, outcome.state?.status]).toEqual([5, 'unverified']);
  });

  it('5: the verification itself cannot be made', async () => {
    world.verification = () => {
      throw new TvError('db.unreachable', 'The database is away.', {
        facts: { host: 'db-1' },
        next: { tv: ['status'] },
      });
    };
    const outcome = await play(fakeRunbook(world), { stateDirectory });
    expect([outcome.exitCode, outcome.state?.status]).toEqual([5, 'unverified']);
    expect(outcome.state?.verification).toMatchObject([
      { status: 'block', summary: 'The database is away.', facts: { host: 'db-1' } },
    ]);
  });

  it('7: interrupted, and what was not begun is left alone', async () => {
    const outcome = await play(fakeRunbook(world), {
      stateDirectory,
      cutOff: { world, during: 'b' },
    });
    expect([outcome.exitCode, outcome.state?.status]).toEqual([7, 'interrupted']);
    expect(world.effects()).toEqual(['preflight', 'plan', 'run a', 'run b']);
    expect(outcome.state?.steps.get('b')?.status).toBe('done');
  });

  it('a bug is thrown as it is, so that the caller can end with 70, and is in the audit log', async () => {
    world.checks = undefined as never;
    await expect(play(fakeRunbook(world), { stateDirectory })).rejects.toThrow(TypeError);
    expect(world.effects()).toEqual(['preflight']);
    expect(auditLog()).toMatchObject([
      { outcome: 'crashed', exitCode: 70, run: null, reason: expect.stringContaining('not iterable') },
    ]);
  });
});

type AskingCase = readonly [
  risk: 'mild' | 'moderate' | 'severe',
  who: 'person' | 'script',
  answers: { yes?: true; confirm?: string },
  reply: Omit<Reply, 'question'> | undefined,
  exitCode: number,
];

describe('asking', () => {
  const typed = (answer: boolean) => ({ kind: 'typed', answer }) as const;
  const yesNo = (answer: boolean) => ({ kind: 'yesNo', answer }) as const;
  const cases: readonly AskingCase[] = [
    ['mild', 'person', {}, undefined, 0],
    ['mild', 'script', {}, undefined, 0],
    ['moderate', 'person', {}, yesNo(true), 0],
    ['moderate', 'person', {}, yesNo(false), 4],
    ['moderate', 'person', { yes: true }, undefined, 0],
    ['moderate', 'script', {}, undefined, 4],
    ['moderate', 'script', { yes: true }, undefined, 0],
    ['moderate', 'script', { confirm: 'production' }, undefined, 0],
    ['moderate', 'script', { confirm: 'staging' }, undefined, 4],
    ['severe', 'person', {}, typed(true), 0],
    ['severe', 'person', {}, typed(false), 4],
    ['severe', 'person', { yes: true }, typed(true), 0],
    ['severe', 'person', { confirm: 'production' }, undefined, 0],
    ['severe', 'person', { confirm: 'staging' }, undefined, 4],
    ['severe', 'script', {}, undefined, 4],
    ['severe', 'script', { yes: true }, undefined, 4],
    ['severe', 'script', { yes: true, confirm: 'staging' }, undefined, 4],
    ['severe', 'script', { confirm: 'production' }, undefined, 0],
  ];

  it.each(cases)('%s, %s, %j, answers %j: exit %i', async (risk, who, answers, reply, exitCode) => {
    const outcome = await play(fakeRunbook(world, { risk }), {
      stateDirectory,
      answers,
      interactive: who === 'person',
      replies: reply === undefined ? [] : [{ ...reply, question: /^This sets 3 values\. / }],
    });
    expect(outcome.exitCode).toBe(exitCode);
    // Where no answer can come, nothing is even looked at.
    const early = exitCode === 4 && reply === undefined;
    expect(world.effects().length > 0).toBe(!early);
    expect(world.has('a')).toBe(exitCode === 0);
    expect(outcome.audit.map((entry) => entry.exitCode)).toEqual([exitCode]);
  });

  it('an answer in advance waives no check', async () => {
    world.checks = [blocked('stale-oracle')];
    const outcome = await play(fakeRunbook(world, { risk: 'severe' }), {
      stateDirectory,
      answers: { yes: true, confirm: 'production' },
    });
    expect(outcome.exitCode).toBe(3);
    expect(outcome.error?.next).toContainEqual({
      when: 'to overrule',
      again: ['--override', 'stale-oracle', '--reason', '…'],
    });
  });

  it('a signal before the first step changes nothing', async () => {
    const outcome = await play(fakeRunbook(world), {
      stateDirectory,
      prepare: (scene) => scene.interrupt.signal('SIGHUP'),
    });
    expect(outcome.exitCode).toBe(4);
    expect(outcome.run).toBeUndefined();
  });
});

describe('--dry-run', () => {
  it('checks, plans and changes nothing, not even the state directory', async () => {
    const outcome = await play(fakeRunbook(world, { risk: 'severe' }), {
      stateDirectory,
      answers: { dryRun: true },
    });
    expect(outcome.exitCode).toBe(0);
    expect(world.effects()).toEqual(['preflight', 'plan']);
    expect(outcome.plan).toMatch(/^[0-9a-f]{64}$/);
    expect(existsSync(stateDirectory)).toBe(false);
  });

  it('is refused by a check as the run would be, and still leaves nothing', async () => {
    world.checks = [blocked()];
    const outcome = await play(fakeRunbook(world), { stateDirectory, answers: { dryRun: true } });
    expect(outcome.exitCode).toBe(3);
    expect(existsSync(stateDirectory)).toBe(false);
  });

  it('gives an id that --plan accepts until a fact changes', async () => {
    const registered = fakeRunbook(world);
    const { plan } = await play(registered, { stateDirectory, answers: { dryRun: true } });
    world.fact = 'second';
    const refused = await play(registered, { stateDirectory, answers: { plan } });
    expect(refused.exitCode).toBe(3);
    expect(refused.error?.facts).toEqual({ approved: plan, now: refused.plan });
    expect(refused.plan).not.toBe(plan);
    expect(refused.run).toBeUndefined();
    world.fact = 'first';
    const accepted = await play(registered, { stateDirectory, answers: { plan } });
    expect(accepted.exitCode).toBe(0);
    expect(accepted.audit.map((entry) => entry.outcome)).toEqual(['refused', 'verified']);
  });

  it('a plan with the same first digits is another plan', async () => {
    const registered = fakeRunbook(world);
    const { plan = '' } = await play(registered, { stateDirectory, answers: { dryRun: true } });
    const last = plan.endsWith('0') ? '1' : '0';
    for (const approved of [`${plan.slice(0, -1)}${last}`, plan.slice(0, 8), plan.slice(0, -1)]) {
      const refused = await play(registered, { stateDirectory, answers: { plan: approved } });
      expect(refused.exitCode).toBe(3);
      expect(refused.error?.facts).toEqual({ approved, now: plan });
      expect(refused.run).toBeUndefined();
    }
    const accepted = await play(registered, { stateDirectory, answers: { plan } });
    expect(accepted.state?.started.plan.id).toBe(plan);
  });

  it('gives another id for another environment', async () => {
    const ids = await Promise.all(
      ['production', 'staging'].map(async (environment) => {
        const answers = { dryRun: true };
        return (await play(fakeRunbook(world), { stateDirectory, environment, answers })).plan;
      }),
    );
    expect(ids[0]).not.toBe(ids[1]);
  });
});

describe('--override', () => {
  it('turns that block alone into a warning, and the reason is kept', async () => {
    world.checks = [blocked('stale-oracle')];
    const outcome = await play(fakeRunbook(world), {
      stateDirectory,
      answers: { overrides: ['stale-oracle'], reason: 'relay is being replaced, INC-7' },
    });
    expect(outcome.exitCode).toBe(0);
    const overrides = [{ check: 'stale-oracle', reason: 'relay is being replaced, INC-7' }];
    expect(outcome.audit[0]?.overrides).toEqual(overrides);
    expect(outcome.state?.started.overrides).toEqual(overrides);
    expect(outcome.state?.started.checks).toMatchObject([
      { status: 'warn', summary: 'the oracle is stale (overruled: relay is being replaced, INC-7)' },
    ]);
  });

  it.each([
    ['a check without a switch', undefined],
    ['another switch', 'no-backup'],
  ])('does not help against %s', async (_, override) => {
    world.checks = [blocked(override)];
    const outcome = await play(fakeRunbook(world), {
      stateDirectory,
      answers: { overrides: ['stale-oracle', 'oracle'], reason: 'in a hurry' },
    });
    expect(outcome.exitCode).toBe(3);
    expect(outcome.audit[0]?.overrides).toEqual([]);
  });

  it('reports an override that overrules nothing', async () => {
    const answers = { overrides: ['stale-oracel'], reason: 'typed at night' };
    const outcome = await play(fakeRunbook(world), { stateDirectory, answers });
    expect(outcome.exitCode).toBe(0);
    expect(outcome.state?.started.checks.at(-1)).toMatchObject({
      status: 'warn',
      summary: '--override stale-oracel overrules nothing here',
    });
  });

  it('of a check that passes is not used', async () => {
    const outcome = await play(fakeRunbook(world), {
      stateDirectory,
      answers: { overrides: ['stale-oracle'], reason: 'to be sure' },
    });
    expect(outcome.audit[0]).toMatchObject({ exitCode: 0, overrides: [] });
  });
});

describe('checks', () => {
  const preflight = (signal?: AbortSignal) =>
    new Preflight(startScene(stateDirectory, signal === undefined ? {} : { signal }).engine.ctx);

  it('block without an answer within their limit, and their signal aborts', async () => {
    const all = preflight();
    let told: AbortSignal | undefined;
    all.check(
      'slow',
      'chain',
      (signal) => {
        told = signal;
        return new Promise<never>(() => {});
      },
      20,
    );
    expect(await all.checks()).toMatchObject([
      { id: 'slow', status: 'block', summary: 'Unknown: no answer within 0.02 s.' },
    ]);
    expect(told?.aborted).toBe(true);
  });

  it('run at once, are listed in the order in which they were started, and wait for what they need', async () => {
    const all = preflight();
    const order: string[] = [];
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const head = all.check('head', 'chain', async () => {
      await opened;
      order.push('head');
      return pass('block 7', 7);
    });
    all.check('depth', 'chain', async () => {
      const known = await need(head, 'head');
      order.push('depth');
      return pass(`${known + 1} blocks`);
    });
    all.check('disk', 'host', async () => {
      order.push('disk');
      open();
      return pass('room enough');
    });
    expect((await all.checks()).map(({ id, summary }) => `${id}: ${summary}`)).toEqual([
      ...['head: block 7', 'depth: 8 blocks', 'disk: room enough'],
    ]);
    expect(order).toEqual(['disk', 'head', 'depth']);
  });

  it('are skipped where what they need is blocked, all the way down', async () => {
    const all = preflight();
    const head = all.check<number>('head', 'chain', async () => block('no node answers'));
    const depth = all.check('depth', 'chain', async () => pass('', await need(head, 'head')));
    all.check('rows', 'database', async () => pass('', await need(depth, 'depth')));
    expect((await all.checks()).map(({ id, status, summary }) => [id, status, summary])).toEqual([
      ['head', 'block', 'no node answers'],
      ['depth', 'skip', 'skipped: needs head'],
      ['rows', 'skip', 'skipped: needs depth'],
    ]);
  });

  it('block with the facts of what they throw', async () => {
    const all = preflight();
    all.check('env', 'host', async () => {
      throw new TvError('file.unreadable', 'The file cannot be read.', {
        facts: { file: '/x' },
        next: { shell: 'ls -l /x', on: 'here' },
      });
    });
    expect(await all.checks()).toEqual([
      {
        ...{ id: 'env', world: 'host', status: 'block', summary: 'The file cannot be read.' },
        ...{ code: 'file.unreadable', facts: { file: '/x' }, next: [{ shell: 'ls -l /x', on: 'here' }] },
      },
    ]);
  });

  it('one fails in an unforeseen way → it blocks, and the others are still there', async () => {
    const all = preflight();
    const value = all.check('env', 'host', async () => pass('', (undefined as unknown as string).length));
    all.check('rpc', 'chain', async () => {
      throw 'a string';
    });
    all.check('disk', 'host', async () => pass('free'));
    await expect(value).resolves.toBeUndefined();
    expect(await all.checks()).toMatchObject([
      { id: 'env', status: 'block', summary: expect.stringContaining('Unexpected error in tv (Cannot read') },
      { id: 'rpc', status: 'block', summary: 'Unexpected error in tv (a string).' },
      { id: 'disk', status: 'pass' },
    ]);
  });

  it('end at a signal, also one that came before they began', async () => {
    const gone = new AbortController();
    gone.abort(new TvError('run.effect-unknown', 'stopped'));
    const all = preflight(gone.signal);
    all.check('late', 'chain', () => new Promise<never>(() => {}));
    expect(await all.checks()).toMatchObject([{ status: 'block', summary: 'stopped' }]);
  });
});

describe('a failed step', () => {
  it('undoes the completed steps, last one first, if all can be undone', async () => {
    world.faults.set('c', 'before');
    const outcome = await play(fakeRunbook(world), { stateDirectory });
    expect(outcome.state?.status).toBe('rolled-back');
    expect(world.effects().slice(2)).toEqual([...['run a', 'run b', 'run c', 'probe c', 'undo b', 'undo a']]);
    expect(['a', 'b', 'c'].filter((id) => world.has(id))).toEqual([]);
  });

  it('is undone itself where it had taken effect', async () => {
    world.faults.set('b', 'after');
    const outcome = await play(fakeRunbook(world), { stateDirectory });
    expect(outcome.state?.status).toBe('rolled-back');
    expect(world.effects().slice(-2)).toEqual(['undo b', 'undo a']);
    expect(world.has('b')).toBe(false);
  });

  it.each(['final', 'compensable'] as const)('leaves everything where a %s step was done', async (effect) => {
    world.faults.set('c', 'before');
    const steps = [{ id: 'a' }, { id: 'b', effect }, { id: 'c' }];
    const outcome = await play(fakeRunbook(world, { steps }), { stateDirectory });
    expect([outcome.exitCode, outcome.state?.status]).toEqual([1, 'failed']);
    expect(world.effects().some((line) => line.startsWith('undo'))).toBe(false);
    expect([world.has('a'), world.has('b')]).toEqual([true, true]);
    expect(world.effects()).not.toContain('verify');
  });

  it('leaves everything where it may itself have done something final', async () => {
    world.faults.set('b', 'before');
    world.probes.set('b', 'unknown');
    const steps = [{ id: 'a' }, { id: 'b', effect: 'final' as const }];
    const outcome = await play(fakeRunbook(world, { steps }), { stateDirectory });
    expect(outcome.state?.status).toBe('failed');
    expect(world.has('a')).toBe(true);
  });

  it('stays failed where the way back fails too', async () => {
    world.faults.set('c', 'before').set('b', 'undo');
    const outcome = await play(fakeRunbook(world), { stateDirectory });
    expect(outcome.state?.status).toBe('failed');
    // The rest is left alone: a person has to check first.
    expect(world.effects().slice(-1)).toEqual(['undo b']);
    expect(world.has('a')).toBe(true);
  });

  it('does not hold up the others of a runbook that continues after a failure, and all are reported', async () => {
    world.faults.set('a', 'before').set('b', 'before');
    const outcome = await play(fakeRunbook(world, { onFailure: 'continue' }), { stateDirectory });
    expect([outcome.exitCode, outcome.state?.status]).toEqual([1, 'failed']);
    expect(world.effects().slice(2)).toEqual(['run a', 'run b', 'run c', 'verify']);
    expect(outcome.events.filter(({ type }) => type === 'step.failed')).toHaveLength(2);
    expect(world.has('c')).toBe(true);
  });
});

describe('a plan without steps', () => {
  const old: Check = {
    id: 'chain',
    world: 'chain',
    status: 'warn',
    summary: 'the newest block is 12 min old',
    facts: { node: 'http://node' },
    next: [{ tv: ['status'] }],
    stale: true,
  };
  const idle = (answers: Partial<Answers> = {}) =>
    play(fakeRunbook(world, { steps: [] }), { stateDirectory, stateOf: 'nothing', answers });

  it('the checks are recent → nothing to do, exit 0', async () => {
    expect((await idle()).exitCode).toBe(0);
  });

  it.each([false, true])('a check has read an old state, dry run %s → unknown, exit 5', async (dryRun) => {
    world.checks = [old];
    expect(await idle({ dryRun })).toMatchObject({
      exitCode: 5,
      error: {
        message: 'Whether there is anything to do is unknown; nothing was changed.',
        facts: { chain: old.summary, node: 'http://node' },
        next: [{ tv: ['status'] }],
      },
    });
  });
});

describe('a step of which it is unknown whether it took effect', () => {
  it.each(['stop', 'continue'] as const)(
    'onFailure %s: nothing undone, state read back, exit 5',
    async (onFailure) => {
      world.faults.set('b', 'undecided');
      const outcome = await play(fakeRunbook(world, { onFailure }), { stateDirectory });
      expect([outcome.exitCode, outcome.state?.status]).toEqual([5, 'unverified']);
      const later = onFailure === 'stop' ? [] : ['run c'];
      expect(world.effects().slice(2)).toEqual(['run a', 'run b', ...later, 'verify']);
      expect(outcome.events.filter(({ type }) => type === 'step.failed')).toHaveLength(1);
    },
  );

  it('beside one that failed: exit 1', async () => {
    world.faults.set('a', 'undecided').set('b', 'before');
    const outcome = await play(fakeRunbook(world, { onFailure: 'continue' }), { stateDirectory });
    expect([outcome.exitCode, outcome.state?.status]).toEqual([1, 'failed']);
  });
});

describe('signals', () => {
  it('one lets the step in flight finish; two end it', async () => {
    const outcome = await play(fakeRunbook(world), {
      stateDirectory,
      prepare: (scene) => {
        world.onRun = async (step, signal) => {
          if (step !== 'b') return;
          scene.interrupt.signal('SIGTERM');
          expect(signal.aborted).toBe(false);
          scene.interrupt.signal('SIGINT');
          signal.throwIfAborted();
        };
      },
    });
    expect([outcome.exitCode, outcome.state?.status]).toEqual([7, 'interrupted']);
    expect(outcome.state?.steps.get('b')?.status).toBe('in-flight');
    expect(outcome.events).toContainEqual({ type: 'run.signalled', signal: 'SIGTERM' });
    expect(world.effects().at(-1)).toBe('run b');
  });

  it('one ends a step that only waits', async () => {
    const steps = [{ id: 'a' }, { id: 'b', interruptible: true }];
    const outcome = await play(fakeRunbook(world, { steps }), {
      stateDirectory,
      prepare: (scene) => {
        world.onRun = (step) => {
          if (step !== 'b') return;
          scene.interrupt.signal('SIGHUP');
          return new Promise(() => {});
        };
      },
    });
    expect(outcome.exitCode).toBe(7);
    expect(outcome.events.some(({ type }) => type === 'step.failed')).toBe(false);
  });

  it('are heard by the process, and no longer once closed', () => {
    const scene = startScene(stateDirectory);
    const before = process.listenerCount('SIGHUP');
    scene.interrupt.listen();
    expect(process.listenerCount('SIGHUP')).toBe(before + 1);
    process.emit('SIGHUP', 'SIGHUP');
    expect([scene.interrupt.stop.aborted, scene.interrupt.now.aborted]).toEqual([true, false]);
    process.emit('SIGINT', 'SIGINT');
    expect([scene.interrupt.now.aborted, scene.interrupt.received]).toEqual([true, 'SIGHUP']);
    scene.close();
    expect(process.listenerCount('SIGHUP')).toBe(before);
  });
});

describe('what a run leaves on disk', () => {
  it('belongs to its user alone', async () => {
    await play(fakeRunbook(world), { stateDirectory });
    const modes = ['', ...(readdirSync(stateDirectory, { recursive: true }) as string[])].map((name) => {
      const { mode } = statSync(`${stateDirectory}/${name}`);
      return [name, (mode & 0o170000) === 0o040000, (mode & 0o777).toString(8)] as const;
    });
    expect(modes.length).toBeGreaterThan(6);
    expect(modes.filter(([, directory, mode]) => mode !== (directory ? '700' : '600'))).toEqual([]);
  });
});

it('a .env that others can write to is named by an emergency that continues', async () => {
  const outcome = await play(fakeRunbook(world, { protective: true }), {
    stateDirectory: state.directory,
    prepare: (scene) => {
      const problem = {
        ...{ level: 'fatal', untrusted: true, message: 'The .env can be changed.', where: '/t/.env' },
        next: { shell: 'chmod o-w /t/.env', on: 'here' },
      } as const;
      Object.assign(scene.engine.ctx.settingsOrigins, { problems: [problem] });
    },
  });
  expect(outcome.exitCode).toBe(0);
  const done = outcome.events.find((event) => event.type === 'preflight.done');
  expect(done?.checks[0]).toMatchObject({
    status: 'warn',
    summary: expect.stringMatching(/^NOT SAFE: The \.env can be changed \(\/t\/\.env\)/),
    next: [{ shell: 'chmod o-w /t/.env', on: 'here' }],
  });
});
