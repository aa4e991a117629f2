import { onThisMachine } from '../../errors/advice.ts';
import type { ErrorCode } from '../../errors/codes.ts';
import { exitCodes, TvError, type TvErrorOptions } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { sleep } from '../../runbook/sleep.ts';
import { duration } from '../../text/format.ts';
import { signalOf } from '../connectChain.ts';
import { noteMined } from '../currentState.ts';
import { decodeRevert, type Revert } from '../decodeRevert.ts';
import { broadcast } from './broadcast.ts';
import {
  confirmations,
  findTaker,
  lookUp,
  type NoEffect,
  type NonceTaker,
  proveNoEffect,
  type Whereabouts,
} from './lookUp.ts';
import { feeOf, formatFunds, readFeeUnit } from './readFunds.ts';
import { readNonce } from './readNonce.ts';
import type { Receipt } from './receipt.ts';
import { simulate } from './simulate.ts';
import type { SentTransaction, SignedTransaction } from './transaction.ts';

export interface SettleParameters {
  readonly transaction: SignedTransaction;
  /** The run that sends it, for what is advised. */
  readonly run?: string | undefined;
  readonly signal?: AbortSignal;
  /** Milliseconds; default two minutes. */
  readonly limitMs?: number;
}

export type Settled =
  | { readonly outcome: 'sent'; readonly sent: SentTransaction }
  /** Proven: it will never have one. */
  | { readonly outcome: 'no-effect'; readonly error: TvError }
  /** Not decided within the limit: it may still take effect, or has done so already. Exit code 5. */
  | { readonly outcome: 'undecided'; readonly error: TvError };

const defaultLimitMs = 120_000;
const betweenLooksMs = 400;
const longestBetweenLooksMs = 3_000;
/** A node that leaves the status out will not add it; another one behind the same URL may have it. */
const withoutStatusMs = 3_000;
/** How long a refused transaction must be unknown to every node before the refusal is believed. */
const refusedMs = 10_000;
/** The same where the words leave little doubt. They shorten the wait, and decide nothing. */
const clearlyRefusedMs = 1_500;
const clearWords = /decod|rlp|insufficient|underpriced|intrinsic gas|exceeds .*(balance|limit)|fee cap/i;
/** The node cannot read the bytes; it never will. Seen: anvil, reth "failed to decode transaction". */
const undecodable = /decod|\brlp\b/i;
/** The node has seen this transaction, or its nonce: what it is said to have refused may be in a block. */
const takenWords = /known|already|nonce|exist|duplicate/i;

/**
 * Waits until a signed transaction is in a block. Where no node knows it (any more), the same bytes are
 * handed over again. What a node answers to them decides nothing: the chain does. Nor does a node that
 * does not answer: the bytes have left, so that every failure to look them up is undecided.
 * @throws the reason of an abort
 */
export async function settle(chain: Chain, parameters: SettleParameters): Promise<Settled> {
  const { transaction, run, signal, limitMs = defaultLimitMs } = parameters;
  const start = performance.now();
  // Sent together with the first look-up.
  const unit = readFeeUnit(chain, transaction.feeToken);
  unit.catch(() => {});
  const spent = () => performance.now() - start;
  let place: Whereabouts | undefined;
  let nowhereSince: number | undefined;
  let words: string | undefined;
  for (let look = 0; ; look++) {
    signal?.throwIfAborted();
    const late = spent() > limitMs;
    try {
      place = await lookUp(chain, transaction);
      if (place.at === 'block') {
        const { receipt } = place;
        if (receipt.status.known && receipt.status.value === 'success') {
          noteMined(chain, receipt.block);
          return { outcome: 'sent', sent: await sentIn(chain, transaction, receipt, unit) };
        }
      }
      const proof = await proveNoEffect(chain, transaction, place);
      if (proof !== undefined)
        return { outcome: 'no-effect', error: await noEffect(chain, transaction, proof) };
      if (place.at === 'block' && spent() > Math.min(withoutStatusMs, limitMs)) {
        return { outcome: 'undecided', error: statusUnknown(transaction, place.receipt) };
      }
      if (place.at === 'nowhere') {
        nowhereSince ??= performance.now();
        const patience = words !== undefined && clearWords.test(words) ? clearlyRefusedMs : refusedMs;
        const isRefused = words !== undefined && !takenWords.test(words);
        if (isRefused && performance.now() - nowhereSince > Math.min(patience, limitMs)) {
          return { outcome: 'undecided', error: refused(words ?? '', transaction, run) };
        }
      } else {
        nowhereSince = undefined;
      }
      if (late) return { outcome: 'undecided', error: await undecided(chain, transaction, place, limitMs) };
      if (place.at === 'nowhere') {
        const answer = await broadcast(chain, transaction);
        words = answer.outcome === 'refused' ? answer.words : undefined;
        // It just was taken: no need to wait before looking.
        if (answer.outcome === 'accepted' && look === 0) continue;
      }
    } catch (error) {
      signal?.throwIfAborted();
      signalOf(chain)?.throwIfAborted();
      // The node may come back; until then it is unknown where the transaction is.
      if (late) return { outcome: 'undecided', error: notLookedUp(transaction, error, limitMs) };
    }
    await sleep(Math.min(longestBetweenLooksMs, betweenLooksMs * 1.3 ** look), signal);
  }
}

async function sentIn(
  chain: Chain,
  { hash, from, feeToken }: SignedTransaction,
  { block, gasUsed, gasPrice }: Receipt,
  feeUnit: ReturnType<typeof readFeeUnit>,
): Promise<SentTransaction> {
  if (gasUsed === undefined || gasPrice === undefined) {
    return { hash, from, block, gasUsed: gasUsed?.toString() ?? 'unknown', fee: 'an unknown fee' };
  }
  // The node may have been away at first. What it cost is only information: the receipt has decided.
  const unit = await feeUnit.catch(() => readFeeUnit(chain, feeToken)).catch(() => undefined);
  const fee =
    unit === undefined ? 'an unknown fee' : formatFunds(feeOf(unit.network, gasUsed, gasPrice), unit);
  return { hash, from, block, gasUsed: gasUsed.toString(), fee };
}

async function noEffect(chain: Chain, transaction: SignedTransaction, proof: NoEffect): Promise<TvError> {
  const { hash, from, nonce } = transaction;
  if (proof.because === 'reverted') {
    const { block } = proof.receipt;
    const why = await reasonOf(chain, transaction, block);
    return new TvError(
      'transaction.reverted',
      `The transaction is in block ${block}, but reverted: ${why.sentence}.`,
      {
        facts: { transaction: hash, from, ...why.facts },
      },
    );
  }
  const { by } = proof;
  return new TvError(
    'transaction.nonce-taken',
    'Another transaction of this account took the nonce; the one of this run can no longer be mined.',
    {
      facts: { transaction: hash, from, nonce, 'mined instead': by.hash, 'in block': by.block },
      next: [
        'find out who else uses this key',
        { when: 'sign it with another nonce', tv: ['resume'] },
        { when: 'see how to undo', tv: ['runs', 'list'] },
      ],
    },
  );
}

/** Why a call of the transaction reverts, tried before its block, else now. The reason is only information. */
async function reasonOf(
  chain: Chain,
  { from, calls }: SignedTransaction,
  block: number,
): Promise<Pick<Revert, 'sentence' | 'facts'>> {
  try {
    const replay = await simulate(chain, { from, calls, block: block - 1 });
    if (!replay.ok) return replay.revert;
    // What made it revert may have come in the same block, just before it.
    const now = await simulate(chain, { from, calls });
    return now.ok ? await decodeRevert(chain, '0x') : now.revert;
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    return { sentence: 'the reason is unknown', facts: { 'reason not read': error.message } };
  }
}

/** It may have taken effect: exit 5, and it is never signed anew. */
function unverified(code: ErrorCode, message: string, options: TvErrorOptions): TvError {
  return new TvError(code, message, { ...options, exitCode: exitCodes.unverified });
}

const lookAgain = { when: 'look it up again, do not send it a second time', tv: ['resume'] };

function statusUnknown({ hash, from, calls }: SignedTransaction, { block, status, logs }: Receipt): TvError {
  const called = calls.map(({ to }) => to.toLowerCase());
  const own = logs.known ? logs.value.filter(({ address }) => called.includes(address)).length : undefined;
  return unverified(
    'transaction.unknown',
    `The transaction is in block ${block}; whether it succeeded is unknown.`,
    {
      facts: {
        transaction: hash,
        from,
        reason: status.known ? 'a second reading did not confirm its status' : status.reason,
        'logs of the called contract': own === undefined ? 'unknown' : own,
      },
      next: [
        { when: 'set a second RPC node, whose receipts have a status', tv: ['config', 'show'] },
        lookAgain,
      ],
    },
  );
}

/** After the limit, with the last look-up failed: not even the nonce is known. */
function notLookedUp({ hash, from, nonce }: SignedTransaction, reason: unknown, limitMs: number): TvError {
  const words = reason instanceof Error ? reason.message : String(reason);
  return unverified(
    'transaction.unknown',
    `Whether the transaction took effect is unknown: no look-up succeeded for ${duration(limitMs)}.`,
    {
      facts: {
        transaction: hash,
        from,
        nonce,
        reason: words.replace(/\.$/, ''),
        ...(reason instanceof TvError ? reason.facts : {}),
      },
      next: [{ when: 'check the RPC nodes', tv: ['status'] }, lookAgain],
      cause: reason,
    },
  );
}

/** After the limit. @throws TvError where no node answers */
async function undecided(
  chain: Chain,
  transaction: SignedTransaction,
  place: Whereabouts,
  limitMs: number,
): Promise<TvError> {
  const { hash, from, nonce } = transaction;
  if (place.at === 'mined') {
    return unverified(
      'transaction.unknown',
      `The transaction is in a block, but no RPC node shows its receipt after ${duration(limitMs)}.`,
      {
        facts: { transaction: hash, from, nonce },
        next: [lookAgain],
      },
    );
  }
  if (place.at === 'nonce-used') {
    const by = await findTaker(chain, transaction);
    return nonceUsed(transaction, by, limitMs);
  }
  return waiting(chain, transaction, place.at, limitMs);
}

function nonceUsed(
  { hash, from, nonce }: SignedTransaction,
  by: NonceTaker | undefined,
  limitMs: number,
): TvError {
  const facts = { transaction: hash, from, nonce };
  if (by === undefined || by.hash === hash) {
    return unverified(
      'transaction.unknown',
      `Whether the transaction is in a block is unknown after ${duration(limitMs)}.`,
      {
        facts: { ...facts, reason: 'its nonce is used, and no RPC node knows its hash' },
        next: [lookAgain],
      },
    );
  }
  const taker = { 'mined instead': by.hash, 'in block': by.block };
  if (by.sameCalls) {
    return unverified(
      'transaction.nonce-taken',
      'Another transaction of this account took the nonce, with the very same calls.',
      {
        facts: { ...facts, ...taker },
        next: [
          onThisMachine(
            `cast receipt ${by.hash} --rpc-url "$RPC_URL"`,
            'see what it did, and do not repeat it',
          ),
        ],
      },
    );
  }
  return unverified(
    'transaction.nonce-taken',
    'Another transaction of this account took the nonce, and is not final yet.',
    {
      facts: { ...facts, ...taker, 'blocks since': by.head - by.block, 'blocks needed': confirmations },
      next: [lookAgain],
    },
  );
}

async function waiting(
  chain: Chain,
  { hash, from, nonce, nonceKey }: SignedTransaction,
  at: Whereabouts['at'],
  limitMs: number,
): Promise<TvError> {
  const nonces = await readNonce(chain, from);
  const ahead = nonceKey === '0' ? nonce - nonces.latest : 0;
  const why =
    at === 'nowhere'
      ? 'the node takes it and does not keep it'
      : ahead > 0
        ? `${ahead} earlier transactions of this account are not in a block yet`
        : 'it is pending; its fee may be too low by now';
  return unverified('transaction.pending', `The transaction is not in a block after ${duration(limitMs)}.`, {
    facts: { transaction: hash, from, nonce, reason: why },
    next: [{ when: 'send the same transaction again, never a second one', tv: ['resume'] }],
  });
}

/** Only where no node knows it after a while, and its nonce is unused. */
function refused(words: string, { hash, from, nonce }: SignedTransaction, run: string | undefined): TvError {
  return unverified(
    'transaction.refused',
    'The RPC node refused the transaction; no node knows it, and its nonce is unused.',
    {
      facts: { answer: words, transaction: hash, from, nonce },
      next: undecodable.test(words)
        ? [
            { when: 'put the URL of another RPC node first, then', tv: ['resume'] },
            {
              when: 'or, where none can read it',
              tv: run === undefined ? ['runs', 'list'] : ['runs', 'abandon', run, '--reason', '…'],
            },
          ]
        : /fund|balance/i.test(words)
          ? [{ when: `send ${from} something to pay fees with, then`, tv: ['resume'] }]
          : [{ when: 'hand over the same transaction again', tv: ['resume'] }],
    },
  );
}
