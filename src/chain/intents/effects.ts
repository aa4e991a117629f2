import { type Abi, type AbiEvent, getAbiItem, toEventSelector } from 'viem';
import { type Answer, known, unknown } from '../../errors/answer.ts';
import type { Chain } from '../../runbook/context.ts';
import { governanceRolesAbi } from '../abi/governanceRoles.ts';
import { riskControllerAbi } from '../abi/riskController.ts';
import { treasuryVaultAbi } from '../abi/treasuryVault.ts';
import { newestLogs, type RawLog } from '../newestLogs.ts';
import { parseHex, parseObject, parseQuantity, textOf } from '../parseAnswer.ts';
import { readHead } from '../readHead.ts';
import { sameAddress } from '../sameAddress.ts';
import { type EmittedLog, eventsIn, readEvidence } from '../transactions/receipt.ts';
import type { ResolvedIntent } from './intent.ts';

type Args = Readonly<Record<string, unknown>>;

interface Effect {
  readonly abi: Abi;
  readonly eventName: string;
  /** The event that undoes it; the same one where its arguments distinguish them. */
  readonly opposite: string;
  matches(args: Args): boolean;
}

/** The event by which a contract records that an intent took effect. Undefined where none is known for it. */
function effectOf({ intent, contract, signature, args }: ResolvedIntent): Effect | undefined {
  const [first = '', second = ''] = args;
  const isPair = ({ pairId }: Args) => String(pairId).toLowerCase() === first.toLowerCase();
  const breaker = ['CircuitBreakerTriggered', 'CircuitBreakerReset'] as const;
  switch (intent) {
    case 'tripBreaker':
      return { abi: riskControllerAbi, eventName: breaker[0], opposite: breaker[1], matches: isPair };
    case 'resetBreaker':
      return { abi: riskControllerAbi, eventName: breaker[1], opposite: breaker[0], matches: isPair };
    case 'pauseProtocol':
    case 'unpauseProtocol': {
      const wanted = intent === 'pauseProtocol';
      if (contract === 'riskController') {
        const eventName = 'GlobalPauseToggled';
        return {
          abi: riskControllerAbi,
          eventName,
          opposite: eventName,
          matches: ({ paused }) => paused === wanted,
        };
      }
      const [eventName, opposite] = wanted
        ? (['Paused', 'Unpaused'] as const)
        : (['Unpaused', 'Paused'] as const);
      return { abi: treasuryVaultAbi, eventName, opposite, matches: () => true };
    }
    case 'authoriseOracle':
      if (signature.startsWith('setOracleAddress')) {
        const eventName = 'OracleAddressUpdated';
        const matches = ({ newOracle }: Args) => sameAddress(String(newOracle), first);
        return { abi: riskControllerAbi, eventName, opposite: eventName, matches };
      }
      return roleEffect('RoleGranted', 'RoleRevoked', first, second);
    case 'revokeOracle':
      return roleEffect('RoleRevoked', 'RoleGranted', first, second);
    default:
      return undefined;
  }
}

function roleEffect(eventName: string, opposite: string, role: string, account: string): Effect {
  const matches = (args: Args) =>
    String(args['role']).toLowerCase() === role.toLowerCase() &&
    sameAddress(String(args['account']), account);
  return { abi: governanceRolesAbi, eventName, opposite, matches };
}

/** Whether logs record that an intent took effect. Undefined where no event is known for it. */
export function recordsEffect(logs: readonly EmittedLog[], intent: ResolvedIntent): boolean | undefined {
  const effect = effectOf(intent);
  if (effect === undefined) return undefined;
  return eventsIn<Args>(logs, { ...effect, address: intent.address }).some(effect.matches);
}

/** A transaction that changed what an earlier one had done. */
export interface LaterChange {
  readonly transaction: `0x${string}`;
  readonly block: number;
  /** Its sender; undefined where no node returned it. */
  readonly by: string | undefined;
}

/** Decoration of a state that was read already. Milliseconds. */
const limitMs = 4_000;

/**
 * The last transaction that undid the effect of an intent, in or after a block, if it was another one.
 * @returns unknown where the events could not all be read; undefined where there is none
 */
async function findLaterChange(
  chain: Chain,
  {
    intent,
    hash,
    block,
  }: { readonly intent: ResolvedIntent; readonly hash: `0x${string}`; readonly block: number },
): Promise<Answer<LaterChange | undefined>> {
  const effect = effectOf(intent);
  if (effect === undefined) return known(undefined);
  const { abi, eventName, opposite } = effect;
  const { number: head } = await readHead(chain);
  const selector = (name: string) => toEventSelector(getAbiItem({ abi, name }) as AbiEvent);
  const { logs, unknown: reason } = await newestLogs(chain, {
    address: intent.address,
    topics: [[...new Set([eventName, opposite])].map(selector)],
    fromBlock: block,
    toBlock: head,
    firstWidth: head - block + 1,
    limitMs,
  });
  const isOwn = (log: RawLog) => textOf(log['transactionHash']).toLowerCase() === hash.toLowerCase();
  const undone = logs.filter((log) => {
    if (isOwn(log)) return false;
    const topics = Array.isArray(log['topics']) ? (log['topics'] as readonly `0x${string}`[]) : [];
    const emitted = { address: intent.address, topics, data: (log['data'] ?? '0x') as `0x${string}` };
    const args = eventsIn<Args>([emitted], { address: intent.address, abi, eventName: opposite });
    const isOther = opposite === eventName ? (one: Args) => !effect.matches(one) : effect.matches;
    return args.some(isOther);
  });
  const last = undone.at(-1);
  if (last === undefined && reason !== undefined) return unknown(reason);
  if (last === undefined && !logs.some(isOwn)) {
    return unknown(
      "the RPC node's eth_getLogs leaves out the event of this run: its log index is incomplete",
    );
  }
  if (last === undefined) return known(undefined);
  const transaction = parseHex(last['transactionHash'], 'transaction hash', 32);
  return known({
    transaction,
    block: parseQuantity(last['blockNumber'], 'block number'),
    by: await senderOf(chain, transaction),
  });
}

export interface Since {
  /** The block in which the intent took effect. */
  readonly block: number;
  readonly later: Answer<LaterChange | undefined>;
}

/**
 * For a state that is not (any more) as a transaction of this run has left it: what has changed it since.
 * @returns undefined where the receipt does not prove that the transaction had that effect at all
 * @throws TvError where no node answers
 */
export async function changedSince(
  chain: Chain,
  { intent, hash }: { readonly intent: ResolvedIntent; readonly hash: `0x${string}` },
): Promise<Since | undefined> {
  const evidence = await readEvidence(chain, hash);
  if (!evidence.known || recordsEffect(evidence.value.logs, intent) !== true) return undefined;
  const { block } = evidence.value;
  return { block, later: await findLaterChange(chain, { intent, hash, block }) };
}

/** Facts for an operator: what this run did, and what came after it. */
export function sinceFacts({ block, later }: Since, hash: `0x${string}`): Readonly<Record<string, string>> {
  const own = { 'changed by this run': `${hash} in block ${block}` };
  if (!later.known) return { ...own, 'changed since by': `unknown: ${later.reason}` };
  if (later.value === undefined) return { ...own, 'changed since by': 'unknown: no event names it' };
  const { transaction, block: at, by } = later.value;
  return {
    ...own,
    'changed since by': `${transaction} in block ${at}`,
    sender: by ?? 'unknown',
  };
}

/** Only to name it: where the node fails, the hash has to do. */
async function senderOf(chain: Chain, hash: `0x${string}`): Promise<string | undefined> {
  try {
    const found: unknown = await chain.client.request({ method: 'eth_getTransactionByHash', params: [hash] });
    return found === null ? undefined : parseHex(parseObject(found, 'transaction')['from'], 'address', 20);
  } catch {
    return undefined;
  }
}
