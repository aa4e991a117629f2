import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildPlan } from '../../src/engine/engine.ts';
import { type FakeRunbookOptions, FakeWorld, fakeRunbook } from '../support/fakeRunbook.ts';
import { deadOperator, readLines, temporaryState } from '../support/fakes.ts';
import { type Outcome, play, type Scenario } from '../support/scenario.ts';

let state: ReturnType<typeof temporaryState>;
let world: FakeWorld;
let stateDirectory: string;

beforeEach(() => {
  state = temporaryState();
  stateDirectory = state.directory;
  world = new FakeWorld(`${state.directory}-world`);
});
afterEach(() => state.remove());

const together = 'group';
/** `a`, then `b`, `c` and `d` at the same time, then `e`. */
const steps = [
  { id: 'a' },
  ...['b', 'c', 'd'].map((id) => ({ id, together, interruptible: id === 'c' })),
  { id: 'e' },
];
const registered = (options: FakeRunbookOptions = {}) => fakeRunbook(world, { steps, ...options });

const run = (options: FakeRunbookOptions = {}, rest: Partial<Scenario> = {}) =>
  play(registered(options), { stateDirectory, ...rest });

const statuses = ({ state: found }: Outcome) =>
  [...(found?.steps.values() ?? [])].map(({ status }) => status);
const ran = () => world.effects().filter((effect) => /^(run|undo|probe) /.test(effect));

/** Open until `release` is called. */
function gate() {
  let release = () => {};
  const opened = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { opened, release };
}

describe('a parallel group', () => {
  it('all begin before one ends; the next step begins once the last has finished', async () => {
    const last = gate();
    const begun: string[] = [];
    world.onRun = async (step) => {
      begun.push(step);
      // The first one ends only after the last one has begun.
      if (step === 'b') await last.opened;
      if (step === 'd') last.release();
    };
    const outcome = await run();
    expect([outcome.exitCode, begun]).toEqual([0, ['a', 'b', 'c', 'd', 'e']]);
    const order = outcome.events.flatMap((event) =>
      event.type === 'step.started' || event.type === 'step.done' ? [`${event.step} ${event.type}`] : [],
    );
    expect(order.slice(2, 5)).toEqual(['b step.started', 'c step.started', 'd step.started']);
    expect(order.indexOf('b step.done')).toBeLessThan(order.indexOf('e step.started'));
    expect(statuses(outcome)).toEqual(['done', 'done', 'done', 'done', 'done']);
  });

  it('each is journaled before its effect', async () => {
    const seen: string[] = [];
    await run(
      {},
      {
        prepare: (scene) => {
          world.onRun = (step) => {
            const id = scene.engine.ctx.runs.ids()[0] ?? '';
            const started = scene.engine.ctx.runs
              .read(id)
              .some((line) => line.type === 'step.started' && line.step === step);
            if (started) seen.push(step);
          };
        },
      },
    );
    expect(seen).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('its steps see the results of the steps before it, later ones those of the whole group', async () => {
    const { state: found } = await run();
    const seenBy = (id: string) =>
      (found?.steps.get(id)?.result as { after: string[] } | undefined)?.after.toSorted();
    expect([seenBy('b'), seenBy('d'), seenBy('e')]).toEqual([['a'], ['a'], ['a', 'b', 'c', 'd']]);
  });

  it('the same steps one after the other → another plan id', () => {
    const idOf = (options: FakeRunbookOptions) =>
      buildPlan(registered(options), { fact: 'first' }, { level: 1 } as never, 'production').plan.id;
    expect(idOf({})).not.toBe(idOf({ steps: steps.map(({ id }) => ({ id })) }));
  });
});

describe('a failure in a parallel group', () => {
  it('onFailure continue → the others finish, and the next step runs', async () => {
    world.faults.set('b', 'before');
    const outcome = await run({ onFailure: 'continue' });
    expect([outcome.exitCode, outcome.state?.status]).toEqual([1, 'failed']);
    expect(statuses(outcome)).toEqual(['done', 'failed', 'done', 'done', 'done']);
  });

  it('onFailure stop → the others finish, then all is rolled back, last step first', async () => {
    world.faults.set('b', 'before');
    const outcome = await run();
    expect([outcome.exitCode, outcome.state?.status]).toEqual([1, 'rolled-back']);
    expect(ran()).toEqual(['run a', 'run b', 'run c', 'run d', 'probe b', 'undo d', 'undo c', 'undo a']);
  });

  it('two fail, one after its effect → both are probed, and only the one with an effect is undone', async () => {
    world.faults.set('b', 'after').set('d', 'before');
    const outcome = await run();
    expect(outcome.state?.status).toBe('rolled-back');
    expect(ran().slice(4)).toEqual(['probe b', 'probe d', 'undo c', 'undo b', 'undo a']);
  });

  it('beside a final step that is done → nothing is rolled back', async () => {
    world.faults.set('b', 'before');
    const final = steps.map((step) => (step.id === 'd' ? { ...step, effect: 'final' as const } : step));
    const outcome = await run({ steps: final });
    expect([outcome.exitCode, outcome.state?.status]).toEqual([1, 'failed']);
    expect(statuses(outcome)).toEqual(['done', 'failed', 'done', 'done', 'waiting']);
  });

  it('unknown whether one took effect → nothing is rolled back, state read back, exit 5', async () => {
    world.faults.set('c', 'undecided');
    const outcome = await run();
    expect([outcome.exitCode, outcome.state?.status]).toEqual([5, 'unverified']);
    expect(world.effects().at(-1)).toBe('verify');
  });
});

describe('a signal in a parallel group', () => {
  it('the interruptible step ends at once, the others finish, and the next step is not begun', async () => {
    const finish = gate();
    const outcome = await run(
      {},
      {
        prepare: (scene) => {
          world.onRun = (step) => {
            if (step === 'b') return finish.opened;
            // Hangs, and ignores its signal.
            if (step === 'c') return new Promise(() => {});
            if (step !== 'd') return;
            scene.interrupt.signal('SIGINT');
            finish.release();
          };
        },
      },
    );
    expect([outcome.exitCode, outcome.state?.status]).toEqual([7, 'interrupted']);
    expect(statuses(outcome)).toEqual(['done', 'done', 'in-flight', 'done', 'waiting']);
    world.onRun = () => {};
    world.forget();
    const resumed = await run({}, { continued: { run: outcome.run ?? '', direction: 'resume' } });
    expect([resumed.exitCode, ran()]).toEqual([0, ['probe c', 'run c', 'run e']]);
  });

  it('before it → none of its steps is begun', async () => {
    const outcome = await run({}, { cutOff: { world, during: 'a' } });
    expect([outcome.exitCode, ran()]).toEqual([7, ['run a']]);
  });

  it('two → a step that hangs is ended by the second one', async () => {
    const outcome = await run(
      {},
      {
        prepare: (scene) => {
          world.onRun = (step, signal) => {
            if (step === 'b') {
              return new Promise((_, reject) => {
                signal.addEventListener('abort', () => reject(signal.reason));
              });
            }
            if (step !== 'd') return;
            scene.interrupt.signal('SIGINT');
            scene.interrupt.signal('SIGINT');
          };
        },
      },
    );
    expect([outcome.exitCode, outcome.state?.status]).toEqual([7, 'interrupted']);
    expect(outcome.state?.steps.get('b')?.status).toBe('in-flight');
  });
});

describe('a kill in a parallel group', () => {
  const boundaries = ['b', 'c', 'd'].flatMap((step) =>
    ['step.started', 'step.done'].map((type) => [step, type] as const),
  );

  it.each(boundaries)(
    'right after %s %s → a resume runs each unfinished step once more, as probed',
    async (step, type) => {
      const { run: id = '' } = await run();
      const file = join(stateDirectory, 'runs', `${id}.jsonl`);
      const lines = readLines(file).map((line) =>
        'operator' in line ? { ...line, operator: deadOperator() } : line,
      );
      const end = lines.findIndex((line) => line['type'] === type && line['step'] === step);
      const kept = lines.slice(0, end + 1);
      writeFileSync(file, kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
      const has = (id: string, what: string) =>
        kept.some((line) => line['type'] === what && line['step'] === id);
      const open = ['b', 'c', 'd'].filter((id) => !has(id, 'step.done'));
      // No effect of a step that had not ended: the probe answers so.
      for (const id of [...open, 'e']) world.unset(id);
      world.forget();
      const resumed = await run({}, { continued: { run: id, direction: 'resume' } });
      expect([resumed.exitCode, resumed.state?.status], readFileSync(file, 'utf8')).toEqual([0, 'verified']);
      const probes = open.filter((id) => has(id, 'step.started')).map((id) => `probe ${id}`);
      expect(ran().toSorted()).toEqual([...probes, ...[...open, 'e'].map((id) => `run ${id}`)].toSorted());
    },
  );

  it('an undo afterwards → every step that has begun, last one first', async () => {
    const { run: id = '' } = await run({}, { cutOff: { world, during: 'b' } });
    world.forget();
    const undone = await run({}, { continued: { run: id, direction: 'undo' } });
    expect([undone.exitCode, undone.state?.status]).toEqual([0, 'undone']);
    expect(ran().filter((effect) => effect.startsWith('undo'))).toEqual([
      'undo d',
      'undo c',
      'undo b',
      'undo a',
    ]);
  });
});
