import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from '../../src/cli/parse.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { registry } from '../../src/registry.generated.ts';
import { type FakeRunbookOptions, FakeWorld, fakeRunbook } from '../support/fakeRunbook.ts';
import { fakeOutput, startScene, temporaryState } from '../support/fakes.ts';
import { play } from '../support/scenario.ts';

let state: ReturnType<typeof temporaryState>;
let world: FakeWorld;
beforeEach(() => {
  state = temporaryState();
  world = new FakeWorld(`${state.directory}-world`);
});
afterEach(() => state.remove());

const paid = [{ id: 'a' }, { id: 'pay', effect: 'final' as const }, { id: 'c' }];

/** A run, cut off by a signal in one of its steps where that is named. */
async function begin(options: FakeRunbookOptions = {}, during?: string): Promise<string> {
  const { run = '' } = await play(fakeRunbook(world, options), {
    stateDirectory: state.directory,
    answers: { overrides: ['unfinished-run'], reason: 'to have several' },
    ...(during === undefined ? {} : { cutOff: { world, during } }),
  });
  return run;
}

/** The error of a call, from its words on. */
async function typed(...args: readonly string[]): Promise<TvError> {
  const [group = '', name = '', ...rest] = args;
  const entry = registry.find(({ command }) => command === `${group} ${name}`);
  const command = (await entry?.load())?.default;
  if (entry === undefined || command === undefined) throw new Error(`no command ${group} ${name}`);
  const { ctx } = startScene(state.directory).engine;
  try {
    const { input } = parse(entry, command, rest);
    const more = { ...ctx, tell: () => {}, writeFile: () => {}, appendLine: () => {}, output: fakeOutput() };
    if (command.kind === 'control') await command.choose(ctx, input as never);
    if (command.kind === 'report') await command.collect(ctx, input as never);
    if (command.kind === 'action') await command.run(more, input as never);
  } catch (error) {
    if (error instanceof TvError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('a command about a run that is not named', () => {
  it('names the whole command for the runs that qualify, the unfinished ones first', async () => {
    const cut = await begin({}, 'b');
    const pay = await begin({ steps: paid }, 'pay');
    const verified = await begin();
    const looked = await begin({ steps: [{ id: 'x', effect: 'final' }] });
    const of = async (...args: readonly string[]) => {
      const { exitCode, next: advice } = await typed(...args);
      const next = advice.map(plainAdvice);
      expect(exitCode).toBe(2);
      return next;
    };
    // What is final, or not unfinished, cannot be undone or need not be closed.
    expect(await of('runs', 'undo')).toEqual([`tv runs undo ${cut}`, `tv runs undo ${verified}`]);
    expect(await of('runs', 'abandon')).toEqual(
      [pay, cut].map((run) => `tv runs abandon ${run} --reason "…"`),
    );
    const all = [pay, cut, looked, verified];
    expect(await of('runs', 'show')).toEqual(all.map((run) => `tv runs show ${run}`));
    expect(await of('runs', 'report')).toEqual(all.map((run) => `tv runs report ${run}`));
    expect(await of('runs', 'note')).toEqual(all.map((run) => `tv runs note ${run} "…"`));
    expect(await of('runs', 'abandon', cut.slice(-9))).toEqual([`tv runs abandon ${cut} --reason "…"`]);
    expect(await of('runs', 'note', cut)).toEqual([`tv runs note ${cut} "…"`]);
  });

  it('names a run whose journal cannot be read, which can still be closed', async () => {
    const cut = await begin({}, 'b');
    writeFileSync(startScene(state.directory).engine.ctx.runs.file(cut), 'damaged\n');
    expect((await typed('runs', 'abandon')).next.map(plainAdvice)).toEqual([
      `tv runs abandon ${cut} --reason "…"`,
    ]);
  });

  it.each(['undo', 'abandon', 'show', 'report', 'note'])(
    'runs %s, where there is none, says so',
    async (name) => {
      const { message, next, exitCode } = await typed('runs', name);
      expect([message, next, exitCode]).toEqual([
        `No run fits tv runs ${name}.`,
        [{ tv: ['runs', 'list'] }],
        2,
      ]);
    },
  );
});
