import type { Leak } from '../../test/support/secretSearch.ts';

/** A payment that an operator asked for. Each has an amount of its own, by which it is known on the chain. */
export interface Order {
  /** In the smallest unit, as decimal text. */
  readonly amount: string;
  /** What tv said of it in the end: `verified`; `nothing` where it refused; `unknown` where it left that open. */
  readonly said: 'verified' | 'nothing' | 'unknown';
}

/** What must be so, by what was asked of tv and what it said. */
export interface Model {
  /** By token, of all places where the treasury's money can be: decimal text. */
  readonly total: Readonly<Record<string, string>>;
  readonly orders: readonly Order[];
  /** What the last verified commands have set: `paused` → `true`, `breaker 0x…` → `false`, `unit tempovault-api` → `inactive`. */
  readonly claims: Readonly<Record<string, string>>;
  /** All that tv printed in this round. */
  readonly screens: string;
}

/** What independent readers found once everything was at rest. */
export interface Readings {
  readonly total: Readonly<Record<string, string>>;
  /** Transfers to the recipient of the orders since the start. */
  readonly payments: readonly { readonly amount: string; readonly hash: string }[];
  /** Of the same names as the model's claims. */
  readonly state: Readonly<Record<string, string>>;
  /** Undefined while the relay is not running or the protocol is paused. */
  readonly oracle:
    | { readonly address: string; readonly authorised: boolean; readonly signalAge: number }
    | undefined;
  /** The most that were seen at one time in this round. */
  readonly processes: { readonly indexers: number; readonly relays: number };
  /** One line for each difference between the database and the events of the chain. */
  readonly rows: readonly string[];
  /** Of runs: advisory locks of the server, claims of living processes. */
  readonly locks: readonly string[];
  /** Processes that tv has started, and databases that it has made, which should be gone. */
  readonly left: readonly string[];
  /** Journals and audit logs that cannot be read, or whose chain is broken. */
  readonly unreadable: readonly string[];
  /** Transactions of the operators' accounts that no journal names. */
  readonly unjournaled: readonly string[];
  /** Steps of which more than one transaction had its effect, without an undo between. */
  readonly sentTwice: readonly string[];
  readonly leaks: readonly Leak[];
}

export interface Violation {
  readonly kind: string;
  readonly words: string;
}

/** A relay of a sandbox under load may take this long for a signal, in seconds. */
export const oldestSignal = 30;

/** What is not as the model has it. Pure, so that tests can show that each kind is found. */
export function judge(model: Model, readings: Readings): readonly Violation[] {
  return [
    ...judgeMoney(model, readings),
    ...judgeState(model, readings),
    ...judgeOracle(readings),
    ...named('two indexers', readings.processes.indexers > 1, `${readings.processes.indexers} at one time`),
    ...named('two relays', readings.processes.relays > 1, `${readings.processes.relays} at one time`),
    ...all('rows', readings.rows),
    ...all('lock left', readings.locks),
    ...all('left', readings.left),
    ...all('unreadable', readings.unreadable),
    ...all('not journaled', readings.unjournaled),
    ...all('sent twice', readings.sentTwice),
    ...all(
      'secret',
      readings.leaks.map(({ place, secret, form }) => `${secret}, ${form}, in ${place}`),
    ),
  ];
}

function judgeMoney({ total, orders }: Model, { payments, ...found }: Readings): readonly Violation[] {
  const lost = Object.entries(total).flatMap(([token, expected]) => {
    const now = found.total[token] ?? 'unknown';
    return named('money', now !== expected, `${token}: ${expected} at the start, ${now} now`);
  });
  const paid = orders.flatMap(({ amount, said }) => {
    const hashes = payments.filter((payment) => payment.amount === amount).map(({ hash }) => hash);
    return [
      ...named('paid twice', hashes.length > 1, `${amount}: ${hashes.join(', ')}`),
      ...named('not paid', said === 'verified' && hashes.length === 0, `${amount}, and tv says verified`),
      ...named(
        'paid',
        said === 'nothing' && hashes.length > 0,
        `${amount}, and tv says that nothing was done`,
      ),
    ];
  });
  const asked = new Set(orders.map(({ amount }) => amount));
  const others = payments.filter(({ amount }) => !asked.has(amount));
  return [
    ...lost,
    ...paid,
    ...others.flatMap(({ amount, hash }) => named('paid', true, `${amount} by ${hash}, and nobody asked`)),
  ];
}

function judgeState({ claims, screens }: Model, { state }: Readings): readonly Violation[] {
  const untrue = Object.entries(claims).flatMap(([name, said]) =>
    named(
      'untrue',
      said !== '*' && state[name] !== said,
      `${name} is ${state[name] ?? 'unknown'}; tv verified ${said}`,
    ),
  );
  const down = Object.entries(state).filter(([name, is]) => name.startsWith('unit ') && is !== 'active');
  const unsaid = down.filter(
    ([name]) => claims[name] === undefined && !isSaid(screens, name.slice('unit '.length)),
  );
  return [...untrue, ...unsaid.flatMap(([name, is]) => named('down unsaid', true, `${name} is ${is}`))];
}

/** Whether one line has both the unit, or the service by its short name, and a word for "not running". */
function isSaid(screens: string, unit: string): boolean {
  const short = unit.replace(/^tempovault-/, '');
  const words = /inactive|failed|stopped|not running|\bdown\b|stop the services|services are/i;
  return screens
    .split('\n')
    .some((line) => words.test(line) && (line.includes(short) || /services/.test(line)));
}

/** The units that are down, and of which that is known from now on. */
export function downOf({ state }: Pick<Readings, 'state'>): readonly string[] {
  return Object.keys(state).filter((name) => name.startsWith('unit ') && state[name] !== 'active');
}

function judgeOracle({ oracle }: Readings): readonly Violation[] {
  if (oracle === undefined) return [];
  const { address, authorised, signalAge } = oracle;
  return [
    ...named('oracle key', !authorised, `${address} of .env does not hold ORACLE`),
    ...named(
      'oracle key',
      !(signalAge <= oldestSignal),
      `the last signal of ${address} is ${signalAge} s old`,
    ),
  ];
}

function named(kind: string, is: boolean, words: string): readonly Violation[] {
  return is ? [{ kind, words }] : [];
}

function all(kind: string, words: readonly string[]): readonly Violation[] {
  return words.map((each) => ({ kind, words: each }));
}
