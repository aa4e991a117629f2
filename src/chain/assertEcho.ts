import { UnavailableError } from '../errors/TvError.ts';
import type { Chain } from '../runbook/context.ts';

/** A precompile of every EVM: it returns what it is sent. */
const identity = '0x0000000000000000000000000000000000000004';
const word = `0x${'7476'.repeat(16)}` as const;
/** In milliseconds. A node that echoed is believed for so long. */
const validMs = 3_000;

const asked = new WeakMap<Chain, { readonly at: number; readonly echo: Promise<void> }>();

export function isZero(data: `0x${string}`): boolean {
  return /^0x0+$/.test(data);
}

/**
 * For an answer of zeros, which is "no", "none" or "not paused": whether the node answers anything else at
 * all. It is asked for a call that returns its own argument. A chain without it, or a failure, proves nothing.
 * @throws UnavailableError where the node returns zeros for that, too
 */
export function assertEcho(chain: Chain): Promise<void> {
  const now = performance.now();
  const last = asked.get(chain);
  if (last !== undefined && now - last.at < validMs) return last.echo;
  const request = chain.client.request({
    method: 'eth_call',
    params: [{ to: identity, data: word }, 'latest'],
  });
  const echo = request.then(
    (answer: unknown) => {
      if (typeof answer !== 'string' || !isZero(answer as `0x${string}`)) return;
      throw new UnavailableError('chain.unreliable-node', 'The RPC node returns zeros for every call.', {
        facts: {
          node: chain.urls.join(', '),
          asked: `eth_call to ${identity}, which returns its argument`,
          answer,
        },
        next: { when: 'see which RPC URLs are set, and from where', tv: ['config', 'show'] },
      });
    },
    () => {},
  );
  asked.set(chain, { at: now, echo });
  echo.catch(() => {});
  return echo;
}
