import { createPublicClient, createWalletClient, defineChain, encodeFunctionData, http } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { tempoLocalnet } from 'viem/tempo/chains';
import type { Address } from '../../../config/settings.ts';
import { protocolAbi } from './protocolAbi.ts';

export interface SignalSubmitterParameters {
  readonly rpcUrl: string;
  readonly chainId: number;
  readonly riskController: Address;
  /** Secret. */
  readonly privateKey: `0x${string}`;
}

export interface SubmittedSignal {
  readonly nonce: bigint;
  readonly transactionHash: `0x${string}`;
}

export interface SignalSubmitter {
  readonly address: Address;
  /** As deployed, or as the runbook has it: the two log different words. */
  readonly generation: 'deployed' | 'runbook';
  /** Reads the pair's last signal, signs the next one and waits until it is mined. */
  submit(pair: `0x${string}`): Promise<SubmittedSignal>;
}

/** On Tempo fees are paid in a token; an account that holds only pathUSD has to name it. */
const feeManager = '0xfeec000000000000000000000000000000000000';
const pathUsd = '0x20c0000000000000000000000000000000000000';

/** EIP-712 type of a signal, as RiskController recovers it. */
const signalTypes = {
  OracleUpdate: [
    { name: 'pairId', type: 'bytes32' },
    { name: 'referenceTick', type: 'int16' },
    { name: 'pegDeviation', type: 'uint256' },
    { name: 'orderbookDepthBid', type: 'uint256' },
    { name: 'orderbookDepthAsk', type: 'uint256' },
    { name: 'timestamp', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
  ],
} as const;

export async function signalSubmitter(parameters: SignalSubmitterParameters): Promise<SignalSubmitter> {
  const { rpcUrl, chainId, riskController, privateKey } = parameters;
  const account = privateKeyToAccount(privateKey);
  const transport = http(rpcUrl, { retryCount: 0, timeout: 10_000 });
  const chain = defineChain({ ...tempoLocalnet, id: chainId });
  const reader = createPublicClient({ transport, pollingInterval: 200 });
  const onTempo = (await reader.getCode({ address: feeManager })) !== undefined;
  const contract = { address: riskController, abi: protocolAbi } as const;
  const read = (functionName: 'pairCircuitBroken' | 'circuitBroken') =>
    reader.readContract({ ...contract, functionName, args: [`0x${'0'.repeat(64)}`] });
  const generation = await read('pairCircuitBroken').then(
    () => 'deployed' as const,
    // Asked, not concluded: the node may have failed rather than the contract.
    () => read('circuitBroken').then(() => 'runbook' as const),
  );

  return {
    address: account.address,
    generation,
    async submit(pair) {
      const signal = await nextSignal(pair);
      const signature = await account.signTypedData({
        domain: {
          name: 'TempoVaultRiskController',
          version: '1',
          chainId,
          verifyingContract: riskController,
        },
        types: signalTypes,
        primaryType: 'OracleUpdate',
        message: { pairId: pair, ...signal },
      });
      const update = { functionName: 'updateOracleSignal', args: [pair, signal, signature] } as const;
      // Against the pending block: in the latest one the signal's time is still to come.
      const gas = await reader.estimateContractGas({
        ...contract,
        ...update,
        account: account.address,
        blockTag: 'pending',
      });
      const transactionHash = await send(
        encodeFunctionData({ abi: protocolAbi, ...update }),
        (gas * 12n) / 10n,
      );
      const receipt = await reader.waitForTransactionReceipt({ hash: transactionHash, timeout: 30_000 });
      if (receipt.status !== 'success') throw new Error(`transaction ${transactionHash} reverted`);
      return { nonce: signal.nonce, transactionHash };
    },
  };

  /** Stands in for the DEX's figures: the last signal, moved a little. */
  async function nextSignal(pair: `0x${string}`) {
    const [last, nonce, lastTimestamp, block] = await Promise.all([
      reader.readContract({ ...contract, functionName: 'latestSignals', args: [pair] }),
      reader.readContract({ ...contract, functionName: 'oracleNonces', args: [pair] }),
      reader.readContract({ ...contract, functionName: 'oracleLastTimestamp', args: [pair] }),
      reader.getBlock({ blockTag: 'pending' }),
    ]);
    const next = nonce + 1n;
    const swing = Number(next % 5n) - 2;
    return {
      referenceTick: Math.max(-200, Math.min(200, last[0] + swing)),
      pegDeviation: BigInt(Math.abs(swing)) * 3n,
      orderbookDepthBid: 500_000_000_000n + (next % 17n) * 1_000_000_000n,
      orderbookDepthAsk: 500_000_000_000n + (next % 13n) * 1_000_000_000n,
      timestamp: block.timestamp > lastTimestamp ? block.timestamp : lastTimestamp + 1n,
      nonce: next,
    };
  }

  async function send(data: `0x${string}`, gas: bigint): Promise<`0x${string}`> {
    if (onTempo) {
      const wallet = createWalletClient({ account, chain, transport });
      return wallet.sendTransaction({ to: riskController, data, gas, feeToken: pathUsd });
    }
    const wallet = createWalletClient({ account, transport });
    return wallet.sendTransaction({ to: riskController, data, gas, chain: null });
  }
}
