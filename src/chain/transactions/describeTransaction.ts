import { type Abi, decodeFunctionData } from 'viem';
import type { Address } from '../../config/settings.ts';
import { type Answer, known, unknown } from '../../errors/answer.ts';
import type { Chain } from '../../runbook/context.ts';
import { dexStrategyAbi } from '../abi/dexStrategy.ts';
import { governanceRolesAbi } from '../abi/governanceRoles.ts';
import { riskControllerAbi } from '../abi/riskController.ts';
import { stablecoinDexAbi } from '../abi/stablecoinDex.ts';
import { tokenAbi } from '../abi/token.ts';
import { treasuryVaultAbi } from '../abi/treasuryVault.ts';
import { contractsOf } from '../contracts.ts';
import { decodeRevert } from '../decodeRevert.ts';
import { described } from '../describeRpcError.ts';
import { eventArguments, eventName, hasOpaqueArgument, plainArgument } from '../events.ts';
import { parseHex, parseObject, parseQuantity } from '../parseAnswer.ts';
import { readBlockTime } from '../readHead.ts';
import { sameAddress } from '../sameAddress.ts';
import { parseReceipt } from './receipt.ts';

export interface TracedCall {
  /** Null where it makes a contract. */
  readonly to: Address | null;
  /** The contract's name in the settings, where it is one of those. */
  readonly contract: string | null;
  /** `setCircuitBreaker(0x…, true)`; the selector alone where the function is not known here. */
  readonly call: string;
}

export interface TracedLog {
  readonly address: Address;
  readonly contract: string | null;
  /** Its place in the block. */
  readonly logIndex: number;
  /** Null of an anonymous event. */
  readonly topic: `0x${string}` | null;
  /** Null where its signature is not known here. */
  readonly name: string | null;
  /** `pairId 0x…, by 0x…`; null where the arguments cannot be decoded. */
  readonly args: string | null;
  /** It has an argument that the deployed indexer cannot store. */
  readonly unstorable: boolean;
}

export interface TracedTransaction {
  readonly hash: `0x${string}`;
  readonly from: Address;
  readonly nonce: number;
  readonly calls: readonly TracedCall[];
  /** Null while it is pending. */
  readonly block: number | null;
  /** Seconds since 1970; null where it is not in a block. */
  readonly at: number | null;
  /** Unknown also while it waits. */
  readonly status: Answer<'success' | 'failure'>;
  readonly logs: Answer<readonly TracedLog[]>;
  /** Why it reverted, as the same call reverts in the block before; null where it did not. */
  readonly revert: Answer<string> | null;
}

const abis = [
  riskControllerAbi,
  treasuryVaultAbi,
  dexStrategyAbi,
  governanceRolesAbi,
  stablecoinDexAbi,
  tokenAbi,
] as readonly Abi[];

/**
 * A transaction with its calls and events in words.
 * @returns undefined where the nodes that were asked do not know it
 * @throws TvError where no node answers
 */
export async function describeTransaction(
  chain: Chain,
  hash: `0x${string}`,
): Promise<TracedTransaction | undefined> {
  const ask = (method: 'eth_getTransactionByHash' | 'eth_getTransactionReceipt') =>
    described(chain, chain.client.request({ method, params: [hash] } as never) as Promise<unknown>);
  const [shown, receipt] = await Promise.all([
    ask('eth_getTransactionByHash'),
    ask('eth_getTransactionReceipt'),
  ]);
  if (shown === null || shown === undefined) return undefined;
  const transaction = parseObject(shown, 'transaction');
  const from = parseHex(transaction['from'], 'sender', 20) as Address;
  const calls = callsOf(transaction);
  const parsed = parseReceipt(receipt ?? null, hash);
  const status = parsed === undefined ? unknown('it is in no block yet') : parsed.status;
  return {
    hash,
    from,
    nonce: parseQuantity(transaction['nonce'], 'nonce'),
    calls: calls.map((call) => describeCall(chain, call)),
    block: parsed?.block ?? null,
    at: parsed === undefined ? null : await readBlockTime(chain, parsed.block),
    status,
    logs: parsed === undefined ? unknown('it is in no block yet') : logsOf(chain, receipt),
    revert:
      parsed !== undefined && status.known && status.value === 'failure'
        ? await readRevert(chain, from, calls, parsed.block)
        : null,
  };
}

interface RawCall {
  readonly to: Address | null;
  readonly input: `0x${string}`;
}

/** A transaction of type 0x76 holds several calls; every other holds one. */
function callsOf(transaction: Readonly<Record<string, unknown>>): readonly RawCall[] {
  const many = transaction['calls'];
  const all =
    Array.isArray(many) && many.length > 0 ? many.map((call) => parseObject(call, 'call')) : [transaction];
  return all.map((call) => ({
    to: call['to'] == null ? null : (parseHex(call['to'], 'receiver', 20) as Address),
    input: parseHex(call['input'] ?? call['data'] ?? '0x', 'call data'),
  }));
}

function describeCall(chain: Chain, { to, input }: RawCall): TracedCall {
  const contract = contractName(chain, to);
  if (input.length < 10) return { to, contract, call: input === '0x' ? 'no call data' : input };
  for (const abi of abis) {
    try {
      const { functionName, args = [] } = decodeFunctionData({ abi, data: input });
      return { to, contract, call: `${functionName}(${args.map(plainArgument).join(', ')})` };
    } catch {
      // Not a function of this contract.
    }
  }
  return { to, contract, call: `unknown function ${input.slice(0, 10)}` };
}

function logsOf(chain: Chain, receipt: unknown): TracedTransaction['logs'] {
  const logs = parseObject(receipt, 'receipt')['logs'];
  if (!Array.isArray(logs)) return unknown('the RPC node left the logs out of the receipt');
  return known(
    logs.map((each) => {
      const log = parseObject(each, 'log');
      const address = parseHex(log['address'], 'address of a log', 20).toLowerCase() as Address;
      const topics = (Array.isArray(log['topics']) ? log['topics'] : []).map((topic) =>
        parseHex(topic, 'topic', 32),
      );
      return {
        address,
        contract: contractName(chain, address),
        logIndex: parseQuantity(log['logIndex'], 'log index'),
        topic: topics[0] ?? null,
        name: eventName(topics[0]) ?? null,
        args: argumentsOf(topics, parseHex(log['data'] ?? '0x', 'data of a log')),
        unstorable: hasOpaqueArgument(topics[0]),
      };
    }),
  );
}

function argumentsOf(topics: readonly `0x${string}`[], data: `0x${string}`): string | null {
  const args = eventArguments(topics, data);
  if (args === undefined) return null;
  return Object.entries(args)
    .map(([name, value]) => `${name} ${plainArgument(value)}`)
    .join(', ');
}

/** The same calls in the block before: what stood in their way then, as far as that block was like it. */
async function readRevert(
  chain: Chain,
  from: Address,
  calls: readonly RawCall[],
  block: number,
): Promise<Answer<string>> {
  for (const { to, input } of calls) {
    if (to === null) continue;
    try {
      await chain.client.request({
        method: 'eth_call',
        params: [{ from, to, data: input }, `0x${Math.max(0, block - 1).toString(16)}`],
      });
    } catch (error) {
      return known((await decodeRevert(chain, error)).sentence);
    }
  }
  return unknown(
    'the same call succeeds in the block before: an earlier transaction of its own block may be the reason',
  );
}

function contractName(chain: Chain, address: Address | null): string | null {
  if (address === null) return null;
  return contractsOf(chain).find((one) => sameAddress(one.address, address))?.name ?? null;
}
