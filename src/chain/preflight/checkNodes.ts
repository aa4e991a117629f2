import type { Context } from '../../runbook/context.ts';
import { block, type Preflight, pass, warn } from '../../runbook/preflight.ts';
import { count } from '../../text/format.ts';
import { checkChainIds, laggingNodes } from '../checkChainIds.ts';
import { readStaleHead } from '../currentState.ts';

/**
 * Every RPC node by itself: is it there, and on the chain that the settings name? And is the newest block
 * of all of them recent enough to act upon?
 * @param protects the command protects funds: an old head does not block it. It must then not take a state
 * "as wanted already" for granted.
 */
export function checkNodes(
  ctx: Context,
  preflight: Preflight,
  { protects = false }: { readonly protects?: boolean } = {},
): Promise<{ readonly id: number } | undefined> {
  return preflight.check('chain', 'chain', async () => {
    const expected = ctx.settings.chain.id;
    if (expected === undefined) {
      return block('the chain id is not set', {
        next: [{ when: 'set CHAIN_ID in .env, or chain.id', tv: ['config', 'show'] }],
      });
    }
    const stale = readStaleHead(ctx);
    stale.catch(() => {});
    const nodes = await checkChainIds(ctx.chain());
    const wrong = nodes.find(({ id }) => id !== undefined && id !== expected);
    if (wrong !== undefined) {
      return block(`an RPC node is on chain ${wrong.id}, not ${expected}`, {
        facts: { url: wrong.url },
        next: [{ tv: ['config', 'show'] }],
      });
    }
    const dead = nodes.filter(({ error }) => error !== undefined);
    const [first] = dead;
    if (first?.error !== undefined && dead.length === nodes.length) throw first.error;
    const old = await stale;
    if (old !== undefined) {
      const { summary, facts, next } = old;
      const value = { id: expected };
      return protects
        ? warn(`${summary}: nothing that it shows is taken for granted`, { facts, next, value, stale: true })
        : block(summary, { facts, next, value, stale: true, override: 'old-head' });
    }
    const head = Math.max(...nodes.map((node) => node.head ?? 0));
    const summary = `id ${expected}, head ${count(head)}`;
    const lagging = laggingNodes(nodes);
    if (dead.length === 0 && lagging.length === 0) return pass(summary, { id: expected });
    if (dead.length === 0) {
      return warn(`${summary}; ${lagging.join(', ')}: the others are asked first`, {
        value: { id: expected },
      });
    }
    return warn(`${summary}; ${dead.length} of ${nodes.length} RPC nodes do not answer`, {
      facts: Object.fromEntries(dead.map(({ url, error }) => [url, error?.message ?? ''])),
      value: { id: expected },
    });
  });
}
