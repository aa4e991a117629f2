import { createPublicClient, createWalletClient, encodeFunctionData, http, parseAbi } from 'viem';
import { devAccount } from './anvilNode.ts';
import { compile } from './compile.ts';

const source = `
pragma solidity ^0.8.24;
contract EventSource {
  struct OracleSignal {
    int16 referenceTick; uint256 pegDeviation; uint256 orderbookDepthBid;
    uint256 orderbookDepthAsk; uint256 timestamp; uint256 nonce;
  }
  event Deposited(uint256 indexed vaultId, address indexed token, uint256 amount, address indexed depositor, uint256 newBalance);
  event Withdrawn(uint256 indexed vaultId, address indexed token, uint256 amount, address indexed recipient, uint256 newBalance);
  event CapitalDeployed(uint256 indexed vaultId, uint256 indexed deploymentId, address indexed strategy, address token, uint256 amount, bytes32 pairId);
  event CapitalRecalled(uint256 indexed vaultId, uint256 indexed deploymentId, uint256 amount);
  event LossRealized(uint256 indexed vaultId, uint256 indexed deploymentId, address indexed token, uint256 deployed, uint256 returned, uint256 loss);
  event PerformanceFeeAccrued(uint256 indexed vaultId, address indexed token, uint256 amount, uint256 totalAccrued);
  event ManagementFeeAccrued(uint256 indexed vaultId, address indexed token, uint256 amount, uint256 totalAccrued);
  event OracleSignalUpdated(bytes32 indexed pairId, OracleSignal signal, uint256 nonce);
  event CircuitBreakerTriggered(bytes32 indexed pairId, address indexed by);
  event CircuitBreakerReset(bytes32 indexed pairId, address indexed by);
  event OrderPlaced(bytes32 indexed pairId, uint128 indexed orderId, address token, uint128 amount, int16 tick, bool isBid);
  event GlobalPauseToggled(bool paused, address indexed by);

  /// Eleven kinds that are indexed, and one that is not, times over.
  function emitAll(uint256 seed, uint256 times) external {
    for (uint256 i = 0; i < times; i++) {
      bytes32 pair = bytes32(seed + i);
      emit Deposited(1, address(0xA1), type(uint256).max - seed - i, msg.sender, seed);
      emit Withdrawn(1, address(0xA1), seed, msg.sender, 7);
      emit CapitalDeployed(1, seed, address(0xB2), address(0xA1), 5, pair);
      emit CapitalRecalled(1, seed, 4);
      emit LossRealized(1, seed, address(0xA1), 5, 4, 1);
      emit GlobalPauseToggled(true, msg.sender);
      emit PerformanceFeeAccrued(1, address(0xA1), 3, 33);
      emit ManagementFeeAccrued(1, address(0xA1), 2, 22);
      emit OracleSignalUpdated(pair, OracleSignal(-12, 1, 2, 3, 4, seed), seed);
      emit CircuitBreakerTriggered(pair, msg.sender);
      emit CircuitBreakerReset(pair, msg.sender);
      emit OrderPlaced(pair, uint128(seed), address(0xA1), type(uint128).max, -20, true);
    }
  }
}`;

/** Indexed events of one round of `emitAll`. */
export const eventsPerRound = 11;

export interface EventSource {
  readonly address: `0x${string}`;
  /** One transaction in a block of its own; returns the block's number. */
  emitAll(seed: number, times?: number): Promise<number>;
}

let bytecode: `0x${string}` | undefined;

/** Deploys a contract that emits every kind of event. */
export async function deployEventSource(url: string): Promise<EventSource> {
  bytecode ??= compile({ 'EventSource.sol': source })['EventSource'];
  if (bytecode === undefined) throw new Error('EventSource did not compile');
  const address = await deploy(url, bytecode);
  const abi = parseAbi(['function emitAll(uint256 seed, uint256 times)']);
  return {
    address,
    async emitAll(seed, times = 1) {
      const data = encodeFunctionData({ abi, functionName: 'emitAll', args: [BigInt(seed), BigInt(times)] });
      return (await transact(url, { to: address, data })).blockNumber;
    },
  };
}

/** From the first dev account, which anvil signs for. */
async function deploy(url: string, data: `0x${string}`): Promise<`0x${string}`> {
  const { contractAddress } = await transact(url, { data });
  if (contractAddress === undefined) throw new Error('nothing was deployed');
  return contractAddress;
}

async function transact(
  url: string,
  { to, data }: { readonly to?: `0x${string}`; readonly data: `0x${string}` },
): Promise<{ readonly blockNumber: number; readonly contractAddress: `0x${string}` | undefined }> {
  const transport = http(url);
  const wallet = createWalletClient({ account: devAccount, transport });
  const hash = await wallet.sendTransaction({
    chain: null,
    ...(to === undefined ? {} : { to }),
    data,
    gas: 25_000_000n,
  });
  const client = createPublicClient({ transport, pollingInterval: 20 });
  const receipt = await client.waitForTransactionReceipt({ hash });
  if (receipt.status !== 'success') throw new Error(`transaction ${hash} reverted`);
  return { blockNumber: Number(receipt.blockNumber), contractAddress: receipt.contractAddress ?? undefined };
}
