export interface RelayArguments {
  readonly pairs: readonly { readonly id: `0x${string}`; readonly tokens: readonly [string, string] }[];
  readonly intervalSeconds: number;
}

const usage = 'Usage: oracle_relay <pair_id> <token_a> <token_b> [interval]';
/** As the real relay, where its command line names none. In seconds. */
const defaultIntervalSeconds = 60;

/**
 * The relay's command line: `PAIR_ID TOKEN_A TOKEN_B [INTERVAL]`. The real relay takes one pair; the
 * sandbox has three and must not run three relays on one key, so the first three words may be repeated.
 * @throws Error with the usage
 */
export function relayArguments(words: readonly string[]): RelayArguments {
  const last = words.at(-1) ?? '';
  const interval = /^\d+$/.test(last) ? Number(last) : undefined;
  const rest = interval === undefined ? words : words.slice(0, -1);
  const pairs = Array.from({ length: Math.ceil(rest.length / 3) }, (_, index) => {
    const [id = '', tokenA = '', tokenB = ''] = rest.slice(index * 3, index * 3 + 3);
    if (!/^0x[0-9a-fA-F]{64}$/.test(id) || ![tokenA, tokenB].every((one) => /^0x[0-9a-fA-F]{40}$/.test(one)))
      throw new Error(usage);
    return { id: id as `0x${string}`, tokens: [tokenA, tokenB] as const };
  });
  if (pairs.length === 0) throw new Error(usage);
  return { pairs, intervalSeconds: interval ?? defaultIntervalSeconds };
}
