export type RpcFailureKind =
  | 'timeout'
  | 'unreachable'
  /** The connection ended before the answer did. */
  | 'cut'
  | 'tls'
  | 'rate-limited'
  | 'denied'
  /** Another HTTP status than success. */
  | 'http'
  | 'nonsense'
  /** The node does not have the block, its logs or its state: pruned, or not there yet. */
  | 'pruned'
  /** More blocks in one request than the node allows. */
  | 'too-wide'
  /** More in one answer than the node, or viem, allows. */
  | 'too-much'
  /** The answer is larger than tv reads; the node is not at fault. */
  | 'oversized'
  | 'unsupported'
  /** The contract refused, or has no such function: an answer of the chain. */
  | 'reverted'
  /** The server's own trouble; it says nothing of the request. */
  | 'failed'
  /** Any other JSON-RPC error. What the contract would have answered is unknown. */
  | 'rejected'
  /** Not from a node at all. */
  | 'unknown';

/*
 * Words of nodes and providers. History: geth "missing trie node", "pruned history unavailable"
 * (code 4444, EIP-4444), "required historical state unavailable"; erigon "data before txNum=… is
 * not available", "block not found N", "old data not available due to pruning"; reth "state at
 * block #N is pruned", "distance to target block exceeds maximum proof window"; nethermind "neither
 * stored nor reproducible"; providers "requires archive access".
 */
const prunedWords =
  /missing trie node|pruned|due to pruning|before txnum=\d+ is not available|historical state|neither stored nor reproducible|proof window|\barchive\b|header (for hash )?not found|unknown block|block not found|no state available|blockoutofrange/i;
/*
 * Block ranges: reth "query exceeds max block range 100000", QuickNode "limited to a 10,000 range",
 * BlockPI "limited to 1024 block range", drpc "ranges over 10000 blocks", Avalanche "requested too
 * many blocks", Coinbase "at most 1000 blocks", Chainstack "block range limit exceeded".
 */
const tooWideWords =
  /max(imum)? (block )?range|range (limit|(is )?too (large|wide|big))|limited to .*(range|blocks)|ranges over|too many blocks|at most [\d,]+ blocks|up to an? \S+ block range|range greater than|exceeds? (the|max|maximum)? ?.*\brange\b|number of requested blocks/i;
/*
 * Sizes: Infura "query returned more than 10000 results", Alchemy "log response size exceeded",
 * reth "query exceeds max results", "response is too big"; time: "query timeout exceeded".
 */
const tooMuchWords =
  /returned more than|max(imum)? results|too many (results|logs)|response (size|is too|too)|too (large|big) .*response|length limit|query timeout|execution timed? ?out|took too long/i;
const rateWords =
  /rate.?limit|too many requests|request limit|requests per|throttl|capacity exceeded|compute units|quota|request count/i;
/*
 * The EVM ended the call. Reverts: geth, reth, erigon, besu and anvil "execution reverted" (code 3, or
 * -32000 where a contract gives no reason), nethermind and OpenEthereum "VM execution error" (-32015),
 * hardhat "VM Exception while processing transaction: reverted". Code that is not the protocol's also
 * ends in other ways: geth "invalid opcode: INVALID", "opcode 0x1e not defined", "invalid jump
 * destination", "stack underflow (0 <=> 1)", "write protection"; reth and anvil "EVM error:
 * InvalidJump", "OpcodeNotFound"; nethermind "BadInstruction".
 */
const evmWords =
  /\bexecution reverted\b|\bvm execution error|\bvm exception\b.*revert|^\W*revert(ed)?\b|\binvalid (opcode|jump)|\bopcode \S+ not defined|\bstack (underflow|overflow|limit reached)|\bwrite protection\b|\b(InvalidJump|InvalidFEOpcode|OpcodeNotFound|NotActivated|StackUnderflow|StackOverflow|StateChangeDuringStaticCall|OutOfOffset|BadInstruction|BadJumpDestination)\b/i;
/** The node's own limit, not the contract's word: geth "out of gas", reth "EVM error: OutOfGas", "gas required exceeds". */
const gasWords = /out.?of.?gas|gas required exceeds|intrinsic gas|gas limit|MemoryLimit/i;
/** Whether a call was ended by a limit of gas: of the node, of its own, or of a simulated block. */
export function isOutOfGas(message: string): boolean {
  return gasWords.test(message) && !/reverted/i.test(message);
}
/** Load balancers: Alchemy and dRPC "no backend is currently healthy" (-32011), proxyd "backend offline". */
const failedWords =
  /no (healthy )?(backend|upstream|node|provider)s?\b|\bbackend\b.*(healthy|offline|unavailable)|upstream|bad gateway|service (is )?(temporarily )?unavailable|temporarily unavailable|internal (server )?error|try again later/i;

/** What a JSON-RPC error object means. */
export interface JsonRpcError {
  readonly code: number;
  readonly message: string;
  /** The error's `data`. */
  readonly data: unknown;
  /** Of the HTTP response, where that was no success. */
  readonly status: number | undefined;
}

export function kindOfRpcError({ code, message, data, status }: JsonRpcError): RpcFailureKind {
  // Whatever code and words come with it.
  if (status === 429) return 'rate-limited';
  if (isRevertData(data)) return 'reverted';
  if (isOutOfGas(message)) return 'rejected';
  if (code === 3 || evmWords.test(message)) return 'reverted';
  if (code === 4444) return 'pruned';
  // "beyond current head block" is about blocks to come, not about the size of the range.
  if (/beyond (current )?head|invalid block range/i.test(message)) return 'rejected';
  if (tooMuchWords.test(message)) return 'too-much';
  if (tooWideWords.test(message)) return 'too-wide';
  if (code === 429 || code === -32007 || rateWords.test(message)) return 'rate-limited';
  if (prunedWords.test(message)) return 'pruned';
  if (code === -32005) return 'too-much';
  if (code === -32601 || code === -32004) return 'unsupported';
  if (status !== undefined && status !== 400 && status !== 404) return kindOfStatus(status);
  return isServersTrouble(code, message) ? 'failed' : 'rejected';
}

/**
 * JSON-RPC 2.0, section 5.1: -32603 is an internal error, -32000 to -32099 are the server's own. Of these
 * geth and reth use -32000 for what they say of the request; -32003 and -32010 refuse a transaction
 * (EIP-1474, besu), -32015 is an EVM error, -32001 and -32002 name a resource.
 */
function isServersTrouble(code: number, message: string): boolean {
  if (code === -32603) return true;
  if (failedWords.test(message)) return code <= -32000 && code >= -32099;
  return code === -32002 || (code < -32010 && code >= -32099 && code !== -32015);
}

/**
 * Bytes that a contract reverted with: four of a selector and whole words (Solidity, "Error handling").
 * Nodes put other hex there too, such as the hash of a transaction.
 */
function isRevertData(data: unknown): boolean {
  const text: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, 'data') : data;
  return typeof text === 'string' && /^0x[0-9a-f]{8}([0-9a-f]{64})*$/i.test(text);
}

export function kindOfStatus(status: number): RpcFailureKind {
  if (status === 429) return 'rate-limited';
  if (status === 401 || status === 403 || status === 407) return 'denied';
  if (status === 413) return 'too-much';
  if (status === 408 || status === 504) return 'timeout';
  return 'http';
}
