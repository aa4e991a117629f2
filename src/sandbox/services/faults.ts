import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';

/** What the RPC proxy does instead of passing a request on. */
export type RpcFault =
  /** The connection is cut without an answer, as by a node that is down. */
  | { readonly mode: 'stop' }
  | { readonly mode: 'slow'; readonly ms: number }
  /** The connection stays open and nothing comes. */
  | { readonly mode: 'hang' }
  | { readonly mode: 'rate-limit' }
  /** A gateway's error page, with status 200. */
  | { readonly mode: 'html' }
  /** History before this block is gone: logs, blocks and state. */
  | { readonly mode: 'prune'; readonly below: number }
  | { readonly mode: 'wrong-chain'; readonly id: number }
  /** Transactions get their hash as answer and go nowhere. */
  | { readonly mode: 'drop-tx' }
  /** Transactions reach the node; the connection is cut before the answer. */
  | { readonly mode: 'accept-then-die' }
  /** Transactions reach the node; the answer says that it had them before. */
  | { readonly mode: 'already-known' }
  /** eth_getLogs for exactly one of these blocks fails, so that the indexer leaves it out. */
  | { readonly mode: 'skip-logs'; readonly blocks: readonly number[] };

/** All active faults; an empty list, or no file, means none. */
export type Faults = readonly RpcFault[];

/** Replaces the file at once, so that the proxy never reads half of it. Readable for the proxy's user. */
export function writeFaults(path: string, faults: Faults): void {
  const fresh = `${path}.new`;
  writeFileSync(fresh, `${JSON.stringify(faults)}\n`, { mode: 0o644 });
  renameSync(fresh, path);
}

/** Reads the file when it has changed since the last call. */
export function faultsReader(path: string | undefined): () => Faults {
  let version = '';
  let faults: Faults = [];
  return () => {
    const stats = path === undefined ? undefined : statSync(path, { bigint: true, throwIfNoEntry: false });
    // A replaced file is another inode, even within one tick of the clock.
    const now = stats === undefined ? '' : `${stats.ino}:${stats.mtimeNs}:${stats.size}`;
    if (now !== version) {
      faults = path === undefined || stats === undefined ? [] : parse(readFileSync(path, 'utf8'));
      version = now;
    }
    return faults;
  };
}

function parse(text: string): Faults {
  const parsed: unknown = JSON.parse(text);
  if (!Array.isArray(parsed)) throw new Error('the faults file does not hold a list');
  return parsed;
}

/** The fault of this mode, where it is active. */
export function findFault<M extends RpcFault['mode']>(
  faults: Faults,
  mode: M,
): Extract<RpcFault, { mode: M }> | undefined {
  return faults.find((fault): fault is Extract<RpcFault, { mode: M }> => fault.mode === mode);
}
