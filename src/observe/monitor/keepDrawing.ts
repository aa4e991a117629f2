import { Interrupted } from '../../errors/Interrupted.ts';
import type { Context } from '../../runbook/context.ts';
import type { Output, Screen } from '../../runbook/define.ts';
import type { Paint } from '../../runbook/paint.ts';
import { duration, localTime } from '../../text/format.ts';

export interface Drawing<T> {
  /** Between the end of a check and the next one, in milliseconds. */
  readonly everyMs: number;
  /** Undefined where nothing is drawn. */
  readonly screen: Screen | undefined;
  check(): Promise<T>;
  /** The whole screen of a check; redrawn also where the terminal gets another size. */
  text(value: T, paint: Paint): string;
}

/**
 * Repeats the check until a signal ends it, and redraws the screen in place.
 * @returns the last check, undefined where there was none
 */
export async function keepDrawing<T>(
  { clock, signal, output }: Pick<Context, 'clock' | 'signal'> & { readonly output: Pick<Output, 'paint'> },
  { everyMs, screen, check, text }: Drawing<T>,
): Promise<T | undefined> {
  let last: { readonly value: T } | undefined;
  const draw = () => {
    if (last !== undefined) screen?.draw(text(last.value, output.paint()));
  };
  screen?.onResize(draw);
  try {
    for (;;) {
      last = { value: await check() };
      draw();
      await clock.sleep(everyMs, signal);
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    return last?.value;
  } finally {
    screen?.close();
  }
}

/** When it was checked, how often, and how to end it: the last line of such a screen. */
export function watchFoot(at: Date, everyMs: number, paint: Paint): string {
  const time = localTime(at).slice('2026-11-23 '.length);
  return paint.dim(`checked at ${time}, every ${duration(everyMs)}; Ctrl-C ends`);
}
