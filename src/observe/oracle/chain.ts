import { type assertNodes, WrongChainError } from '../../chain/assertChainId.ts';
import { nodeTroubles } from '../../chain/checkChainIds.ts';
import { readStaleHead } from '../../chain/currentState.ts';
import type { Context } from '../../runbook/context.ts';
import type { SampleValue } from '../sample.ts';

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
