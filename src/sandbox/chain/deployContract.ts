import { type Abi, encodeDeployData, getAddress } from 'viem';
import { TvError } from '../../errors/TvError.ts';
import { type Hex, send } from './rpc.ts';

export interface DeployContractParameters {
  readonly from: Hex;
  readonly abi: Abi | readonly unknown[];
  readonly bytecode: Hex;
  readonly args?: readonly unknown[];
}

/** Deploys a compiled contract from an unlocked dev account and answers with its address. */
export async function deployContract(
  url: string,
  { from, abi, bytecode, args = [] }: DeployContractParameters,
): Promise<Hex> {
  const data = encodeDeployData({ abi: abi as Abi, bytecode, args });
  const { contractAddress, transactionHash } = await send(url, { from, data });
  if (contractAddress === null) {
    throw new TvError('sandbox.chain-failed', 'A deployment was mined, but made no contract.', {
      facts: { transaction: transactionHash },
    });
  }
  return getAddress(contractAddress);
}
