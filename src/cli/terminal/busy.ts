import type { Ora } from 'ora';
import { duration } from '../../text/format.ts';

/** One line on stderr with the current activity. */
export interface Busy {
  show(text: string): void;
  /** Removes the line, so that others can be printed. */
  clear(): void;
}

/** Without a terminal, the time between two lines that show activity. Milliseconds. */
const quietEveryMs = 5_000;
/** After this time the line also shows the elapsed time. Milliseconds. */
const longMs = 2_000;

/** A spinner on a terminal; plain lines now and then, without cursor codes, elsewhere. */
export function terminalBusy(print: (line: string) => void, redact: (text: string) => string): Busy {
  // A terminal of unknown size reports 0 columns, with which the spinner would count lines forever.
  const drawable = process.stderr.isTTY && process.stderr.columns > 0;
  return drawable ? ticking(spinner(redact), 1_000) : ticking(plainLines(print), quietEveryMs);
}

/** Repeats the activity with the elapsed time, unless its text has a measure of its own. */
function ticking(busy: Busy, everyMs: number): Busy {
  let current: { readonly text: string; readonly since: number } | undefined;
  let timer: NodeJS.Timeout | undefined;
  const refresh = () => {
    if (current === undefined) return;
    const ms = performance.now() - current.since;
    // A text of two lines has its own measure in the second one.
    const quiet = ms < longMs || current.text.includes('\n');
    busy.show(quiet ? current.text : `${current.text} · ${duration(ms)}`);
  };
  return {
    show: (text) => {
      if (current?.text !== text) current = { text, since: performance.now() };
      refresh();
      timer ??= setInterval(refresh, everyMs).unref();
    },
    clear: () => {
      clearInterval(timer);
      timer = undefined;
      current = undefined;
      busy.clear();
    },
  };
}

/** What ends sooner shows nothing, and does not load the spinner. Milliseconds. */
const briefMs = 50;

function spinner(redact: (text: string) => string): Busy {
  let text: string | undefined;
  let start: NodeJS.Timeout | undefined;
  let current: Ora | undefined;
  const draw = async () => {
    const { default: ora } = await import('ora');
    if (text === undefined || current !== undefined) return;
    // discardStdin would put the terminal into raw mode, and Ctrl-C would be lost.
    current = ora({ text, stream: process.stderr, discardStdin: false, hideCursor: false }).start();
  };
  return {
    show: (given) => {
      text = redact(given);
      if (current !== undefined) current.text = text;
      // Without the spinner the work is the same.
      else start ??= setTimeout(() => void draw().catch(() => {}), briefMs).unref();
    },
    clear: () => {
      clearTimeout(start);
      start = undefined;
      text = undefined;
      current?.stop();
      current = undefined;
    },
  };
}

function plainLines(print: (line: string) => void): Busy {
  let last = performance.now();
  return {
    show: (text) => {
      if (performance.now() - last < quietEveryMs) return;
      last = performance.now();
      print(`  ${text}\n`);
    },
    clear: () => {},
  };
}
