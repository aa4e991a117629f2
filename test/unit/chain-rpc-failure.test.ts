import { HttpRequestError, RpcRequestError } from 'viem';
import { describe, expect, it } from 'vitest';
import { kindOfRpcError, type RpcFailureKind } from '../../src/chain/rpcErrorKind.ts';
import { HttpFailure } from '../../src/chain/rpcErrors.ts';
import { rpcFailure } from '../../src/chain/rpcFailure.ts';

const url = 'https://rpc.example';
const rpcError = (code: number, message: string) =>
  new RpcRequestError({ body: { method: 'eth_getLogs' }, error: { code, message }, url });

/** Messages as nodes and providers word them. */
const wordings: readonly (readonly [RpcFailureKind, number, string])[] = [
  [
    'pruned',
    -32000,
    'missing trie node 8b1604e0d19d9be9a94cab027e74134e674bccdbf8d6a3f09a23abe52fd356fa (path )',
  ],
  ['pruned', 4444, 'pruned history unavailable'],
  ['pruned', -32000, 'header not found'],
  ['pruned', -32000, 'required historical state unavailable (reexec=128)'],
  ['pruned', -32000, 'old data not available due to pruning'],
  ['pruned', -32000, 'seek with txNum=1962853355 but data before txNum=2662500000 is not available'],
  ['pruned', -32000, 'block not found 11185311'],
  ['pruned', -32603, 'state at block #12369623 is pruned'],
  ['pruned', -32000, 'distance to target block exceeds maximum proof window'],
  ['pruned', -32602, 'Receipts for block 7 (0x12) are neither stored nor reproducible from state history.'],
  ['pruned', -32001, 'unknown block'],
  ['pruned', -32000, 'This request requires an archive node'],
  ['too-wide', -32602, 'query exceeds max block range 100000'],
  ['too-wide', -32614, 'eth_getLogs is limited to a 10,000 range'],
  ['too-wide', -32602, 'eth_getLogs is limited to 0 - 50 blocks range'],
  ['too-wide', -32701, 'exceed maximum block range: 50000'],
  ['too-wide', 35, 'ranges over 10000 blocks are not supported on freetier'],
  ['too-wide', -32000, 'requested too many blocks from 0 to 3000, maximum is set to 2048'],
  ['too-wide', -32000, 'Block range limit exceeded.'],
  ['too-wide', -32600, 'block range is too wide'],
  [
    'too-wide',
    -32600,
    'Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range.',
  ],
  ['too-wide', -32005, 'eth_getLogs range is too large, max is 1k blocks'],
  ['too-wide', -32000, 'please limit the query to at most 1000 blocks'],
  ['too-wide', -32000, 'Maximum allowed number of requested blocks is 3500'],
  ['too-wide', -32600, 'exceeds the range allowed for your plan (50001 > 50000)'],
  ['too-much', -32005, 'query returned more than 10000 results. Try with this block range [0x1, 0x2].'],
  ['too-much', -32602, 'query exceeds max results 20000, retry with the range 24383075-24383096'],
  ['too-much', -32602, 'Log response size exceeded.'],
  ['too-much', -32000, 'query timeout exceeded. Consider reducing your block range.'],
  ['too-much', -32008, 'Response is too big'],
  ['too-much', -32000, 'backend response too large'],
  ['too-much', -32005, 'limit exceeded'],
  ['rate-limited', -32005, 'daily request count exceeded, request rate limited'],
  ['rate-limited', -32007, '25/second request limit reached'],
  ['rate-limited', 429, 'Your app has exceeded its compute units per second capacity'],
  ['unsupported', -32601, 'the method eth_getLogs does not exist/is not available'],
  ['reverted', 3, 'execution reverted: ProtocolPaused'],
  ['reverted', -32000, 'execution reverted'],
  ['reverted', -32015, 'VM execution error.'],
  ['reverted', -32603, 'VM Exception while processing transaction: reverted with reason string "x"'],
  ['reverted', -32000, 'invalid opcode: INVALID'],
  ['reverted', -32000, 'invalid jump destination'],
  ['reverted', -32000, 'stack underflow (0 <=> 1)'],
  ['reverted', -32003, 'EVM error: InvalidJump'],
  ['reverted', -32603, 'EVM error: OpcodeNotFound'],
  // The node's own limit, and its own trouble: what the contract would have answered is unknown.
  ['rejected', -32000, 'out of gas'],
  ['rejected', -32003, 'out of gas: gas required exceeds: 30000000'],
  ['rejected', -32603, 'EVM error: OutOfGas'],
  ['rejected', -32000, 'timeout awaiting header'],
  ['rejected', -32000, 'reverting to the last good peer'],
  ['rejected', -32602, 'invalid argument 0: hex string without 0x prefix'],
  ['failed', -32603, 'Internal error'],
  ['failed', -32603, ''],
  ['failed', -32011, 'no backend is currently healthy to serve traffic'],
  ['failed', -32000, 'upstream connect error'],
  ['failed', -32050, 'x'],
  ['failed', -32002, 'resource unavailable'],
  ['too-wide', -32600, 'exceed maximum block range: 500'],
  ['rejected', -32602, 'block range extends beyond current head block'],
  ['rejected', -32602, 'invalid block range params'],
  ['rejected', -32000, 'nonce too low'],
];

describe('what a JSON-RPC error means', () => {
  it.each(wordings)('%s: %i %s', (kind, code, message) => {
    expect(rpcFailure(rpcError(code, message))).toMatchObject({ kind, code, message, url });
  });
});

describe("data counts as the contract's word only where a contract can have written it", () => {
  const word = '00'.repeat(32);
  it.each([
    ['a custom error without arguments', `0x13d0ff59`, 'reverted'],
    ['a custom error with two words', `0x13d0ff59${word}${word}`, 'reverted'],
    ['nested, as hardhat sends it', { data: `0x13d0ff59${word}` }, 'reverted'],
    ["a transaction's hash", `0x${word}`, 'rejected'],
    ['nothing', '0x', 'rejected'],
    ['words', 'Reverted', 'rejected'],
    ['null', null, 'rejected'],
  ] as const)('%s', (_, data, kind) => {
    expect(kindOfRpcError({ code: -32000, message: 'x', data, status: undefined })).toBe(kind);
  });
});

it('HTTP 429 outranks the code and the words', () => {
  for (const [code, message] of [
    [-32600, 'Invalid Request'],
    [3, 'execution reverted'],
    [-32005, 'query returned more than 10000 results'],
  ] as const) {
    expect(kindOfRpcError({ code, message, data: undefined, status: 429 })).toBe('rate-limited');
  }
});

describe('what an HTTP status means', () => {
  it.each([
    [401, 'denied'],
    [403, 'denied'],
    [413, 'too-much'],
    [429, 'rate-limited'],
    [502, 'http'],
    [504, 'timeout'],
  ] as const)('%i: %s', (status, kind) => {
    expect(rpcFailure(new HttpRequestError({ status, url, details: 'words' }))).toMatchObject({
      kind,
      status,
    });
  });

  it('reads Retry-After as seconds and as a date', () => {
    const wait = (value: string) =>
      rpcFailure(new HttpFailure({ url, status: 429, retryAfter: value, body: '' })).retryAfterMs;
    expect(wait('7')).toBe(7_000);
    expect(wait(new Date(Date.now() + 60_000).toUTCString())).toBeGreaterThan(50_000);
    expect(wait(new Date(0).toUTCString())).toBe(0);
    expect(wait('soon')).toBeUndefined();
  });
});

it('an error that comes from no node is none of its business', () => {
  expect(rpcFailure(new RangeError('bug')).kind).toBe('unknown');
});
