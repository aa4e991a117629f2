import type { Address } from '../../config/settings.ts';
import { TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { dexStrategyAbi } from '../abi/dexStrategy.ts';
import { tokenAbi } from '../abi/token.ts';
import { treasuryVaultAbi } from '../abi/treasuryVault.ts';
import { tryRead } from '../tryRead.ts';

/** Where a token's capital is, in its smallest unit, in decimal: the facts of a run are plain JSON. */
export type Places = {
  readonly vault: string;
  readonly strategy: string;
  /** What the DEX holds for the strategy outside of orders. */
  readonly dex: string;
  readonly recipient: string;
  /** The vault's book, which counts deployed capital in. */
  readonly book: string;
  readonly deployed: string;
  /** Both kinds, as far as the vault has accrued them. */
  readonly fees: string;
};

/** @throws TvError where any of them is unknown */
export async function readPlaces(
  chain: Chain,
  { token, recipient }: { readonly token: Address; readonly recipient?: Address | undefined },
): Promise<Places> {
  const { treasuryVault, dexStrategy } = chain.contracts;
  if (treasuryVault === undefined || dexStrategy === undefined) {
    throw new TvError(
      'config.setting-missing',
      'The addresses of TreasuryVault and DexStrategy are not both set.',
      {
        next: [{ tv: ['config', 'show'] }],
      },
    );
  }
  const balance = (account: Address) =>
    number(chain, { address: token, abi: tokenAbi, functionName: 'balanceOf', args: [account] });
  const book = (functionName: string) =>
    number(chain, { address: treasuryVault, abi: treasuryVaultAbi, functionName, args: [token] });
  const [vault, strategy, dex, received, booked, deployed, performance, management] = await Promise.all([
    balance(treasuryVault),
    balance(dexStrategy),
    number(chain, {
      address: dexStrategy,
      abi: dexStrategyAbi,
      functionName: 'getDexBalance',
      args: [token],
    }),
    recipient === undefined ? 0n : balance(recipient),
    book('tokenBalances'),
    book('deployedCapital'),
    book('accruedPerformanceFees'),
    book('accruedManagementFees'),
  ]);
  return {
    vault: vault.toString(),
    strategy: strategy.toString(),
    dex: dex.toString(),
    recipient: received.toString(),
    book: booked.toString(),
    deployed: deployed.toString(),
    fees: (performance + management).toString(),
  };
}

async function number(chain: Chain, call: Parameters<typeof tryRead>[1]): Promise<bigint> {
  const answer = await tryRead<bigint>(chain, call);
  if (answer !== undefined) return answer;
  throw new TvError('chain.contract-mismatch', `The contract does not return ${call.functionName}.`, {
    facts: { contract: call.address },
    next: [{ when: 'check the addresses', tv: ['config', 'show'] }],
  });
}
