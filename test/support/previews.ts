import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeEventLog, parseAbi, parseAbiItem } from 'viem';
import { expect } from 'vitest';
import type { Change, Effects } from '../../src/runbook/effects.ts';
import type { JournalLine } from '../../src/runbook/events.ts';
import { callRpc } from './rpcServer.ts';

export type SimulatedEffects = Extract<Effects, { method: 'sequence' }>;

/** Decoded here, from the node's receipt, without tv. */
const known = parseAbi([
  'event Transfer(address indexed from, address indexed to, uint256 amount)',
  'event GlobalPauseToggled(bool paused, address indexed by)',
  'event Paused(address account)',
  'event Unpaused(address account)',
  'event CircuitBreakerTriggered(bytes32 indexed pairId, address indexed by)',
  'event CircuitBreakerReset(bytes32 indexed pairId, address indexed by)',
  'event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender)',
  'event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender)',
  'event OracleAddressUpdated(address indexed oldOracle, address indexed newOracle)',
]);
const dexCancelled = [parseAbiItem('event OrderCancelled(uint128 indexed orderId)')];

export interface Outcome {
  /** `token from to amount`, in lower case, sorted. */
  readonly transfers: readonly string[];
  readonly states: readonly string[];
}

interface Receipt {
  readonly logs: readonly {
    readonly address: string;
    readonly topics: [`0x${string}`];
    readonly data: `0x${string}`;
  }[];
  readonly from: string;
  readonly to: string | null;
  readonly status: string;
}

/** What the logs of a transaction's receipt show; undefined where it has none, or was reverted. */
export async function outcomeOfReceipt(url: string, hash: string): Promise<Outcome | undefined> {
  const receipt = (await callRpc(url, 'eth_getTransactionReceipt', [hash])) as Receipt | null;
  if (receipt?.status !== '0x1') return undefined;
  const { logs, from } = receipt;
  const transfers = new Map<string, bigint>();
  const states: string[] = [];
  const transaction = (await callRpc(url, 'eth_getTransactionByHash', [hash])) as {
    value?: string;
    to?: string;
  };
  const value = BigInt(transaction.value ?? 0);
  if (value > 0n) transfers.set(`native ${from} ${transaction.to}`.toLowerCase(), value);
  for (const { address, topics, data } of logs) {
    const cancelled = decoded(dexCancelled, topics, data);
    if (cancelled !== undefined) states.push(`order ${cancelled.args['orderId']}`);
    const event = decoded(known, topics, data);
    if (event === undefined) continue;
    const { args, eventName } = event;
    if (eventName === 'Transfer') {
      const line = `${address} ${args['from']} ${args['to']}`.toLowerCase();
      // What pays for the transaction itself.
      if (line.includes('0xfeec00000000') && line.includes(from.toLowerCase())) continue;
      transfers.set(line, (transfers.get(line) ?? 0n) + BigInt(args['amount'] ?? 0));
    } else if (eventName.startsWith('Circuit')) {
      states.push(`breaker ${args['pairId']} ${eventName.endsWith('Triggered')}`);
    } else if (eventName.startsWith('Role')) {
      states.push(`role ${args['role']} ${args['account']?.toLowerCase()} ${eventName === 'RoleGranted'}`);
    } else if (eventName === 'OracleAddressUpdated') {
      states.push(`oracle ${args['newOracle']?.toLowerCase()}`);
    } else states.push(`pause ${args['paused'] ?? eventName === 'Paused'}`);
  }
  return {
    transfers: [...transfers].map(([line, amount]) => `${line} ${amount}`).sort(),
    states: states.sort(),
  };
}

function decoded(
  abi: readonly object[],
  topics: [`0x${string}`],
  data: `0x${string}`,
): { readonly eventName: string; readonly args: Readonly<Record<string, string>> } | undefined {
  try {
    return decodeEventLog({ abi, topics, data } as never) as never;
  } catch {
    return undefined;
  }
}

/** The same form, of what a plan has said about one of its steps. */
export function outcomeOfPreview({ steps }: SimulatedEffects, step: string): Outcome {
  const changes = steps.find((one) => one.step === step)?.changes ?? [];
  return {
    transfers: changes
      .flatMap((one) =>
        one.kind === 'transfer' ? [`${one.token ?? 'native'} ${one.from} ${one.to} ${one.amount}`] : [],
      )
      .sort(),
    states: changes.flatMap(stateLine).sort(),
  };
}

function stateLine(one: Change): readonly string[] {
  if (one.kind === 'breaker') return [`breaker ${one.pair} ${one.open}`];
  if (one.kind === 'role') return [`role ${one.role} ${one.account} ${one.held}`];
  if (one.kind === 'order') return [`order ${one.id}`];
  if (one.kind === 'oracle') return [`oracle ${one.account}`];
  return one.kind === 'pause' ? [`pause ${one.paused}`] : [];
}

interface ComparedRuns {
  /** Transactions with a preview and a receipt, by command. */
  readonly compared: Readonly<Record<string, number>>;
  /** Where the two are different. */
  readonly different: readonly {
    readonly run: string;
    readonly previewed: Outcome;
    readonly receipt: Outcome;
  }[];
}

/**
 * Reads every journal of a state directory, and compares what the plan previewed with the receipts on the chain,
 * both read and decoded here.
 */
async function compareRuns(stateDirectory: string, url: string): Promise<ComparedRuns> {
  const compared: Record<string, number> = {};
  const different: ComparedRuns['different'][number][] = [];
  const folder = join(stateDirectory, 'runs');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.jsonl'))) {
    const lines = readFileSync(join(folder, file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JournalLine);
    const started = lines.find((line) => line.type === 'run.started');
    const effects = started?.type === 'run.started' ? started.plan.effects : undefined;
    if (started?.type !== 'run.started' || effects?.method !== 'sequence') continue;
    const standIn = effects.parties.find(({ name }) => name === 'the new address')?.address;
    const generated = lines.find((line) => line.type === 'step.done' && line.step === 'generate');
    const made =
      generated?.type === 'step.done' ? (generated.result as { address: string }).address : undefined;
    const named = (line: string) =>
      standIn === undefined || made === undefined
        ? line
        : line.replaceAll(standIn.toLowerCase(), made.toLowerCase());
    for (const line of lines) {
      if (line.type !== 'step.noted') continue;
      const { hash } = (line.value ?? {}) as { readonly hash?: string };
      const previewed = effects.steps.find(({ step }) => step === line.step);
      // What a step sends to undo itself is in no plan.
      const isPlanned = line.note === 'transaction' || line.note === line.step;
      if (hash === undefined || previewed === undefined || !isPlanned) continue;
      const receipt = await outcomeOfReceipt(url, hash);
      if (receipt === undefined) continue;
      const words = outcomeOfPreview(effects, line.step);
      // The amounts of `max`, and orders that may be filled meanwhile, move by themselves.
      const fixed = ({ transfers, states }: Outcome) => ({
        transfers: transfers.map((each) => named(previewed.moves ? each.replace(/ \d+$/, '') : each)).sort(),
        states: states
          .map(named)
          .filter((each) => !(previewed.moves && each.startsWith('order')))
          .sort(),
      });
      compared[started.runbook] = (compared[started.runbook] ?? 0) + 1;
      const sides = { previewed: fixed(words), receipt: fixed(receipt) };
      if (JSON.stringify(sides.previewed) !== JSON.stringify(sides.receipt)) {
        different.push({ run: `${started.runbook} ${started.run} ${line.step}`, ...sides });
      }
    }
  }
  return { compared, different };
}

/**
 * Every transaction of every run below a state directory did what its plan had previewed, by its receipt.
 * @param atLeast how many transactions there have to be, by command
 */
export async function expectAsPreviewed(
  stateDirectory: string,
  url: string,
  atLeast: Readonly<Record<string, number>>,
): Promise<void> {
  const { compared, different } = await compareRuns(stateDirectory, url);
  expect(different).toEqual([]);
  for (const [command, number] of Object.entries(atLeast)) {
    expect(compared[command], command).toBeGreaterThanOrEqual(number);
  }
}
