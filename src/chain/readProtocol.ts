import { parseAbi } from 'viem';
import type { Address } from '../config/settings.ts';
import { UnavailableError } from '../errors/TvError.ts';
import type { Chain } from '../runbook/context.ts';
import { describeRpcError } from './describeRpcError.ts';
import { parseHex } from './parseAnswer.ts';
import { tryRead } from './tryRead.ts';

/** EIP-1967: keccak256('eip1967.proxy.implementation') - 1. */
const implementationSlot = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc';
const pausedAbi = parseAbi(['function paused() view returns (bool)']);

export type ContractName = keyof Chain['contracts'];

export interface ContractState {
  /** Undefined where the settings do not name it. */
  readonly address: Address | undefined;
  readonly hasCode: boolean;
  /** Where the functions are, if it is an EIP-1967 proxy. */
  readonly implementation: Address | undefined;
}

export interface Protocol {
  readonly contracts: Readonly<Record<ContractName, ContractState>>;
  /** Undefined where neither contract can be asked. */
  readonly paused: boolean | undefined;
  /** Who said so: the risk controller as deployed, the vault as the runbook has it. */
  readonly pausedBy: 'riskController' | 'treasuryVault' | undefined;
}

/** What a run that ends the pause for a while calls it in what it `leaves`; over once it is paused, by whomever. */
export const openProtocol = 'protocol';

/** What to run where the protocol is paused; never without the condition. */
export const endThePause = { when: 'once the cause is gone', tv: ['emergency', 'resume'] };

/** Of the older contracts only the vault is paused; the risk controller still accepts signals. */
export function stopsSignals({ paused, pausedBy }: Protocol): boolean {
  return paused === true && pausedBy === 'riskController';
}

/**
 * What is deployed at the configured addresses, and whether the protocol is paused. One batch.
 * @throws TvError where no node answers, or a node does not say whether it is paused, or has no code of what answers
 */
export async function readProtocol(chain: Chain): Promise<Protocol> {
  const { governanceRoles, riskController, treasuryVault, dexStrategy } = chain.contracts;
  try {
    const [governance, risk, vault, strategy, riskPaused, vaultPaused] = await Promise.all([
      readContractState(chain, governanceRoles),
      readContractState(chain, riskController),
      readContractState(chain, treasuryVault),
      readContractState(chain, dexStrategy),
      readPaused(chain, riskController),
      readPaused(chain, treasuryVault),
    ]);
    // What has just answered a call is there.
    for (const [contract, paused] of [
      [risk, riskPaused],
      [vault, vaultPaused],
    ] as const) {
      if (contract.address !== undefined && !contract.hasCode && paused !== undefined)
        throw new UnavailableError(
          'chain.unreliable-node',
          'The RPC node returns no bytecode of a contract, which answers calls.',
          {
            facts: { node: chain.urls.join(', '), contract: contract.address },
            next: { when: 'see which RPC URLs are set, and from where', tv: ['config', 'show'] },
          },
        );
    }
    return {
      contracts: {
        governanceRoles: governance,
        riskController: risk,
        treasuryVault: vault,
        dexStrategy: strategy,
      },
      paused: riskPaused ?? vaultPaused,
      pausedBy:
        riskPaused !== undefined ? 'riskController' : vaultPaused !== undefined ? 'treasuryVault' : undefined,
    };
  } catch (error) {
    throw describeRpcError(error, chain);
  }
}

async function readContractState(chain: Chain, address: Address | undefined): Promise<ContractState> {
  if (address === undefined) return { address, hasCode: false, implementation: undefined };
  const [code, slot] = await Promise.all([
    chain.client.request({ method: 'eth_getCode', params: [address, 'latest'] }),
    chain.client.request({ method: 'eth_getStorageAt', params: [address, implementationSlot, 'latest'] }),
  ]);
  const implementation = parseHex(slot, 'storage word', 32).slice(-40);
  return {
    address,
    hasCode: parseHex(code, 'bytecode').length > 2,
    implementation: /^0+$/.test(implementation) ? undefined : `0x${implementation}`,
  };
}

/** Undefined where the contract has no such function. @throws where the answer is unknown */
async function readPaused(chain: Chain, address: Address | undefined): Promise<boolean | undefined> {
  if (address === undefined) return undefined;
  return tryRead<boolean>(chain, { address, abi: pausedAbi, functionName: 'paused' });
}
