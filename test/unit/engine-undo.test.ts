import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AnyRunbook, RegisteredRunbook } from '../../src/engine/engine.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import { recoveryCommands } from '../../src/journal/runState.ts';
import { registry } from '../../src/registry.generated.ts';
import type { Step } from '../../src/runbook/define.ts';
import type { Effect } from '../../src/runbook/events.ts';
import { FakeWorld, fakeRunbook } from '../support/fakeRunbook.ts';
import { temporaryState } from '../support/fakes.ts';
import { play } from '../support/scenario.ts';

let state: ReturnType<typeof temporaryState>;
beforeEach(() => {
  state = temporaryState();
});
afterEach(() => state.remove());

/** Every runbook's steps as its own example plans them: what counts here is their order and their effects. */
const plans = (
  await Promise.all(registry.map(async ({ command, load }) => [command, (await load()).default] as const))
).flatMap(([command, loaded]) => {
  if (loaded.kind !== 'runbook') return [];
  const { plan, example } = loaded as AnyRunbook;
  return [[command, plan(example.facts, example.input)] as const];
});

/** A step without an undo that is not final only reads, or keeps something (a backup). */
function effectOf({ effect, undo }: { readonly effect: Effect; readonly undo: Step['undo'] }): Effect {
  return undo === undefined && effect === 'reversible' ? 'compensable' : effect;
}

/** Where undoing a part is meant: it ends what must not stay, and leads to the state after the run. */
const partial: Readonly<Record<string, readonly string[]>> = {
  'emergency withdraw': ['unpause'],
  'emergency unwind': ['unpause'],
};

describe('runs undo of a run cut off after a step', () => {
  it.each(plans)('%s → everything that was done is undone, or nothing', async (command, steps) => {
    const fake = steps.map(({ id, effect, undo, undoAlways }) => ({
      id,
      effect: effectOf({ effect, undo }),
      undoAlways: undoAlways ?? false,
    }));
    for (const [index, last] of fake.entries()) {
      const directory = `${state.directory}-${index}`;
      const world = new FakeWorld(directory);
      const registered: RegisteredRunbook = fakeRunbook(world, { steps: fake });
      await play(registered, {
        stateDirectory: directory,
        cutOff: { world, during: last.id },
      });
      const run = await onlyRun(registered, directory);
      const done = fake.slice(0, index + 1);
      const hasFinal = done.some(({ effect }) => effect === 'final');
      const what = `${command} cut off after ${last.id}`;
      if (run === undefined) continue;
      const before = fake.filter(({ id }) => world.has(id)).map(({ id }) => id);
      const cut = await play(registered, { stateDirectory: directory, answers: { dryRun: true } });
      const offered = cut.state === undefined ? [] : recoveryCommands(cut.state).map(plainAdvice);
      expect(offered[0], what).toBe(`tv resume ${run}`);
      const undone = await play(registered, {
        stateDirectory: directory,
        continued: { run, direction: 'undo' },
      });
      expect(offered.includes(`tv runs undo ${run}`), what).toBe(undone.exitCode !== 3);
      const after = fake.filter(({ id }) => world.has(id)).map(({ id }) => id);
      if (!hasFinal) expect([undone.exitCode, after], what).toEqual([0, []]);
      else if (undone.exitCode === 3) expect(after, what).toEqual(before);
      else
        expect(
          before.filter((id) => !after.includes(id)),
          what,
        ).toEqual(partial[command] ?? ['nothing']);
    }
  });

  it.each([
    ['an undo ended without an effect', 'undo lost', /is still set/],
    ['its state cannot be read', 'undo unknown', /^unknown whether the state is the one before the run/],
  ] as const)('where %s → exit 5, and never "undone"', async (_, fault, words) => {
    for (const [command, steps] of plans) {
      const fake = steps.map(({ id, effect, undo }) => ({
        id,
        effect: effectOf({ effect, undo }),
      }));
      for (const [index, last] of fake.entries()) {
        const done = fake.slice(0, index + 1);
        if (done.some(({ effect }) => effect === 'final')) break;
        const { id } = last;
        const directory = `${state.directory}-${command.replaceAll(' ', '-')}-${index}-${id}`;
        const world = new FakeWorld(directory);
        const registered: RegisteredRunbook = fakeRunbook(world, { steps: fake });
        await play(registered, {
          stateDirectory: directory,
          cutOff: { world, during: last.id },
        });
        const run = await onlyRun(registered, directory);
        if (run === undefined) continue;
        const undo = () =>
          play(registered, { stateDirectory: directory, continued: { run, direction: 'undo' } });
        world.faults.set(id, fault);
        const undone = await undo();
        const what = `${command} cut off after ${last.id}, at ${id}`;
        expect([undone.exitCode, undone.state?.status], what).toEqual([5, 'undo-unverified']);
        const check = undone.state?.verification.find((one) => one.id === id);
        expect([check?.status, words.test(check?.summary ?? '')], what).toEqual(['block', true]);
        world.faults.clear();
        const again = await undo();
        expect([again.exitCode, again.state?.status, world.has(id)], what).toEqual([0, 'undone', false]);
      }
    }
  });

  it.each(plans)(
    '%s, rolled back at a signal → "rolled back" only where nothing is kept; else resumed',
    async (command, steps) => {
      const fake = steps.map(({ id, effect, undo, undoAlways, leaves }) => ({
        id,
        effect: effectOf({ effect, undo }),
        undoAlways: undoAlways ?? false,
        ...(leaves === undefined ? {} : { leaves }),
      }));
      // Whatever opens something: with two payments after it a signal finds a final step done, and one to come.
      const opened = fake.findIndex(({ undoAlways, leaves }) => undoAlways && leaves !== undefined);
      const longer =
        opened < 0
          ? fake
          : fake.toSpliced(opened + 1, 0, { id: 'pay-more', effect: 'final' as const, undoAlways: false });
      for (const [index, last] of longer.entries()) {
        const directory = `${state.directory}-signal-${index}`;
        const world = new FakeWorld(directory);
        const registered: RegisteredRunbook = fakeRunbook(world, { steps: longer });
        const cut = await play(registered, {
          stateDirectory: directory,
          cutOff: { world, during: last.id },
        });
        const what = `${command} at a signal in ${last.id}`;
        const kept = longer.filter(({ id }) => world.has(id)).map(({ id }) => id);
        const status = cut.state?.status;
        if (status === 'verified') continue;
        if (status === 'rolled-back') {
          expect(kept, what).toEqual([]);
          continue;
        }
        expect(['interrupted', 'partly-rolled-back'], what).toContain(status);
        const continued = { run: cut.run ?? '', direction: 'resume' as const };
        const resumed = await play(registered, { stateDirectory: directory, continued });
        expect([resumed.exitCode, resumed.state?.status], what).toEqual([0, 'verified']);
        expect(
          longer.filter(({ id }) => !world.has(id)),
          what,
        ).toEqual([]);
      }
    },
  );

  it('a run that keeps a final step and undoes the open one is in that table', async () => {
    const pausing = plans.filter(([, steps]) => steps.some(({ undoAlways, leaves }) => undoAlways && leaves));
    expect(pausing.map(([command]) => command)).toEqual(Object.keys(partial).toReversed());
  });

  it.each([
    ['a short while', 12, [1, 'rolled-back'], []],
    // Tried for 20 seconds: the state is left to be undone later.
    ['longer than a restart takes', 60, [1, 'failed'], ['a', 'b']],
  ] as const)('a source away for %s while a failed run is rolled back', async (_, times, ending, left) => {
    for (const what of ['probe c', 'undo b']) {
      const directory = `${state.directory}-${times}-${what.replace(' ', '-')}`;
      const world = new FakeWorld(directory);
      world.faults.set('c', 'before');
      world.away.set(what, times);
      const outcome = await play(fakeRunbook(world), { stateDirectory: directory });
      const rolledBack = ending[1] === 'rolled-back' || what === 'probe c';
      expect([outcome.exitCode, outcome.state?.status], what).toEqual(
        rolledBack ? [1, 'rolled-back'] : ending,
      );
      expect(
        ['a', 'b', 'c'].filter((id) => world.has(id)),
        what,
      ).toEqual(rolledBack ? [] : left);
      expect(outcome.events.filter(({ type }) => type === 'source.waiting')).toEqual([
        { type: 'source.waiting', reason: `${what}: connection refused`, limitMs: 20_000 },
      ]);
    }
  });

  it('a source away where nothing can be rolled back is not waited for', async () => {
    const world = new FakeWorld(state.directory);
    const steps = [{ id: 'a', effect: 'compensable' }, { id: 'b' }] as const;
    world.faults.set('b', 'before');
    world.away.set('probe b', 60);
    const outcome = await play(fakeRunbook(world, { steps }), { stateDirectory: state.directory });
    expect([outcome.exitCode, outcome.state?.status]).toEqual([1, 'failed']);
    expect(world.effects().filter((what) => what === 'probe b')).toHaveLength(1);
    expect(outcome.events.filter(({ type }) => type === 'source.waiting')).toEqual([]);
  });

  it('a failed run whose rollback had no effect is not rolled back', async () => {
    const world = new FakeWorld(state.directory);
    world.faults.set('a', 'undo lost');
    world.faults.set('b', 'before');
    const outcome = await play(fakeRunbook(world), { stateDirectory: state.directory });
    expect([outcome.exitCode, outcome.state?.status]).toEqual([1, 'undo-unverified']);
    expect(outcome.state?.verification).toMatchObject([
      { id: 'a', status: 'block', summary: 'a is still set' },
    ]);
  });

  it('every step with an undo can read whether the state is the one before it', () => {
    const without = plans.flatMap(([command, steps]) =>
      steps
        .filter(({ undo, checkUndone }) => undo !== undefined && checkUndone === undefined)
        .map(({ id }) => `${command}: ${id}`),
    );
    expect(without).toEqual([]);
    expect(
      plans.flatMap(([, steps]) => steps).filter(({ undo }) => undo !== undefined).length,
    ).toBeGreaterThan(10);
  });

  it('the table has runbooks with a final step in the middle, and emergency resume is one', () => {
    const inTheMiddle = plans
      .filter(([, steps]) => steps.slice(0, -1).some(({ effect }) => effect === 'final'))
      .map(([command]) => command);
    expect(inTheMiddle).toEqual(expect.arrayContaining(['emergency resume', 'emergency withdraw']));
  });
});

/** The run that was cut off; undefined where the signal came at the last step, and it ended verified. */
async function onlyRun(registered: RegisteredRunbook, stateDirectory: string): Promise<string | undefined> {
  const probe = await play(registered, { stateDirectory, answers: { dryRun: true } });
  if (probe.run === undefined) throw new Error('no run');
  return probe.state?.status === 'interrupted' ? probe.run : undefined;
}
