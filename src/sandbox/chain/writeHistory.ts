import { type AbiEvent, toEventSelector } from 'viem';
import { TvError } from '../../errors/TvError.ts';
import { riskController } from '../contracts/artifacts/deployed/RiskController.ts';
import { treasuryVault } from '../contracts/artifacts/deployed/TreasuryVault.ts';
import { dexStrategy as fullStrategy } from '../contracts/artifacts/full/DexStrategy.ts';
import { dexStrategy as runbookStrategy } from '../contracts/artifacts/runbook/DexStrategy.ts';
import type { Deployment } from './deployment.ts';
import { planHistory } from './historyPlan.ts';
import { oracleTransaction } from './historyTransactions.ts';
import { blockTime, HistoryWriter, shortestBlockTime, unixNow } from './historyWriter.ts';
import { type Hex, head, rpc, send } from './rpc.ts';

export interface WriteHistoryParameters {
  /** Default 2400. */
  readonly blocks?: number;
  /** Default 6000; met within a few percent, as operations come in whole rounds. */
  readonly events?: number;
}

export interface History {
  readonly firstBlock: number;
  readonly lastBlock: number;
  /** How many events of the indexed kinds the chain now has in these blocks. */
  readonly events: number;
  readonly seconds: number;
}

const defaultBlocks = 2400;
/**
 * Room for the deployment, and for the blocks that the chain mines by itself, one a second while the history is
 * written: on a busy machine that takes minutes. What is left of it is spread over the history's own blocks.
 */
const spareBlocks = 300;

/** Unix time for `anvilCommand`'s genesis, so that a history of so many blocks ends about now. */
export function historyGenesis(blocks = defaultBlocks, now: Date = new Date()): number {
  return Math.floor(now.getTime() / 1000) - (blocks + spareBlocks) * blockTime;
}

/**
 * Writes a past onto a freshly deployed chain: oracle updates of two keys, one after the other, and
 * everything that the treasury and the strategist do. Afterwards the protocol is at rest: not paused,
 * breakers reset, orders on the book, capital idle in the strategy and withdrawable in the vault, and the chain's
 * clock is right.
 *
 * @throws TvError where the chain began too late to hold so many blocks (start it at `historyGenesis()`)
 */
export async function writeHistory(
  url: string,
  deployment: Deployment,
  { blocks = defaultBlocks, events = 6000 }: WriteHistoryParameters = {},
): Promise<History> {
  const started = performance.now();
  const slots = planHistory(deployment, blocks, events);
  const first = await head(url);
  const needed = blocks * shortestBlockTime;
  if (unixNow() - first.timestamp < needed) {
    throw new TvError('sandbox.chain-failed', 'The chain began too late for its history.', {
      facts: { began: new Date(first.timestamp * 1000).toISOString(), 'seconds needed': needed },
    });
  }
  await dropBlockHashHistory(url);
  await send(url, oracleTransaction(deployment, 'oldOracle'));
  await new HistoryWriter(url, deployment, { blocks, time: first.timestamp }).write(slots);

  await rpc(url, 'anvil_removeBlockTimestampInterval');
  await rpc(url, 'evm_setTime', [Math.max(unixNow(), (await head(url)).timestamp)]);
  await rpc(url, 'evm_mine');
  const range = { firstBlock: first.number + 1, lastBlock: (await head(url)).number };
  const written = await countEvents(url, deployment, range.firstBlock, range.lastBlock);
  return { ...range, events: written, seconds: (performance.now() - started) / 1000 };
}

/**
 * Takes the code of EIP-2935's system contract away. It fills a storage slot each block, and anvil hashes
 * the whole storage for each block's state root: 2400 blocks would take many times as long.
 */
async function dropBlockHashHistory(url: string): Promise<void> {
  await rpc(url, 'anvil_setCode', ['0x0000F90827F1C53a10cb7A02335B175320002935', '0x']);
}

const indexedNames: readonly string[] = [
  'Deposited',
  'Withdrawn',
  'CapitalDeployed',
  'CapitalRecalled',
  'LossRealized',
  'PerformanceFeeAccrued',
  'ManagementFeeAccrued',
  'OracleSignalUpdated',
  'CircuitBreakerTriggered',
  'CircuitBreakerReset',
  'OrderPlaced',
];

/**
 * Name by topic of the events that TempoVault's indexer keeps (one table a
 * kind). `OrderPlaced` is another event in the full build than in the runbook's; the compact one has neither.
 */
export const indexedEvents: ReadonlyMap<Hex, string> = new Map(
  [...treasuryVault.abi, ...riskController.abi, ...fullStrategy.abi, ...runbookStrategy.abi]
    .filter(
      (item): item is typeof item & AbiEvent => item.type === 'event' && indexedNames.includes(item.name),
    )
    .map((event) => [toEventSelector(event), event.name]),
);

async function countEvents(
  url: string,
  { addresses }: Deployment,
  from: number,
  to: number,
): Promise<number> {
  const { riskController, treasuryVault, dexStrategy } = addresses;
  const logs = await rpc<unknown[]>(url, 'eth_getLogs', [
    {
      address: [riskController, treasuryVault, dexStrategy],
      topics: [[...indexedEvents.keys()]],
      fromBlock: `0x${from.toString(16)}`,
      toBlock: `0x${to.toString(16)}`,
    },
  ]);
  return logs.length;
}
