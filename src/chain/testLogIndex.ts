import { toEventSelector } from 'viem';
import type { Address } from '../config/settings.ts';
import { TvError } from '../errors/TvError.ts';
import type { Chain } from '../runbook/context.ts';
import { sleep } from '../runbook/sleep.ts';
import { governanceRolesAbi } from './abi/governanceRoles.ts';
import { signalOf } from './connectChain.ts';
import { described } from './describeRpcError.ts';
import { misfit, parseHex, parseObject, parseQuantity, quantityOf, textOf } from './parseAnswer.ts';
import { tryRead } from './tryRead.ts';

/**
 * What the test of a node's log index came to. `works`: it returned logs that receipts show to be there,
 * or the blocks themselves have none. `broken`: it left one out. `untested`: no such log was found.
 */
export type LogIndexVerdict =
  | { readonly is: 'works' }
  | {
      readonly is: 'broken' | 'untested';
      /** Without a full stop: `the RPC node's eth_getLogs leaves out …`. */
      readonly reason: string;
    };

export interface TestLogIndexParameters {
  readonly fromBlock: number;
  /** Included. */
  readonly toBlock: number;
}

/** Headers of the newest blocks are read one by one, older ones at growing distances. */
const newestHeaders = 16;
/** Blocks whose receipts are read, from each end of the range, until one has a log. */
const mostCandidates = 3;
/** Receipts of a block: the first transactions may be the system's own. */
const mostReceipts = 8;
/** A replica may index a block later than another one returns its header. Milliseconds. */
const indexingMs = 700;
/** How long a successful test of a node is valid, in milliseconds. */
const validMs = 30_000;

const granted = toEventSelector('RoleGranted(bytes32,address,address)');
/** OpenZeppelin's default admin: granted in the constructor of every registry. */
const adminRole = `0x${'0'.repeat(64)}` as const;

const leftOutGrant =
  "the RPC node's eth_getLogs returns no grant of ADMIN, though the registry has such a member: its log index is incomplete";

interface Proof {
  readonly from: number;
  readonly to: number;
  readonly at: number;
}

interface RunningTest {
  readonly range: TestLogIndexParameters;
  readonly verdict: Promise<Tested>;
}

const proven = new WeakMap<Chain, readonly Proof[]>();
/** Tests that are running: the readers of one command begin together. */
const running = new WeakMap<Chain, Set<RunningTest>>();

/** The bits of a block's filter say that it has logs. Some chains fill it with ones for every block; that promises nothing. */
export function promisesLogs(bloom: unknown): boolean {
  return typeof bloom === 'string' && /[1-9a-f]/i.test(bloom.slice(2)) && !/^0xf+$/i.test(bloom);
}

function isEmptyFilter(bloom: unknown): boolean {
  return typeof bloom === 'string' && /^0x0{512}$/.test(bloom);
}

/**
 * Whether an empty answer of `eth_getLogs` counts as "none" over a range: the newest and the oldest block
 * of a sample that have logs by their receipts are asked for, and must come back with them. Over the whole
 * chain the grant of ADMIN, which every registry emits when it is deployed, must be there as well.
 * A node that fails meanwhile leaves it untested.
 * @throws what is no TvError: a bug, or the reason of an abort
 */
export async function testLogIndex(chain: Chain, range: TestLogIndexParameters): Promise<LogIndexVerdict> {
  if (range.toBlock < range.fromBlock || isProven(chain, range)) return { is: 'works' };
  const tests = running.get(chain) ?? new Set<RunningTest>();
  running.set(chain, tests);
  const { fromBlock, toBlock } = range;
  try {
    // A test that runs already may answer for this range, too: a block that came meanwhile changes nothing.
    for (const other of tests) {
      const isSame = other.range.fromBlock === fromBlock && other.range.toBlock === toBlock;
      if (!isSame && !mayProve(other.range, range)) continue;
      const verdict = await other.verdict;
      if (isSame) return publicly(verdict);
      if (isProven(chain, range)) return { is: 'works' };
    }
    const own: RunningTest = { range, verdict: testAndKeep(chain, range) };
    tests.add(own);
    return publicly(await own.verdict.finally(() => tests.delete(own)));
  } catch (error) {
    if (!(error instanceof TvError) || signalOf(chain)?.aborted === true) throw error;
    return {
      is: 'untested',
      reason: `whether its log index is complete is unknown: ${error.message.replace(/\.$/, '')}`,
    };
  }
}

/** The proof is there before any of those that wait for the test goes on. */
async function testAndKeep(chain: Chain, range: TestLogIndexParameters): Promise<Tested> {
  const verdict = await test(chain, range);
  if (verdict.is === 'works' && verdict.to !== undefined) {
    const proof = { from: range.fromBlock, to: verdict.to, at: performance.now() };
    proven.set(chain, [...recentProofs(chain), proof]);
  }
  return verdict;
}

function publicly(tested: Tested): LogIndexVerdict {
  return tested.is === 'works' ? { is: 'works' } : tested;
}

function recentProofs(chain: Chain): readonly Proof[] {
  const now = performance.now();
  return (proven.get(chain) ?? []).filter(({ at }) => now - at < validMs);
}

function isProven(chain: Chain, { fromBlock, toBlock }: TestLogIndexParameters): boolean {
  return recentProofs(chain).some(({ from, to }) =>
    fromBlock === 0 ? from === 0 : to >= fromBlock && to <= toBlock + newestHeaders,
  );
}

/** Whether the newest block that proves the index over `tested` may do so for `range`. */
function mayProve(tested: TestLogIndexParameters, range: TestLogIndexParameters): boolean {
  if (range.fromBlock === 0) return tested.fromBlock === 0;
  return tested.toBlock >= range.fromBlock && tested.toBlock <= range.toBlock + newestHeaders;
}

type Tested =
  | {
      readonly is: 'works';
      /** The newest block that proved it; undefined where no block of the range did. */
      readonly to: number | undefined;
    }
  | Exclude<LogIndexVerdict, { readonly is: 'works' }>;

async function test(chain: Chain, { fromBlock, toBlock }: TestLogIndexParameters): Promise<Tested> {
  const [headers, grants] = await Promise.all([
    readHeaders(chain, sample(fromBlock, toBlock)),
    fromBlock === 0 ? readGrants(chain, toBlock) : undefined,
  ]);
  if (grants === 'left out') return { is: 'broken', reason: leftOutGrant };
  const full = headers.filter(({ transactions }) => transactions.length > 0);
  // Those whose filter promises logs first: the others may be chains that do not fill it.
  const promising = full.filter(({ bloom }) => promisesLogs(bloom));
  const candidates = promising.length > 0 ? promising : full;
  const [newest, oldest] = await Promise.all([
    findWitness(chain, candidates),
    findWitness(chain, candidates.toReversed()),
  ]);
  if (newest === undefined) {
    const all = headers.length === toBlock - fromBlock + 1;
    if (all && full.every(({ bloom }) => isEmptyFilter(bloom))) return { is: 'works', to: undefined };
    // A quiet chain: that the index holds the oldest log of the protocol has to do.
    const oldestOne = promising.length > 0 ? undefined : (grants ?? (await readGrants(chain, toBlock)));
    if (oldestOne === 'left out') return { is: 'broken', reason: leftOutGrant };
    if (oldestOne === 'listed') return { is: 'works', to: undefined };
    return {
      is: 'untested',
      reason: `whether the RPC node's log index is complete is unknown: none of ${headers.length} blocks that were sampled has a log to test it by`,
    };
  }
  const witnesses = oldest === undefined || oldest.block === newest.block ? [newest] : [newest, oldest];
  const listed = await Promise.all(witnesses.map((witness) => isListedSoon(chain, witness)));
  const leftOut = witnesses.find((_, index) => listed[index] === false);
  if (leftOut === undefined) return { is: 'works', to: newest.block };
  return {
    is: 'broken',
    reason: `the RPC node's eth_getLogs leaves out logs of block ${leftOut.block} that its receipts hold: its log index is incomplete`,
  };
}

async function isListedSoon(chain: Chain, witness: Witness): Promise<boolean> {
  if (await isListed(chain, witness)) return true;
  await sleep(indexingMs, signalOf(chain));
  return isListed(chain, witness);
}

/** The newest block first. */
function sample(from: number, to: number): readonly number[] {
  const numbers: number[] = [];
  for (let distance = 0; to - distance > from; ) {
    numbers.push(to - distance);
    distance += distance < newestHeaders ? 1 : Math.ceil(distance / 2);
  }
  return [...numbers, from];
}

interface Header {
  readonly number: number;
  readonly bloom: unknown;
  readonly transactions: readonly `0x${string}`[];
}

/** A block that the node does not have is left out. */
async function readHeaders(chain: Chain, numbers: readonly number[]): Promise<readonly Header[]> {
  const found = await Promise.allSettled(
    numbers.map((number) =>
      chain.client.request({ method: 'eth_getBlockByNumber', params: [`0x${number.toString(16)}`, false] }),
    ),
  );
  const failed = found.find((one) => one.status === 'rejected');
  if (failed !== undefined && found.every(({ status }) => status === 'rejected')) {
    await described(chain, Promise.reject(failed.reason));
  }
  return found.flatMap((one, index) => {
    if (one.status === 'rejected' || one.value === null) return [];
    const { logsBloom, transactions } = parseObject(one.value, 'block');
    const hashes = Array.isArray(transactions) ? transactions : [];
    return {
      number: numbers[index] ?? 0,
      bloom: logsBloom,
      transactions: hashes.map((hash) => parseHex(hash, 'transaction hash', 32)),
    };
  });
}

/** A log that a receipt shows. */
interface Witness {
  readonly block: number;
  readonly address: Address;
  readonly transaction: `0x${string}`;
  readonly logIndex: number;
}

/** The last log of the first block that has one. */
async function findWitness(chain: Chain, headers: readonly Header[]): Promise<Witness | undefined> {
  for (const { number, transactions } of headers.slice(0, mostCandidates)) {
    const receipts = await described(
      chain,
      Promise.all(
        transactions
          .slice(-mostReceipts)
          .map((hash) => chain.client.request({ method: 'eth_getTransactionReceipt', params: [hash] })),
      ),
    );
    const logs = receipts.flatMap((receipt) => {
      if (receipt === null) return [];
      const { logs: own, transactionHash } = parseObject(receipt, 'receipt');
      return (Array.isArray(own) ? own : []).map((log) => ({
        log: parseObject(log, 'log'),
        transactionHash,
      }));
    });
    const last = logs.at(-1);
    if (last === undefined) continue;
    return {
      block: number,
      address: parseHex(last.log['address'], 'address', 20),
      transaction: parseHex(last.transactionHash, 'transaction hash', 32),
      logIndex: parseQuantity(last.log['logIndex'], 'log index'),
    };
  }
  return undefined;
}

async function isListed(chain: Chain, { block, address, transaction, logIndex }: Witness): Promise<boolean> {
  const at = `0x${block.toString(16)}` as const;
  const logs: unknown = await described(
    chain,
    chain.client.request({ method: 'eth_getLogs', params: [{ address, fromBlock: at, toBlock: at }] }),
  );
  if (!Array.isArray(logs)) throw misfit(logs, 'list of logs');
  return logs
    .map((entry) => parseObject(entry, 'log'))
    .some(
      (log) =>
        textOf(log['transactionHash']).toLowerCase() === transaction &&
        quantityOf(log['logIndex']) === logIndex,
    );
}

/**
 * Whether the node lists a grant of ADMIN, of which the registry's state shows that there was one. Undefined
 * where no registry is set, where it has no such member, or where the node refuses so wide a range.
 */
async function readGrants(chain: Chain, toBlock: number): Promise<'listed' | 'left out' | undefined> {
  const { governanceRoles: address } = chain.contracts;
  if (address === undefined) return undefined;
  try {
    const logs: unknown = await chain.client.request({
      method: 'eth_getLogs',
      params: [
        { address, topics: [granted, adminRole], fromBlock: '0x0', toBlock: `0x${toBlock.toString(16)}` },
      ],
    });
    if (!Array.isArray(logs)) return undefined;
    if (logs.length > 0) return 'listed';
    const members = await tryRead<bigint>(chain, {
      ...{ address, abi: governanceRolesAbi, functionName: 'getRoleMemberCount', args: [adminRole] },
    });
    return members !== undefined && members > 0n ? 'left out' : undefined;
  } catch {
    if (signalOf(chain)?.aborted === true) throw signalOf(chain)?.reason;
    return undefined;
  }
}
