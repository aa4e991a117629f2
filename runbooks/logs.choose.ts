import type { ServiceName } from '../src/config/settings.ts';
import { suggest } from '../src/config/suggest.ts';
import { UsageError } from '../src/errors/TvError.ts';
import { errorRule, isError } from '../src/host/journal/levels.ts';
import type { LogEntry } from '../src/host/journal/tracebacks.ts';
import { parseMoment } from '../src/text/moment.ts';

export type LogService = ServiceName | 'nginx';

export interface LogInput {
  readonly service: readonly string[];
  readonly follow: boolean;
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly lines: string | undefined;
  readonly errors: boolean;
  readonly grep: string | undefined;
  readonly tx: string | undefined;
  readonly group: boolean;
}

/** What was asked for, checked and complete. */
export interface LogRequest {
  readonly services: readonly { readonly service: LogService; readonly unit: string }[];
  readonly units: readonly string[];
  nameOf(unit: string): LogService | null;
  readonly since: Date | undefined;
  readonly until: Date | undefined;
  /** Of what is shown, the newest so many; undefined: all. */
  readonly lines: number | undefined;
  readonly follow: boolean;
  readonly group: boolean;
  readonly filtered: boolean;
  matches(entry: LogEntry): boolean;
  /** What is shown, in words: `errors (…)`; undefined where it is everything. */
  readonly rule: string | undefined;
  /** The digits of a transaction hash; releases of the services write it with `0x` and without. */
  readonly containing: string | undefined;
}

const defaultLines = 50;
/** The window of a search without `--since`, as in the runbook. In milliseconds. */
const searchWindowMs = 3_600_000;
const help = { tv: ['logs', '--help'] };

/** @throws UsageError */
export function chooseLog(
  input: LogInput,
  configured: Readonly<Record<ServiceName, string>>,
  now: Date,
): LogRequest {
  const { follow, group, errors, grep, tx } = input;
  if (follow && (input.until !== undefined || group)) {
    throw new UsageError(
      'usage.conflicting-flags',
      `--follow has no end, and ${group ? '--group' : '--until'} needs one.`,
      {
        next: help,
      },
    );
  }
  const services = chooseServices(input.service, configured);
  const pattern = grep === undefined ? undefined : toPattern(grep);
  const rules = [
    ...(errors ? [`errors (${errorRule})`] : []),
    ...(grep === undefined ? [] : [`entries that match ${JSON.stringify(grep)}`]),
    ...(tx === undefined ? [] : [`entries that name ${tx}`]),
  ];
  const searches = errors || group || grep !== undefined;
  const { since, until } = chooseWindow(input, now, searches && tx === undefined);
  const ofNewest = input.since === undefined && input.until === undefined && tx === undefined;
  const lines = input.lines === undefined ? (ofNewest ? defaultLines : undefined) : countOf(input.lines);
  return {
    services,
    units: services.map(({ unit }) => unit),
    nameOf: (unit) => services.find((each) => each.unit === unit)?.service ?? null,
    ...{ since, until, lines, follow, group },
    filtered: rules.length > 0,
    matches: (entry) =>
      (!errors || isError(entry) || entry.frames.length > 0) &&
      (pattern === undefined || pattern.test(entry.message) || entry.frames.some((one) => pattern.test(one))),
    rule: rules.length === 0 ? undefined : rules.join(', '),
    containing: tx?.slice(2).toLowerCase(),
  };
}

/** @throws UsageError for a name that is no service */
export function chooseServices(
  names: readonly string[],
  configured: Readonly<Record<ServiceName, string>>,
): LogRequest['services'] {
  const { api, indexer, oracle } = configured;
  const own = [
    { service: 'api', unit: api },
    { service: 'indexer', unit: indexer },
    { service: 'oracle', unit: oracle },
  ] as const;
  if (names.length === 0) return own;
  const known = [...own, { service: 'nginx', unit: 'nginx' } as const];
  const chosen = names.map((name) => {
    const plain = name.toLowerCase().replace(/\.service$/, '');
    const found = known.find(
      ({ service, unit }) => plain === service || plain === unit.replace(/\.service$/, ''),
    );
    if (found !== undefined) return found;
    const all = known.map(({ service }) => service);
    throw new UsageError('usage.unknown-name', `There is no service "${name}".`, {
      facts: {
        'did you mean': suggest(plain, all),
        services: all.join(', '),
        units: own.map(({ unit }) => unit).join(', '),
      },
      next: help,
    });
  });
  return [...new Map(chosen.map((each) => [each.service, each])).values()];
}

function chooseWindow(
  { since, until }: Pick<LogInput, 'since' | 'until'>,
  now: Date,
  searches: boolean,
): { readonly since: Date | undefined; readonly until: Date | undefined } {
  const end = until === undefined ? undefined : parseMoment(until, now);
  const assumed = searches ? new Date((end ?? now).getTime() - searchWindowMs) : undefined;
  const begin = since === undefined ? assumed : parseMoment(since, now);
  if (since !== undefined && begin !== undefined && begin > now)
    throw new UsageError('usage.malformed-value', '--since lies in the future.', {
      facts: { given: since, now: now.toISOString() },
      next: help,
    });
  if (begin !== undefined && end !== undefined && begin >= end)
    throw new UsageError('usage.conflicting-flags', '--until has to be later than --since.', {
      facts: { since: begin.toISOString(), until: end.toISOString() },
      next: help,
    });
  return { since: begin, until: end };
}

/** As `journalctl --grep`: in either case, unless the pattern has a capital. */
function toPattern(text: string): RegExp {
  try {
    return new RegExp(text, /\p{Lu}/u.test(text) ? 'u' : 'iu');
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*\/: /, '') : String(error);
    throw new UsageError('usage.malformed-value', '--grep is not a regular expression.', {
      facts: { given: text, reason },
      next: help,
    });
  }
}

function countOf(text: string): number | undefined {
  return text === 'all' ? undefined : Number(text);
}
