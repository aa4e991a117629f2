import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import showRun from '../../runbooks/runs/show.ts';
import { noteRun } from '../../src/engine/noteRun.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { readRuns, unfinishedRuns } from '../../src/journal/readRuns.ts';
import { foldRun } from '../../src/journal/runState.ts';
import { buildTimeline } from '../../src/operations/documents/timeline.ts';
import { FakeWorld, fakeRunbook } from '../support/fakeRunbook.ts';
import { type SceneOptions, startScene, temporaryState } from '../support/fakes.ts';
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

async function note(run: string, text: string, options: SceneOptions = {}) {
  const scene = startScene(stateDirectory, options);
  const ended = await noteRun(scene.engine, run, text, noAnswers).catch((error: unknown) => {
    if (error instanceof TvError) return error;
    throw error;
  });
  scene.close();
  const { ctx } = scene.engine;
  return { exitCode: ended instanceof TvError ? ended.exitCode : ended, ended, ctx };
}

async function cutRun(): Promise<string> {
  const { run } = await play(fakeRunbook(world), {
    stateDirectory,
    cutOff: { world, during: 'b' },
  });
  return run ?? '';
}

describe('tv runs note', () => {
  it('is in the journal, the audit log, the report and the screen of the run, and changes nothing else', async () => {
    const run = await cutRun();
    const { exitCode, ctx } = await note(run, 'disk replaced\u001b[2J by hand');
    const text = 'disk replaced\\u{1b}[2J by hand';
    expect(exitCode).toBe(0);
    const noted = foldRun(ctx.runs.read(run));
    if (noted === undefined) throw new Error('no run');
    expect([noted.status, noted.lines.at(-1)]).toMatchObject(['interrupted', { type: 'run.noted', text }]);
    expect(buildTimeline(noted).moments.at(-1)?.what).toBe(`note: ${text}`);
    expect(ctx.audit.entries().at(-1)).toMatchObject({ command: 'note set values', run, outcome: 'noted' });
    const shown = showRun.render(await showRun.collect(ctx, { run }), plainPaint(160), { run });
    expect(shown).toContain(`note  ${text} (`);
    expect(
      (await play(fakeRunbook(world), { stateDirectory, continued: { run, direction: 'resume' } })).exitCode,
    ).toBe(0);
  });

  it('a superseded run that is noted stays superseded', async () => {
    const again = () => fakeRunbook(world, { goesPast: 'harmless', supersedes: ['set values'] });
    const run = await cutRun();
    await play(again(), { stateDirectory, answers: { overrides: ['unfinished-run'], reason: 'test' } });
    const { ctx } = await note(run, 'seen');
    expect(unfinishedRuns(readRuns(ctx))).toEqual([]);
  });

  it.each([
    ['empty', ' \n', {}, 2],
    ['of another environment', 'seen', { environment: 'staging' }, 3],
  ] as const)('%s → exit %4$s', async (_, text, options, exitCode) => {
    const run = await cutRun();
    expect((await note(run, text, options)).exitCode).toBe(exitCode);
  });

  it('of a run in progress → exit 6, and its journal is left alone', async () => {
    let code: unknown;
    const outcome = await play(fakeRunbook(world), {
      stateDirectory,
      prepare: (scene) => {
        world.onRun = async (step) => {
          const run = scene.engine.ctx.runs.ids().at(-1) ?? '';
          if (step === 'b') code = (await note(run, 'seen')).exitCode;
        };
      },
    });
    expect([code, outcome.exitCode]).toEqual([6, 0]);
    expect(outcome.state?.lines.some(({ type }) => type === 'run.noted')).toBe(false);
  });
});
