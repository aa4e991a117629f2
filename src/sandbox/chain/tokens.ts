import { encodeFunctionData, getAddress, zeroAddress } from 'viem';
import { stablecoinDex } from '../contracts/artifacts/shared/StablecoinDex.ts';
import { testToken } from '../contracts/artifacts/shared/TestToken.ts';
import { deployContract } from './deployContract.ts';
import type { DeployedToken } from './deployment.ts';
import { devAccount, devAccountIndex } from './devAccounts.ts';
import { type Hex, rpc, send } from './rpc.ts';

/** Tempo's predeploys. The first is what the others are quoted in. */
const tempoTokens = ['pathUSD', 'AlphaUSD', 'BetaUSD', 'ThetaUSD'].map((symbol, index) => ({
  symbol,
  address: getAddress(`0x20c${'0'.repeat(36)}${index}`),
  decimals: 6,
}));
const tempoDex = getAddress('0xdec0000000000000000000000000000000000000');

export interface Market {
  readonly tokens: readonly DeployedToken[];
  readonly dex: Hex;
}

/** Tempo's own tokens and DEX, with a book for each token that has none yet. */
export async function tempoMarket(url: string, from: Hex): Promise<Market> {
  await createBooks(url, from, tempoDex, tempoTokens);
  return { tokens: tempoTokens, dex: tempoDex };
}

/** Substitutes for them on a plain chain. Each dev account gets as much as would last it for good. */
export async function plainMarket(url: string, from: Hex): Promise<Market> {
  const holders = Object.values(devAccountIndex).map((index) => devAccount(index).address);
  const tokens: DeployedToken[] = [];
  for (const { symbol, decimals } of tempoTokens) {
    const quote = tokens[0]?.address ?? zeroAddress;
    const address = await deployContract(url, {
      from,
      ...testToken,
      args: [symbol, quote, holders, 10n ** 18n],
    });
    tokens.push({ symbol, address, decimals });
  }
  const dex = await deployContract(url, { from, ...stablecoinDex });
  await createBooks(url, from, dex, tokens);
  return { tokens, dex };
}

async function createBooks(url: string, from: Hex, dex: Hex, tokens: readonly DeployedToken[]) {
  for (const { address } of tokens.slice(1)) {
    const data = encodeFunctionData({ abi: stablecoinDex.abi, functionName: 'createPair', args: [address] });
    const isNew = await rpc(url, 'eth_call', [{ from, to: dex, data }, 'latest']).then(
      () => true,
      () => false,
    );
    if (isNew) await send(url, { from, to: dex, data });
  }
}
