import { describe, expect, it } from 'vitest';
import status from '../../runbooks/status.ts';
import { Interrupted } from '../../src/errors/Interrupted.ts';
import { keepDrawing, watchFoot } from '../../src/observe/monitor/keepDrawing.ts';
import type { Screen, WatchContext } from '../../src/runbook/define.ts';
import { DrivenClock, fakeOutput } from '../support/fakes.ts';
import { plainPaint } from '../support/paint.ts';

function fakeScreen() {
  const drawn: string[] = [];
  const resizes: (() => void)[] = [];
  let closed = 0;
  const screen: Screen = {
    rows: 24,
    draw: (text) => drawn.push(text),
    onResize: (redraw) => resizes.push(redraw),
    close: () => {
      closed += 1;
    },
  };
  const resize = () => {
    for (const redraw of resizes) redraw();
  };
  return { screen, drawn, resize, closed: () => closed };
}

/** A signal of the operator after so many sleeps. */
function seat(sleeps: number) {
  const stop = new AbortController();
  const clock = new DrivenClock(Date.parse('2026-11-23T03:12:00Z'));
  let slept = 0;
  const counting = {
    now: () => clock.now(),
    sleep: async (ms: number, signal?: AbortSignal) => {
      slept += 1;
      if (slept === sleeps) stop.abort(new Interrupted('SIGINT'));
      await clock.sleep(ms, signal);
    },
  };
  let width = 80;
  const output = fakeOutput({ paint: () => plainPaint(width) });
  return {
    ctx: { clock: counting, signal: stop.signal, output },
    narrow: () => {
      width = 60;
    },
  };
}

describe('keepDrawing', () => {
  it('redraws each check in place, and once more at a resize; a signal closes the screen', async () => {
    const { screen, drawn, resize, closed } = fakeScreen();
    const { ctx, narrow } = seat(3);
    let looks = 0;
    const last = await keepDrawing(ctx, {
      ...{ everyMs: 15_000, screen },
      check: async () => {
        // Before the first check there is nothing to draw.
        if (looks === 0) resize();
        if (looks === 2) {
          narrow();
          resize();
        }
        return ++looks;
      },
      text: (check, paint) => `check ${check} at ${paint.width}`,
    });
    expect(drawn).toEqual(['check 1 at 80', 'check 2 at 80', 'check 2 at 60', 'check 3 at 60']);
    expect([last, closed()]).toEqual([3, 1]);
  });

  it('a signal during the first check: nothing drawn, the screen closed', async () => {
    const { screen, drawn, closed } = fakeScreen();
    const check = () => Promise.reject(new Interrupted('SIGINT'));
    const last = await keepDrawing(seat(1).ctx, { everyMs: 1, screen, check, text: () => 'x' });
    expect([last, drawn, closed()]).toEqual([undefined, [], 1]);
  });

  it('a bug closes the screen, and is thrown', async () => {
    const { screen, closed } = fakeScreen();
    const check = () => Promise.reject(new Error('bug'));
    await expect(keepDrawing(seat(9).ctx, { everyMs: 1, screen, check, text: () => 'x' })).rejects.toThrow(
      'bug',
    );
    expect(closed()).toBe(1);
  });

  it('its last line says when it checked, and how to end it', () => {
    const foot = watchFoot(new Date('2026-11-23T03:12:09Z'), 15_000, plainPaint(80));
    expect(foot).toMatch(/^checked at \d\d:\d\d:09.*, every 15 s; Ctrl-C ends$/);
  });
});

describe('tv status --watch', () => {
  const watch = async (output: object, given: object = {}) => {
    const ctx = { output: fakeOutput(output) } as unknown as WatchContext;
    return status.watch?.(ctx, { all: undefined, plugin: undefined, watch: true, every: 15_000, ...given });
  };

  it.each([
    ['in a pipe', {}, {}, 'usage.no-terminal', ['monitor', '--watch']],
    ['with --json', { json: true }, {}, 'usage.conflicting-flags', ['monitor', '--watch', '--json']],
    [
      'with --json in a terminal',
      { json: true, screen: fakeScreen().screen },
      {},
      'usage.conflicting-flags',
      '',
    ],
    ['with --plugin', { screen: fakeScreen().screen }, { plugin: true }, 'usage.conflicting-flags', []],
  ])('is refused %s, before any check', async (_, output, given, code, next) => {
    const refused = watch(output, given);
    await expect(refused).rejects.toMatchObject({ code });
    if (next.length > 0) await expect(refused).rejects.toMatchObject({ next: [{ tv: next }] });
  });

  it('is not asked for without the flag', async () => {
    expect(await watch({}, { watch: undefined })).toBeUndefined();
  });
});
