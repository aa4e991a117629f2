import { checkChainIds } from '../../../src/chain/checkChainIds.ts';
import { readStaleHead } from '../../../src/chain/currentState.ts';
import { probeHistory } from '../../../src/chain/probeHistory.ts';
import { readHead } from '../../../src/chain/readHead.ts';
import type { Address } from '../../../src/config/settings.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { block, pass } from '../../../src/runbook/preflight.ts';
import { count } from '../../../src/text/format.ts';

/** The node is on the right chain and still has all that the indexer will ask for. */
export async function checkChain(ctx: Context, { fromBlock }: { readonly fromBlock: number }) {
  const { settings } = ctx;
  const expected = settings.chain.id;
  if (expected === undefined) {
    return block('the chain id is not set', {
      next: [{ when: 'set CHAIN_ID in .env, or chain.id', tv: ['config', 'show'] }],
    });
  }
  const [nodes, head, old] = await Promise.all([
    checkChainIds(ctx.chain()),
    readHead(ctx.chain()),
    readStaleHead(ctx),
  ]);
  const wrong = nodes.find(({ id }) => id !== undefined && id !== expected);
  if (wrong !== undefined) {
    return block(`the RPC node is on chain ${wrong.id}, not ${expected}`, {
      facts: { node: wrong.url },
      next: [
        { when: `set RPC_URL to a node of chain ${expected}, or mend CHAIN_ID`, tv: ['config', 'show'] },
      ],
    });
  }
  const contracts = Object.values(settings.contracts).filter((address) => address !== undefined);
  if (contracts.length === 0) {
    return block('no contract address is known', {
      next: [{ when: 'set the addresses in .env', tv: ['config', 'show'] }],
    });
  }
  if (fromBlock > head.number) {
    return block(`block ${count(fromBlock)} is above the head, ${count(head.number)}`, {
      next: [`begin at a block that exists, ${head.number} at most`],
    });
  }
  const history = await probeHistory(ctx.chain(), { block: fromBlock });
  if (!history.served) {
    const { firstServed, reason = 'unknown' } = history;
    const later = firstServed === undefined ? '' : `, only from block ${count(firstServed)} on`;
    return block(`block ${count(fromBlock)} and its logs are not served by this node${later}`, {
      facts: { reason, node: ctx.chain().urls.join(', ') },
      next: [
        'set RPC_URL, or chain.rpcUrls, to a node with the full history (an archive node)',
        ...(firstServed === undefined ? [] : [{ tv: ['reindex', '--from-block', String(firstServed)] }]),
      ],
    });
  }
  const value = { id: expected, head: head.number, contracts: contracts as Address[] };
  if (old !== undefined) {
    const { summary, facts, next } = old;
    return block(summary, { facts, next, value, stale: true, override: 'old-head' });
  }
  const { blocksAtOnce } = history;
  const pieces = blocksAtOnce === undefined ? '' : `, ${count(blocksAtOnce)} blocks at a time`;
  return pass(
    `head ${count(head.number)}; block ${count(fromBlock)} and its logs are served${pieces}`,
    value,
  );
}
