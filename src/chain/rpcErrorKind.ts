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
  | 'unsupported'
  | 'reverted'
  /** Any other JSON-RPC error. */
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

/** What a JSON-RPC error object means; `status` where it came with a failed HTTP answer. */
export function kindOfRpcError(error: {
  readonly code: number;
  readonly message: string;
  readonly hasRevertData: boolean;
  readonly status: number | undefined;
}): RpcFailureKind {
  const { code, message, hasRevertData, status } = error;
  if (code === 3 || hasRevertData || /revert/i.test(message)) return 'reverted';
  if (code === 4444) return 'pruned';
  // "beyond current head block" is about blocks to come, not about the size of the range.
  if (/beyond (current )?head|invalid block range/i.test(message)) return 'rejected';
  if (tooMuchWords.test(message)) return 'too-much';
  if (tooWideWords.test(message)) return 'too-wide';
  if (code === 429 || code === -32007 || rateWords.test(message)) return 'rate-limited';
  if (prunedWords.test(message)) return 'pruned';
  if (code === -32005) return 'too-much';
  if (code === -32601 || code === -32004) return 'unsupported';
  return status === undefined ? 'rejected' : kindOfStatus(status);
}

export function kindOfStatus(status: number): RpcFailureKind {
  if (status === 429) return 'rate-limited';
  if (status === 401 || status === 403 || status === 407) return 'denied';
  if (status === 413) return 'too-much';
  if (status === 408 || status === 504) return 'timeout';
  return 'http';
}
