import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { terminalBusy } from '../../src/cli/terminal/busy.ts';

const lines: string[] = [];
const terminal = process.stderr.isTTY;

beforeEach(() => {
  vi.useFakeTimers();
  process.stderr.isTTY = false;
  lines.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
  process.stderr.isTTY = terminal;
});

const busyLines = () =>
  terminalBusy(
    (line) => lines.push(line),
    (text) => text,
  );

it('no terminal → reports every five seconds that it still waits, and for how long', () => {
  const busy = busyLines();
  busy.show('1  await a signal');
  expect(lines).toEqual([]);
  vi.advanceTimersByTime(10_100);
  expect(lines).toEqual(['  1  await a signal · 5.0 s\n', '  1  await a signal · 10 s\n']);
  busy.clear();
  vi.advanceTimersByTime(20_000);
  expect(lines).toHaveLength(2);
});

it('counts anew for the next step, and leaves a measure of its own alone', () => {
  const busy = busyLines();
  busy.show('1  stop');
  vi.advanceTimersByTime(4_000);
  busy.show('2  dump\n    3 of 9 files');
  vi.advanceTimersByTime(1_000);
  busy.show('3  start');
  vi.advanceTimersByTime(5_000);
  expect(lines).toEqual(['  2  dump\n    3 of 9 files\n', '  3  start · 5.0 s\n']);
  busy.clear();
});
