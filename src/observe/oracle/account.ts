import { type Diagnosis, paysBy } from '../../chain/oracle/diagnose.ts';
import { formatFunds } from '../../chain/transactions/readFunds.ts';
import { count, lasting } from '../../text/format.ts';
import type { SampleValue } from '../sample.ts';

/** Less than this left at the observed spend is a warning. In seconds. */
export const shortOfFeesSeconds = 3 * 86_400;

export function fees({ payer, activity, troubles }: Diagnosis): SampleValue {
  if (!payer.known)
    return { level: 'unknown', summary: `what the key can pay with is unknown: ${payer.reason}` };
  const funds = payer.value;
  const spend = activity.known ? activity.value.spend : undefined;
  const balance = `${formatFunds(funds.balance, funds)}${paysBy(funds)}`;
  const data = {
    balance: funds.balance.toString(),
    symbol: funds.symbol,
    token: funds.feeToken ?? null,
    by: funds.by,
    perSecond: spend?.perSecond ?? null,
  };
  if (funds.balance === 0n || troubles.some(({ id }) => id === 'no-fees')) {
    return {
      level: 'critical',
      summary: `${balance}: too little for one signal`,
      data,
      next: [{ tv: ['oracle', 'fund'] }],
    };
  }
  if (spend?.perSecond === undefined || spend.perSecond === 0) {
    if (!activity.known) {
      return {
        level: 'unknown',
        summary: `${balance}; how long it lasts is unknown: ${activity.reason}`,
        data,
        next: [{ when: 'check the RPC URLs', tv: ['config', 'show'] }],
      };
    }
    return { level: 'ok', summary: `${balance}; how long it lasts is unknown: no recent signals`, data };
  }
  const seconds = Number(funds.balance) / spend.perSecond;
  const perDay = formatFunds(BigInt(Math.ceil(spend.perSecond * 86_400)), funds);
  const low = seconds < shortOfFeesSeconds;
  return {
    level: low ? 'warning' : 'ok',
    summary: `${balance}, lasts ${lasting(seconds)} at ${perDay} a day (its last ${spend.signals} signals)`,
    data,
    ...(low ? { next: [{ tv: ['oracle', 'fund'] }] } : {}),
  };
}

/** One that was just sent is no trouble; one that holds up the signals is. */
export function nonces({ nonce, troubles }: Pick<Diagnosis, 'nonce' | 'troubles'>): SampleValue {
  if (!nonce.known) return { level: 'unknown', summary: `the nonces are unknown: ${nonce.reason}` };
  const { latest, pending } = nonce.value;
  const summary = `latest ${count(latest)}, pending ${count(pending)}`;
  const stuck = troubles.find(({ id }) => id === 'stuck');
  if (stuck !== undefined) {
    return { level: 'critical', summary: `${summary}: ${stuck.summary}`, next: stuck.next };
  }
  return pending - latest > 1
    ? { level: 'warning', summary: `${summary}: ${count(pending - latest)} transactions wait` }
    : { level: 'ok', summary };
}

export function causes({ troubles, unknown }: Pick<Diagnosis, 'troubles' | 'unknown'>): SampleValue {
  // The nonce, the key and the fees have lines of their own.
  const left = troubles.filter(({ id }) => id === 'paused' || id === 'clock');
  if (left.length > 0) {
    return {
      level: 'warning',
      summary: left.map(({ summary }) => summary).join('; '),
      next: left.flatMap(({ next }) => next),
    };
  }
  const here = unknown.filter(({ id }) => id === 'paused' || id === 'clock');
  if (here.length > 0)
    return { level: 'unknown', summary: `unknown: ${here.map(({ summary }) => summary).join('; ')}` };
  return { level: 'ok', summary: 'no pause stops signals, clock and chain agree' };
}
