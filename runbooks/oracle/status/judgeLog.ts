import { onHost } from '../../../src/errors/advice.ts';
import type { JournalEntry } from '../../../src/host/readJournal.ts';
import type { SampleValue } from '../../../src/observe/sample.ts';
import { ago, howMany } from '../../../src/text/format.ts';
import { errorsIn } from '../readRelayError.ts';
import type { Pulse } from './pulse.ts';

const shownLines = 3;

/** Errors in the relay's log matter where no signal has come since, and none is in time. */
export function judgeLog(
  entries: readonly JournalEntry[],
  context: { readonly pulse: Pulse | undefined; readonly now: Date; readonly unit: string },
): SampleValue {
  const { pulse, now, unit } = context;
  if (entries.length === 0) {
    return { level: 'unknown', summary: 'the journal holds no line of it, so its errors are unknown' };
  }
  const errors = errorsIn(entries);
  const newest = errors.at(-1);
  if (newest === undefined)
    return { level: 'ok', summary: `no error in the last ${howMany(entries.length, 'line')}` };
  const lines = errors.slice(-shownLines).map(({ at, message }) => `${ago(at, now)}: ${message}`);
  const wrong = pulse?.late === true && newest.at > pulse.newest;
  return {
    level: wrong ? 'warning' : 'ok',
    summary: `${howMany(errors.length, 'error')} in the last ${howMany(entries.length, 'line')}${wrong ? ', and no signal since' : ''}; newest ${lines.at(-1)}`,
    data: { errors: lines },
    next: [onHost(`journalctl -u ${unit} -n 50 --no-pager`)],
  };
}
