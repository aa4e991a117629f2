import {
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  http,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { tempoLocalnet } from 'viem/tempo/chains';
import type { Address } from '../../../config/settings.ts';
import { encodeOracleUpdate, type OracleUpdate, signOracleUpdate } from '../../chain/signals.ts';
import { protocolAbi } from './protocolAbi.ts';
import { upstream } from './upstream.ts';

export interface SignalSubmitterParameters {
  readonly rpcUrl: string;
  readonly chainId: number;
  readonly riskController: Address;
  /** Secret. */
  readonly privateKey: `0x${string}`;
  /** Tempo's token to pay fees in; undefined leaves it to the account's preference, or to another chain. */
  readonly feeToken: Address | undefined;
}

export interface SubmittedSignal {
  /** Of the pair, in the signal. */
  readonly nonce: bigint;
  /** False where the transaction was mined and reverted. */
  readonly accepted: boolean;
  readonly transactionHash: `0x${string}`;
}

export interface SignalSubmitter {
  readonly address: Address;
  /** As deployed, or as the runbook has it: the two log different words. */
  readonly generation: 'deployed' | 'runbook';
  /** Reads the pair's last signal, signs the next one and waits until it is mined. */
  submit(pair: `0x${string}`): Promise<SubmittedSignal>;
}

/** As web3.py's own. viem's only aborts a signal, which nothing here listens to. */
const requestLimitMs = 10_000;

/** As far as viem uses it. It costs a fraction of Node's own: a sandbox asks its node several times a second. */
function fetchOver(url: string): typeof fetch {
  const post = upstream(url, { timeoutMs: requestLimitMs });
  return async (_input, init) => {
    const { status, type, body } = await post(Buffer.from(String(init?.body)));
    const text = body.toString('utf8');
    return {
      ok: status >= 200 && status < 300,
      status,
      statusText: '',
      headers: { get: (name: string) => (name.toLowerCase() === 'content-type' ? type : null) },
      text: async () => text,
      json: async () => JSON.parse(text) as unknown,
    } as unknown as Response;
  };
}

/** The real relay names 200 000 for every signal; with a margin for Tempo. */
const gasOfRefusedSignal = 300_000n;

export async function signalSubmitter(parameters: SignalSubmitterParameters): Promise<SignalSubmitter> {
  const { rpcUrl, chainId, riskController, privateKey, feeToken } = parameters;
  const account = privateKeyToAccount(privateKey);
  const transport = http(rpcUrl, { retryCount: 0, timeout: 0, fetchFn: fetchOver(rpcUrl) });
  const reader = createPublicClient({ transport, pollingInterval: 200 });
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
      const update = await nextUpdate(pair);
      const signature = await signOracleUpdate({ privateKey, chainId, riskController, update });
      const gas = await estimateGas(update, signature);
      const transactionHash = await send(encodeOracleUpdate(update, signature), (gas * 12n) / 10n);
      const receipt = await reader.waitForTransactionReceipt({ hash: transactionHash, timeout: 30_000 });
      return { nonce: update.nonce, transactionHash, accepted: receipt.status === 'success' };
    },
  };

  /** Replaces the DEX's figures: the last signal, moved a little. */
  async function nextUpdate(pair: `0x${string}`): Promise<OracleUpdate> {
    const [last, nonce, lastTimestamp, block] = await Promise.all([
      reader.readContract({ ...contract, functionName: 'latestSignals', args: [pair] }),
      reader.readContract({ ...contract, functionName: 'oracleNonces', args: [pair] }),
      reader.readContract({ ...contract, functionName: 'oracleLastTimestamp', args: [pair] }),
      reader.getBlock({ blockTag: 'pending' }),
    ]);
    const next = nonce + 1n;
    const swing = Number(next % 5n) - 2;
    return {
      pairId: pair,
      referenceTick: Math.max(-200, Math.min(200, last[0] + swing)),
      pegDeviation: BigInt(Math.abs(swing)) * 3n,
      orderbookDepthBid: 500_000_000_000n + (next % 17n) * 1_000_000_000n,
      orderbookDepthAsk: 500_000_000_000n + (next % 13n) * 1_000_000_000n,
      timestamp: block.timestamp > lastTimestamp ? block.timestamp : lastTimestamp + 1n,
      nonce: next,
    };
  }

  /**
   * Against the pending block: in the latest one the signal's time is still to come. The real relay
   * estimates nothing, and pays for signals that the contract refuses.
   */
  async function estimateGas({ pairId, ...signal }: OracleUpdate, signature: `0x${string}`): Promise<bigint> {
    try {
      return await reader.estimateContractGas({
        ...contract,
        functionName: 'updateOracleSignal',
        args: [pairId, signal, signature],
        account: account.address,
        blockTag: 'pending',
      });
    } catch (error) {
      const reverted =
        error instanceof BaseError && error.walk((cause) => cause instanceof ContractFunctionRevertedError);
      if (!(reverted instanceof ContractFunctionRevertedError)) throw error;
      return gasOfRefusedSignal;
    }
  }

  /** With the nonce of the latest block, as the real relay: behind a pending transaction it collides with it. */
  async function send(data: `0x${string}`, gas: bigint): Promise<`0x${string}`> {
    const nonce = await reader.getTransactionCount({ address: account.address, blockTag: 'latest' });
    if (feeToken !== undefined) {
      const chain = defineChain({ ...tempoLocalnet, id: chainId });
      const wallet = createWalletClient({ account, chain, transport });
      return wallet.sendTransaction({ to: riskController, data, gas, nonce, feeToken });
    }
    const wallet = createWalletClient({ account, transport });
    return wallet.sendTransaction({ to: riskController, data, gas, nonce, chain: null });
  }
}
