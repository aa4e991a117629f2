import { connectChain } from '../../src/chain/connectChain.ts';
import type { Address, Settings, SignerRole } from '../../src/config/settings.ts';
import type { Chain } from '../../src/runbook/context.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import type { Json } from '../../src/runbook/json.ts';
import type { Network } from '../../src/sandbox/chain/anvilCommand.ts';
import type { Deployment, Generation } from '../../src/sandbox/chain/deployment.ts';
import { deployProtocol } from '../../src/sandbox/chain/deployProtocol.ts';
import { devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { rpc } from '../../src/sandbox/chain/rpc.ts';
import { countSent } from './countSent.ts';
import { sandboxChain } from './sandboxChain.ts';

export interface ProtocolChain extends AsyncDisposable {
  readonly url: string;
  readonly deployment: Deployment;
  /** tv's own way to it. */
  readonly chain: Chain;
  /** Through other URLs, such as a proxy's. */
  through(...urls: readonly string[]): Chain;
  call<T>(method: string, params?: readonly unknown[]): Promise<T>;
  /** How many transactions of an account are in blocks from `fromBlock` on, counted from the blocks. */
  countFrom(account: Address, fromBlock: number): Promise<number>;
  head(): Promise<number>;
}

/** A real chain with the protocol on it. */
export async function protocolChain(
  network: Network,
  contracts: Generation,
  holders?: 'one' | 'separate',
): Promise<ProtocolChain> {
  const node = await sandboxChain({ network, chainId: 4217 });
  try {
    const deployment = await deployProtocol(node.url, { network, contracts, holders });
    const through = (...rpcUrls: readonly string[]) =>
      connectChain({ rpcUrls, id: 4217, timeoutMs: 5_000, contracts: deployment.addresses });
    const call = <T>(method: string, params: readonly unknown[] = []) => rpc<T>(node.url, method, params);
    const head = async () => Number(await call<string>('eth_blockNumber'));
    return {
      url: node.url,
      deployment,
      chain: through(node.url),
      through,
      call,
      head,
      countFrom: (account, fromBlock) => countSent(node.url, account, fromBlock),
      [Symbol.asyncDispose]: () => node[Symbol.asyncDispose](),
    };
  } catch (error) {
    await node[Symbol.asyncDispose]();
    throw error;
  }
}

/** What `sendOnce` needs of a step's context, with a journal that is a plain object. */
export function sendContext(
  chain: Chain,
  options: {
    /** Of dev accounts, by role. */
    readonly keys: Readonly<Partial<Record<SignerRole, number>>>;
    readonly notes?: Record<string, Json>;
    /** Called once a note is in the journal: throw to be killed there. */
    readonly onNote?: (note: string) => void;
  },
): Pick<StepContext, 'chain' | 'note' | 'notes' | 'settings' | 'secrets' | 'signal'> {
  const notes = options.notes ?? {};
  const signers = Object.fromEntries(
    Object.entries(options.keys).map(([role, index]) => {
      const name = `TV_TEST_KEY_${index}`;
      process.env[name] = devPrivateKey(index);
      return [role, { kind: 'env', name }];
    }),
  );
  return {
    chain: () => chain,
    notes,
    note: (note, value) => {
      notes[note] = JSON.parse(JSON.stringify(value)) as Json;
      options.onNote?.(note);
    },
    settings: { sandbox: false, signers } as unknown as Settings,
    secrets: {
      interactive: false,
      ask: async () => undefined,
      keep: () => {},
      output: async () => ({ failure: 'not in this test' }),
    },
    signal: new AbortController().signal,
  };
}
