import type { Address } from '../config/settings.ts';
import type { Chain } from '../runbook/context.ts';
import { type ContractName, contractTitles } from './intents/intent.ts';

type Contracts = Pick<Chain, 'contracts'>;

function entriesOf({ contracts }: Contracts) {
  return Object.entries(contracts) as [ContractName, Address | undefined][];
}

/** The protocol's contracts whose addresses are set. */
export function contractsOf(
  chain: Contracts,
): readonly { readonly name: ContractName; readonly address: Address }[] {
  return entriesOf(chain).flatMap(([name, address]) => (address === undefined ? [] : [{ name, address }]));
}

/** Their addresses alone. */
export function contractAddresses(chain: Contracts): readonly Address[] {
  return contractsOf(chain).map(({ address }) => address);
}

/** Titles of the contracts whose addresses are not set. */
export function unsetContracts(chain: Contracts): readonly string[] {
  return entriesOf(chain).flatMap(([name, address]) => (address === undefined ? [contractTitles[name]] : []));
}
