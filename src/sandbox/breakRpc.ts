import type { BrokenWorld, Fault } from './breakRecord.ts';
import { currentFaults, readFault } from './breakRecord.ts';
import { rpc } from './chain/rpc.ts';
import { type RpcFault, writeFaults } from './services/faults.ts';

/** What the proxy between TempoVault and the chain can do. */
export const rpcFaults: Readonly<Record<string, Fault>> = {
  'slow-rpc': proxyFault('every RPC answer takes 3 s', { mode: 'slow', ms: 3_000 }),
  'hang-rpc': proxyFault('the RPC node accepts connections and never answers', { mode: 'hang' }),
  'cut-rpc': proxyFault('the RPC node cuts every connection', { mode: 'stop' }),
  'rate-limit-rpc': proxyFault('the RPC node answers 429 Too Many Requests', { mode: 'rate-limit' }),
  'html-rpc': proxyFault('the RPC node answers with an HTML page', { mode: 'html' }),
  'wrong-chain': proxyFault('the RPC node serves another chain', { mode: 'wrong-chain', id: 1 }),
  'prune-rpc': proxyFault('the RPC node has lost the older half of its blocks', async ({ state }) => {
    const head = await rpc<string>(`http://127.0.0.1:${state.ports.chain}`, 'eth_blockNumber');
    return { mode: 'prune', below: Math.floor(Number(head) / 2) };
  }),
  'drop-tx': proxyFault('transactions are accepted and get lost', { mode: 'drop-tx' }),
  'accept-then-die': proxyFault('transactions arrive, their answers do not', { mode: 'accept-then-die' }),
};

function proxyFault(summary: string, fault: RpcFault | ((world: BrokenWorld) => Promise<RpcFault>)): Fault {
  return {
    summary,
    prepare: async (world) => (typeof fault === 'function' ? await fault(world) : fault),
    impose: async (world) => writeAll(world, rpcFaultNames(world)),
    mend: async (world) => writeAll(world, []),
  };
}

function rpcFaultNames({ paths }: BrokenWorld): readonly string[] {
  return currentFaults(paths).filter((name) => name in rpcFaults);
}

/** Mending is for all faults at once, so that an empty list is right after the first of them. */
function writeAll({ paths }: BrokenWorld, names: readonly string[]): void {
  writeFaults(
    paths.faults,
    names.map((name) => readFault<RpcFault>(paths, name)),
  );
}
