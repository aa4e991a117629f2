import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import listRuns from '../../runbooks/runs/list.ts';
import showRun from '../../runbooks/runs/show.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { abandonRun } from '../../src/runbook/abandonRun.ts';
import { readRuns, unfinishedRuns } from '../../src/runbook/readRuns.ts';
import { foldRun } from '../../src/runbook/runState.ts';
import { buildTimeline } from '../../src/runbook/timeline.ts';
import { FakeWorld, fakeRunbook } from '../support/fakeRunbook.ts';
import { deadOperator, readLines, type SceneOptions, startScene, temporaryState } from '../support/fakes.ts';
import { plainPaint } from '../support/paint.ts';
import { noAnswers, play } from '../support/scenario.ts';

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
    prepare: (scene) => {
      world.onRun = (step) => {
        if (step === 'b') scene.interrupt.signal('SIGINT');
      };
    },
  });
  world.onRun = () => {};
  world.forget();
  return run ?? '';
}

async function abandon(
  run: string,
  reason = 'restored by hand',
  answers = confirm,
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
        const again = await play(severe(), { stateDirectory, answers: confirm, carryOn: { run, direction } });
        expect([again.exitCode, again.error?.message]).toEqual([
          3,
          'The run was abandoned: it can be neither resumed nor undone.',
        ]);
      }
      expect((await play(severe(), { stateDirectory, answers: confirm })).exitCode).toBe(0);
    },
  );

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
    expect((await abandon(run, reason, answers as typeof confirm, options)).exitCode).toBe(exitCode);
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
