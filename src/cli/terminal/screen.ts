import type { Screen } from '../../runbook/define.ts';

/** xterm: another screen, without a cursor, on which long lines are cut off and not wrapped; and back. */
const enter = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const leave = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const home = '\x1b[H';
const endOfLine = '\x1b[K';
const endOfScreen = '\x1b[J';
/** A terminal that knows this shows all that is between them at once. */
const beginUpdate = '\x1b[?2026h';
const endUpdate = '\x1b[?2026l';

/**
 * The terminal behind stdout, to be drawn on from the top left. Each line is overwritten, never cleared first, so
 * nothing flickers. What was there before is back at `close`, and whenever the process ends.
 * @param clean takes out what must not reach a terminal
 */
export function terminalScreen(clean: (text: string) => string): Screen | undefined {
  const { stdout } = process;
  // A terminal of unknown size reports 0 columns.
  if (stdout.isTTY !== true || !(stdout.columns > 0) || process.env['TERM'] === 'dumb') return undefined;
  let open = false;
  const listeners: (() => void)[] = [];
  const close = () => {
    for (const listener of listeners.splice(0)) stdout.off('resize', listener);
    if (!open) return;
    open = false;
    process.off('exit', close);
    stdout.write(leave);
  };
  return {
    get rows() {
      return stdout.rows;
    },
    draw: (text) => {
      if (!open) {
        open = true;
        process.on('exit', close);
        stdout.write(enter);
      }
      const lines = clean(text).replace(/\n$/, '').split('\n').slice(0, stdout.rows);
      const shown = lines.map((line) => line + endOfLine).join('\r\n');
      stdout.write(beginUpdate + home + shown + endOfScreen + endUpdate);
    },
    onResize: (redraw) => {
      listeners.push(redraw);
      stdout.on('resize', redraw);
    },
    close,
  };
}
