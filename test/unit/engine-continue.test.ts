import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import listRuns from '../../runbooks/runs/list.ts';
import resumeRun from '../../runbooks/runs/resume.ts';
import showRun from '../../runbooks/runs/show.ts';
import type { RegisteredRunbook } from '../../src/engine/engine.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import { unknown } from '../../src/errors/answer.ts';
import type { ErrorCode } from '../../src/errors/codes.ts';
import { lockDirectory } from '../../src/journal/lockRecords.ts';
import { thisOperator } from '../../src/journal/operator.ts';
import { readRuns, unfinishedRuns, urgentFirst } from '../../src/journal/readRuns.ts';
import { residualStateOfAll } from '../../src/journal/residualState.ts';
import { hasSuperseded } from '../../src/operations/emergencyRuns.ts';
import type { RunEvent } from '../../src/runbook/events.ts';
import { type FakeRunbookOptions, FakeWorld, fakeRunbook } from '../support/fakeRunbook.ts';
import { deadOperator, readLines, type Scene, startScene, temporaryState } from '../support/fakes.ts';
import { plainPaint } from '../support/paint.ts';
import { linesOf, type Outcome, play, type Scenario } from '../support/scenario.ts';

let state: ReturnType<typeof temporaryState>;
let world: FakeWorld;
let stateDirectory: string;

beforeEach(() => {
  state = temporaryState();
  stateDirectory = state.directory;
  world = new FakeWorld(`${state.directory}-world`);
});
afterEach(() => state.remove());

const abc = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];

/** A run cut off by a signal during a step, b: a and b are done, c is not begun. */
async function interruptedRun(
  registered: RegisteredRunbook = fakeRunbook(world),
  during = 'b',
): Promise<Outcome & { run: string }> {
  const outcome = await play(registered, {
    stateDirectory,
    cutOff: { world, during },
  });
  world.forget();
  return { ...outcome, run: outcome.run ?? '' };
}

function journal(run: string): string {
  return join(stateDirectory, 'runs', `${run}.jsonl`);
}

/** Leaves the journal as a kill right after `last` would have left it. */
function cutAfter(run: string, last: (line: Record<string, unknown>) => boolean): void {
  const lines = readLines(journal(run));
  const dead = lines.map((line) => ('operator' in line ? { ...line, operator: deadOperator() } : line));
  const kept = dead.slice(0, lines.findIndex(last) + 1);
  expect(kept.length).toBeGreaterThan(0);
  writeFileSync(journal(run), kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

const begun = (step: string) => (line: Record<string, unknown>) =>
  line['type'] === 'step.started' && line['step'] === step;

function continued(
  run: string,
  direction: 'resume' | 'undo',
  rest: Partial<Scenario> = {},
  registered: RegisteredRunbook = fakeRunbook(world),
): Promise<Outcome> {
  return play(registered, { stateDirectory, continued: { run, direction }, ...rest });
}

describe('resume', () => {
  it('runs what is left, with the results of before, and verifies', async () => {
    const { run } = await interruptedRun();
    const outcome = await continued(run, 'resume');
    expect([outcome.exitCode, outcome.state?.status]).toEqual([0, 'verified']);
    expect(world.effects()).toEqual(['plan', 'run c', 'verify']);
    expect(outcome.state?.steps.get('c')?.result).toEqual({ set: 'c', after: ['a', 'b'] });
    expect(outcome.audit.map((entry) => [entry.command, entry.outcome])).toEqual([
      ['set values', 'interrupted'],
      ['resume set values', 'verified'],
    ]);
  });

  it('shows what is left, not the whole plan', async () => {
    const { run } = await interruptedRun();
    const { events } = await continued(run, 'resume');
    const ready = events.find((event) => event.type === 'plan.ready');
    expect(ready?.direction).toBe('resume');
    expect(ready?.plan.steps.map(({ id }) => id)).toEqual(['c']);
  });

  it('asks as the run itself does', async () => {
    const severe = fakeRunbook(world, { risk: 'severe' });
    const first = await play(severe, { stateDirectory, answers: { confirm: 'production' } });
    cutAfter(first.run ?? '', begun('b'));
    world.forget();
    expect((await continued(first.run ?? '', 'resume', {}, severe)).exitCode).toBe(4);
    expect(world.effects()).toEqual([]);
    // Not "This sets 3 values": one is set.
    const question = /^This finishes \S+\. 2 steps left: set b; set c\. Type production to continue:$/;
    const replies = [{ kind: 'typed', question, answer: true }] as const;
    expect((await continued(first.run ?? '', 'resume', { replies }, severe)).exitCode).toBe(0);
  });

  describe('of a run that pays, and is continued after the machine was restarted', () => {
    const call = { from: `0x${'a1'.repeat(20)}`, to: `0x${'b2'.repeat(20)}`, data: '0x' } as const;
    const pays = { effect: 'final', sends: unknown('no node was asked') } as const;
    const signed = {
      ...{ hash: `0x${'cd'.repeat(32)}`, from: call.from, nonce: 0, nonceKey: '7', chainId: 1 },
      ...{ calls: [call], raw: '0x76', feeToken: null },
    };
    /** Cut off by the restart when this step had begun; everything later may have been written to memory. */
    const cutOff = async (registered: RegisteredRunbook, during: string, bootId = 'the boot before') => {
      const { run } = await play(registered, { stateDirectory });
      cutAfter(run ?? '', begun(during));
      const lines = readLines(journal(run ?? '')).map((line) =>
        'operator' in line ? { ...line, operator: { ...(line['operator'] as object), bootId } } : line,
      );
      writeFileSync(journal(run ?? ''), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      world.forget();
      return run ?? '';
    };
    const steps = [{ id: 'a' }, { ...{ id: 'b' }, ...pays }, { id: 'c' }];
    const protective = () => fakeRunbook(world, { protective: true, steps });

    it.each(['a', 'b'])(
      'its journal may have ended early, in %s → neither resumed nor undone',
      async (during) => {
        const run = await cutOff(protective(), during);
        for (const direction of ['resume', 'undo'] as const) {
          const outcome = await continued(run, direction, {}, protective());
          expect(outcome.exitCode).toBe(3);
          expect(outcome.error).toMatchObject({ code: 'run.effect-unknown' });
        }
        expect(world.effects().filter((effect) => effect.startsWith('run'))).toEqual([]);
      },
    );

    it('the payment was journaled → resumed', async () => {
      world.notes.set('b', { transaction: signed });
      const registered = protective();
      const run = await cutOff(registered, 'c');
      expect((await continued(run, 'resume', {}, registered)).exitCode).toBe(0);
    });

    it('no restart since, or a run that keeps to its one journal → resumed', async () => {
      const { bootId } = thisOperator();
      const same = await cutOff(protective(), 'b', bootId);
      expect((await continued(same, 'resume', {}, protective())).exitCode).toBe(0);
      const ordinary = fakeRunbook(world, { steps });
      const run = await cutOff(ordinary, 'b');
      expect((await continued(run, 'resume', {}, ordinary)).exitCode).toBe(0);
    });
  });

  describe.each([
    ['done', ['plan', 'probe b', 'run c', 'verify'], 'found'],
    ['not-done', ['plan', 'probe b', 'run b', 'run c', 'verify'], 'ran'],
  ] as const)('of a step cut off in mid-flight that its probe finds %s', (answer, effects, how) => {
    it(`resumes: ${how}`, async () => {
      const { run } = await interruptedRun();
      cutAfter(run, begun('b'));
      world.probes.set('b', answer);
      const outcome = await continued(run, 'resume');
      expect(outcome.exitCode).toBe(0);
      expect(world.effects()).toEqual(effects);
      const done = outcome.events.find((event) => event.type === 'step.done' && event.step === 'b');
      expect(done).toMatchObject({ how });
    });
  });

  it('of a step with an unknown effect → stops, and does nothing', async () => {
    const { run } = await interruptedRun();
    cutAfter(run, begun('b'));
    world.probes.set('b', 'unknown');
    const outcome = await continued(run, 'resume', {}, fakeRunbook(world));
    expect(outcome.exitCode).toBe(1);
    expect(world.effects()).not.toContain('run b');
    const failed = outcome.events.find((event) => event.type === 'step.failed');
    expect(failed?.error.code).toBe('run.effect-unknown');
    expect(failed?.error.next.map(plainAdvice).join()).toContain(`tv resume ${run}`);
  });

  it('tries a failed step again', async () => {
    const registered = fakeRunbook(world, { steps: [{ id: 'a', effect: 'compensable' }, { id: 'b' }] });
    world.faults.set('b', 'before');
    const { run = '', state: failed } = await play(registered, { stateDirectory });
    expect(failed?.status).toBe('failed');
    world.faults.clear();
    world.forget();
    const outcome = await continued(run, 'resume', {}, registered);
    expect([outcome.exitCode, outcome.state?.status]).toEqual([0, 'verified']);
    expect(world.effects()).toEqual(['plan', 'probe b', 'run b', 'verify']);
  });

  it('verifies an unverified run again, which is found without its id', async () => {
    const choose = () => {
      const { ctx } = startScene(stateDirectory).engine;
      return Promise.resolve().then(() => resumeRun.choose(ctx, { run: undefined }));
    };
    world.verification = () => [{ id: 'rows', world: 'database', status: 'block', summary: 'not yet' }];
    const { run = '', exitCode } = await play(fakeRunbook(world), { stateDirectory });
    expect(exitCode).toBe(5);
    expect(await choose()).toEqual({ run, direction: 'resume' });
    world.verification = () => [];
    world.forget();
    expect((await continued(run, 'resume')).exitCode).toBe(0);
    expect(world.effects()).toEqual(['plan', 'verify']);
    await expect(choose()).rejects.toThrow(expect.objectContaining({ code: 'run.none-fits' }));
  });

  it('can itself be interrupted and resumed', async () => {
    const registered = fakeRunbook(world, { steps: [...abc, { id: 'd' }] });
    const { run } = await interruptedRun(registered);
    const prepare = (scene: Scene) => {
      world.onRun = () => scene.interrupt.signal('SIGTERM');
    };
    expect((await continued(run, 'resume', { prepare }, registered)).exitCode).toBe(7);
    world.onRun = () => {};
    const outcome = await continued(run, 'resume', {}, registered);
    expect(outcome.exitCode).toBe(0);
    expect(world.effects().filter((line) => line.startsWith('run'))).toEqual(['run c', 'run d']);
  });
});

describe('what cannot be resumed', () => {
  const refused = async (outcome: Outcome, code: ErrorCode) => {
    expect(outcome.exitCode).toBe(3);
    expect(outcome.error?.code).toBe(code);
    expect(outcome.audit.at(-1)).toMatchObject({ outcome: 'refused', exitCode: 3, run: outcome.run });
    expect(world.effects().filter((line) => !line.startsWith('plan'))).toEqual([]);
  };

  it('a run of another version of tv', async () => {
    const { run } = await interruptedRun();
    const outcome = await continued(run, 'resume', { version: '1.0.1' });
    await refused(outcome, 'run.other-version');
    expect(outcome.error?.facts).toEqual({ run, 'begun with': '1.0.0', 'this is': '1.0.1' });
  });

  it('a run whose plan this tv would make differently', async () => {
    const { run } = await interruptedRun();
    const other = fakeRunbook(world, { steps: [{ id: 'a' }, { id: 'b' }, { id: 'x' }] });
    await refused(await continued(run, 'resume', {}, other), 'plan.not-reproducible');
    await refused(await continued(run, 'undo', {}, other), 'plan.not-reproducible');
  });

  it('a run of another environment', async () => {
    const { run } = await interruptedRun();
    const outcome = await continued(run, 'undo', { environment: 'staging' });
    await refused(outcome, 'run.other-environment');
    expect(linesOf(outcome)).toEqual([`tv -e production runs undo ${run}`]);
  });

  it('a verified run', async () => {
    const { run = '' } = await play(fakeRunbook(world), { stateDirectory });
    world.forget();
    await refused(await continued(run, 'resume'), 'run.closed');
  });

  it('a run that was undone', async () => {
    world.faults.set('c', 'before');
    const { run = '' } = await play(fakeRunbook(world), { stateDirectory });
    world.faults.clear();
    world.forget();
    await refused(await continued(run, 'resume'), 'run.closed');
    const again = await continued(run, 'undo');
    await refused(again, 'run.closed');
    expect([again.error?.message, again.error?.facts, linesOf(again)]).toEqual([
      'The run was rolled back already.',
      { run, status: 'rolled-back' },
      [`tv runs show ${run}`],
    ]);
  });

  it('a journal without a first line', async () => {
    const { run } = await interruptedRun();
    truncateSync(journal(run), 20);
    await refused(await continued(run, 'resume'), 'run.not-begun');
  });
});

describe('undo', () => {
  it('undoes the completed steps, last one first, and no others', async () => {
    const { run } = await interruptedRun();
    const outcome = await continued(run, 'undo');
    expect([outcome.exitCode, outcome.state?.status]).toEqual([0, 'undone']);
    expect(world.effects()).toEqual(['plan', 'undo b', 'undo a']);
    expect([world.has('a'), world.has('b')]).toEqual([false, false]);
    const ready = outcome.events.find((event) => event.type === 'plan.ready');
    expect(ready?.plan.steps.map(({ title, command, undo }) => [title, command, undo])).toEqual([
      ['unset b', '', null],
      ['unset a', '', null],
    ]);
    expect(ready).toMatchObject({ kept: [], undecided: [] });
    expect(outcome.audit.at(-1)).toMatchObject({ command: 'undo set values', outcome: 'undone' });
  });

  it('of a run that was undone: refused with what its steps have left, as it is now', async () => {
    const { run } = await interruptedRun();
    world.faults.set('a', 'undo leaves');
    expect((await continued(run, 'undo')).state?.status).toBe('undone');
    for (const direction of ['resume', 'undo'] as const) {
      const { error } = await continued(run, direction);
      expect(error).toMatchObject({
        code: 'run.closed',
        facts: { 'residual state': 'the key of a is kept: /state/a.key' },
      });
    }
    world.faults.set('a', 'undo unknown');
    expect((await continued(run, 'resume')).error).toMatchObject({
      facts: { 'residual state': expect.stringContaining('unknown whether') },
    });
    world.faults.clear();
    expect((await continued(run, 'resume')).error).toMatchObject({
      message: 'The run was undone already.',
      facts: { run, status: 'undone' },
    });
  });

  it('undoes a verified run too', async () => {
    const { run = '' } = await play(fakeRunbook(world), { stateDirectory });
    const outcome = await continued(run, 'undo');
    expect(outcome.state?.status).toBe('undone');
    expect(abc.filter(({ id }) => world.has(id))).toEqual([]);
  });

  it('undoes the interrupted step, which may have taken effect', async () => {
    const { run } = await interruptedRun();
    cutAfter(run, begun('b'));
    await continued(run, 'undo');
    expect(world.effects()).toEqual(['plan', 'undo b', 'undo a']);
  });

  it('is refused where the last step that was done has no way back', async () => {
    const registered = fakeRunbook(world, {
      steps: [{ id: 'a' }, { id: 'b', effect: 'final' }, { id: 'c' }],
    });
    const { run } = await interruptedRun(registered);
    const outcome = await continued(run, 'undo', {}, registered);
    expect(outcome.exitCode).toBe(3);
    expect(outcome.error?.code).toBe('run.irreversible');
    expect(outcome.error?.facts).toMatchObject({ step: 'set b' });
    expect(linesOf(outcome)).toEqual([
      `tv resume ${run}`,
      `or, if it cannot be finished: tv runs abandon ${run} --reason "…"`,
    ]);
    expect(world.effects()).toEqual(['plan']);
    expect([world.has('a'), world.has('b')]).toEqual([true, true]);
  });

  it('of a run with a final step that was not verified is refused: a resume looks up what became of it', async () => {
    const registered = fakeRunbook(world, { steps: [{ id: 'a' }, { id: 'b', effect: 'final' }] });
    world.verification = () => [{ id: 'values', world: 'host', status: 'block', summary: 'not there yet' }];
    const { run = '', state: before } = await play(registered, { stateDirectory });
    expect(before?.status).toBe('unverified');
    const refused = await continued(run, 'undo', {}, registered);
    expect([refused.exitCode, linesOf(refused)]).toEqual([3, [`tv resume ${run}`]]);
    const { ctx } = startScene(stateDirectory).engine;
    const shown = await showRun.collect(ctx, { run });
    expect(showRun.render(shown, plainPaint(100), { run })).toContain(`Next: tv resume ${run}`);
    world.verification = () => [{ id: 'values', world: 'host', status: 'pass', summary: 'there' }];
    expect((await continued(run, 'resume', {}, registered)).exitCode).toBe(0);
    const verified = await continued(run, 'undo', {}, registered);
    expect([verified.exitCode, linesOf(verified)]).toEqual([3, [`tv runs show ${run}`]]);
  });

  it('is refused with a final step in the middle: a part of it would be neither before nor after', async () => {
    const steps = [{ id: 'a' }, { id: 'b', effect: 'final' as const }, { id: 'c' }, { id: 'd' }];
    const registered = fakeRunbook(world, { steps });
    const { run } = await interruptedRun(registered, 'c');
    const outcome = await continued(run, 'undo', {}, registered);
    expect([outcome.exitCode, outcome.error?.message]).toEqual([3, 'Cannot undo: step 2 is irreversible.']);
    expect(world.effects()).toEqual(['plan']);
    expect(['a', 'b', 'c'].map((id) => world.has(id))).toEqual([true, true, true]);
  });

  it('is refused with several final steps, and names the first one that may have taken effect', async () => {
    const steps = [
      { id: 'a' },
      { id: 'b', effect: 'final' as const },
      { id: 'c', effect: 'final' as const },
      { id: 'd' },
    ];
    const registered = fakeRunbook(world, { steps });
    const { run } = await interruptedRun(registered, 'c');
    const outcome = await continued(run, 'undo', {}, registered);
    expect([outcome.exitCode, outcome.error?.message]).toEqual([3, 'Cannot undo: step 2 is irreversible.']);
    expect(outcome.error?.facts).toMatchObject({ step: 'set b' });
    expect(world.effects()).toEqual(['plan']);
  });

  it('passes a final step to undo what may always be undone', async () => {
    const steps = [{ id: 'a' }, { id: 'b', undoAlways: true }, { id: 'c', effect: 'final' as const }];
    const registered = fakeRunbook(world, { steps: [...steps, { id: 'd' }] });
    const { run } = await interruptedRun(registered, 'c');
    const outcome = await continued(run, 'undo', {}, registered);
    expect(outcome.exitCode).toBe(0);
    expect(outcome.events.find((event) => event.type === 'plan.ready')).toMatchObject({
      ...{ kept: ['a', 'c'], undecided: [] },
    });
    expect(world.effects()).toEqual(['plan', 'undo b']);
  });

  it('past a final step that was killed before its end was written is finished by another', async () => {
    const steps = [{ id: 'a' }, { id: 'b', undoAlways: true }, { id: 'c', effect: 'final' as const }];
    const registered = fakeRunbook(world, { steps: [...steps, { id: 'd' }] });
    const { run } = await interruptedRun(registered, 'c');
    await continued(run, 'undo', {}, registered);
    cutAfter(run, ({ type }) => type === 'undo.done');
    world.forget();
    const outcome = await continued(run, 'undo', {}, registered);
    expect([outcome.exitCode, outcome.state?.status]).toEqual([0, 'undone']);
    expect(world.effects()).toEqual(['plan']);
  });

  it('names what it leaves although it may have taken effect', async () => {
    const registered = fakeRunbook(world, {
      steps: [{ id: 'a' }, { id: 'b', effect: 'final' }, { id: 'c' }],
    });
    const { run } = await interruptedRun(registered);
    cutAfter(run, begun('b'));
    world.probes.set('b', 'not-done');
    const { events } = await continued(run, 'undo', {}, registered);
    expect(events.find((event) => event.type === 'plan.ready')).toMatchObject({
      ...{ kept: ['b'], undecided: ['b'] },
    });
  });

  it.each([
    ['not-done', 0, ['plan', 'probe b', 'undo a']],
    ['begun', 3, ['plan', 'probe b']],
    ['unknown', 3, ['plan', 'probe b']],
  ] as const)('past a final step that was cut off asks it: %s', async (answer, exitCode, effects) => {
    const registered = fakeRunbook(world, {
      steps: [{ id: 'a' }, { id: 'b', effect: 'final' }, { id: 'c' }],
    });
    const { run } = await interruptedRun(registered);
    cutAfter(run, begun('b'));
    world.probes.set('b', answer);
    expect((await continued(run, 'undo', {}, registered)).exitCode).toBe(exitCode);
    expect(world.effects()).toEqual(effects);
  });

  it('that fails keeps the rest, blocks new runs, and is continued by undo or resume', async () => {
    const { run } = await interruptedRun();
    world.faults.set('b', 'undo');
    const failed = await continued(run, 'undo');
    expect([failed.exitCode, failed.state?.status]).toEqual([1, 'undo-failed']);
    expect(world.effects()).toEqual(['plan', 'undo b']);
    expect(world.has('a')).toBe(true);
    const blocked = await play(fakeRunbook(world), { stateDirectory });
    // There is no way forward any more: resume goes back, too, so it is not offered.
    expect([blocked.exitCode, linesOf(blocked).slice(0, -1)]).toEqual([3, [`tv runs undo ${run}`]]);
    const { ctx } = startScene(stateDirectory).engine;
    expect((await showRun.collect(ctx, { run })).ways).toEqual([{ tv: ['runs', 'undo', run] }]);
    expect((await listRuns.collect(ctx, { limit: 1 })).runs[0]?.ways).toEqual([
      { tv: ['runs', 'undo', run] },
    ]);
    world.faults.clear();
    world.forget();
    const outcome = await continued(run, 'resume');
    expect([outcome.exitCode, outcome.state?.status]).toEqual([0, 'undone']);
    expect(world.effects()).toEqual(['plan', 'undo b', 'undo a']);
  });

  it('by a failed run itself, interrupted in the middle, is continued by resume', async () => {
    world.faults.set('c', 'before');
    const { run = '' } = await play(fakeRunbook(world), { stateDirectory });
    cutAfter(run, (line) => line['type'] === 'undo.done' && line['step'] === 'b');
    world.faults.clear();
    world.forget();
    const outcome = await continued(run, 'resume');
    expect([outcome.exitCode, outcome.state?.status]).toEqual([0, 'undone']);
    expect(world.effects()).toEqual(['plan', 'undo c', 'undo a']);
  });

  it('by a failed run itself that took nothing back leaves both ways open', async () => {
    world.faults.set('c', 'before').set('b', 'undo');
    const { run = '' } = await play(fakeRunbook(world), { stateDirectory });
    world.faults.clear();
    world.forget();
    const outcome = await continued(run, 'resume');
    expect([outcome.exitCode, outcome.state?.status]).toEqual([0, 'verified']);
    expect(abc.map(({ id }) => world.has(id))).toEqual([true, true, true]);
  });

  it('that was interrupted continues where it stopped', async () => {
    const { run } = await interruptedRun();
    await continued(run, 'undo');
    cutAfter(run, (line) => line['type'] === 'undo.done' && line['step'] === 'b');
    world.forget();
    const outcome = await continued(run, 'resume');
    expect(outcome.state?.status).toBe('undone');
    expect(world.effects()).toEqual(['plan', 'undo a']);
  });

  it('stops after the step in flight at a signal', async () => {
    const { run } = await interruptedRun();
    const prepare = (scene: Scene) => {
      scene.onEvent = (event: RunEvent) => {
        if (event.type === 'undo.started') scene.interrupt.signal('SIGINT');
      };
    };
    const outcome = await continued(run, 'undo', { prepare });
    expect([outcome.exitCode, outcome.state?.status]).toEqual([7, 'interrupted']);
    expect(world.effects()).toEqual(['plan', 'undo b']);
    expect((await continued(run, 'undo')).state?.status).toBe('undone');
    expect(world.effects()).toEqual(['plan', 'undo b', 'plan', 'undo a']);
  });
});

describe('--dry-run of a resume or an undo', () => {
  /** Everything that tv keeps: journals, audit log, locks. */
  const kept = () =>
    readdirSync(stateDirectory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [file, readFileSync(file, 'utf8')]);
  const planOf = ({ events }: Outcome) => events.find((event) => event.type === 'plan.ready');
  const dryRun = { answers: { dryRun: true } };

  it.each([
    { direction: 'resume', steps: ['c'], consequence: /^This finishes \S+\. 1 step left: set c\./ },
    { direction: 'undo', steps: ['b', 'a'], consequence: /^This undoes 2 steps of / },
  ] as const)('$direction → its plan, without a question, and nothing is changed', async (row) => {
    const registered = fakeRunbook(world, { risk: 'severe' });
    const first = await play(registered, { stateDirectory, answers: { confirm: 'production' } });
    const run = first.run ?? '';
    cutAfter(run, (line) => line['type'] === 'step.done' && line['step'] === 'b');
    world.forget();
    const before = kept();
    const outcome = await continued(run, row.direction, dryRun, registered);
    expect([outcome.exitCode, outcome.run, outcome.asked]).toEqual([0, run, []]);
    expect(kept()).toEqual(before);
    expect(world.effects()).toEqual(['plan']);
    const ready = planOf(outcome);
    expect(ready).toMatchObject({ direction: row.direction, dryRun: true });
    expect(ready?.plan.steps.map(({ id }) => id)).toEqual(row.steps);
    expect(ready?.plan.consequence).toMatch(row.consequence);
    expect(ready?.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each(['resume', 'undo'] as const)('--plan holds the %s to it until the run moves', async (direction) => {
    const { run } = await interruptedRun();
    const { digest: plan = '' } = planOf(await continued(run, direction, dryRun)) ?? {};
    for (const approved of [
      plan.slice(0, 8),
      planOf(await continued(run, direction, dryRun))?.plan.id ?? '',
    ]) {
      const refused = await continued(run, direction, { answers: { plan: approved } });
      expect(refused.exitCode).toBe(3);
      expect(refused.error?.facts).toEqual({ approved, now: plan });
    }
    // Of the other way it is not the plan.
    const other = direction === 'resume' ? 'undo' : 'resume';
    expect((await continued(run, other, { answers: { plan } })).exitCode).toBe(3);
    expect(world.effects().filter((effect) => effect !== 'plan')).toEqual([]);
    const done = await continued(run, direction, { answers: { plan } });
    expect([done.exitCode, done.state?.status]).toEqual([0, direction === 'resume' ? 'verified' : 'undone']);
    expect(done.audit.map(({ outcome }) => outcome).slice(1, 4)).toEqual(['refused', 'refused', 'refused']);
    const again = await continued(run, 'undo', { answers: { plan } });
    expect(again.exitCode).toBe(3);
  });

  it('the step that was cut off has taken effect since → the plan is another one', async () => {
    const { run } = await interruptedRun();
    cutAfter(run, begun('b'));
    world.probes.set('b', 'not-done');
    const before = await continued(run, 'resume', dryRun);
    expect(before.events.find((event) => event.type === 'preflight.done')?.checks).toMatchObject([
      { id: 'step 2', status: 'pass', summary: 'set b: a resume runs it again' },
    ]);
    const { digest: plan } = planOf(before) ?? {};
    world.probes.set('b', 'done');
    const lines = readLines(journal(run)).length;
    const refused = await continued(run, 'resume', { answers: { plan } });
    expect(refused.exitCode).toBe(3);
    expect(readLines(journal(run))).toHaveLength(lines);
    const { digest: now } = planOf(await continued(run, 'resume', dryRun)) ?? {};
    world.forget();
    expect((await continued(run, 'resume', { answers: { plan: now } })).exitCode).toBe(0);
    expect(world.effects()).not.toContain('run b');
  });

  it('a step whose effect is unknown blocks it', async () => {
    const { run } = await interruptedRun();
    cutAfter(run, begun('b'));
    world.probes.set('b', 'unknown');
    const before = kept();
    const outcome = await continued(run, 'resume', dryRun);
    expect(outcome.exitCode).toBe(3);
    expect(outcome.error).toMatchObject({ code: 'run.effect-unknown', facts: { step: 'set b' } });
    expect(linesOf(outcome)).toContain(`or: tv runs undo ${run}`);
    expect(kept()).toEqual(before);
  });

  it('is refused as the undo would be where there is no way back', async () => {
    const registered = fakeRunbook(world, {
      steps: [{ id: 'a' }, { id: 'b', effect: 'final' }, { id: 'c' }],
    });
    const { run } = await interruptedRun(registered);
    const before = kept();
    const outcome = await continued(run, 'undo', dryRun, registered);
    expect([outcome.exitCode, outcome.error?.message]).toEqual([3, 'Cannot undo: step 2 is irreversible.']);
    expect(kept()).toEqual(before);
  });

  it('of a run that is in progress is refused, and asks no step', async () => {
    let inside: Outcome | undefined;
    await play(fakeRunbook(world), {
      stateDirectory,
      prepare: (scene) => {
        world.onRun = async (step) => {
          if (step !== 'b') return;
          world.onRun = () => {};
          inside = await continued(scene.engine.ctx.runs.ids().at(-1) ?? '', 'undo', dryRun);
        };
      },
    });
    expect([inside?.exitCode, inside?.error?.message]).toEqual([6, 'The run is in progress.']);
    expect(world.effects()).toEqual(['preflight', 'plan', 'run a', 'run b', 'run c', 'verify']);
  });
});

describe('an unfinished run', () => {
  it('blocks a new one in its environment, with the ways out', async () => {
    const { run } = await interruptedRun();
    const outcome = await play(fakeRunbook(world), { stateDirectory });
    expect(outcome.exitCode).toBe(3);
    expect(outcome.error?.facts['runs']).toBe(`a run is unfinished: ${run}`);
    expect(linesOf(outcome)).toEqual([
      `tv resume ${run}`,
      `tv runs undo ${run}`,
      'to overrule: the same command with --override unfinished-run --reason "…"',
    ]);
    expect(world.effects()).toEqual(['preflight']);
  });

  it('ended at a final step → undo is not offered', async () => {
    const final = fakeRunbook(world, { steps: [{ id: 'a' }, { id: 'b', effect: 'final' }, { id: 'c' }] });
    const { run } = await interruptedRun(final);
    const outcome = await play(fakeRunbook(world), { stateDirectory });
    expect(linesOf(outcome)).toEqual([
      `tv resume ${run}`,
      'to overrule: the same command with --override unfinished-run --reason "…"',
    ]);
  });

  it('can be overruled, and does not matter elsewhere', async () => {
    await interruptedRun();
    const answers = { overrides: ['unfinished-run'], reason: 'it belongs to a drill' };
    expect((await play(fakeRunbook(world), { stateDirectory, answers })).exitCode).toBe(0);
    expect((await play(fakeRunbook(world), { stateDirectory, environment: 'staging' })).exitCode).toBe(0);
  });

  it('is found after a kill, which leaves no closing line', async () => {
    const { run } = await interruptedRun();
    cutAfter(run, begun('b'));
    expect((await play(fakeRunbook(world), { stateDirectory })).exitCode).toBe(3);
  });
});

describe('the journal', () => {
  it('loses a torn last line, and with it nothing that had happened', async () => {
    const { run } = await interruptedRun();
    cutAfter(run, begun('b'));
    const whole = readFileSync(journal(run), 'utf8');
    appendFileSync(journal(run), '{"at":"2026-11-23T03:12:01.000Z","seq":4,"type":"step.done","st');
    const outcome = await continued(run, 'resume');
    expect(outcome.exitCode).toBe(0);
    expect(world.effects()).toContain('probe b');
    expect(readFileSync(journal(run), 'utf8').startsWith(whole)).toBe(true);
    const lines = readLines(journal(run));
    expect(lines.map((line) => line['seq'])).toEqual(lines.map((_, index) => index));
  });

  it('with a torn multi-byte character is cut at the right byte', async () => {
    const { run } = await interruptedRun();
    const whole = readFileSync(journal(run));
    appendFileSync(journal(run), Buffer.from('{"type":"step.noted","note":"é✔').subarray(0, -1));
    await continued(run, 'resume');
    expect(readFileSync(journal(run)).subarray(0, whole.length).equals(whole)).toBe(true);
    expect(readLines(journal(run)).length).toBeGreaterThan(6);
  });

  it('with a damaged line in the middle is refused by name and line', async () => {
    const { run } = await interruptedRun();
    const lines = readFileSync(journal(run), 'utf8').split('\n');
    lines[2] = lines[2]?.slice(0, 20) ?? '';
    writeFileSync(journal(run), lines.join('\n'));
    const { error } = await continued(run, 'resume', { stateOf: 'nothing' });
    expect(error).toMatchObject({
      code: 'journal.damaged',
      facts: { journal: journal(run), line: '3' },
      next: [{ shell: `less ${journal(run)}` }, { tv: ['runs', 'abandon', run, '--reason', '…'] }],
    });
    expect(world.effects()).toEqual([]);
  });

  it('that is damaged blocks new runs: it may be that of an unfinished one', async () => {
    const { run } = await interruptedRun();
    writeFileSync(journal(run), `damaged\n${readFileSync(journal(run), 'utf8')}`);
    const { exitCode, error } = await play(fakeRunbook(world), { stateDirectory, stateOf: 'nothing' });
    expect(exitCode).toBe(3);
    expect(error?.facts['runs']).toBe('The journal is damaged.');
  });

  it('that is damaged is named in the list of runs, beside those that can be read', async () => {
    const { run } = await interruptedRun();
    const other = await play(fakeRunbook(world), {
      stateDirectory,
      answers: { overrides: ['unfinished-run'], reason: 'to have two' },
    });
    writeFileSync(journal(run), `damaged\n${readFileSync(journal(run), 'utf8')}`);
    const { engine } = startScene(stateDirectory);
    const data = await listRuns.collect(engine.ctx, { limit: 20 });
    expect(data.runs).toMatchObject([{ run: other.run, status: 'verified' }]);
    // Nor does it keep an emergency from being ended.
    expect(hasSuperseded(engine.ctx)).toBe(false);
    const screen = listRuns.render(data, plainPaint(80), { limit: 20 });
    expect(screen).toContain(`✖ ${run}: The journal is damaged. journal ${journal(run)} line 1`);
    expect(screen).toContain(other.run);
  });
});

describe('the lock of an environment', () => {
  it('refuses a second run with who, what and since when, and leaves that run alone', async () => {
    let second: Outcome | undefined;
    const first = await play(fakeRunbook(world), {
      stateDirectory,
      prepare: (scene) => {
        world.onRun = async (step) => {
          if (step !== 'b') return;
          scene.clock.advance(90_000);
          second = await play(fakeRunbook(world), { stateDirectory, stateOf: 'nothing' });
        };
      },
    });
    expect(first.exitCode).toBe(0);
    expect(second?.exitCode).toBe(6);
    expect(second?.error?.code).toBe('lock.held');
    expect(second?.error?.facts['what']).toBe('set values (set values)');
    expect(second?.error?.facts['who']).toContain(`process ${process.pid}`);
    expect(world.effects().filter((line) => line === 'preflight')).toHaveLength(1);
    expect(first.audit.map(({ exitCode }) => exitCode)).toEqual([6, 0]);
  });

  it('also refuses to resume a run', async () => {
    const { run } = await interruptedRun();
    let second: Outcome | undefined;
    await play(fakeRunbook(world), {
      stateDirectory,
      answers: { overrides: ['unfinished-run'], reason: 'test' },
      prepare: () => {
        world.onRun = async (step) => {
          if (step === 'a') second = await continued(run, 'resume', { stateOf: 'nothing' });
        };
      },
    });
    expect(second?.exitCode).toBe(6);
    expect(second?.audit.at(-1)).toMatchObject({ command: 'resume set values', exitCode: 6 });
  });

  it('of the database is held too, and given back whatever happens', async () => {
    const calls: string[] = [];
    const prepare = (scene: Scene) => {
      scene.engine.remoteLock = async ({ what }) => {
        calls.push(what);
        return {
          held: true,
          release: () => {
            calls.push('released');
          },
        };
      };
    };
    world.faults.set('a', 'before');
    await play(fakeRunbook(world), { stateDirectory, prepare });
    expect(calls).toEqual(['set values (set values)', 'released']);
  });

  it('held from another machine refuses, and gives the local one back', async () => {
    const by = {
      operator: { ...deadOperator(), host: 'laptop', pid: 0 },
      what: 'reindex',
      since: '2026-11-23T03:00:00Z',
    };
    const refused = await play(fakeRunbook(world), {
      stateDirectory,
      prepare: (scene) => {
        scene.engine.remoteLock = async () => ({ held: false, by });
      },
    });
    expect(refused.exitCode).toBe(6);
    expect(refused.error?.facts['who']).toBe('night-shift@laptop');
    expect((await play(fakeRunbook(world), { stateDirectory })).exitCode).toBe(0);
    expect(lockDirectory({ stateDirectory, environment: 'production' })).toContain('production');
  });
});

describe('a run that a later one supersedes', () => {
  const again = (options: FakeRunbookOptions = {}) =>
    fakeRunbook(world, { goesPast: 'harmless', supersedes: ['set values'], ...options });
  const overrule = { answers: { overrides: ['unfinished-run'], reason: 'test' } };
  const unfinished = () => unfinishedRuns(readRuns(startScene(stateDirectory).engine.ctx));

  it('is no longer unfinished, and neither resumed nor undone', async () => {
    const { run } = await interruptedRun();
    const { run: later = '' } = await play(again(), { stateDirectory, ...overrule });
    expect(unfinished()).toEqual([]);
    world.forget();
    for (const direction of ['resume', 'undo'] as const) {
      const { exitCode, error } = await continued(run, direction);
      expect([exitCode, error?.facts]).toEqual([3, { run, 'superseded by': later }]);
    }
    expect(world.effects()).toEqual([]);
    expect((await play(fakeRunbook(world), { stateDirectory })).exitCode).toBe(0);
    const { ctx } = startScene(stateDirectory).engine;
    const listed = await listRuns.collect(ctx, { limit: 20 });
    expect(listRuns.render(listed, plainPaint(100), { limit: 20 })).toMatch(/interrupted, superseded/);
    const shown = await showRun.collect(ctx, { run });
    expect(showRun.render(shown, plainPaint(100), { run })).toContain(`superseded by ${later}`);
  });

  it('is run anew without an override where it supersedes itself, whatever it has left', async () => {
    const door = { id: 'b', leaves: { subject: 'door', state: 'OPEN', until: 'c' } } as const;
    await interruptedRun(again({ steps: [{ id: 'a' }, door, { id: 'c' }] }));
    expect((await play(again(), { stateDirectory })).exitCode).toBe(0);
    expect(unfinished()).toEqual([]);
  });

  it.each([
    ['is not verified', { world: true, supersedes: ['set values'] }],
    ['supersedes others', { world: false, supersedes: ['other values'] }],
  ])('stays unfinished where the later one %s', async (_, { world: spoiled, supersedes }) => {
    const { run } = await interruptedRun();
    if (spoiled) {
      world.verification = () => [{ id: 'rows', world: 'database', status: 'block', summary: 'not yet' }];
    }
    await play(again({ supersedes }), { stateDirectory, ...overrule });
    expect(unfinished()).toEqual([run]);
  });

  it('stays unfinished where it continued after the later one began', async () => {
    const { run } = await interruptedRun();
    await play(again(), { stateDirectory, ...overrule });
    const [first, ...rest] = readLines(journal(run));
    const late = rest.map((line) => ({ ...line, at: new Date(Date.parse(String(line['at'])) + 864e5) }));
    writeFileSync(journal(run), [first, ...late].map((line) => `${JSON.stringify(line)}\n`).join(''));
    expect(unfinished()).toEqual([run]);
  });
});

describe('what a run leaves unusual until a later step', () => {
  const door = { id: 'b', leaves: { subject: 'door', state: 'OPEN', until: 'c' } } as const;
  const registered = () => fakeRunbook(world, { steps: [{ id: 'a' }, door, { id: 'c' }] });
  const last = ({ events }: Outcome) => events.findLast((event) => event.type === 'run.ended');

  it('is reported at the end of an interrupted run and on resume, and not after its end', async () => {
    const first = await interruptedRun(registered());
    expect(last(first)).toMatchObject({ outcome: 'interrupted', left: ['door is OPEN'] });
    const resumed = await continued(first.run, 'resume', {}, registered());
    expect(resumed.events.find(({ type }) => type === 'plan.ready')).toMatchObject({
      left: ['door is OPEN'],
    });
    expect(last(resumed)).not.toHaveProperty('left');
  });

  it('is not reported where the step that ends it is listed before it and done', async () => {
    const { run } = await interruptedRun(
      fakeRunbook(world, {
        steps: [{ id: 'a' }, { ...door, leaves: { ...door.leaves, until: 'a' } }, { id: 'c' }],
      }),
    );
    const ended = readLines(journal(run)).findLast(({ type }) => type === 'run.ended');
    expect(ended).toMatchObject({ outcome: 'interrupted' });
    expect(ended).not.toHaveProperty('left');
  });

  it('is reported by the next run, and not after its undo', async () => {
    const first = await interruptedRun(registered());
    const second = await play(registered(), { stateDirectory });
    expect(second.error?.facts['runs']).toMatch(/unfinished: .*; door is OPEN$/);
    expect(last(await continued(first.run, 'undo', {}, registered()))).not.toHaveProperty('left');
  });

  it.each([
    ['harmless', 'set values', true, 3],
    ['harmless', 'other values', true, 3],
    ['harmless', 'set values', false, 3],
    ['harmless', 'other values', false, 0],
    ['unfinished', 'set values', true, 0],
    ['all', 'set values', true, 0],
  ] as const)(
    'a run that goes past %s ones, %s, beside one that has left something (%s): exit %i',
    async (goesPast, name, leaves, exitCode) => {
      const first = await interruptedRun(leaves ? registered() : fakeRunbook(world));
      const second = () => fakeRunbook(world, { goesPast, name });
      const outcome = await play(second(), { stateDirectory });
      expect(outcome.exitCode).toBe(exitCode);
      const done = outcome.events.find((event) => event.type === 'preflight.done');
      expect(done?.checks.find(({ id }) => id === 'runs')?.status).toBe(exitCode === 0 ? 'warn' : 'block');
      if (exitCode === 0) return;
      expect(linesOf(outcome)[0]).toBe(`tv resume ${first.run}`);
      const answers = { overrides: ['unfinished-run'], reason: 'test' };
      expect((await play(second(), { stateDirectory, answers })).exitCode).toBe(0);
    },
  );

  it('is only reported where the run blocks no other', async () => {
    const { run } = await interruptedRun(fakeRunbook(world, { inNobodysWay: true }));
    const outcome = await play(fakeRunbook(world), { stateDirectory });
    expect(outcome.exitCode).toBe(0);
    const done = outcome.events.find((event) => event.type === 'preflight.done');
    expect(done?.checks.find(({ id }) => id === 'runs')).toMatchObject({
      status: 'warn',
      summary: `a run is unfinished: ${run}`,
    });
  });

  it.each([
    ['harmless', 'set values', 3],
    ['harmless', 'other values', 0],
    ['unfinished', 'set values', 0],
    [undefined, 'set values', 0],
  ] as const)(
    'a run that goes past %s ones, %s, after one that was not verified: exit %s',
    async (goesPast, name, exitCode) => {
      world.verification = () => [{ id: 'rows', world: 'database', status: 'block', summary: 'not yet' }];
      const first = await play(fakeRunbook(world), { stateDirectory });
      world.verification = () => [];
      const second = () => fakeRunbook(world, { name, ...(goesPast === undefined ? {} : { goesPast }) });
      const outcome = await play(second(), { stateDirectory });
      expect(outcome.exitCode).toBe(exitCode);
      if (exitCode === 0) return;
      expect(outcome.error?.facts['runs']).toContain(
        `was not verified and may already have taken effect: ${first.run}`,
      );
      expect((await continued(first.run ?? '', 'resume')).exitCode).toBe(0);
      expect((await play(second(), { stateDirectory })).exitCode).toBe(0);
    },
  );

  it('is reported where the step that ends it fails', async () => {
    world.faults.set('c', 'before');
    const continuing = fakeRunbook(world, {
      steps: [{ id: 'a' }, door, { id: 'c' }],
      onFailure: 'continue',
    });
    expect(last(await play(continuing, { stateDirectory }))).toMatchObject({
      outcome: 'failed',
      left: ['door is OPEN'],
    });
  });

  describe('and must not stay', () => {
    const open = { ...door, undoAlways: true } as const;
    const paid = { id: 'pay', effect: 'final' } as const;
    const steps = [{ id: 'a' }, open, paid, { id: 'pay-2', effect: 'final' }, { id: 'c' }] as const;
    const signalled = async (during: string, options: FakeRunbookOptions = {}) => {
      const outcome = await play(fakeRunbook(world, { steps, ...options }), {
        stateDirectory,
        cutOff: { world, during },
      });
      return { exitCode: outcome.exitCode, ended: last(outcome), effects: world.effects().slice(2) };
    };
    const before = ['run a', 'run b'];

    it('is undone at a signal, together with all earlier steps', async () => {
      expect(await signalled('b')).toEqual({
        exitCode: 7,
        ended: { type: 'run.ended', outcome: 'rolled-back', exitCode: 7 },
        effects: [...before, 'undo b', 'undo a'],
      });
      expect((await play(fakeRunbook(world), { stateDirectory })).exitCode).toBe(0);
    });

    it('after an irreversible step → undone alone, and the run can be finished', async () => {
      const { exitCode, ended, effects } = await signalled('pay');
      expect([exitCode, effects]).toEqual([7, [...before, 'run pay', 'undo b']]);
      expect(ended).toEqual({ type: 'run.ended', outcome: 'partly-rolled-back', exitCode: 7 });
      const { ctx } = startScene(stateDirectory).engine;
      const [run = ''] = unfinishedRuns(readRuns(ctx));
      // The undo has nothing left that it may undo.
      expect((await showRun.collect(ctx, { run })).ways).toEqual([{ tv: ['resume', run] }]);
      world.onRun = () => {};
      world.forget();
      world.notes.set('b', { transaction: 'the second one' });
      const resumed = await continued(run, 'resume', {}, fakeRunbook(world, { steps }));
      expect([resumed.exitCode, resumed.state?.status]).toEqual([0, 'verified']);
      // What was undone is done from the start: its effect of before is not asked about.
      expect(world.effects()).toEqual(['plan', 'run b', 'run pay-2', 'run c', 'verify']);
      expect(resumed.state?.steps.get('b')?.notes).toEqual({ begins: 'b', transaction: 'the second one' });
    });

    it('undone alone, then killed before the run records it → it can be finished all the same', async () => {
      await signalled('pay');
      const { ctx } = startScene(stateDirectory).engine;
      const [run = ''] = unfinishedRuns(readRuns(ctx));
      cutAfter(run, (line) => line['type'] === 'undo.done');
      world.onRun = () => {};
      const resumed = await continued(run, 'resume', {}, fakeRunbook(world, { steps }));
      expect([resumed.exitCode, resumed.state?.status]).toEqual([0, 'verified']);
    });

    it('is ended where nothing else is left to do before', async () => {
      const { exitCode, effects } = await signalled('pay-2');
      expect([exitCode, effects]).toEqual([0, [...before, 'run pay', 'run pay-2', 'run c', 'verify']]);
    });

    it('a step has failed → ended, and the run can be resumed', async () => {
      world.faults.set('pay', 'before');
      const { ended, effects } = await signalled('pay', { onFailure: 'continue' });
      expect(effects).toEqual([...before, 'run pay', 'run c', 'verify']);
      expect(ended).toEqual({ type: 'run.ended', outcome: 'failed', exitCode: 1 });
    });

    it('is reported where it cannot be undone', async () => {
      world.faults.set('b', 'undo');
      const { ended, effects } = await signalled('b');
      expect(effects).toEqual([...before, 'undo b']);
      expect(ended).toMatchObject({ outcome: 'undo-failed', exitCode: 1, left: ['door may be OPEN'] });
    });
  });

  it('comes first among unfinished runs, the newest first, and is one statement about each subject', async () => {
    const answers = { overrides: ['unfinished-run'], reason: 'to have several' };
    const begin = async (steps: FakeRunbookOptions['steps'], during: string) => {
      const outcome = await play(fakeRunbook(world, { ...(steps && { steps }) }), {
        stateDirectory,
        ...(runs.length > 0 && { answers }),
        cutOff: { world, during },
      });
      runs.push(outcome.run ?? '');
      // Two runs of one second sort by chance.
      const name = `2026112${runs.length}-031200-set-values-0000`;
      const text = readFileSync(journal(outcome.run ?? ''), 'utf8').replaceAll(outcome.run ?? '', name);
      rmSync(journal(outcome.run ?? ''));
      writeFileSync(journal(name), text);
      runs.splice(-1, 1, name);
    };
    const runs: string[] = [];
    const steps = [{ id: 'a' }, door, { id: 'c' }, { id: 'd' }];
    await begin(undefined, 'b');
    await begin(steps, 'b');
    await begin(steps, 'b');
    await begin(undefined, 'b');
    const [quiet, older, newer, newest] = runs;
    // Whether one of them took effect is unknown.
    cutAfter(newer ?? '', (line) => line['type'] === 'step.noted' && line['step'] === 'b');
    const { engine } = startScene(stateDirectory);
    const states = readRuns(engine.ctx);
    expect(unfinishedRuns(states)).toEqual([newer, older, newest, quiet]);
    expect(residualStateOfAll(urgentFirst(states))).toEqual(['door is OPEN']);
    await expect(async () => resumeRun.choose(engine.ctx, { run: undefined })).rejects.toMatchObject({
      code: 'run.ambiguous',
      next: [newer, older, newest, quiet].map((run) => ({ tv: ['resume', run] })),
    });
  });

  it.each([
    ['noted that it begins', 'step.noted', ['door may be OPEN']],
    ['not noted anything', 'step.started', []],
  ] as const)('is reported for a step interrupted when it had %s', async (_, type, left) => {
    const { run } = await interruptedRun(registered());
    cutAfter(run, (line) => line['type'] === type && line['step'] === 'b');
    const resumed = await continued(run, 'resume', {}, registered());
    expect(resumed.events.find((event) => event.type === 'plan.ready')).toMatchObject({ left });
  });
});
