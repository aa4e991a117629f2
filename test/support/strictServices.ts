import type { Settings } from '../../src/config/settings.ts';
import type { Chain, Context } from '../../src/runbook/context.ts';
import { DrivenClock } from './fakes.ts';

/** Answers of a node by method, and those of `eth_call` by contract and function selector: `0x…:0x313ce567`. */
export interface NodeAnswers {
  readonly methods?: Readonly<Record<string, unknown>>;
  readonly calls?: Readonly<Record<string, `0x${string}`>>;
  /** What every request fails with instead. */
  readonly away?: Error;
}

export interface StrictServices {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly contracts: Chain['contracts'];
  readonly chainId: number;
  readonly node: NodeAnswers;
  /** Unix time in milliseconds. */
  readonly now?: number;
}

export interface StrictContext {
  readonly ctx: Context;
  /** Everything that was asked for and that the test did not name. Preflights catch what a service throws. */
  readonly unforeseen: readonly string[];
  /** Methods that the node was asked for. */
  readonly asked: readonly string[];
}

/**
 * A context of which a test names each part that may be used: any other service, setting, member or call
 * throws, and is kept in `unforeseen`, which has to be empty at the end.
 */
export function strictContext({
  settings,
  contracts,
  chainId,
  node,
  now = 0,
}: StrictServices): StrictContext {
  const unforeseen: string[] = [];
  const asked: string[] = [];
  const refuse = (what: string): never => {
    unforeseen.push(what);
    throw new Error(`unforeseen: ${what}`);
  };
  const request = async (method: string, params: readonly unknown[] = []): Promise<unknown> => {
    asked.push(method);
    if (node.away !== undefined) throw node.away;
    if (method !== 'eth_call') {
      return node.methods !== undefined && method in node.methods ? node.methods[method] : refuse(method);
    }
    const { to, data } = params[0] as { readonly to: string; readonly data: string };
    const key = `${to}:${data.slice(0, 10)}`.toLowerCase();
    // A read that returns zero is tried on the identity precompile: is this a node that says zero to everything?
    if (/^0x0{39}4$/.test(to)) return data;
    return node.calls?.[key] ?? refuse(`eth_call ${key}`);
  };
  const member = <T extends object>(name: string, given: T): T =>
    new Proxy(given, {
      get: (target, key) =>
        key in target || typeof key === 'symbol' || key === 'then'
          ? Reflect.get(target, key)
          : refuse(`${name}.${String(key)}`),
    });
  const url = 'http://node';
  const client = {
    request: ({ method, params }: { method: string; params?: readonly unknown[] }) => request(method, params),
    transport: { nodes: [{ url, request }] },
  };
  const chain = member('chain', {
    client: member('client', client),
    contracts,
    expectedId: chainId,
    urls: [url],
  });
  const ctx = member('ctx', {
    settings: member('settings', settings) as unknown as Settings,
    clock: new DrivenClock(now),
    signal: new AbortController().signal,
    // Only a step has results; some checks are shared with steps and ask.
    results: undefined,
    chain: () => chain,
  });
  return { ctx: ctx as unknown as Context, unforeseen, asked };
}
