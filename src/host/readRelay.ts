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
  /** Seconds between two signals of a pair. */
  readonly intervalSeconds: number;
  /** Where that was read: `process 812`, `tempovault-oracle.service`, `.env`. */
  readonly from: string;
}

export interface ReadRelayParameters {
  /** `ORACLE_UPDATE_INTERVAL` of `.env`, in seconds; null where it is not set. */
  readonly envIntervalSeconds: number | null;
  /** A private key has the form of a pair's id, and must not be taken for one. */
  readonly isKey: (word: string) => boolean;
}

/** Of the relay, where nothing else is said (deployment-facts, section 6). In seconds. */
const defaultIntervalSeconds = 60;

/**
 * Pairs and interval of the relay: from its command line, which outranks `.env` (deployment-facts,
 * section 6). Where the host cannot be asked, the pairs are unknown and the interval is that of `.env`.
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
  const fallback = envIntervalSeconds ?? defaultIntervalSeconds;
  if (!read.known) return { pairs: read, intervalSeconds: fallback, from: '.env' };
  if (read.value === undefined) {
    const reason = 'neither a process nor a unit shows what the relay was started with';
    return { pairs: unknown(reason), intervalSeconds: fallback, from: '.env' };
  }
  const { words, from } = read.value;
  const pairs = pairsIn(words, isKey);
  const interval = intervalIn(words);
  if (interval !== undefined) return { pairs: known(pairs), intervalSeconds: interval, from };
  // A relay that takes its pairs from the command line takes the interval from there too, or its default.
  const seconds = pairs.length === 0 ? fallback : Math.max(fallback, defaultIntervalSeconds);
  return { pairs: known(pairs), intervalSeconds: seconds, from };
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
