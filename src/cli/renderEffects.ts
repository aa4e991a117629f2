import {
  type CapitalChange,
  type CapitalPlaces,
  type Change,
  dexName,
  type Effects,
  type StateChange,
} from '../runbook/effects.ts';
import type { Paint } from '../runbook/paint.ts';
import { count, shortened, wholeTokens } from '../text/format.ts';
import { aligned, wrap } from '../text/layout.ts';
import { outsideText } from '../text/outsideText.ts';

type Sequence = Extract<Effects, { method: 'sequence' }>;

/** More of one kind than this are counted, not listed. */
const listed = 8;

/** What a plan changes, under its steps. */
export function renderEffects(effects: Effects, paint: Paint): string {
  const heading = paint.bold('Effects');
  if (effects.method === 'none') {
    return `${heading}\n${marked(`unknown: ${effects.reason}`, paint)}`;
  }
  if (effects.method === 'single-calls') {
    const reason = `unknown: ${effects.reason}. Each transaction was tried by itself (eth_call), which does not show balances, roles, states and events afterwards, nor whether a later step works after the ones before it.`;
    const failing = effects.steps.flatMap(({ result, step, reason }) =>
      result === 'success' ? [] : [`${step}: ${result === 'failure' ? 'would fail' : 'unknown'}, ${reason}`],
    );
    const more = failing.length > listed ? [`${count(failing.length - listed)} more: see --json`] : [];
    const lines = [reason, ...failing.slice(0, listed), ...more];
    return [heading, ...lines.map((line) => marked(line, paint))].join('\n');
  }
  const rows = [
    ...failures(effects),
    ...balances(effects),
    ...states(effects),
    ...orders(effects),
    ...capital(effects),
    ...events(effects),
  ].map(([name, value]) => [cell(name, paint), cell(value, paint)] as const);
  const note = effects.steps.some(({ moves }) => moves)
    ? 'Amounts and orders change until the block: what moves by itself is not part of the plan.'
    : undefined;
  const method =
    effects.fork === undefined
      ? 'simulated, nothing sent (eth_simulateV1)'
      : `simulated in a local fork (anvil), nothing sent: ${effects.fork}`;
  return [
    `${heading} ${paint.dim(wrap(outsideText(method, 400), paint.width - 8, '  '))}`,
    rows.length === 0 ? '  no transfer, role, state or event' : aligned(rows, paint.width),
    ...effects.contradictions
      .slice(0, listed)
      .map((line) => marked(`The RPC node contradicts itself: ${line}`, paint)),
    ...(note === undefined ? [] : [`  ${paint.dim(wrap(note, paint.width - 2, '  '))}`]),
  ].join('\n');
}

function cell(text: string, paint: Paint): string {
  return shortened(outsideText(text, 4_000), paint);
}

function marked(text: string, paint: Paint): string {
  return `  ${paint.warn('!')} ${wrap(cell(text, paint), paint.width - 4, '    ')}`;
}

type Row = readonly [string, string];

function failures({ steps }: Sequence): readonly Row[] {
  const rows = steps.flatMap(({ step, result, reason }): readonly Row[] =>
    result === 'success' ? [] : [['FAILS', `${step}: ${reason}`]],
  );
  // Most of them fail because of the first.
  const more = rows.length - listed;
  return more > 0 ? [...rows.slice(0, listed), ['FAILS', `${count(more)} more: see --json`]] : rows;
}

function nameOf({ parties }: Sequence, address: string): string {
  return parties.find((one) => one.address === address)?.name ?? address;
}

function unitOf({ tokens }: Sequence, token: string | null) {
  const unit = tokens.find(({ address }) => address === token);
  if (unit === undefined) return { symbol: token ?? 'native', decimals: null };
  // A token gives itself its symbol: it may be that of another.
  const isShared = tokens.some(({ address, symbol }) => address !== token && symbol === unit.symbol);
  return isShared && token !== null ? { ...unit, symbol: `${unit.symbol} ${token}` } : unit;
}

function amountIn(effects: Sequence, token: string | null): (amount: string | null) => string {
  const { decimals } = unitOf(effects, token);
  return (amount) => {
    if (amount === null) return 'unknown';
    return decimals === null
      ? `${count(BigInt(amount))} (smallest unit)`
      : wholeTokens(BigInt(amount), decimals);
  };
}

/** Of every party whose balance changes, or is unknown; the others are in the JSON. */
function balances(effects: Sequence): readonly Row[] {
  const changed = effects.balances.filter(({ before, after }) => before !== after || before === null);
  const rows = changed.slice(0, 4 * listed).map(({ token, account, before, after }): Row => {
    const shown = amountIn(effects, token);
    return [unitOf(effects, token).symbol, `${nameOf(effects, account)}: ${shown(before)} → ${shown(after)}`];
  });
  const more = changed.length - rows.length;
  return more > 0 ? [...rows, ['balances', `${count(more)} more accounts: see --json`]] : rows;
}

const kinds = { pause: 'pause', breaker: 'breaker', role: 'role', oracle: 'oracle' } as const;

/** Before, what each transaction makes of it, and after: a pause may end and begin again. */
function states(effects: Sequence): readonly Row[] {
  const changes = effects.steps.flatMap((one) => one.changes);
  const rows = effects.states.map((state): Row => {
    const between = changes.flatMap((change) => stateAfter(effects, state, change));
    const course = [state.before ?? 'unknown', ...between, state.after ?? 'unknown'];
    const steps = course.filter((word, index) => index === 0 || word !== course[index - 1]);
    const words = (steps.length === 1 ? [...steps, 'no change'] : steps).map((word) => nameOf(effects, word));
    const of = state.account === undefined ? '' : ` of ${nameOf(effects, state.account)}`;
    return [kinds[state.kind], `${state.subject}${of}: ${words.join(' → ')}`];
  });
  return rows.length <= listed * 2
    ? rows
    : [...rows.slice(0, listed), ['states', `${count(rows.length - listed)} more: see --json`]];
}

function stateAfter(effects: Sequence, state: StateChange, change: Change): readonly string[] {
  if (change.kind !== 'pause' || state.kind !== 'pause') return [];
  if (nameOf(effects, change.contract) !== state.subject) return [];
  return [change.paused ? 'paused' : 'not paused'];
}

function orders(effects: Sequence): readonly Row[] {
  const cancelled = effects.steps.flatMap(({ changes }) =>
    changes.filter((change) => change.kind === 'order'),
  );
  return [...Map.groupBy(cancelled, ({ contract }) => nameOf(effects, contract))].map(([name, some]): Row => {
    const ids = some.slice(0, listed).map(({ id }) => id);
    const more = some.length > listed ? ' …' : '';
    // Any contract may emit the event.
    const of = name === dexName ? '' : ` of ${name}`;
    return ['orders', `${count(some.length)} cancelled${of}: ${ids.join(', ')}${more}`];
  });
}

/** Where the protocol's capital is before and after, and the sum that accounts for all of it. */
function capital(effects: Sequence): readonly Row[] {
  return effects.capital
    .filter(({ before, after }) => [before, after].some((places) => total(places) !== 0n))
    .map((change): Row => {
      const { symbol } = unitOf(effects, change.token);
      const shown = amountIn(effects, change.token);
      const [was, is] = [change.before, change.after].map((places) => sumOf(places, shown));
      return [`${symbol}`, `capital: ${was} → ${is}${remainder(change, shown)}`];
    });
}

function total({ vault, strategy, dex, orders }: CapitalPlaces): bigint {
  return BigInt(vault) + BigInt(strategy) + BigInt(dex) + BigInt(orders ?? '0');
}

function sumOf(places: CapitalPlaces, shown: (amount: string | null) => string): string {
  const parts = (
    [
      ['vault', places.vault],
      ['strategy', places.strategy],
      ['DEX', places.dex],
      ['orders', places.orders],
    ] as const
  ).filter(([, amount]) => amount !== null && amount !== '0');
  const sum = shown(total(places).toString());
  return `${sum} = ${parts.length === 0 ? '0' : parts.map(([where, amount]) => `${shown(amount)} ${where}`).join(' + ')}`;
}

function remainder(
  { after, paidOut, unaccounted }: CapitalChange,
  shown: (amount: string) => string,
): string {
  const paid = BigInt(paidOut);
  const words = [
    ...(paid > 0n ? [`${shown(paidOut)} paid out`] : []),
    ...(paid < 0n ? [`${shown((-paid).toString())} paid in`] : []),
    ...(unaccounted === null ? ['not all accounted for: the resting orders are unknown'] : []),
    ...(unaccounted !== null && unaccounted !== '0' ? [`${shown(unaccounted)} UNACCOUNTED FOR`] : []),
    ...(after.orders === null && unaccounted !== null ? ['without resting orders'] : []),
  ];
  return words.length === 0 ? '' : `; ${words.join('; ')}`;
}

function events(effects: Sequence): readonly Row[] {
  const counts = new Map<string, number>();
  for (const change of effects.steps.flatMap((one) => one.changes)) {
    if (change.kind !== 'event') continue;
    const isToken = effects.tokens.some(({ address }) => address === change.contract);
    const of = isToken ? unitOf(effects, change.contract).symbol : nameOf(effects, change.contract);
    const name = `${of}.${change.event}`;
    counts.set(name, (counts.get(name) ?? 0) + change.count);
  }
  if (counts.size === 0) return [];
  const names = [...counts].map(([name, number]) => (number === 1 ? name : `${count(number)} × ${name}`));
  const more = names.length > 2 * listed ? ', …' : '';
  return [['events', `${names.slice(0, 2 * listed).join(', ')}${more}`]];
}
