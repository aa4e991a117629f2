import { type Answer, answer } from '../../errors/answer.ts';
import { TvError, UnavailableError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { nodesOf, withNodes } from '../connectChain.ts';
import { described } from '../describeRpcError.ts';
import { parseObject, parseQuantity, quantityOf, textOf } from '../parseAnswer.ts';
import { readHead } from '../readHead.ts';
import { sameAddress } from '../sameAddress.ts';
import { readUsedNonce } from './readNonce.ts';
import { askEachNode, mostTelling, type Receipt, requestReceipt, tryParse } from './receipt.ts';
import type { SignedTransaction } from './transaction.ts';

/** Where a signed transaction is. */
export type Whereabouts =
  /** Its receipt is there; whether it succeeded may still be unknown. */
  | { readonly at: 'block'; readonly receipt: Receipt }
  /** It is in a block, and no node that answered has the receipt yet. */
  | { readonly at: 'mined' }
  | { readonly at: 'pool' }
  /** No node that answered knows it, and its nonce is unused. */
  | { readonly at: 'nowhere' }
  /** No node that answered knows it, and its nonce is used: by itself, seen late, or by another one. */
  | { readonly at: 'nonce-used' };

/** The transaction that took a nonce. */
export interface NonceTaker {
  readonly hash: `0x${string}`;
  readonly block: number;
  /** The newest block when it was found. */
  readonly head: number;
  /** Whether it makes the very same calls. */
  readonly sameCalls: boolean;
}

/**
 * A transaction this many blocks deep counts as final. 12 is what exchanges wait for on Ethereum; the
 * deepest reorganisation of its beacon chain took 7 blocks (25 May 2022).
 */
export const confirmations = 12;

/**
 * Looks a transaction up by its hash, in one batch; where that leaves a doubt, at every node by itself. Of a nonce
 * only a node counts that says that it is on the transaction's own chain.
 * @throws TvError where no such node answers
 */
export async function lookUp(chain: Chain, transaction: SignedTransaction): Promise<Whereabouts> {
  const { hash, from, nonceKey, nonce } = transaction;
  const [answered, found, used] = await Promise.all([
    // One that cannot be read is no receipt; whether it is in a block is asked all the same.
    answer(requestReceipt(chain, hash)),
    described(chain, chain.client.request({ method: 'eth_getTransactionByHash', params: [hash] })),
    readUsedNonce(chain, { account: from, key: nonceKey }),
  ]);
  const receipt = answered.known ? answered.value : undefined;
  if (receipt?.status.known) return { at: 'block', receipt };
  const seen = sightingOf(found);
  if (answered.known && receipt === undefined && seen === 'pool' && used <= nonce) return { at: 'pool' };

  // It may have got into a block between two calls of the batch, or be known to another node only.
  const [receipts, founds, counts] = await askAll(chain, transaction);
  const telling = mostTelling([receipt, ...receipts]);
  if (telling !== undefined) return { at: 'block', receipt: telling };
  const sightings = [seen, ...founds.map((one) => (one.known ? sightingOf(one.value) : undefined))];
  if (sightings.includes('mined')) return { at: 'mined' };
  // No other transaction can have used the nonce of a random key.
  if (nonceKey !== '0' && used > nonce) return { at: 'mined' };
  if (nonceKey === '0' && Math.max(...counts) > nonce) return { at: 'nonce-used' };
  return { at: sightings.includes('pool') ? 'pool' : 'nowhere' };
}

/** @throws UnavailableError where no node on the transaction's chain says how many of its nonces are used */
async function askAll(
  chain: Chain,
  { hash, from, nonceKey, chainId }: SignedTransaction,
): Promise<readonly [readonly (Receipt | undefined)[], readonly Answer<unknown>[], readonly number[]]> {
  const [receipts, founds, ids, counts] = await Promise.all([
    askEachNode(chain, 'eth_getTransactionReceipt', [hash]),
    askEachNode(chain, 'eth_getTransactionByHash', [hash]),
    askEachNode(chain, 'eth_chainId', []),
    nonceKey === '0' ? askEachNode(chain, 'eth_getTransactionCount', [from, 'latest']) : [],
  ]);
  const own = counts.flatMap((one, index) => {
    const used = one.known && isOn(ids[index], chainId) ? quantityOf(one.value) : undefined;
    return used === undefined ? [] : [used];
  });
  if (nonceKey === '0' ? own.length === 0 : !ids.some((id) => isOn(id, chainId))) {
    throw noneOn(chainId, ids);
  }
  return [receipts.map((one) => (one.known ? tryParse(one.value, hash) : undefined)), founds, own];
}

/** @param id as a node answered `eth_chainId` */
function isOn(id: Answer<unknown> | undefined, chainId: number): boolean {
  return id?.known === true && quantityOf(id.value) === chainId;
}

function noneOn(chainId: number, ids: readonly Answer<unknown>[]): UnavailableError {
  const others = ids.flatMap((id) => (id.known ? [quantityOf(id.value) ?? 'unknown'] : []));
  return new UnavailableError(
    others.length === 0 ? 'chain.node-unreachable' : 'chain.wrong-chain',
    `No RPC node of chain ${chainId} answers, on which the transaction was sent.`,
    {
      facts: { 'chains of those that answer': [...new Set(others)].join(', ') || undefined },
      next: [{ when: `set RPC_URL to a node of chain ${chainId}`, tv: ['config', 'show'] }],
    },
  );
}

/** The nodes that are on a chain as they say now. Undefined: none of them says so. */
async function onChain(chain: Chain, chainId: number): Promise<Chain | undefined> {
  const ids = await askEachNode(chain, 'eth_chainId', []);
  const own = nodesOf(chain).filter((_, index) => isOn(ids[index], chainId));
  return own.length === 0 ? undefined : withNodes(chain, own);
}

/** What `eth_getTransactionByHash` says of a transaction. Undefined: this node does not know it. */
function sightingOf(found: unknown): 'pool' | 'mined' | undefined {
  if (typeof found !== 'object' || found === null) return undefined;
  return typeof Reflect.get(found, 'blockNumber') === 'string' ? 'mined' : 'pool';
}

/** Proof that a signed transaction had no effect, and will never have one. */
export type NoEffect =
  | { readonly because: 'reverted'; readonly receipt: Receipt }
  | { readonly because: 'overtaken'; readonly by: NonceTaker };

/**
 * Proof, by nodes on the transaction's own chain, that a transaction had no effect: a receipt with status 0, read
 * twice; or, on the ordinary nonce line, another transaction with its nonce that is deep in the chain and makes
 * other calls. Without such a proof it is not signed anew.
 * @returns undefined where there is no such proof (yet)
 * @throws TvError where no node answers
 */
export async function proveNoEffect(
  chain: Chain,
  transaction: SignedTransaction,
  place: Whereabouts,
): Promise<NoEffect | undefined> {
  if (place.at === 'block') {
    const isProven = isFailure(place.receipt, transaction) && (await confirmFailure(chain, transaction));
    return isProven ? { because: 'reverted', receipt: place.receipt } : undefined;
  }
  if (place.at !== 'nonce-used') return undefined;
  const by = await findTaker(chain, transaction);
  if (by === undefined || by.hash === transaction.hash || by.sameCalls) return undefined;
  return by.head - by.block >= confirmations ? { because: 'overtaken', by } : undefined;
}

/** `findNonceTaker`, at nodes on the transaction's own chain alone. */
export async function findTaker(
  chain: Chain,
  transaction: SignedTransaction,
): Promise<NonceTaker | undefined> {
  const own = await onChain(chain, transaction.chainId);
  return own === undefined ? undefined : findNonceTaker(own, transaction);
}

/** The second reading: at every node on this chain, of which at least one has to agree and none to differ. */
async function confirmFailure(chain: Chain, transaction: SignedTransaction): Promise<boolean> {
  const [ids, receipts] = await Promise.all([
    askEachNode(chain, 'eth_chainId', []),
    askEachNode(chain, 'eth_getTransactionReceipt', [transaction.hash]),
  ]);
  const read = receipts
    .filter((_, index) => isOn(ids[index], transaction.chainId))
    .map((one) => (one.known ? tryParse(one.value, transaction.hash) : undefined))
    .filter((receipt) => receipt?.status.known);
  return read.length > 0 && read.every((receipt) => receipt !== undefined && isFailure(receipt, transaction));
}

/** Tempo's fee tokens have addresses of their own range, and log the fee of a reverted transaction too. */
const feeTokens = /^0x20c0/i;

/**
 * A reverted transaction leaves no logs of the contracts that it calls. Some nodes have answered status
 * 0 for every transaction (ethereumproject/go-ethereum #722): with such a log it is no proof.
 */
function isFailure({ status, logs }: Receipt, { calls }: SignedTransaction): boolean {
  if (!status.known || status.value !== 'failure') return false;
  const called = calls.map(({ to }) => to.toLowerCase()).filter((address) => !feeTokens.test(address));
  return !logs.known || !logs.value.some(({ address }) => called.includes(address));
}

/**
 * The transaction that took a nonce of an account's ordinary line: the block is found by bisection over
 * the account's transaction count, some 2 log2(blocks since then) requests.
 * @returns undefined where the node does not show it: no state of these blocks, no such transaction, or no answer
 * after the head was read
 * @throws TvError where no node answers
 */
export async function findNonceTaker(
  chain: Chain,
  { from, nonce, calls }: Pick<SignedTransaction, 'from' | 'nonce' | 'calls'>,
): Promise<NonceTaker | undefined> {
  const head = (await readHead(chain)).number;
  const isUsedAfter = async (block: number) => {
    const params = [from, `0x${block.toString(16)}`] as const;
    const request = chain.client.request({ method: 'eth_getTransactionCount', params: [...params] });
    return parseQuantity(await described(chain, request), 'transaction count') > nonce;
  };
  try {
    if (!(await isUsedAfter(head))) return undefined;
    let unused = -1;
    let used = head;
    for (let back = 8; head - back >= 0; back *= 8) {
      if (!(await isUsedAfter(head - back))) {
        unused = head - back;
        break;
      }
      used = head - back;
    }
    while (used - unused > 1) {
      const middle = Math.floor((used + unused) / 2);
      if (await isUsedAfter(middle)) used = middle;
      else unused = middle;
    }
    const request = chain.client.request({
      method: 'eth_getBlockByNumber',
      params: [`0x${used.toString(16)}`, true],
    });
    const { transactions } = parseObject(await described(chain, request), 'block');
    if (!Array.isArray(transactions)) return undefined;
    const taker = transactions.find((one) => takes(one, { from, nonce }));
    if (taker === undefined) return undefined;
    const sameCalls = shapeOf(callsOf(taker)) === shapeOf(calls);
    return { hash: String(taker['hash']).toLowerCase() as `0x${string}`, block: used, head, sameCalls };
  } catch (error) {
    if (error instanceof TvError) return undefined;
    throw error;
  }
}

type RpcTransaction = Readonly<Record<string, unknown>>;

function takes(
  one: RpcTransaction,
  { from, nonce }: { readonly from: string; readonly nonce: number },
): boolean {
  // Tempo: the same number on another nonce line is another nonce.
  const isOrdinary = one['nonceKey'] === undefined || /^(0x0*|0*)$/.test(textOf(one['nonceKey'] ?? '0x0'));
  return isOrdinary && sameAddress(textOf(one['from']), from) && quantityOf(one['nonce']) === nonce;
}

function callsOf(one: RpcTransaction): readonly RpcTransaction[] {
  const { calls } = one;
  return Array.isArray(calls) && calls.length > 0 ? calls : [one];
}

function shapeOf(calls: readonly Readonly<Record<string, unknown>>[]): string {
  const each = calls.map((call) => [
    String(call['to'] ?? '').toLowerCase(),
    String(call['data'] ?? call['input'] ?? '0x').toLowerCase(),
    Number(call['value'] ?? 0),
  ]);
  return JSON.stringify(each);
}
