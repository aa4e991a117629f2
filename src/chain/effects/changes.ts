import { decodeEventLog, parseAbi, toEventSelector } from 'viem';
import type { Address } from '../../config/settings.ts';
import type { Chain } from '../../runbook/context.ts';
import type { Change } from '../../runbook/effects.ts';
import { contractAddresses } from '../contracts.ts';
import { eventName } from '../events.ts';
import { sameAddress } from '../sameAddress.ts';
import { feeManager } from '../transactions/readNetwork.ts';
import type { EmittedLog } from '../transactions/receipt.ts';

/** Of every build of the protocol, of its tokens and of the DEX, as far as they tell of a state. */
const stateEvents = parseAbi([
  'event Transfer(address indexed from, address indexed to, uint256 amount)',
  'event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender)',
  'event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender)',
  'event GlobalPauseToggled(bool paused, address indexed by)',
  'event Paused(address account)',
  'event Unpaused(address account)',
  'event CircuitBreakerTriggered(bytes32 indexed pairId, address indexed by)',
  'event CircuitBreakerReset(bytes32 indexed pairId, address indexed by)',
  'event OracleAddressUpdated(address indexed oldOracle, address indexed newOracle)',
  // The DEX itself: a strategy's event of the same name says it once more.
  'event OrderCancelled(uint128 indexed orderId)',
]);

/** Events of tokens and the DEX that `eventName` does not know. */
const otherNames = new Map(
  parseAbi([
    'event Transfer(address indexed from, address indexed to, uint256 amount)',
    'event Approval(address indexed owner, address indexed spender, uint256 amount)',
    'event OrderCancelled(uint128 indexed orderId)',
  ]).map((event) => [toEventSelector(event), event.name]),
);

/** Only the protocol's own contracts decide on these. */
const ofProtocol: readonly Change['kind'][] = ['role', 'pause', 'breaker', 'oracle'];

/** The vault emits it where the fee since the last call rounds up to something. */
const byTime = ['ManagementFeeAccrued'];
/** The address under which `eth_simulateV1` logs native token that moves. */
const nativeLogs = '0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee';
/** Tempo's precompile for nonce lines: it logs that the transaction itself has used one. */
const nonceManager = '0x4e4f4e4345000000000000000000000000000000';
/** Tempo's tokens, which pay fees, have addresses of their own range. */
const feeTokens = /^0x20c0/i;

/**
 * What the logs of one transaction say that it changes. Its own fee and nonce are left out: a simulation uses none,
 * and a receipt of Tempo logs both.
 * @param sender of the transaction
 * @param contracts whose roles, pause, breakers and oracle count: any other contract, such as a token, may emit events
 * of the same form
 * @returns transfers and events of one kind summed up, all addresses in lower case
 */
export function changesOf(
  logs: readonly EmittedLog[],
  sender: Address,
  contracts: Chain['contracts'],
): readonly Change[] {
  const own = contractAddresses({ contracts }).map(lower);
  const transfers = new Map<string, Extract<Change, { kind: 'transfer' }>>();
  const events = new Map<string, Extract<Change, { kind: 'event' }>>();
  const states: Change[] = [];
  for (const log of logs) {
    if (sameAddress(log.address, nonceManager)) continue;
    const found = stateOf(log);
    const isForeign =
      found !== undefined && ofProtocol.includes(found.kind) && !own.includes(lower(log.address));
    const change = isForeign ? undefined : found;
    if (change?.kind === 'transfer') {
      if (isFee(change, sender)) continue;
      const key = `${change.token} ${change.from} ${change.to}`;
      const sum = BigInt(transfers.get(key)?.amount ?? '0') + BigInt(change.amount);
      transfers.set(key, { ...change, amount: sum.toString() });
      if (change.token === null) continue;
    } else if (change !== undefined) states.push(change);
    const [topic = '0x'] = log.topics;
    const event = eventName(topic) ?? otherNames.get(topic) ?? topic;
    const contract = lower(log.address);
    const key = `${contract} ${event}`;
    const count = (events.get(key)?.count ?? 0) + 1;
    const moves = byTime.includes(event) ? { byTime: true as const } : {};
    events.set(key, { kind: 'event', contract, event, count, ...moves });
  }
  return [...transfers.values(), ...states, ...events.values()];
}

function stateOf({ address, topics, data }: EmittedLog): Change | undefined {
  const contract = lower(address);
  let decoded: ReturnType<typeof decode>;
  try {
    decoded = decode(topics, data);
  } catch {
    // Another event, or one with the same name and other arguments.
    return undefined;
  }
  switch (decoded.eventName) {
    case 'Transfer': {
      const { from, to, amount } = decoded.args;
      const token = contract === nativeLogs ? null : contract;
      return { kind: 'transfer', token, from: lower(from), to: lower(to), amount: amount.toString() };
    }
    case 'RoleGranted':
    case 'RoleRevoked': {
      const { role, account } = decoded.args;
      const held = decoded.eventName === 'RoleGranted';
      return { kind: 'role', role: lower(role), account: lower(account), held };
    }
    case 'GlobalPauseToggled':
      return { kind: 'pause', contract, paused: decoded.args.paused };
    case 'Paused':
    case 'Unpaused':
      return { kind: 'pause', contract, paused: decoded.eventName === 'Paused' };
    case 'CircuitBreakerTriggered':
    case 'CircuitBreakerReset': {
      const open = decoded.eventName === 'CircuitBreakerTriggered';
      return { kind: 'breaker', pair: lower(decoded.args.pairId), open };
    }
    case 'OracleAddressUpdated':
      return { kind: 'oracle', contract, account: lower(decoded.args.newOracle) };
    case 'OrderCancelled':
      return { kind: 'order', contract, id: decoded.args.orderId.toString() };
  }
}

function decode(topics: EmittedLog['topics'], data: EmittedLog['data']) {
  return decodeEventLog({ abi: stateEvents, topics: topics as [`0x${string}`, ...`0x${string}`[]], data });
}

function isFee({ token, from, to }: Extract<Change, { kind: 'transfer' }>, sender: Address): boolean {
  if (token === null || !feeTokens.test(token)) return false;
  const isPaid = sameAddress(from, sender) && sameAddress(to, feeManager);
  return isPaid || (sameAddress(from, feeManager) && sameAddress(to, sender));
}

export function lower(hex: `0x${string}`): `0x${string}` {
  return hex.toLowerCase() as `0x${string}`;
}
