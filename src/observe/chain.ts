import { type assertNodes, WrongChainError } from '../chain/assertChainId.ts';
import { checkChainIds, nodeTroubles } from '../chain/checkChainIds.ts';
import { oldHeadMs, readStaleHead } from '../chain/currentState.ts';
import { readHead } from '../chain/readHead.ts';
import type { Context } from '../runbook/context.ts';
import { ago, count } from '../text/format.ts';
import type { SampleValue } from './sample.ts';

export async function chain(ctx: Context): Promise<SampleValue> {
  const [nodes, head] = await Promise.all([checkChainIds(ctx.chain()), readHead(ctx.chain())]);
  const expected = ctx.settings.chain.id;
  const wrong = nodes.find(({ id }) => id !== undefined && expected !== undefined && id !== expected);
  const age = ctx.clock.now().getTime() - head.timestamp * 1000;
  const dead = nodes.filter(({ error }) => error !== undefined);
  const troubles = nodeTroubles(nodes);
  const parts = [
    `head ${count(head.number)}, ${age < 0 ? 'just now' : ago(new Date(head.timestamp * 1000), ctx.clock.now())}`,
    ...(nodes.length > 1 ? [`${nodes.length - dead.length} of ${nodes.length} nodes answer`] : []),
    ...troubles,
  ];
  const data = { head: head.number, timestamp: head.timestamp };
  if (wrong !== undefined) {
    return {
      level: 'critical',
      summary: `${wrong.url} is on chain ${wrong.id}, not ${expected}`,
      next: [
        { when: `set RPC_URL to a node of chain ${expected}, or correct CHAIN_ID`, tv: ['config', 'show'] },
      ],
    };
  }
  if (age > oldHeadMs) {
    return { level: 'warning', summary: `${parts.join('; ')}: the chain or this node has stopped`, data };
  }
  return { level: troubles.length === 0 ? 'ok' : 'warning', summary: parts.join('; '), data };
}

/** The first sample of `tv oracle status`. Critical on the wrong chain, where no other sample is about this oracle. */
export async function chainOfOracle(
  ctx: Context,
  right: ReturnType<typeof assertNodes>,
): Promise<SampleValue> {
  try {
    const { id, nodes } = await right;
    const old = await readStaleHead(ctx);
    const then = 'signal ages are as of that block';
    const troubles = [...nodeTroubles(nodes), ...(old === undefined ? [] : [`${old.summary}; ${then}`])];
    const summary = `id ${id}`;
    if (troubles.length === 0) return { level: 'ok', summary };
    return {
      level: 'warning',
      summary: `${summary}; ${troubles.join('; ')}`,
      next: [{ tv: ['config', 'show'] }],
    };
  } catch (error) {
    if (!(error instanceof WrongChainError)) throw error;
    const { message, facts, next } = error;
    return { level: 'critical', summary: `${message} (${facts['node']})`, data: facts, next };
  }
}
