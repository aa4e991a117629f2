import { type Pair, pairTitle } from '../chain/pairs/pair.ts';
import { type Stop, type Stops, stoppable } from '../chain/stops/readStops.ts';
import type { Resting } from '../chain/treasury/readResting.ts';
import type { Advice } from '../errors/advice.ts';
import type { Answer } from '../errors/answer.ts';
import type { Finding } from '../runbook/check.ts';
import { pass, warn } from '../runbook/preflight.ts';

/**
 * What a pause or a breaker stops is asked of the contracts, and what it leaves on the DEX of the DEX. Both
 * are information: a command says so where they are unknown, and goes ahead.
 */
export type Effect = {
  /** The one that was tried; null where none is known. */
  readonly pair: Pair | null;
  readonly stops: Answer<Stops>;
  readonly resting: Answer<Resting>;
};

/** What does it: `the breaker`, `the pause`. */
type Subject = 'the breaker' | 'the pause';

/** `The pause stops deposits, not withdrawals.` */
export function stopSentence(subject: Subject, stops: Answer<Stops>): string {
  if (!stops.known) return `What ${subject} stops is unknown: ${stops.reason}.`;
  const [stopped, open] = [namesOf(stops.value, 'stopped'), namesOf(stops.value, 'not-stopped')];
  const unknown = stops.value
    .filter(({ effect }) => effect === 'unknown')
    .map(({ action, reason }) => `${stoppable[action]} (${reason})`);
  const who = subject.replace('the', 'The');
  return [
    ...(stopped === '' ? [] : [`${who} stops ${stopped}${open === '' ? '' : `, not ${open}`}.`]),
    ...(stopped === '' && open !== '' ? [`${who} does not stop ${open}.`] : []),
    ...(unknown.length === 0 ? [] : [`Unknown whether it stops: ${unknown.join('; ')}.`]),
  ].join(' ');
}

/** Whether the simulation showed that no capital and no order reaches the DEX any more. */
export function haltsTrading(stops: Answer<Stops>): boolean {
  const trade = ['deploy', 'place'] as const;
  return (
    stops.known &&
    trade.every((action) => stops.value.some((stop) => stop.action === action && stop.effect === 'stopped'))
  );
}

/** Whether the DEX showed that no order of the pairs rests on it. */
export function restsNothing(resting: Answer<Resting>): boolean {
  return resting.known && resting.value.unknown === null && resting.value.pairs.length === 0;
}

/** `Orders rest on the DEX and can still be filled: Alpha: 2 orders, 300 AlphaUSD.` */
export function restingSentence(resting: Answer<Resting>): string {
  if (!resting.known) return `What rests on the DEX is unknown: ${resting.reason}.`;
  const { pairs, unknown } = resting.value;
  const more = unknown === null ? '' : ` More may rest there: ${unknown}.`;
  if (pairs.length === 0) {
    return unknown === null
      ? 'Nothing of it rests on the DEX.'
      : `What rests on the DEX is unknown: ${unknown}.`;
  }
  const help = 'tv emergency unwind cancels them, as far as the strategy lists them.';
  return `${restingWords(resting.value)}; ${help}${more}`;
}

/** The check of what is stopped. */
export function stopFinding(subject: Subject, { pair, stops }: Omit<Effect, 'resting'>): Finding {
  if (!stops.known) return warn(`what ${subject} stops is unknown: ${stops.reason}`);
  // An id that was only typed may be a private key.
  const on = pair === null ? '' : `, tried on ${pair.name ?? 'a pair without a name'}`;
  const names = (effect: Stop['effect']) => namesOf(stops.value, effect);
  const [stopped, open, unknown] = [names('stopped'), names('not-stopped'), names('unknown')];
  if (open === '' && unknown === '') return pass(`${subject} stops ${stopped}${on}`);
  const reasons = stops.value.flatMap(({ action, reason }) =>
    reason === null ? [] : [[stoppable[action], `unknown: ${reason}`] as const],
  );
  const summary =
    open === '' ? `unknown whether ${subject} stops ${unknown}` : `${subject} does not stop ${open}`;
  return warn(`${summary}${on}`, {
    facts: { ...(stopped === '' ? {} : { stopped }), ...Object.fromEntries(reasons) },
  });
}

/** The check of resting orders on the DEX, with the command that cancels them. */
export function restingFinding(resting: Answer<Resting>): Finding {
  if (restsNothing(resting)) return pass('no order of the strategy rests on the DEX');
  if (!resting.known) return warn(`what rests on the DEX is unknown: ${resting.reason}`);
  const { pairs, unknown } = resting.value;
  if (pairs.length === 0) return warn(`what rests on the DEX is unknown: ${unknown}`);
  return warn(lowerFirst(restingWords(resting.value)), {
    ...(unknown === null ? {} : { facts: { 'more may rest there': unknown } }),
    next: unwindCommands(resting.value),
  });
}

/** What cancels the orders, as far as the strategy lists them. */
export function unwindCommands({ pairs }: Resting): readonly Advice[] {
  const flags = pairs.flatMap(({ pair }) => (pair === null ? [] : ['--pair', pair.name ?? pair.id]));
  return flags.length === 0
    ? [{ when: 'name the pairs under "pairs" in the configuration file, then', tv: ['emergency', 'unwind'] }]
    : [{ tv: ['emergency', 'unwind', ...flags] }];
}

function restingWords({ pairs }: Resting): string {
  const words = pairs.map(
    ({ pair, orders }) => `${pair === null ? 'books of no known pair' : pairTitle(pair)}: ${orders}`,
  );
  return `Orders rest on the DEX and can still be filled: ${words.join('; ')}`;
}

function lowerFirst(words: string): string {
  return `${words.slice(0, 1).toLowerCase()}${words.slice(1)}`;
}

function namesOf(stops: Stops, wanted: Stop['effect']): string {
  return stops
    .filter(({ effect }) => effect === wanted)
    .map(({ action }) => stoppable[action])
    .join(', ');
}
