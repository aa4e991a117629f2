import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { known, unknown } from '../../src/errors/answer.ts';
import type { Change, Effects, StepEffects } from '../../src/runbook/effects.ts';
import { block, pass } from '../../src/runbook/preflight.ts';
import { type FakeRunbookOptions, type FakeStep, FakeWorld, fakeRunbook } from '../support/fakeRunbook.ts';
import { type SceneOptions, temporaryState } from '../support/fakes.ts';
import { type Outcome, play, type Scenario } from '../support/scenario.ts';
import { fakeSigned } from '../support/signedTransaction.ts';

let state: ReturnType<typeof temporaryState>;
let world: FakeWorld;
let stateDirectory: string;
beforeEach(() => {
  state = temporaryState();
  stateDirectory = state.directory;
  world = new FakeWorld(`${state.directory}-world`);
});
afterEach(() => state.remove());

const [token, vault, recipient] = ['a', 'b', 'c'].map((digit) => `0x${digit.repeat(40)}` as const) as [
  `0x${string}`,
  `0x${string}`,
  `0x${string}`,
];
const transfer = (amount: string): Change => ({
  kind: 'transfer',
  token,
  from: vault,
  to: recipient,
  amount,
});
const done = (
  step: string,
  changes: readonly Change[] = [],
  more: Partial<StepEffects> = {},
): StepEffects => ({
  ...{ step, result: 'success', reason: null, changes },
  ...more,
});
const sequence = (steps: readonly StepEffects[], more: object = {}): Effects => ({
  ...{ method: 'sequence', steps, balances: [], states: [], capital: [], parties: [], tokens: [] },
  contradictions: [],
  ...more,
});
const none: Effects = { method: 'none', reason: 'no answer within 2 s' };
const sends = known({ from: vault, calls: [] });
const steps: readonly FakeStep[] = [{ id: 'a' }, { id: 'b', sends }, { id: 'c', sends }];

/** `previews` in the order of the questions to the node; the last one again and again. */
function playing(
  previews: readonly Effects[],
  scenario: Partial<Scenario> = {},
  options: FakeRunbookOptions = {},
): Promise<Outcome> {
  const answers = [...previews];
  const previewEffects: SceneOptions['previewEffects'] = async () => {
    world.did('previewed');
    return (answers.length > 1 ? answers.shift() : answers[0]) ?? none;
  };
  return play(fakeRunbook(world, { steps, ...options }), { stateDirectory, previewEffects, ...scenario });
}
const dryRun = { answers: { dryRun: true } };
const check = ({ events }: Outcome) => {
  const checked = events.find((event) => event.type === 'preflight.done');
  return checked?.type === 'preflight.done' ? checked.checks.find(({ id }) => id === 'preview') : undefined;
};

describe('the plan id rests on what is to happen', () => {
  const idOf = async (effects: Effects, options: FakeRunbookOptions = {}) =>
    (await playing([effects], dryRun, options)).plan;
  const five = sequence([done('b', [transfer('5')]), done('c')]);

  it('another amount, another event, another result → another id', async () => {
    const event: Change = { kind: 'event', contract: vault, event: 'Withdrawn', count: 1 };
    const ids = await Promise.all([
      idOf(five),
      idOf(sequence([done('b', [transfer('4')]), done('c')])),
      idOf(sequence([done('b', [transfer('5'), event]), done('c')])),
      idOf(none),
    ]);
    expect(new Set(ids).size).toBe(4);
  });

  it('balances, names and the order of logs are no part of it', async () => {
    const again = sequence([done('b', [transfer('5')]), done('c')], {
      balances: [{ token, account: vault, before: '7', after: '2' }],
      contradictions: ['the balance of …'],
    });
    expect(await idOf(again)).toBe(await idOf(five));
    const two: readonly Change[] = [transfer('5'), { kind: 'order', contract: vault, id: '7' }];
    const reversed = idOf(sequence([done('b', two.toReversed()), done('c')]));
    expect(await reversed).toBe(await idOf(sequence([done('b', two), done('c')])));
  });

  it('amounts that move by themselves are no part of it, their recipient is', async () => {
    const moving = (amount: string, to = recipient) =>
      sequence([done('b', [{ ...transfer(amount), to } as Change], { moves: true }), done('c')]);
    expect(await idOf(moving('4'))).toBe(await idOf(moving('5')));
    expect(await idOf(moving('5', token))).not.toBe(await idOf(moving('5')));
  });

  it('why there is no preview is no part of it', async () => {
    const single: Effects = {
      method: 'single-calls',
      reason: 'no such method',
      steps: [done('b'), done('c')],
    };
    expect(await idOf(single)).toBe(await idOf(none));
  });

  it.each<[string, FakeRunbookOptions, boolean]>([
    ['a preview that is no part of the id', { preview: { inPlanId: false } }, false],
    ['a preview that blocks nothing', { preview: { blocks: false } }, true],
    ['no other run blocks it', { goesPast: 'unfinished' }, true],
  ])('%s: the outcome is shown → part of the id: %3$s', async (_, options, isPart) => {
    expect((await idOf(none, options)) !== (await idOf(five, options))).toBe(isPart);
  });

  it('a plan without transactions asks no node', async () => {
    const { events } = await playing([none], dryRun, { steps: [{ id: 'a' }] });
    expect(world.effects()).not.toContain('previewed');
    const ready = events.find((event) => event.type === 'plan.ready');
    expect(ready?.type === 'plan.ready' ? ready.plan : {}).not.toHaveProperty('effects');
  });

  it('a plan with a check that blocks asks no node', async () => {
    world.checks = [{ id: 'oracle', world: 'chain', status: 'block', summary: 'stale' }];
    expect((await playing([none], dryRun)).exitCode).toBe(3);
    expect(world.effects()).not.toContain('previewed');
  });

  it('a transaction that is known only when its step runs → unknown with that reason, and no node is asked', async () => {
    const unsure: readonly FakeStep[] = [{ id: 'b', sends: unknown('the key is not here') }];
    const outcome = await playing([none], dryRun, { steps: unsure });
    const ready = outcome.events.find((event) => event.type === 'plan.ready');
    expect(ready?.type === 'plan.ready' ? ready.plan.effects : undefined).toEqual({
      method: 'none',
      reason: 'the key is not here',
    });
    expect(world.effects()).not.toContain('previewed');
  });
});

describe('before the question', () => {
  const failing = sequence([
    done('b'),
    done('c', [], { result: 'failure', reason: 'the protocol is paused' }),
  ]);

  it('a step that fails after those before it blocks, with its number and the reason', async () => {
    const outcome = await playing([failing]);
    expect(outcome.exitCode).toBe(3);
    expect(check(outcome)).toMatchObject({
      status: 'block',
      summary: 'step 3 would fail after the steps before it: the protocol is paused',
      facts: { step: 'set c' },
    });
    expect(world.has('a')).toBe(false);
  });

  it('… unless it is overruled by name', async () => {
    const outcome = await playing([failing], {
      answers: { overrides: ['failing-step'], reason: 'tested by hand' },
    });
    expect(outcome.exitCode).toBe(0);
    expect(check(outcome)?.status).toBe('warn');
  });

  it('… or the preview is only information, whatever else blocks the command', async () => {
    const blockedByNone = await playing([failing], {}, { goesPast: 'unfinished' });
    expect([blockedByNone.exitCode, check(blockedByNone)?.status]).toEqual([3, 'block']);
    const outcome = await playing([failing], {}, { preview: { blocks: false } });
    expect([outcome.exitCode, check(outcome)?.status]).toEqual([0, 'warn']);
  });

  it('… or only a local fork says so', async () => {
    const outcome = await playing([{ ...failing, fork: 'the RPC node has no eth_simulateV1' } as Effects]);
    expect(outcome.exitCode).toBe(0);
    expect(check(outcome)).toMatchObject({
      status: 'warn',
      summary: 'step 3 would fail after the steps before it, in the local fork: the protocol is paused',
    });
  });

  it.each<readonly [string, Effects, RegExp]>([
    ['no preview', none, /^effects unknown: no answer within 2 s$/],
    [
      'each call by itself',
      { method: 'single-calls', reason: 'no such method', steps: [done('b')] },
      /^not simulated as a whole: no such method$/,
    ],
    [
      'a node that contradicts itself',
      sequence([done('b'), done('c')], { contradictions: ['5 and 4'] }),
      /contradicts itself in the simulation: 5 and 4/,
    ],
  ])('%s → a warning, and the run goes ahead', async (_, effects, summary) => {
    const outcome = await playing([effects]);
    expect(outcome.exitCode).toBe(0);
    expect(check(outcome)).toMatchObject({ status: 'warn', summary: expect.stringMatching(summary) });
  });

  it.each([
    [true, 2_000],
    [undefined, 10_000],
  ] as const)('protective: %s → the node has %s ms', async (protective, expected) => {
    const limits: number[] = [];
    const previewEffects: SceneOptions['previewEffects'] = async (_, limitMs) => {
      limits.push(limitMs);
      return none;
    };
    await play(fakeRunbook(world, { steps, ...(protective && { protective }) }), {
      ...{ stateDirectory, previewEffects },
      ...dryRun,
    });
    expect(limits).toEqual([expected]);
  });
});

describe('between the question and the lock', () => {
  const before = sequence([done('b', [transfer('5')]), done('c')]);
  const asking = (answers: number) => ({
    replies: Array.from({ length: answers }, () => ({
      kind: 'yesNo' as const,
      question: /Continue\?$/,
      answer: true,
    })),
  });
  const moderate = { risk: 'moderate' } as const;

  it('an outcome that has moved is asked again', async () => {
    const after = sequence([done('b', [transfer('4')]), done('c')]);
    const outcome = await playing([before, after], asking(2), moderate);
    expect(outcome.asked).toHaveLength(2);
    expect(outcome.events.filter(({ type }) => type === 'plan.changed')).toHaveLength(1);
    expect(outcome.state?.started.plan.effects).toEqual(after);
  });

  it('a simulation that has gone away keeps the outcome that was agreed to', async () => {
    const outcome = await playing([before, none], asking(1), moderate);
    expect(outcome.asked).toHaveLength(1);
    expect(outcome.state?.started.plan.effects).toEqual(before);
  });

  it('… but not where a call by itself fails now', async () => {
    const failing: Effects = {
      method: 'single-calls',
      reason: 'no such method',
      steps: [done('b', [], { result: 'failure', reason: 'the protocol is paused' }), done('c')],
    };
    const outcome = await playing([before, failing], asking(1), moderate);
    expect(outcome.state).toBeUndefined();
    expect(outcome.error).toMatchObject({ code: 'check.blocked', exitCode: 3 });
  });

  it('… but not where another fact has moved as well', async () => {
    const outcome = await playing(
      [before, none],
      {
        ...asking(2),
        prepare: (scene) => {
          const ask = scene.engine.prompt.yesNo.bind(scene.engine.prompt);
          scene.engine.prompt.yesNo = async (question, signal) => {
            world.fact = 'second';
            return ask(question, signal);
          };
        },
      },
      moderate,
    );
    expect(outcome.asked).toHaveLength(2);
    // The plan that is announced is the one that is shown next.
    const changed = outcome.events.find((event) => event.type === 'plan.changed');
    const ready = outcome.events.findLast((event) => event.type === 'plan.ready');
    expect(changed).toMatchObject({ to: ready?.type === 'plan.ready' ? ready.plan.id : undefined });
    expect(outcome.state?.started.plan.effects).toEqual(none);
  });
});

describe('after sending', () => {
  const signed = fakeSigned('a');
  const previewed = sequence([done('b', [transfer('5')]), done('c')]);
  const noted = (note = 'transaction') => world.notes.set('b', { [note]: signed });
  const asked: unknown[] = [];
  beforeEach(() => {
    asked.length = 0;
  });
  const comparing =
    (result: 'pass' | 'block'): NonNullable<SceneOptions['compareEffects']> =>
    async (sent) => {
      asked.push(...sent);
      const finding = result === 'pass' ? pass('as previewed') : block('not as previewed');
      return { id: 'preview', world: 'chain', ...finding };
    };

  it('what was sent is compared with the preview of its step', async () => {
    noted();
    const outcome = await playing([previewed], { compareEffects: comparing('pass') });
    expect(outcome.exitCode).toBe(0);
    expect(asked).toEqual([
      { step: 'b', planned: sends.value, previewed: done('b', [transfer('5')]), signed },
    ]);
  });

  it('a difference → exit 5; the resumed run compares again, with the preview of the journal', async () => {
    noted();
    const first = await playing([previewed], { compareEffects: comparing('block') });
    expect([first.exitCode, first.state?.status]).toEqual([5, 'unverified']);
    const continued = { run: first.run ?? '', direction: 'resume' } as const;
    const still = await playing([none], { continued, compareEffects: comparing('block') });
    expect(still.exitCode).toBe(5);
    expect(asked[1]).toEqual(asked[0]);
    const well = await playing([none], { continued, compareEffects: comparing('pass') });
    expect([well.exitCode, well.state?.status]).toEqual([0, 'verified']);
  });

  it.each<readonly [string, Effects, string, FakeStep['sends'] | undefined]>([
    ['no preview', none, 'transaction', undefined],
    ['another note than that of the step', previewed, 'undo', undefined],
    [
      'a nonce that another transaction may use',
      previewed,
      'transaction',
      known({ ...sends.value, mayLose: true }),
    ],
  ])('%s → nothing to compare', async (_, effects, note, changed) => {
    noted(note);
    const own = steps.map((step) => (step.id === 'b' && changed ? { ...step, sends: changed } : step));
    // To ask would be a trap.
    expect((await playing([effects], {}, { steps: own })).exitCode).toBe(0);
  });

  it('a comparison that breaks is a warning: the run itself is done', async () => {
    noted();
    const outcome = await playing([previewed], {
      compareEffects: async () => {
        throw new Error('odd');
      },
    });
    expect([outcome.exitCode, outcome.state?.status]).toEqual([0, 'verified']);
  });
});
