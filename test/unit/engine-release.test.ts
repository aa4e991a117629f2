import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import listRuns from '../../runbooks/runs/list.ts';
import { abandonRun } from '../../src/engine/abandonRun.ts';
import { releaseRun } from '../../src/engine/releaseRun.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { acquireFileLock, fileLockHolder } from '../../src/journal/fileLock.ts';
import { lockDirectory } from '../../src/journal/lockRecords.ts';
import { isRunning, presenceOf, thisOperator } from '../../src/journal/operator.ts';
import { foldRun, recoveryCommands } from '../../src/journal/runState.ts';
import type { Answers } from '../../src/runbook/answers.ts';
import type { Operator } from '../../src/runbook/events.ts';
import { FakeWorld, fakeRunbook } from '../support/fakeRunbook.ts';
import { deadOperator, readLines, type Scene, startScene, temporaryState } from '../support/fakes.ts';
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

/** On a machine that had another name and has booted since, or is another one. */
const elsewhere: Operator = { ...thisOperator(), host: 'vault-1', bootId: 'another-boot' };
const confirm = { ...noAnswers, confirm: 'production' };

/** A run that was cut off in step b, by an operator of our choice; its locks are held. */
async function runOf(operator: Operator): Promise<string> {
  const { run = '' } = await play(fakeRunbook(world), { stateDirectory, cutOff: { world, during: 'b' } });
  world.forget();
  const { ctx } = startScene(stateDirectory).engine;
  const lines = readLines(ctx.runs.file(run)).filter(
    ({ type }) => type !== 'run.ended' && type !== 'run.signalled',
  );
  writeFileSync(
    ctx.runs.file(run),
    lines.map((line) => `${JSON.stringify('operator' in line ? { ...line, operator } : line)}\n`).join(''),
  );
  for (const directory of lockDirectories())
    acquireFileLock(directory, { operator, what: `run ${run}`, since: '2026-11-23T03:00:00Z' });
  return run;
}

function lockDirectories(): readonly string[] {
  const root = lockDirectory({ stateDirectory, environment: 'production' });
  return [root, join(root, 'thing-run-set-values')];
}

async function release(
  run: string,
  {
    reason = 'vault-1 was replaced',
    answers = confirm,
    prepare = () => {},
  }: {
    readonly reason?: string;
    readonly answers?: Answers;
    readonly prepare?: (scene: Scene) => void;
  } = {},
) {
  const scene = startScene(stateDirectory);
  prepare(scene);
  const error = await releaseRun(scene.engine, run, reason, answers).catch((thrown: unknown) => {
    if (thrown instanceof TvError) return thrown;
    throw thrown;
  });
  scene.close();
  const { exitCode, message } = error instanceof TvError ? error : { exitCode: error, message: '' };
  return { scene, exitCode, message };
}

const stateOf = (run: string) => foldRun(startScene(stateDirectory).engine.ctx.runs.read(run));
const holders = () => lockDirectories().map((directory) => fileLockHolder(directory)?.what);

describe('a run whose process cannot be seen', () => {
  it('counts as in progress, and the way out is named where it holds up others', async () => {
    const run = await runOf(elsewhere);
    expect(stateOf(run)?.status).toBe('running');
    const line = ['runs', 'release', run, '--reason', '…'];
    expect(recoveryCommands(stateOf(run) as never)).toMatchObject([{ tv: line }]);
    const { engine } = startScene(stateDirectory);
    const { runs } = await listRuns.collect(engine.ctx as never, { limit: 20 });
    expect(runs).toMatchObject([{ run, ways: [{ tv: line }] }]);
    await expect(abandonRun(engine, run, 'gone', confirm)).rejects.toMatchObject({
      exitCode: 6,
      next: [{ tv: line }],
    });
  });

  it('released → the run can be undone, its locks are free, the reason is on record', async () => {
    const run = await runOf(elsewhere);
    const { exitCode, scene } = await release(run);
    expect(exitCode).toBe(0);
    expect(stateOf(run)?.status).toBe('killed');
    expect(holders()).toEqual([undefined, undefined]);
    expect(scene.engine.ctx.audit.entries().at(-1)).toMatchObject({
      ...{ command: 'release set values', outcome: 'released', run, reason: 'vault-1 was replaced' },
    });
    expect(scene.events.at(-1)).toMatchObject({ type: 'run.released', next: [{ tv: ['resume', run] }, {}] });
    expect(readLines(scene.engine.ctx.runs.file(run)).at(-1)).toMatchObject({
      ...{ type: 'run.released', reason: 'vault-1 was replaced', confirmation: '--confirm production' },
    });
    const undone = await play(fakeRunbook(world), { stateDirectory, continued: { run, direction: 'undo' } });
    expect([undone.exitCode, stateOf(run)?.status]).toEqual([0, 'undone']);
  });

  it('a later process of it counts again', async () => {
    const run = await runOf(elsewhere);
    await release(run);
    const { ctx } = startScene(stateDirectory).engine;
    const resumed = {
      type: 'run.resumed',
      operator: elsewhere,
      confirmation: 'x',
      at: '2026-11-23T04:00:00Z',
    };
    writeFileSync(ctx.runs.file(run), `${JSON.stringify(resumed)}\n`, { flag: 'a' });
    expect(stateOf(run)?.status).toBe('running');
  });

  it.each<[string, () => Operator, number, RegExp]>([
    ['runs on this machine', thisOperator, 6, /can be seen from here, and runs/],
    ['has ended on this machine', deadOperator, 3, /not in progress/],
  ])('one that %s → refused, nothing is changed', async (_, operator, expected, message) => {
    const run = await runOf(operator());
    const before = readLines(startScene(stateDirectory).engine.ctx.runs.file(run));
    const held = holders();
    const { exitCode, message: said, scene } = await release(run);
    expect([exitCode, said]).toEqual([expected, expect.stringMatching(message)]);
    expect(readLines(scene.engine.ctx.runs.file(run))).toEqual(before);
    expect(holders()).toEqual(held);
    expect(scene.engine.ctx.audit.entries().at(-1)).toMatchObject({ outcome: 'refused' });
  });

  it('a session still holds the lock in the database → refused, its locks are kept', async () => {
    const run = await runOf(elsewhere);
    const by = { operator: elsewhere, what: 'set values', since: '2026-11-23T03:00:00Z' };
    const prepare = ({ engine }: Scene) => {
      engine.remoteLock = async () => ({ held: false, by });
    };
    const { exitCode, message } = await release(run, { prepare });
    expect([exitCode, message]).toEqual([6, expect.stringMatching(/a run is in progress/)]);
    expect(stateOf(run)?.status).toBe('running');
    expect(holders()).toEqual([`run ${run}`, `run ${run}`]);
  });

  it('the lock in the database cannot be had → it says that this is unknown', async () => {
    const run = await runOf(elsewhere);
    const { exitCode, scene } = await release(run, {
      prepare: ({ engine }) => {
        engine.remoteLock = async () => ({ held: null, reason: 'No database is set.', next: [] });
      },
    });
    expect(exitCode).toBe(0);
    expect(JSON.stringify(scene.events)).toMatch(/holds the lock in the database is unknown/);
  });

  it.each<[string, Parameters<typeof release>[1], number]>([
    ['no answer', { answers: noAnswers }, 4],
    ['another environment in the answer', { answers: { ...noAnswers, confirm: 'staging' } }, 4],
    ['an empty reason', { reason: '  ' }, 2],
  ])('%s → refused, its locks are kept', async (_, options, expected) => {
    const run = await runOf(elsewhere);
    expect((await release(run, options)).exitCode).toBe(expected);
    expect(stateOf(run)?.status).toBe('running');
    expect(holders()).toEqual([`run ${run}`, `run ${run}`]);
  });

  it('locks of others are kept', async () => {
    const run = await runOf(elsewhere);
    const other = {
      operator: { ...elsewhere, pid: elsewhere.pid + 1 },
      what: 'other',
      since: '2026-11-23T03:00:00Z',
    };
    const thing = join(lockDirectory({ stateDirectory, environment: 'production' }), 'thing-api');
    acquireFileLock(thing, other);
    await release(run);
    expect(fileLockHolder(thing)?.what).toBe('other');
  });
});

describe('whether a process can be seen', () => {
  const here = thisOperator();
  it.each<[string, Operator, ReturnType<typeof presenceOf>]>([
    ['this one', here, 'running'],
    ['this one, once the machine has another name', { ...here, host: 'old-name' }, 'running'],
    [
      'an ended one, once the machine has another name',
      { ...deadOperator(), bootId: here.bootId ?? '', host: 'old-name' },
      'ended',
    ],
    ['of another machine', elsewhere, 'unseen'],
    ['of this machine, before it booted', { ...deadOperator(), bootId: 'another-boot' }, 'ended'],
    ['of another machine, by an older tv', { ...deadOperator(), host: 'vault-1' }, 'unseen'],
    ['of this machine, by an older tv', deadOperator(), 'ended'],
  ])('%s', (_, operator, expected) => {
    expect(presenceOf(operator)).toBe(expected);
    expect(isRunning(operator)).toBe(expected !== 'ended');
  });
});
