import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { until } from '../../src/sandbox/machine/until.ts';
import type { TestSandbox } from './sandbox.ts';

const launcher = process.env['TV_BIN'] ?? fileURLToPath(new URL('../../bin/tv.js', import.meta.url));

/** A tv at a real terminal, with typed input. */
export interface Seat {
  /** `script(1)`, which holds the terminal. */
  readonly child: ChildProcess;
  /** Everything shown so far, without cursor codes. */
  shown(): string;
  /** The same with its cursor codes. */
  raw(): string;
  /** Waits until this is on the screen. */
  sees(words: RegExp): Promise<void>;
  type(keys: string): void;
  /** Exit code of tv; 128 and the number of the signal that ended it. */
  readonly ended: Promise<number>;
}

const limitMs = 20_000;

/** @param columns what the terminal says of its width; 0 is a terminal without a size */
export function sitDown(
  sandbox: Pick<TestSandbox, 'env'>,
  args: readonly string[],
  columns = 90,
  rows = 40,
): Seat {
  const words = [process.execPath, launcher, ...args].map((word) => `'${word}'`).join(' ');
  const command = `stty cols ${columns} rows ${rows}; exec ${words}`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...sandbox.env, TERM: 'xterm', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
  });
  const shown = () => stripVTControlCharacters(screen);
  return {
    child,
    shown,
    raw: () => screen,
    sees: (pattern) => until(() => pattern.test(shown()), { limitMs, what: `${pattern} on the screen` }),
    type: (keys) => {
      child.stdin.write(keys);
    },
    ended: once(child, 'close').then(([code]) => Number(code ?? -1)),
  };
}
