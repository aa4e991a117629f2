import { toEventSelector } from 'viem';
import { type Answer, known, unknown } from '../errors/answer.ts';
import type { Chain } from '../runbook/context.ts';
import { type LogOrigin, newestLogs, originOf, type RawLog } from './newestLogs.ts';
import { parseHex } from './parseAnswer.ts';
import type { Protocol } from './readProtocol.ts';

/** Of RiskController, and of the older contracts' TreasuryVault. */
const events = {
  riskController: toEventSelector('GlobalPauseToggled(bool,address)'),
  treasuryVault: toEventSelector('Paused(address)'),
};

/**
 * Who paused the protocol, and when: the newest event of the contract that is paused, looked for from `head`
 * backwards. Unknown where none was found in the blocks that could be read.
 * @param parameters.head the newest block
 * @param parameters.limitMs milliseconds for the whole search
 */
export async function readPause(
  chain: Chain,
  { pausedBy, contracts }: Protocol,
  { head, limitMs }: { readonly head: number; readonly limitMs: number },
): Promise<Answer<LogOrigin>> {
  const address = pausedBy && contracts[pausedBy].address;
  if (pausedBy === undefined || address === undefined) return unknown('no contract is known to be paused');
  const {
    logs,
    since,
    unknown: why,
  } = await newestLogs(chain, {
    ...{ address, topics: [events[pausedBy]], fromBlock: 0, toBlock: head, firstWidth: head + 1, limitMs },
    isEnough: (found) => found.length > 0,
  });
  const newest = logs.at(-1);
  if (newest === undefined) return unknown(why ?? `no event names it, in blocks ${since ?? head} to ${head}`);
  const change = changeOf(newest, pausedBy);
  return change === undefined ? unknown('the newest event ends a pause') : known(change);
}

/** Undefined for an event that ends a pause. */
function changeOf(log: RawLog, of: keyof typeof events): LogOrigin | undefined {
  const topics = Array.isArray(log['topics']) ? log['topics'] : [];
  const data = parseHex(log['data'], 'data', 32);
  if (of === 'riskController' && BigInt(data) === 0n) return undefined;
  return originOf(log, of === 'riskController' ? topics[1] : data);
}
