import type { Reading } from '../../../src/runbook/gauge.ts';
import { count } from '../../../src/runbook/text.ts';
import type { Pulse } from './pulse.ts';

/** One transaction is on its way whenever the relay is just sending; it is stuck where signals are late. */
export function judgeNonce(
  { latest, pending }: { readonly latest: number; readonly pending: number },
  pulse: Pulse | undefined,
): Reading {
  const waiting = pending - latest;
  const summary = `latest ${count(latest)}, pending ${count(pending)}`;
  if (waiting < 1 || (waiting === 1 && pulse?.late !== true)) return { level: 'ok', summary };
  const what = waiting === 1 ? 'a transaction waits, and signals are late' : `${waiting} transactions wait`;
  return { level: 'warning', summary: `${summary}: ${what}`, next: ['tv oracle recover'] };
}
