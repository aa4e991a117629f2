import type { Address, Settings } from '../../config/settings.ts';
import { UsageError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { dexStrategyAbi } from '../abi/dexStrategy.ts';
import { tokenAbi } from '../abi/token.ts';
import { checkedAddress, namedPairs } from '../pairs/pair.ts';
import { readMany } from '../readMany.ts';
import { tryRead } from '../tryRead.ts';

export type Token = {
  readonly address: Address;
  readonly symbol: string;
  readonly decimals: number;
};

/** @throws UsageError where there is no token at the address; TvError where that is unknown */
export async function readToken(chain: Chain, address: Address): Promise<Token> {
  const contract = { address, abi: tokenAbi };
  const [symbol, decimals] = await Promise.all([
    tryRead<string>(chain, { ...contract, functionName: 'symbol' }),
    tryRead<number>(chain, { ...contract, functionName: 'decimals' }),
  ]);
  if (decimals !== undefined) return { address, symbol: symbol ?? 'token', decimals };
  // Without its decimals an amount in whole tokens cannot be distinguished from a raw one.
  throw new UsageError(
    'usage.unknown-name',
    'The contract at that address returns no decimals, so it is no token that tv knows.',
    {
      facts: { address },
      next: [{ when: 'check the address', tv: ['config', 'show'] }],
    },
  );
}

/**
 * A token as an operator gives it: its address, or the symbol of one that the named pairs trade.
 * @throws UsageError where it is neither, or several have the symbol
 */
export async function findToken(
  chain: Chain,
  settings: Pick<Settings, 'pairs'>,
  text: string,
): Promise<Token> {
  if (/^0x/i.test(text)) return readToken(chain, checkedAddress(text));
  const pairs = await Promise.all(namedPairs(settings).map(({ id }) => readPairTokens(chain, id)));
  const addresses = [...new Map(pairs.flat().map((address) => [address.toLowerCase(), address])).values()];
  const tokens = await Promise.all(addresses.map((address) => readToken(chain, address)));
  const [token, ...others] = tokens.filter(({ symbol }) => symbol.toLowerCase() === text.toLowerCase());
  if (token !== undefined && others.length === 0) return token;
  throw new UsageError(
    'usage.unknown-name',
    token === undefined ? 'No pair trades a token of that name.' : 'Several tokens have that name.',
    {
      facts: { given: text, known: tokens.map(({ symbol }) => symbol).join(', ') || 'none' },
      next: ["--token 0x…, the token's address"],
    },
  );
}

const zero = '0x0000000000000000000000000000000000000000';

/** The two tokens of a pair as the strategy has them; empty where it does not know the pair. */
export async function readPairTokens(chain: Chain, pair: `0x${string}`): Promise<readonly Address[]> {
  const [tokens = []] = await readTokensOfPairs(chain, [pair]);
  return tokens;
}

/** Of any number of pairs, in their order: see `readPairTokens`. */
export async function readTokensOfPairs(
  chain: Chain,
  pairs: readonly `0x${string}`[],
): Promise<readonly (readonly Address[])[]> {
  const { dexStrategy: address } = chain.contracts;
  if (address === undefined) return pairs.map(() => []);
  const configs = await readMany<readonly [Address, Address, ...unknown[]]>(
    chain,
    pairs.map((pair) => ({ address, abi: dexStrategyAbi, functionName: 'pairConfigs', args: [pair] })),
  );
  return configs.map((config) => (config === undefined || config[0] === zero ? [] : [config[0], config[1]]));
}
