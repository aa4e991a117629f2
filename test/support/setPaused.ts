import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import type { Chain } from '../../src/runbook/context.ts';
import { send } from '../../src/sandbox/chain/rpc.ts';

/** Begins or ends the protocol's pause, past tv, as the first account that may. */
export async function setPaused(
  { chain, url }: { readonly chain: Chain; readonly url: string },
  wanted: boolean,
): Promise<void> {
  const intent = await resolveIntent(chain, { intent: wanted ? 'pauseProtocol' : 'unpauseProtocol' });
  const [from] = intent.holders;
  if (from === undefined) throw new Error('nobody may pause the protocol');
  await send(url, { from, to: intent.address, data: intent.data });
}
