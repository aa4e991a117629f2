import type { Step } from '../../../src/runbook/define.ts';
import { count } from '../../../src/text/format.ts';
import type { ReindexFacts } from '../facts.ts';
import { lastBlockKept } from '../facts.ts';
import { follow } from '../follow.ts';

/** Only waits: ended by a signal, it leaves the indexer at work. */
export function followToHead(facts: ReindexFacts): Step {
  return {
    id: 'follow',
    title: `follow it to the head, ${count(facts.chain.head - lastBlockKept(facts))} blocks`,
    command: `journalctl -u ${facts.indexer.unit} -f`,
    effect: 'reversible',
    interruptible: true,
    probe: async () => 'not-done',
    run: (ctx) => follow(ctx, facts, Date.now() + facts.timeoutMs),
  };
}
