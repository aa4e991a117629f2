import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import runsShow from '../../runbooks/runs/show.ts';
import { poll } from '../../src/runbook/poll.ts';
import { span } from '../../src/text/format.ts';
import { FakeWorld, fakeRunbook } from '../support/fakeRunbook.ts';
import { DrivenClock, temporaryState } from '../support/fakes.ts';
import { plainPaint } from '../support/paint.ts';
import { play } from '../support/scenario.ts';

const hours = 3_600_000;
let state: ReturnType<typeof temporaryState>;

beforeEach(() => {
  state = temporaryState();
});
afterEach(() => state.remove());

describe('the clock is set while a run is under way', () => {
  it.each([
    ['forwards', 2 * hours],
    ['backwards', -2 * hours],
  ])('%s: a step takes as long as it took, in the journal and in tv runs show', async (_, jump) => {
    const world = new FakeWorld(`${state.directory}-world`);
    const { state: run } = await play(fakeRunbook(world), {
      stateDirectory: state.directory,
      prepare: ({ clock }) => {
        world.onRun = (id) => {
          if (id !== 'b') return;
          clock.advance(4_000);
          clock.set(jump);
        };
      },
    });
    const took = ['a', 'b', 'c'].map((id) => run?.steps.get(id)?.durationMs);
    expect(took).toEqual([0, 4_000, 0]);
    const step = { id: 'b', title: 'set b', ...run?.steps.get('b') };
    const screen = runsShow.render(
      {
        ...{ status: 'verified', title: '', section: '', run: '', environment: '', steps: [step], left: [] },
        ...{ notes: [], verification: [], transactions: [], overrides: [], ways: [], supersededBy: null },
        ...{ operator: { user: 'u', host: 'h' }, startedAt: '2026-11-23T03:12:00.000Z', confirmation: 'yes' },
        ...{ plan: 'ab'.repeat(32), approval: null, unfinished: false },
      } as never,
      plainPaint(80),
      {} as never,
    );
    expect(screen).toContain('set b · done · 4.0 s');
  });

  it.each([2 * hours, -2 * hours])('a wait neither ends early nor lasts for ever (%s ms)', async (jump) => {
    const clock = new DrivenClock(0);
    let reads = 0;
    const read = async () => {
      reads += 1;
      if (reads === 2) clock.set(jump);
      return reads;
    };
    await poll(clock, { everyMs: 1_000, limitMs: 5_000 }, read, () => false);
    expect([reads, clock.monotonic()]).toEqual([7, 6_000]);
  });
});

it('from one time of the clock to an earlier one: unknown', () => {
  expect(span(0, 4_000)).toBe('4.0 s');
  expect(span(4_000, 0)).toBe('unknown (the clock was set back)');
});
