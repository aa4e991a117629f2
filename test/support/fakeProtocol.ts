import {
  type Abi,
  decodeFunctionData,
  encodeAbiParameters,
  encodeEventTopics,
  encodeFunctionResult,
  keccak256,
  multicall3Abi,
  parseAbi,
  stringToHex,
  toFunctionSelector,
} from 'viem';
import { dexStrategyAbi } from '../../src/chain/abi/dexStrategy.ts';
import { governanceRolesAbi } from '../../src/chain/abi/governanceRoles.ts';
import { riskControllerAbi } from '../../src/chain/abi/riskController.ts';
import { tokenAbi } from '../../src/chain/abi/token.ts';
import { treasuryVaultAbi } from '../../src/chain/abi/treasuryVault.ts';
import type { Chain } from '../../src/runbook/context.ts';
import { type HttpServer, httpServer, type RpcCall } from './rpcServer.ts';

type Address = `0x${string}`;

/** An address that ends in a number. */
export const account = (number: number): Address => `0x${number.toString(16).padStart(40, '0')}`;
export const pairOf = (number: number): Address => `0x${(number + 1).toString(16).padStart(64, '0')}`;

export const contracts: Chain['contracts'] = {
  governanceRoles: account(0xa1),
  riskController: account(0xa2),
  treasuryVault: account(0xa3),
  dexStrategy: account(0xa4),
};
export const oracle = account(0x0c1e);
const multicall3 = '0xca11bde05977b3631167028862be2a173976ca11';
const predeploys = parseAbi([
  'function userTokens(address user) view returns (address)',
  'function getNonce(address account, uint256 nonceKey) view returns (uint64 nonce)',
]);
const abis: Readonly<Record<string, Abi>> = {
  [String(contracts.governanceRoles)]: governanceRolesAbi,
  [String(contracts.riskController)]: riskControllerAbi,
  [String(contracts.treasuryVault)]: treasuryVaultAbi,
  [String(contracts.dexStrategy)]: dexStrategyAbi,
};
/** What the deployed generation does not have. */
const absent = ['oracleAddress', 'circuitBroken', 'maxTickDeviation', 'minDepthThreshold'];

export interface FakeProtocolOptions {
  readonly tempo?: boolean;
  readonly multicall?: boolean;
  /** Accounts that hold ORACLE; `oracle` is the first. Default 3. */
  readonly oracles?: number;
  /** The newest block. Default 600. */
  readonly head?: number;
  /** Signals in each block, one transaction each. Default 1. */
  readonly signalsPerBlock?: number;
  /** More logs than this in an answer are refused, as providers do. Default 10 000. */
  readonly mostLogs?: number;
  readonly breakerOpen?: boolean;
}

export interface FakeProtocol extends HttpServer {
  /** Bytes of the largest response so far, and the most calls of one request. */
  largest: number;
  /** For each HTTP request the methods in it. */
  readonly log: (readonly string[])[];
}

/**
 * TempoVault as a JSON-RPC node shows it, as deployed: four contracts, role members, pairs, signals. It
 * is served from memory, in any size.
 */
export async function fakeProtocol(options: FakeProtocolOptions = {}): Promise<FakeProtocol> {
  const answer = answers(options);
  const server = await httpServer((response, body) => {
    const query = JSON.parse(body) as RpcCall | readonly RpcCall[];
    const one = (call: RpcCall) => {
      const result = answer(call);
      const is = result instanceof Refused ? { error: result.error } : { result };
      return { jsonrpc: '2.0', id: call.id, ...is };
    };
    const isList = 'map' in query;
    protocol.log.push((isList ? query : [query]).map(({ method }) => method));
    let text: string;
    try {
      text = JSON.stringify(isList ? query.map(one) : one(query));
    } catch (error) {
      // A read that this fake does not foresee: the test is to fail by its words, not by a time limit.
      return void response.writeHead(500).end(String(error));
    }
    protocol.largest = Math.max(protocol.largest, text.length);
    response.setHeader('content-type', 'application/json').end(text);
  });
  const protocol: FakeProtocol = Object.assign(server, { largest: 0, log: [] });
  return protocol;
}

class Refused {
  readonly error: { readonly code: number; readonly message: string; readonly data?: string };
  constructor(code: number, message: string, data?: string) {
    this.error = { code, message, ...(data === undefined ? {} : { data }) };
  }
}

const reverted = new Refused(3, 'execution reverted', '0x');
const hex = (number: number | bigint) => `0x${number.toString(16)}`;

function answers(options: FakeProtocolOptions): (call: RpcCall) => unknown {
  const { head = 600, signalsPerBlock = 1, mostLogs = 10_000, tempo = true, multicall = true } = options;
  const code = codeOf([
    'triggerCircuitBreaker(bytes32)',
    'resetCircuitBreaker(bytes32)',
    'toggleGlobalPause(bool)',
    'grantRole(bytes32,address)',
    'revokeRole(bytes32,address)',
    'withdraw(address,uint256,address)',
    'emergencyUnwind(bytes32)',
  ]);
  const [updated] = encodeEventTopics({ abi: riskControllerAbi, eventName: 'OracleSignalUpdated' });
  const [granted] = encodeEventTopics({ abi: governanceRolesAbi, eventName: 'RoleGranted' });
  const hash = (kind: string, number: number) => keccak256(stringToHex(`${kind} ${number}`));
  const block = (number: number) => ({
    number: hex(number),
    timestamp: hex(1_700_000_000 + number),
    hash: hash('block', number),
    baseFeePerGas: '0x3b9aca00',
    logsBloom: '0x01',
    transactions: Array.from({ length: signalsPerBlock }, (_, index) => transactionOf(number, index)),
  });
  const transactionOf = (number: number, index: number) =>
    `0x${(BigInt(number) * 1_000n + BigInt(index)).toString(16).padStart(64, '0')}`;
  const signal = (number: number, index: number) => ({
    address: contracts.riskController,
    topics: [updated, pairOf(index)],
    data: encodeAbiParameters(
      Array.from({ length: 7 }, () => ({ type: 'uint256' })),
      [0n, 1n, 500n, 500n, BigInt(1_700_000_000 + number), BigInt(number), BigInt(number)],
    ),
    blockNumber: hex(number),
    blockHash: `0x${'b'.repeat(64)}`,
    transactionHash: transactionOf(number, index),
    transactionIndex: hex(index),
    logIndex: hex(index),
    removed: false,
  });

  function read(to: string, data: `0x${string}`): `0x${string}` | Refused {
    if (to === multicall3) return aggregate(data);
    if (to === account(4)) return data;
    const abi = abis[to] ?? [...tokenAbi, ...predeploys];
    const { functionName, args = [] } = decodeFunctionData({ abi: abi as Abi, data });
    if (absent.includes(functionName)) return reverted;
    if (to === contracts.treasuryVault && functionName === 'paused') return reverted;
    return encodeFunctionResult({
      abi: abi as Abi,
      functionName,
      result: resultOf(functionName, args, options),
    } as never);
  }

  function aggregate(data: `0x${string}`): `0x${string}` {
    const { args } = decodeFunctionData({ abi: multicall3Abi, data });
    const inner = (args?.[0] ?? []) as readonly {
      readonly target: string;
      readonly callData: `0x${string}`;
    }[];
    const result = inner.map(({ target, callData }) => {
      const value = read(target.toLowerCase(), callData);
      return { success: !(value instanceof Refused), returnData: value instanceof Refused ? '0x' : value };
    });
    return encodeFunctionResult({ abi: multicall3Abi, functionName: 'aggregate3', result } as never);
  }

  return ({ method, params }) => {
    const [first, second]: readonly unknown[] = params;
    switch (method) {
      case 'eth_chainId':
        return '0x1079';
      case 'eth_blockNumber':
        return hex(head);
      case 'eth_getBlockByNumber':
        return block(/^0x/.test(String(first)) ? Number(first) : head);
      case 'eth_getCode': {
        const address = String(first).toLowerCase();
        if (address.startsWith('0xfeec')) return tempo ? '0xef' : '0x';
        if (address === multicall3) return multicall ? '0x60' : '0x';
        return code;
      }
      case 'eth_getStorageAt':
        return `0x${'0'.repeat(64)}`;
      case 'eth_getTransactionCount':
        return '0x7';
      case 'eth_getBalance':
        return '0xde0b6b3a7640000';
      case 'eth_maxPriorityFeePerGas':
        return '0x3b9aca00';
      case 'eth_estimateGas':
        return '0xea60';
      case 'eth_gasPrice':
        return '0x77359400';
      case 'eth_call': {
        const call = first as { readonly to: string; readonly data: `0x${string}` };
        return read(call.to.toLowerCase(), call.data);
      }
      case 'eth_getTransactionReceipt': {
        const [number, index] = [
          Number(BigInt(String(first)) / 1_000n),
          Number(BigInt(String(first)) % 1_000n),
        ];
        return {
          logs: [signal(number, index)],
          status: '0x1',
          from: oracle,
          transactionHash: first,
          blockNumber: hex(head),
          gasUsed: '0x186a0',
          effectiveGasPrice: '0x3b9aca00',
          feeToken: '0x20c0000000000000000000000000000000000000',
        };
      }
      case 'eth_getLogs': {
        const { address, fromBlock, toBlock, topics } = first as {
          readonly address: string;
          readonly fromBlock: string;
          readonly toBlock: string;
          readonly topics: readonly (string | readonly string[])[];
        };
        const [from, to] = [Number(fromBlock), toBlock === 'latest' ? head : Math.min(head, Number(toBlock))];
        if (topics?.[0] === granted) return [{ topics, address, blockNumber: '0x0' }];
        if (topics !== undefined && topics[0] !== updated) return [];
        const total = Math.max(0, to - from + 1) * signalsPerBlock;
        if (total > mostLogs) return new Refused(-32005, `query returned more than ${mostLogs} results`);
        return Array.from({ length: total }, (_, index) =>
          signal(from + Math.floor(index / signalsPerBlock), index % signalsPerBlock),
        );
      }
      default:
        return new Refused(-32601, `the method ${method} does not exist (${String(second ?? '')})`);
    }
  };
}

/** A dispatcher with these functions: each selector as a four-byte constant. */
function codeOf(signatures: readonly string[]): string {
  const constants = signatures.map((signature) => {
    const digits = toFunctionSelector(`function ${signature}`)
      .slice(2)
      .replace(/^(00)+/, '');
    return `${(0x5f + digits.length / 2).toString(16)}${digits}14`;
  });
  return `0x6080${constants.join('')}00`;
}

function resultOf(name: string, args: readonly unknown[], options: FakeProtocolOptions): unknown {
  const { oracles = 3, head = 600, breakerOpen = false } = options;
  const roleOf = (role: string) => (role === 'ADMIN' ? `0x${'0'.repeat(64)}` : keccak256(stringToHex(role)));
  const isOracleRole = args[0] === roleOf('ORACLE');
  if (name.endsWith('_ROLE')) return roleOf(name.replace('_ROLE', ''));
  switch (name) {
    case 'hasRole':
      return isOracleRole && String(args[1]).toLowerCase() === oracle;
    case 'getRoleMemberCount':
      return isOracleRole ? BigInt(oracles) : 1n;
    case 'getRoleMember':
      return args[1] === 0n ? oracle : account(0x1000 + Number(args[1]));
    case 'owner':
      return account(0x0b0e);
    case 'paused':
      return false;
    case 'oracleStalenessThreshold':
      return 300;
    case 'latestSignals':
      return [0, 1n, 500n, 500n, BigInt(1_700_000_000 + head), BigInt(head)];
    case 'pairCircuitBroken':
      return breakerOpen;
    case 'symbol':
      return 'pathUSD';
    case 'decimals':
      return 6;
    case 'userTokens':
      return account(0);
    case 'getNonce':
      return 5n;
    case 'getActiveOrders':
      return [1n, 2n];
    case 'pairConfigs':
      return [account(1), account(2), 0, 0n, 0, 0, false, true];
    default:
      return 1_000_000n;
  }
}
