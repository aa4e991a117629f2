import type { ServerResponse } from 'node:http';
import { type HttpServer, httpServer, type RpcCall } from './rpcServer.ts';

/**
 * A JSON-RPC proxy that misbehaves in one chosen way, as real nodes and providers were reported to.
 * It runs in the test's own process; `mode` can be changed at any time.
 */
export interface FaultyNode extends HttpServer {
  mode: FaultMode;
  /** Every call that arrived, in order, with the number of calls in its HTTP request. */
  readonly calls: { readonly method: string; readonly selector: string; readonly batch: number }[];
}

export interface FaultOptions {
  /** `callerr` and its siblings: selectors of the functions whose `eth_call` fails. Empty: all of them. */
  readonly selectors?: readonly string[];
  /** `callerr` and its siblings: every n-th of them fails. Default 1. */
  readonly every?: number;
  /** The words of the error, where a mode lets them be chosen. */
  readonly message?: string;
  /** `callerr`: the error's code. Default -32603. */
  readonly code?: number;
  /** `lagreceipt`: how long receipts lag, in milliseconds. Default 8 000. */
  readonly lagMs?: number;
  /** `staleHead`: how many blocks the node is behind. Default 500. */
  readonly behind?: number;
  /** `frozen`, `headFrozen`: the newest block that the node shows. */
  readonly head?: number;
  /** `logsTail`: logs of blocks below this one are gone. Default: all. */
  readonly prunedBelow?: number;
  /** `logsCap`: how many logs a list has at most. Default 1 000. */
  readonly cap?: number;
  /** `rateinfura1`: the Retry-After header, in seconds. Default: none. */
  readonly retryAfter?: number;
  /** Asked before each HTTP request: how the node behaves from this one on. */
  readonly choose?: (methods: readonly string[]) => FaultMode | Promise<FaultMode>;
}

type Answer = Readonly<Record<string, unknown>>;
type Forward = (call: RpcCall) => Promise<Answer>;
type Behaviour = (call: RpcCall, forward: Forward) => Promise<Answer> | Answer;

function failure(id: unknown, code: number, message: string, data?: unknown): Answer {
  return { jsonrpc: '2.0', id, error: { code, message, ...(data === undefined ? {} : { data }) } };
}
const success = (id: unknown, result: unknown): Answer => ({ jsonrpc: '2.0', id, result });

/** `eth_getLogs` over more than `limit` blocks is refused. `latest` counts as too wide. */
function rangeLimit(limit: number, code: number, message: string): Behaviour {
  return (call, forward) => {
    if (call.method !== 'eth_getLogs') return forward(call);
    const { fromBlock, toBlock } = call.params[0] as { fromBlock: string; toBlock: string };
    const width = (toBlock === 'latest' ? 1e9 : Number(toBlock)) - Number(fromBlock) + 1;
    return width > limit ? failure(call.id, code, message) : forward(call);
  };
}

/** Receipts are changed on their way. */
function receipts(change: (receipt: Answer) => unknown): Behaviour {
  return async (call, forward) => {
    const answer = await forward(call);
    const receipt = answer['result'];
    if (call.method !== 'eth_getTransactionReceipt' || typeof receipt !== 'object' || receipt === null) {
      return answer;
    }
    return { ...answer, result: change(receipt as Answer) };
  };
}

/** The node takes the transaction and answers with an error all the same. */
function takenButRefused(code: number, message: string): Behaviour {
  return async (call, forward) => {
    if (call.method === 'eth_sendRawTransactionSync') return failure(call.id, -32601, 'method not found');
    if (call.method !== 'eth_sendRawTransaction') return forward(call);
    await forward(call);
    return failure(call.id, code, message);
  };
}

/** One method answers with something else. */
function replaced(methods: readonly string[], answer: (id: unknown) => Answer): Behaviour {
  return (call, forward) => (methods.includes(call.method) ? answer(call.id) : forward(call));
}

/** Lists of logs come back changed, without an error. */
function logsChanged(change: (logs: readonly Answer[]) => readonly Answer[]): Behaviour {
  return async (call, forward) => {
    const answer = await forward(call);
    const logs = answer['result'];
    return call.method === 'eth_getLogs' && Array.isArray(logs)
      ? { ...answer, result: change(logs as readonly Answer[]) }
      : answer;
  };
}

/** Every call ends in an error that is not shaped as JSON-RPC asks. */
function malformed(error: unknown): Behaviour {
  return (call) => ({ jsonrpc: '2.0', id: call.id, error });
}

const feeMethods = ['eth_maxPriorityFeePerGas', 'eth_gasPrice', 'eth_feeHistory'];

function selectorOf({ method, params }: RpcCall): string {
  // They may be left out where a method takes none.
  const [call] = (params ?? []) as readonly { readonly data?: string; readonly input?: string }[];
  return method === 'eth_call' ? (call?.data ?? call?.input ?? '').slice(0, 10) : '';
}

function behaviours(options: FaultOptions) {
  const {
    selectors = [],
    every = 1,
    message,
    code = -32603,
    lagMs = 8_000,
    behind = 500,
    head = 0,
  } = options;
  const { prunedBelow = Number.POSITIVE_INFINITY, cap = 1_000 } = options;
  let hits = 0;
  let sentAt: number | undefined;
  const stateReads =
    (answer: (id: unknown) => Answer): Behaviour =>
    (call, forward) => {
      const selector = selectorOf(call);
      const hit = selector !== '' && (selectors.length === 0 || selectors.includes(selector));
      return hit && ++hits % every === 0 ? answer(call.id) : forward(call);
    };
  return {
    healthy: (call, forward) => forward(call),
    // Another chain, with the same answers to everything else
    wrongchain: replaced(['eth_chainId'], (id) => success(id, '0x1')),
    // Receipts without a status
    statusnone: receipts((receipt) => ({ ...receipt, status: null })),
    statusabsent: receipts(({ status: _, ...receipt }) => receipt),
    // Receipts that are none of this transaction
    recnoblock: receipts(({ blockNumber: _, ...receipt }) => receipt),
    recother: receipts((receipt) => ({ ...receipt, transactionHash: `0x${'11'.repeat(32)}` })),
    recstring: receipts(() => 'pending'),
    // State reads
    callerr: stateReads((id) => failure(id, code, message ?? 'Internal error')),
    callnull: stateReads((id) => success(id, null)),
    callempty: stateReads((id) => success(id, '0x')),
    callgas: stateReads((id) => failure(id, -32000, 'out of gas')),
    nosimulate: replaced(['eth_simulateV1'], (id) => failure(id, -32601, 'method not found')),
    // Sending: taken, and answered with an error
    mempool: takenButRefused(-32000, 'tx already in mempool'),
    sendinternal: takenButRefused(-32603, 'Internal error'),
    sync4: async (call, forward) => {
      if (call.method !== 'eth_sendRawTransactionSync') return forward(call);
      const answer = await forward({ ...call, method: 'eth_sendRawTransaction' });
      const words = message ?? "Transaction was added to the mempool but wasn't confirmed within 30s";
      return 'error' in answer ? answer : failure(call.id, 4, words, answer['result']);
    },
    sync404: replaced(['eth_sendRawTransactionSync'], (id) =>
      failure(id, -32600, message ?? 'Unsupported method: eth_sendRawTransactionSync'),
    ),
    /** Not taken, and answered with an error. */
    refuseSend: replaced(['eth_sendRawTransaction', 'eth_sendRawTransactionSync'], (id) =>
      failure(id, -32000, message ?? 'insufficient funds for gas * price + value'),
    ),
    /** The node takes the transaction and is away from then on, its answer lost. */
    downAfter: async (call, forward) => {
      if (call.method.startsWith('eth_sendRaw') && sentAt === undefined) {
        sentAt = Date.now();
        await forward({ ...call, method: 'eth_sendRawTransaction' });
      }
      if (sentAt !== undefined) throw new Error('down');
      return forward(call);
    },
    // Receipts and look-ups come from a replica that lags
    lagreceipt: async (call, forward) => {
      if (call.method.startsWith('eth_sendRaw')) {
        const answer = await forward(call);
        sentAt ??= Date.now();
        return call.method.endsWith('Sync') ? failure(call.id, -32601, 'method not found') : answer;
      }
      const isBehind = sentAt === undefined || Date.now() - sentAt < lagMs;
      const looked = ['eth_getTransactionReceipt', 'eth_getTransactionByHash'].includes(call.method);
      return looked && isBehind ? success(call.id, null) : forward(call);
    },
    // Logs
    infura: rangeLimit(500, -32602, 'range 1000000 exceeds limit of 500'),
    toohigh: rangeLimit(500, -32600, 'block range too high'),
    alchemy10: rangeLimit(
      10,
      -32600,
      'Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range.',
    ),
    nologs: replaced(['eth_getLogs'], (id) => failure(id, -32601, 'the method eth_getLogs does not exist')),
    /** The log index is missing, and the node does not report it. */
    logsEmpty: logsChanged(() => []),
    /** The log index has only newer blocks. */
    logsTail: logsChanged((logs) => logs.filter((log) => Number(log['blockNumber']) >= prunedBelow)),
    /** The oldest logs of a range, as many as fit. */
    logsCap: logsChanged((logs) => logs.slice(0, cap)),
    /** Logs come with the number of another block. */
    logsMoved: logsChanged((logs) =>
      logs.map((log) => ({ ...log, blockNumber: `0x${(Number(log['blockNumber']) + 1).toString(16)}` })),
    ),
    // Whole kinds of state that read as nothing
    codeempty: replaced(['eth_getCode'], (id) => success(id, '0x')),
    callzero: stateReads((id) => success(id, `0x${'0'.repeat(64)}`)),
    // Fees
    nullfee: replaced(['eth_maxPriorityFeePerGas'], (id) => success(id, null)),
    nofees: replaced(feeMethods, (id) => failure(id, -32601, 'the method does not exist')),
    nullfees: replaced(feeMethods, (id) => success(id, null)),
    // The load balancer has no node behind it
    nobackend: (call) =>
      failure(call.id, -32011, message ?? 'no backend is currently healthy to serve traffic'),
    /** Another replica, some blocks behind: it also has an older state. */
    staleHead: async (call, forward) => {
      const head = Number((await forward({ id: 1, method: 'eth_blockNumber', params: [] }))['result']);
      const at = `0x${Math.max(0, head - behind).toString(16)}`;
      if (call.method === 'eth_blockNumber') return success(call.id, at);
      const params = (call.params ?? []).map((param) =>
        param === 'latest' || param === 'pending' ? at : param,
      );
      return forward({ ...call, params });
    },
    /** Consistent, but of the past: it takes transactions, and shows nothing of what came after its block. */
    frozen: async (call, forward) => {
      const at = `0x${head.toString(16)}`;
      if (call.method === 'eth_blockNumber') return success(call.id, at);
      if (call.method === 'eth_sendRawTransactionSync') return failure(call.id, -32601, 'method not found');
      const params = (call.params ?? []).map((param) =>
        param === 'latest' || param === 'pending' ? at : param,
      );
      const answer = await forward({ ...call, params });
      const looked = ['eth_getTransactionReceipt', 'eth_getTransactionByHash'].includes(call.method);
      const found = answer['result'] as { readonly blockNumber?: string } | null | undefined;
      return looked && Number(found?.blockNumber ?? 0) > head ? success(call.id, null) : answer;
    },
    /** The head is of the past, and everything else is fresh: a cache in front of one method. */
    headFrozen: (call, forward) => {
      const at = `0x${head.toString(16)}`;
      if (call.method === 'eth_blockNumber') return success(call.id, at);
      if (call.method !== 'eth_getBlockByNumber') return forward(call);
      const [block, ...rest] = call.params;
      return forward({ ...call, params: [block === 'latest' ? at : block, ...rest] });
    },
    recnull: replaced(['eth_getTransactionReceipt'], (id) => success(id, null)),
    /** What succeeded is shown as reverted, and the reverse. */
    recflipped: receipts((receipt) => ({ ...receipt, status: receipt['status'] === '0x1' ? '0x0' : '0x1' })),
    /** The receipt names another block than the one that holds the transaction. */
    recmoved: receipts((receipt) => ({
      ...receipt,
      blockNumber: `0x${(Number(receipt['blockNumber']) - 100).toString(16)}`,
    })),
    noncebehind: async (call, forward) => {
      const answer = await forward(call);
      const count = Number(answer['result']);
      return call.method === 'eth_getTransactionCount' && 'result' in answer
        ? success(call.id, `0x${Math.max(0, count - 5).toString(16)}`)
        : answer;
    },
    // Estimates
    esthuge: async (call, forward) => {
      const answer = await forward(call);
      const isEstimate = call.method === 'eth_estimateGas' && 'result' in answer;
      return isEstimate ? success(call.id, '0xffffffffffffffff') : answer;
    },
    // Malformed errors
    errorstring: malformed('upstream unavailable'),
    errornumber: malformed(503),
    errorarray: malformed(['upstream unavailable']),
    errortrue: malformed(true),
    errorempty: malformed({}),
    errornocode: malformed({ message: 'upstream unavailable' }),
    errornomessage: malformed({ code: -32603 }),
    errortextcode: malformed({ code: 'SERVER_ERROR', message: 'upstream unavailable' }),
    errormessagenumber: malformed({ code: -32603, message: 42 }),
    /** `error: null` beside a null result, as JSON-RPC 1.0 servers send. */
    errornull: (call) => ({ jsonrpc: '2.0', id: call.id, result: null, error: null }),
  } satisfies Readonly<Record<string, Behaviour>>;
}

type Refusal = readonly [status: number, body: unknown];

/** What becomes of a whole HTTP request; undefined where its calls are answered one by one. */
function refusals() {
  let seen = 0;
  const larger = (query: unknown, than: number): query is RpcCall[] =>
    Array.isArray(query) && query.length > than;
  return {
    nobatch: (query) => (larger(query, 1) ? [200, failure(null, -32600, 'Invalid Request')] : undefined),
    b10: (query) =>
      larger(query, 10)
        ? [200, failure(null, -32600, 'Batch of more than 10 requests are not allowed on free tier')]
        : undefined,
    /** geth: one entry for the whole batch. */
    batchgeth: (query) =>
      larger(query, 3) ? [200, [failure(query[0]?.id, -32600, 'batch too large')]] : undefined,
    batch400: (query) => (larger(query, 1) ? [400, 'batch requests are not supported'] : undefined),
    batch413: (query) => (larger(query, 5) ? [413, failure(null, -32600, 'Payload Too Large')] : undefined),
    batchempty: (query) => (larger(query, 1) ? [200, []] : undefined),
    rateinfura1: () =>
      ++seen % 2 === 1 ? [429, failure(null, -32005, 'project ID request rate exceeded')] : undefined,
    /** The code says "invalid request", and only the HTTP status what is meant. */
    rate429code: () => (++seen % 2 === 1 ? [429, failure(null, -32600, 'slow down')] : undefined),
    rate429: () => [429, failure(null, -32005, 'too many requests')],
    once502: () =>
      ++seen === 1 ? [502, '<html><head><title>502 Bad Gateway</title></head></html>'] : undefined,
  } satisfies Readonly<Record<string, (query: unknown) => Refusal | undefined>>;
}

export type FaultMode = keyof ReturnType<typeof behaviours> | keyof ReturnType<typeof refusals>;

export const faultModes = Object.keys({ ...behaviours({}), ...refusals() }) as readonly FaultMode[];

/**
 * @param upstream the healthy node behind it
 * @returns a node on a free port of loopback, to be disposed of by the test
 */
export async function faultyNode(
  upstream: string,
  mode: FaultMode = 'healthy',
  options: FaultOptions = {},
): Promise<FaultyNode> {
  const calls: FaultyNode['calls'] = [];
  const each: Readonly<Record<string, Behaviour>> = behaviours(options);
  const whole: Readonly<Record<string, (query: unknown) => Refusal | undefined>> = refusals();
  const forward: Forward = async (call) => {
    const answer = await fetch(upstream, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', ...call }),
    });
    return (await answer.json()) as Answer;
  };
  const server = await httpServer(async (response, body) => {
    const query = JSON.parse(body) as RpcCall | RpcCall[];
    const list = Array.isArray(query) ? query : [query];
    for (const call of list) {
      calls.push({ method: call.method, selector: selectorOf(call), batch: list.length });
    }
    if (options.choose !== undefined) node.mode = await options.choose(list.map(({ method }) => method));
    const { mode: now } = node;
    const refusal = whole[now]?.(query);
    if (refusal !== undefined) {
      if (refusal[0] === 429 && options.retryAfter !== undefined) {
        response.setHeader('retry-after', options.retryAfter);
      }
      return send(response, refusal);
    }
    const behave = each[now] ?? ((call: RpcCall) => forward(call));
    try {
      const answers = await Promise.all(list.map((call) => behave(call, forward)));
      send(response, [200, Array.isArray(query) ? answers : answers[0]]);
    } catch (error) {
      send(response, [500, String(error)]);
    }
  });
  const node: FaultyNode = Object.assign(server, { mode, calls });
  return node;
}

function send(response: ServerResponse, [status, body]: Refusal): void {
  const isText = typeof body === 'string';
  response.writeHead(status, { 'content-type': isText ? 'text/html' : 'application/json' });
  response.end(isText ? body : JSON.stringify(body));
}
