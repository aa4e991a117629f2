import ora, { type Ora } from 'ora';

/** One line that says what is going on, on stderr. */
export interface Busy {
  show(text: string): void;
  /** Takes the line away, so that others can be printed. */
  clear(): void;
}

/** Without a terminal, a line this often (milliseconds) shows that work goes on. */
const quietEveryMs = 5_000;

/** A spinner on a terminal; plain lines now and then, without cursor codes, elsewhere. */
export function terminalBusy(print: (line: string) => void, redact: (text: string) => string): Busy {
  // A terminal that has not been told its size says 0 columns; the spinner would count lines for ever.
  const drawable = process.stderr.isTTY && process.stderr.columns > 0;
  return drawable ? spinner(redact) : plainLines(print);
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
