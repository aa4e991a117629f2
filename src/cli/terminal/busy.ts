import ora, { type Ora } from 'ora';
import { duration } from '../../text/format.ts';

/** One line that says what is going on, on stderr. */
export interface Busy {
  show(text: string): void;
  /** Takes the line away, so that others can be printed. */
  clear(): void;
}

/** Without a terminal, a line this often (milliseconds) shows that work goes on. */
const quietEveryMs = 5_000;
/** From here on (milliseconds) it is told how long it has been going on. */
const longMs = 2_000;

/** A spinner on a terminal; plain lines now and then, without cursor codes, elsewhere. */
export function terminalBusy(print: (line: string) => void, redact: (text: string) => string): Busy {
  // A terminal that has not been told its size says 0 columns; the spinner would count lines for ever.
  const drawable = process.stderr.isTTY && process.stderr.columns > 0;
  return drawable ? ticking(spinner(redact), 1_000) : ticking(plainLines(print), quietEveryMs);
}

/** Tells again and again what goes on, with the time it has taken, where nothing else says that it does. */
function ticking(busy: Busy, everyMs: number): Busy {
  let current: { readonly text: string; readonly since: number } | undefined;
  let timer: NodeJS.Timeout | undefined;
  const tell = () => {
    if (current === undefined) return;
    const ms = Date.now() - current.since;
    // A text of two lines has its own measure in the second one.
    const quiet = ms < longMs || current.text.includes('\n');
    busy.show(quiet ? current.text : `${current.text} · ${duration(ms)}`);
  };
  return {
    show: (text) => {
      if (current?.text !== text) current = { text, since: Date.now() };
      tell();
      timer ??= setInterval(tell, everyMs).unref();
    },
    clear: () => {
      clearInterval(timer);
      timer = undefined;
      current = undefined;
      busy.clear();
    },
  };
}

function spinner(redact: (text: string) => string): Busy {
  let current: Ora | undefined;
  return {
    show: (text) => {
      const clean = redact(text);
      if (current === undefined) {
        // discardStdin would put the terminal into raw mode, and Ctrl-C would be lost.
        current = ora({
          text: clean,
          stream: process.stderr,
          discardStdin: false,
          hideCursor: false,
        }).start();
      } else {
        current.text = clean;
      }
    },
    clear: () => {
      current?.stop();
      current = undefined;
    },
  };
}

function plainLines(print: (line: string) => void): Busy {
  let last = Date.now();
  return {
    show: (text) => {
      if (Date.now() - last < quietEveryMs) return;
      last = Date.now();
      print(`  ${text}\n`);
    },
    clear: () => {},
  };
}
