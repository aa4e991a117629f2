import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import listRuns from '../../runbooks/runs/list.ts';
import showRun from '../../runbooks/runs/show.ts';
import { RunScreen } from '../../src/cli/renderRun.ts';
import { abandonRun } from '../../src/engine/abandonRun.ts';
import { type AnyRunbook, concurrencyOf, type Engine } from '../../src/engine/engine.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { readRuns, unfinishedRuns } from '../../src/journal/readRuns.ts';
import { foldRun } from '../../src/journal/runState.ts';
import { journaledTransactions } from '../../src/journal/sentTransactions.ts';
import { buildTimeline } from '../../src/operations/documents/timeline.ts';
import { timelineMarkdown } from '../../src/operations/documents/timelineMarkdown.ts';
import { registry } from '../../src/registry.generated.ts';
import type { Answers } from '../../src/runbook/answers.ts';
import { type FakeRunbookOptions, FakeWorld, fakeRunbook } from '../support/fakeRunbook.ts';
import { deadOperator, readLines, type SceneOptions, startScene, temporaryState } from '../support/fakes.ts';
import { plainPaint } from '../support/paint.ts';
import { linesOf, noAnswers, play } from '../support/scenario.ts';
import { fakeSigned } from '../support/signedTransaction.ts';

let state: ReturnType<typeof temporaryState>;
let stateDirectory: string;
let world: FakeWorld;

beforeEach(() => {
  state = temporaryState();
  stateDirectory = state.directory;
  world = new FakeWorld(`${state.directory}-world`);
});
afterEach(() => state.remove());

const severe = () => fakeRunbook(world, { risk: 'severe' });
const confirm = { ...noAnswers, confirm: 'production' };

async function cutRun(): Promise<string> {
  const { run } = await play(severe(), {
    stateDirectory,
    answers: confirm,
    cutOff: { world, during: 'b' },
  });
  world.forget();
  return run ?? '';
}

async function abandon(
  run: string,
  reason = 'restored by hand',
  answers: Answers = confirm,
  options: SceneOptions = {},
) {
  const scene = startScene(stateDirectory, options);
  const exitCode = await abandonRun(scene.engine, run, reason, answers).catch((error: unknown) => {
    if (error instanceof TvError) return error;
    throw error;
  });
  scene.close();
  return {
    exitCode: exitCode instanceof TvError ? exitCode.exitCode : exitCode,
    events: scene.events,
    scene,
  };
}

const journal = (run: string) => startScene(stateDirectory).engine.ctx.runs.file(run);
const unfinished = () => unfinishedRuns(readRuns(startScene(stateDirectory).engine.ctx));

describe('tv runs abandon', () => {
  const spoil: Readonly<Record<string, (run: string) => void>> = {
    interrupted: () => {},
    killed: (run) => {
      const lines = readLines(journal(run)).slice(0, 5);
      const dead = lines.map((line) => ('operator' in line ? { ...line, operator: deadOperator() } : line));
      writeFileSync(journal(run), dead.map((line) => `${JSON.stringify(line)}\n`).join(''));
    },
    ...Object.fromEntries(
      ['failed', 'undo-failed', 'unverified'].map((outcome) => [
        outcome,
        (run: string) => {
          const lines = readLines(journal(run));
          const end = { ...lines.at(-1), outcome };
          writeFileSync(
            journal(run),
            [...lines.slice(0, -1), end].map((line) => `${JSON.stringify(line)}\n`).join(''),
          );
        },
      ]),
    ),
  };

  it.each(Object.entries(spoil))(
    'a run that is %s → closed: holds up nothing, on record with its reason',
    async (status, make) => {
      const run = await cutRun();
      make(run);
      expect(foldRun(startScene(stateDirectory).engine.ctx.runs.read(run))?.status).toBe(status);
      const { exitCode, scene } = await abandon(run);
      expect(exitCode).toBe(0);
      expect(unfinished()).toEqual([]);
      const { ctx } = scene.engine;
      expect(ctx.audit.entries().at(-1)).toMatchObject({
        ...{
          command: 'abandon set values',
          outcome: 'abandoned',
          reason: 'restored by hand',
          run,
          exitCode: 0,
        },
      });
      const listed = await listRuns.collect(ctx, { limit: 20 });
      expect(listRuns.render(listed, plainPaint(100), { limit: 20 })).toContain('abandoned');
      expect((await showRun.collect(ctx, { run })).status).toBe('abandoned');
      const closed = foldRun(ctx.runs.read(run));
      if (closed === undefined) throw new Error('no run');
      expect(buildTimeline(closed).moments.at(-1)?.what).toBe('abandoned: restored by hand');
      // The world is as it was, and no step was touched.
      expect([world.effects(), world.has('a'), world.has('b')]).toEqual([[], true, true]);
      for (const direction of ['resume', 'undo'] as const) {
        const again = await play(severe(), {
          stateDirectory,
          answers: confirm,
          continued: { run, direction },
        });
        expect([again.exitCode, again.error?.message]).toEqual([
          3,
          'The run was abandoned: it can be neither resumed nor undone.',
        ]);
      }
      expect((await play(severe(), { stateDirectory, answers: confirm })).exitCode).toBe(0);
    },
  );

  it('what the run has made and not removed → said before the question, and afterwards with the line that removes it', async () => {
    const made = (what: string, until: string) => ({
      leftover: { what, until, remove: { shell: `dropdb ${what}`, on: 'host' } },
    });
    world.notes.set('a', made('one', 'c'));
    world.notes.set('b', made('two', 'c'));
    const run = await cutRun();
    const { scene, events } = await abandon(run);
    const leftovers = [
      { what: 'two', until: 'c', remove: { shell: 'dropdb two', on: 'host' } },
      { what: 'one', until: 'c', remove: { shell: 'dropdb one', on: 'host' } },
    ];
    expect(events.find(({ type }) => type === 'run.abandoned')).toMatchObject({ leftovers });
    const shown = await showRun.collect(scene.engine.ctx, { run });
    const screen = showRun.render(shown, plainPaint(100), { run });
    expect(screen).toMatch(/where two is still there: dropdb two\n.*where one is still there: dropdb one/);
    let text = '';
    const print = (part: string) => (text += part);
    const runScreen = new RunScreen(
      { print, result: print, busy: () => {}, clearBusy: () => {} },
      plainPaint(100),
      () => 0,
    );
    for (const event of events) runScreen.show(event);
    expect(text).toContain('Still there: two. To remove it: dropdb two');
  });

  it('what the run has made and ended → not said', async () => {
    world.notes.set('a', {
      leftover: { what: 'one', until: 'a', remove: { shell: 'dropdb one', on: 'host' } },
    });
    const { events } = await abandon(await cutRun());
    expect(events.find(({ type }) => type === 'run.abandoned')).not.toHaveProperty('leftovers');
  });

  it.each([
    ['cannot be parsed', (file: string) => writeFileSync(file, 'damaged\n')],
    [
      'is a FIFO',
      (file: string) => {
        rmSync(file);
        execFileSync('mkfifo', [file]);
      },
    ],
  ])('a run whose journal %s → set aside, and new runs start again', async (_, make) => {
    const run = await cutRun();
    const file = journal(run);
    make(file);
    const blocked = await play(severe(), { stateDirectory, answers: confirm, stateOf: 'nothing' });
    expect(blocked.exitCode).toBe(3);
    expect((await abandon(run)).exitCode).toBe(0);
    expect(existsSync(`${file}.abandoned`)).toBe(true);
    expect((await play(severe(), { stateDirectory, answers: confirm })).exitCode).toBe(0);
  });

  it.each([
    ['without a reason', ' ', confirm, {}, 2],
    ['without an answer', 'x', noAnswers, {}, 4],
    ['declined', 'x', noAnswers, { replies: [{ kind: 'typed', question: /This closes/, answer: false }] }, 4],
    ['from another environment', 'x', { ...noAnswers, confirm: 'staging' }, { environment: 'staging' }, 3],
  ] as const)('%s → refused, the run stays unfinished', async (_, reason, answers, options, exitCode) => {
    const run = await cutRun();
    expect((await abandon(run, reason, answers, options)).exitCode).toBe(exitCode);
    expect(unfinished()).toEqual([run]);
  });

  it('a run that is verified, or closed already → refused', async () => {
    const { run = '' } = await play(severe(), { stateDirectory, answers: confirm });
    expect((await abandon(run)).exitCode).toBe(3);
    const cut = await cutRun();
    expect([(await abandon(cut)).exitCode, (await abandon(cut)).exitCode]).toEqual([0, 3]);
  });

  it('a run in progress → refused with exit 6', async () => {
    let inner: Awaited<ReturnType<typeof abandon>> | undefined;
    const outer = await play(severe(), {
      stateDirectory,
      answers: confirm,
      prepare: (scene) => {
        world.onRun = async (step) => {
          if (step === 'b') inner = await abandon(scene.engine.ctx.runs.ids()[0] ?? '');
        };
      },
    });
    expect([outer.exitCode, inner?.exitCode]).toEqual([0, 6]);
  });
});

type Found = Awaited<ReturnType<Engine['lookUpTransactions']>>[number];

describe('an abandoned run that had signed a transaction', () => {
  const signed = fakeSigned('a');
  const pay = [{ id: 'a' }, { id: 'b', effect: 'final' as const }, { id: 'c' }];
  const touching = { blockedBy: 'touching', touches: ['capital'] } as const;
  const payout = (options: FakeRunbookOptions = {}) =>
    fakeRunbook(world, { steps: pay, concurrency: touching, ...options });

  const effect: Found = { fate: 'effect', block: 12, words: 'is in block 12 and took effect' };
  const noEffect: Found = { fate: 'no-effect', block: 12, words: 'is in block 12 and reverted' };
  const answering = (found: Found) => ({
    lookUpTransactions: async (all: readonly unknown[]) => all.map(() => found),
  });
  const away = {
    lookUpTransactions: async (): Promise<readonly Found[]> => {
      throw new TvError('chain.node-unreachable', 'No RPC node answers.');
    },
  };

  /** Killed right after the transaction of a step was noted. */
  async function killed(registered = payout(), step = 'b'): Promise<string> {
    world.notes.set(step, { transaction: signed });
    const { run = '' } = await play(registered, { stateDirectory, answers: confirm });
    const lines = readLines(journal(run));
    const end = lines.findIndex((line) => line['type'] === 'step.noted' && line['step'] === step);
    const dead = lines
      .slice(0, end + 1)
      .map((line) => ('operator' in line ? { ...line, operator: deadOperator() } : line));
    writeFileSync(journal(run), dead.map((line) => `${JSON.stringify(line)}\n`).join(''));
    world.notes.clear();
    world.forget();
    return run;
  }

  const again = (options: SceneOptions, answers = {}, registered = payout()) =>
    play(registered, { stateDirectory, ...options, answers });
  const overruled = { overrides: ['unfinished-run'], reason: 'seen on the explorer' };

  it.each<readonly [string, SceneOptions, Partial<Found>]>([
    ['took effect', answering(effect), effect],
    ['was mined', answering({ fate: 'mined', block: 12, words: 'is in block 12; whether …' }), { block: 12 }],
    ['is pending', answering({ fate: 'pending', block: null, words: 'is pending' }), { fate: 'pending' }],
    ['is unknown', answering({ fate: 'not-found', block: null, words: 'may' }), { fate: 'not-found' }],
    [
      'could not be looked up',
      away,
      { fate: 'unknown', words: 'could not be looked up: No RPC node answers' },
    ],
  ])(
    'and that %s → said before and after; the same again is blocked until proven',
    async (_, options, fate) => {
      const run = await killed();
      const { exitCode, events, scene } = await abandon(run, 'cut off', confirm, options);
      expect(exitCode).toBe(0);
      const types = events.map(({ type }) => type);
      expect(types.indexOf('preflight.done')).toBeLessThan(types.indexOf('plan.ready'));
      const checks = events.flatMap((event) => (event.type === 'preflight.done' ? event.checks : []));
      expect(checks).toMatchObject([
        {
          id: 'step 2',
          status: 'warn',
          summary: expect.stringContaining(`set b: transaction ${signed.hash}`),
        },
      ]);
      expect(events.find(({ type }) => type === 'plan.ready')).toMatchObject({
        plan: { consequence: 'This sets 3 values.' },
        instead: [expect.objectContaining({ tv: ['resume', run] })],
      });
      const { ctx } = scene.engine;
      expect(ctx.runs.read(run).at(-1)).toMatchObject({
        type: 'run.abandoned',
        transactions: [{ step: 'b', hash: signed.hash, ...fate }],
      });
      // Neither screen says of the step that it did not happen, or that it is still running.
      const shown = await showRun.collect(ctx, { run });
      const screen = showRun.render(shown, plainPaint(200), { run });
      expect(screen).toMatch(/\? +2 {2}set b · unknown/);
      expect(screen).toContain(signed.hash);
      const closed = foldRun(ctx.runs.read(run));
      if (closed === undefined) throw new Error('no run');
      const report = timelineMarkdown(buildTimeline(closed));
      expect(report).not.toContain('Not reached');
      expect(report.split(signed.hash).length).toBeGreaterThan(2);

      const blocked = await again(options);
      expect(blocked.exitCode).toBe(3);
      expect(blocked.error?.facts['earlier run']).toContain('the previous run may already have taken effect');
      expect(blocked.error?.facts['earlier run']).toContain(run);
      expect(linesOf(blocked).join()).toContain('--override unfinished-run');
      expect(world.effects()).not.toContain('run b');
      // What does something else is not asked about it, and proof of the opposite ends it.
      const other = payout({ steps: [{ id: 'other', effect: 'final' }] });
      expect((await again({}, {}, other)).exitCode).toBe(0);
      expect((await again(answering(noEffect))).exitCode).toBe(0);
    },
  );

  it('and that is overruled by name → the next one is not asked again', async () => {
    await abandon(await killed(), 'cut off', confirm, answering(effect));
    expect((await again(answering(effect))).exitCode).toBe(3);
    expect((await again(answering(effect), overruled)).exitCode).toBe(0);
    expect((await again({})).exitCode).toBe(0);
  });

  it('and that is proven to be without effect → closed like any other', async () => {
    const run = await killed();
    const { events } = await abandon(run, 'cut off', confirm, answering(noEffect));
    const checks = events.flatMap((event) => (event.type === 'preflight.done' ? event.checks : []));
    expect(checks).toMatchObject([{ id: 'step 2', status: 'pass' }]);
    expect(events.find(({ type }) => type === 'plan.ready')).not.toHaveProperty('instead');
    expect((await again({})).exitCode).toBe(0);
  });

  it('in a journal of an older tv, without what became of it → looked up by the next run', async () => {
    const run = await killed();
    await abandon(run, 'cut off', confirm, answering(noEffect));
    const lines = readLines(journal(run)).map(({ transactions: _, ...line }) => line);
    writeFileSync(journal(run), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    expect((await again(away)).exitCode).toBe(3);
    expect((await again(answering(noEffect))).exitCode).toBe(0);
  });

  it('in a journal that cannot be read as a whole → looked up all the same', async () => {
    const run = await killed();
    const text = readLines(journal(run)).map((line) => JSON.stringify(line));
    writeFileSync(journal(run), [text[0], 'damaged', ...text.slice(1), ''].join('\n'));
    const { exitCode, events } = await abandon(run, 'cut off', confirm, answering(effect));
    expect(exitCode).toBe(0);
    const checks = events.flatMap((event) => (event.type === 'preflight.done' ? event.checks : []));
    expect(checks).toMatchObject([
      { id: 'journal', status: 'warn' },
      { id: 'transaction', status: 'warn', summary: `b: transaction ${signed.hash} ${effect.words}` },
    ]);
  });

  it.each([
    ['no calls', { calls: undefined }],
    ['a nonce key of letters', { nonceKey: 'x' }],
    ['a hash of words', { hash: 'none' }],
    ['a call of nothing', { calls: [null] }],
  ])('a note like one, with %s → is none, and nothing is looked up', async (_, change) => {
    const note = { type: 'step.noted', step: 'b', note: 'transaction', value: { ...signed, ...change } };
    expect(journaledTransactions([{ ...note, at: '', seq: 1 } as never])).toEqual([]);
  });

  it('that got into a block while the question was open → the closing line says so', async () => {
    const run = await killed(payout({ risk: 'severe' }));
    const answers: Found[] = [{ fate: 'pending', block: null, words: 'is pending' }, effect];
    const options: SceneOptions = {
      replies: [{ kind: 'typed', question: /A transaction of it took effect, or still may/, answer: true }],
      lookUpTransactions: async (all) => {
        const [found = effect] = answers.splice(0, 1);
        return all.map(() => found);
      },
    };
    const { exitCode, scene } = await abandon(run, 'cut off', noAnswers, options);
    expect(exitCode).toBe(0);
    expect(scene.engine.ctx.runs.read(run).at(-1)).toMatchObject({ transactions: [effect] });
  });

  /** What the same command meets after an abandoned run whose transaction took effect, by the step that sent it. */
  const kinds: readonly (readonly [string, object, string, 'blocks' | 'warns' | 'passes'])[] = [
    ['emergency withdraw', {}, 'withdraw', 'blocks'],
    ['emergency unwind', { withdraw: true }, 'withdraw', 'blocks'],
    ['oracle rotate-key', {}, 'fund', 'blocks'],
    ['oracle rotate-key', { compromised: true }, 'fund', 'blocks'],
    // An emergency stop is never held up: it does nothing twice.
    ['emergency shutdown', {}, 'pause', 'warns'],
    ['breaker trip', {}, 'trip', 'warns'],
    // Of one nonce the chain takes one transaction.
    ['oracle unstick', {}, 'replace', 'passes'],
  ];

  it.each(kinds)('%s %j, cut off in %s → the same again %s', async (command, changes, sender, verdict) => {
    const loaded = (await registry.find((entry) => entry.command === command)?.load())?.default;
    const runbook = loaded as AnyRunbook;
    const { facts, input } = runbook.example;
    const steps = runbook.plan(facts, input).map(({ id, command, once, effect }) => ({
      ...{ id, command, effect },
      ...(once === undefined ? {} : { once }),
    }));
    const step = steps.find(({ id }) => id.startsWith(sender));
    if (step === undefined) throw new Error(`no step ${sender} in ${steps.map(({ id }) => id)}`);
    const concurrency = concurrencyOf(runbook, { ...(input as object), ...changes });
    const registered = fakeRunbook(world, { name: command, steps, concurrency });
    await abandon(await killed(registered, step.id), 'cut off', noAnswers, answering(effect));
    const next = await again(answering(effect), {}, registered);
    expect(next.exitCode).toBe(verdict === 'blocks' ? 3 : 0);
    const checks = next.events.flatMap((event) => (event.type === 'preflight.done' ? event.checks : []));
    const seen = checks.find(({ id }) => id === 'earlier run')?.status;
    expect(seen).toBe({ blocks: 'block', warns: 'warn', passes: undefined }[verdict]);
  });

  it.each([
    ['may stand', 'begun', 3],
    ['is proven to be without effect', 'not-done', 0],
  ] as const)(
    'and that was undone but for it: it %s (probe: %s) → the same again exits with %i',
    async (_, answer, exitCode) => {
      const open = { subject: 'door', state: 'OPEN', until: 'c' };
      const steps = [{ id: 'a', undoAlways: true, leaves: open }, ...pay.slice(1)];
      const run = await killed(payout({ steps }));
      world.probes.set('b', answer);
      const continued = { run, direction: 'undo' as const };
      const undone = await play(payout({ steps }), { stateDirectory, continued });
      expect([undone.exitCode, undone.state?.status]).toEqual([0, 'undone']);
      const found = answer === 'begun' ? effect : noEffect;
      const next = await again(answering(found), {}, payout({ steps }));
      expect(next.exitCode).toBe(exitCode);
      if (exitCode === 3)
        expect(next.error?.facts['earlier run']).toContain(`${run} was undone, and its transaction`);
    },
  );

  it('and that can still be decided → an undo that is refused offers a resume, and no abandoning', async () => {
    const run = await killed();
    world.probes.set('b', 'begun');
    const refused = await play(payout(), { stateDirectory, continued: { run, direction: 'undo' } });
    expect([refused.exitCode, linesOf(refused)]).toEqual([3, [`tv resume ${run}`]]);
    // Without one there is nothing that a resume could look up.
    const lines = readLines(journal(run)).slice(0, -1);
    writeFileSync(journal(run), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const other = await play(payout(), { stateDirectory, continued: { run, direction: 'undo' } });
    expect(linesOf(other).join()).toContain(`tv runs abandon ${run}`);
  });
});
