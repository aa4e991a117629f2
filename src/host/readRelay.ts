import type { Address } from '../config/settings.ts';
import { type Answer, answer, known, unknown } from '../errors/answer.ts';
import type { Context } from '../runbook/context.ts';
import { type ProgramArguments, readArguments } from './readArguments.ts';

export interface RelayPair {
  readonly id: `0x${string}`;
  readonly tokens: readonly [Address, Address];
}

/** What the relay was started with. */
export interface Relay {
  /** On its command line; empty where that names none, as of releases that read them elsewhere. */
  readonly pairs: Answer<readonly RelayPair[]>;
  /**
   * Seconds between two signals of a pair: of its command line, of a `.env` that was read, or the default where
   * neither sets it. Unknown where one of them that may set it was not read.
   */
  readonly intervalSeconds: Answer<number>;
  /** Where the pairs were read, or the interval where they were not: `process 812`, `tempovault-oracle.service`, `.env`. */
  readonly from: string;
}

export interface ReadRelayParameters {
  /** `ORACLE_UPDATE_INTERVAL` of `.env`, in seconds; null where the file does not set it. */
  readonly envIntervalSeconds: Answer<number | null>;
  /** A private key has the form of a pair's id, and must not be taken for one. */
  readonly isKey: (word: string) => boolean;
}

/** Of the relay, where nothing else is said. In seconds. */
const defaultIntervalSeconds = 60;

/** How long to wait for a signal where the interval is unknown: for limits of waiting, never for a verdict. */
export function assumedIntervalSeconds({ intervalSeconds }: Pick<Relay, 'intervalSeconds'>): number {
  return intervalSeconds.known ? intervalSeconds.value : defaultIntervalSeconds;
}

/**
 * Pairs and interval of the relay: from its command line, which outranks `.env`. Where the host cannot be asked,
 * the pairs are unknown and the interval is that of `.env`, if it sets one.
 */
export async function readRelay(
  { host, settings }: Pick<Context, 'host' | 'settings'>,
  parameters: ReadRelayParameters,
): Promise<Relay> {
  const { units, programs } = settings.host;
  // Opening the host can fail in the same way as asking it.
  const all = [programs.api, programs.indexer, programs.oracle];
  const about = { unit: units.oracle, program: programs.oracle, programs: all };
  const asked = (async () => readArguments(host(), about))();
  return relayOf(await answer(asked), parameters);
}

/** The same, from arguments that were read. */
export function relayOf(
  read: Answer<ProgramArguments | undefined>,
  { envIntervalSeconds, isKey }: ReadRelayParameters,
): Relay {
  if (!read.known || read.value === undefined) {
    const none = 'neither a process nor a unit shows what the relay was started with';
    const unread = read.known ? unknown(none) : read;
    const isSet = envIntervalSeconds.known && envIntervalSeconds.value !== null;
    // A command line that was not read may set another than the default.
    return { pairs: unread, intervalSeconds: isSet ? known(envIntervalSeconds.value) : unread, from: '.env' };
  }
  const { words, from } = read.value;
  const pairs = pairsIn(words, isKey);
  const interval = intervalIn(words);
  if (interval !== undefined) return { pairs: known(pairs), intervalSeconds: known(interval), from };
  if (!envIntervalSeconds.known) {
    const reason = `the relay's command line sets no interval, and .env could not be read: ${envIntervalSeconds.reason}`;
    return { pairs: known(pairs), intervalSeconds: unknown(reason), from };
  }
  const fallback = envIntervalSeconds.value ?? defaultIntervalSeconds;
  // A relay that takes its pairs from the command line takes the interval from there too, or its default.
  const seconds = pairs.length === 0 ? fallback : Math.max(fallback, defaultIntervalSeconds);
  return { pairs: known(pairs), intervalSeconds: known(seconds), from };
}

/** `PAIR TOKEN TOKEN`, any number of times, also as values of options. */
function pairsIn(words: readonly string[], isKey: (word: string) => boolean): readonly RelayPair[] {
  const values = words
    .map((word) => word.replace(/^--[\w-]+=/, ''))
    .filter((word) => /^0x(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{40})$/.test(word));
  return values.flatMap((id, index) => {
    const [tokenA = '', tokenB = ''] = values.slice(index + 1);
    if (id.length !== 66 || tokenA.length !== 42 || tokenB.length !== 42 || isKey(id)) return [];
    const tokens = [tokenA as Address, tokenB as Address] as const;
    return [{ id: id.toLowerCase() as `0x${string}`, tokens }];
  });
}

/** The last word, or the value of `--interval`. */
function intervalIn(words: readonly string[]): number | undefined {
  const named = words.findIndex((word) => /^--(?:update-)?interval\b/.test(word));
  const text = named === -1 ? words.at(-1) : (words[named]?.split('=')[1] ?? words[named + 1]);
  const seconds = /^\d{1,6}$/.test(text ?? '') ? Number(text) : 0;
  return seconds > 0 ? seconds : undefined;
}
