import { resolveIntents } from '../../../src/chain/intents/resolveIntent.ts';
import type { checkNodes } from '../../../src/chain/preflight/checkNodes.ts';
import { readProtocol } from '../../../src/chain/readProtocol.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { need, type Preflight, pass, warn } from '../../../src/runbook/preflight.ts';
import type { Pausing } from './facts.ts';

/** Whether a pause is in the way of a withdrawal; `pausing` holds the calls around it where it is. */
export function checkPause(
  ctx: Context,
  preflight: Preflight,
  nodes: ReturnType<typeof checkNodes>,
): Promise<{ readonly pausing: Pausing | null } | undefined> {
  return preflight.check<{ readonly pausing: Pausing | null }>('protocol', 'chain', async () => {
    await need(nodes, 'chain');
    const { paused, pausedBy } = await readProtocol(ctx.chain());
    if (paused === undefined) {
      return warn('paused state unknown: no contract returns it', { value: { pausing: null } });
    }
    if (!paused) return pass('not paused', { pausing: null });
    // The runbook's vault keeps the pause itself, and withdrawals go on.
    if (pausedBy !== 'riskController') {
      return warn('paused; this vault lets withdrawals through all the same', { value: { pausing: null } });
    }
    const [end, begin] = await resolveIntents(ctx.chain(), [
      { intent: 'unpauseProtocol' },
      { intent: 'pauseProtocol' },
    ]);
    if (end === undefined || begin === undefined) throw new Error('one answer for each intent');
    return warn('paused: the vault refuses withdrawals; the pause has to end for this one', {
      value: { pausing: { end, begin } },
    });
  });
}
