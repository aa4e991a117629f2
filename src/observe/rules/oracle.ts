import type { Trouble } from '../../chain/oracle/diagnose.ts';
import { dueAt, oldKeyWords } from '../../chain/oracle/oldKeys.ts';
import type { PairSignal } from '../../chain/oracle/readPairSignals.ts';
import { pairTitle } from '../../chain/pairs/pair.ts';
import { stopsSignals } from '../../chain/readProtocol.ts';
import { formatFunds, type Payer } from '../../chain/transactions/readFunds.ts';
import type { Settings } from '../../config/settings.ts';
import type { Advice } from '../../errors/advice.ts';
import type { Answer } from '../../errors/answer.ts';
import { isRunOf } from '../../journal/runState.ts';
import { count, duration, howMany, lasting } from '../../text/format.ts';
import { shortOfFeesSeconds } from '../oracle/account.ts';
import { type AnyRule, type At, type Found, noNode, rule } from '../rule.ts';
import { setInEnv } from '../setInEnv.ts';

/** On top of two intervals, what sending takes until it is in a block. In seconds. */
const sendingSeconds = 15;
const mostNamed = 3;

/** What keeps signals away, the most certain first. */
const noSignals = [
  'service-down:oracle',
  'service-frozen:oracle',
  'relay-not-authorised',
  'relay-fee-token',
  'relay-no-fees',
  'relay-stuck',
  'relay-clock',
  'service-twice:oracle',
  'chain-stopped',
];

function withoutSignal(all: readonly PairSignal[], wrong: readonly PairSignal[], { world }: At): Found {
  const words = wrong.slice(0, mostNamed).map(({ pair, health, ageSeconds }) => {
    const age = ageSeconds === null ? '' : ` for ${duration(ageSeconds * 1000)}`;
    return `${pairTitle(pair)} ${health === 'never' ? 'has no signal' : `${health}${age}`}`;
  });
  const more = wrong.length > mostNamed ? ` and ${count(wrong.length - mostNamed)} more` : '';
  const sentence = `${count(wrong.length)} of ${howMany(all.length, 'pair')} without a fresh signal: ${words.join(', ')}${more}`;
  const next = [{ tv: ['oracle', 'recover'] }, { tv: ['oracle', 'status'] }];
  // A pause refuses signals: they are not missing then.
  const isRefused = world.protocol?.known === true && stopsSignals(world.protocol.value);
  return isRefused
    ? { sentence: `${sentence}; none is accepted while paused`, level: 'warning', causes: ['paused'] }
    : { sentence, next };
}

/** The line that has the relay pay with what it paid with before. */
function feeTokenOf(payer: Answer<Payer>, settings: Settings): readonly Advice[] {
  const value = payer.known ? payer.value.feeToken : undefined;
  if (value === undefined) return [];
  return [setInEnv(settings, { key: 'FEE_TOKEN', value, present: true, restart: ['oracle'] })];
}

/** One of the troubles of the relay's account. */
function trouble(id: Trouble['id'], title: string, escalation: 1 | 3): AnyRule {
  return rule({
    id: `relay-${id}`,
    title,
    section: '2',
    level: 'critical',
    escalation,
    about: 'relay',
    needs: ['relay'],
    openWhile: ['relay-unread'],
    ...(id === 'clock' ? { causes: ['chain-stopped'] } : {}),
    find: ({ relay }, { world, settings }) => {
      // Until a rotation is finished, its two keys are both in use.
      const rotates =
        world.runs?.known === true &&
        world.runs.value.left.some((run) =>
          isRunOf(run, 'oracle rotate-key', 'oracle revoke-old', 'oracle recover'),
        );
      return relay.troubles
        .filter((each) => each.id === id)
        .map(({ summary, next }) => ({
          sentence: summary,
          next: id === 'fee-token' ? feeTokenOf(relay.payer, settings) : next,
          ...(rotates && id === 'not-authorised' ? { causes: ['run-unfinished'] } : {}),
        }));
    },
  });
}

export const oracleRules = [
  trouble('not-authorised', 'The key of the relay is not authorised', 3),
  trouble('fee-token', 'The relay is set to pay with a token that it does not have', 1),
  trouble('no-fees', 'The relay cannot pay', 1),
  trouble('stuck', 'A transaction of the relay is stuck', 1),
  trouble('clock', "The host's clock is ahead of the newest block", 1),
  rule({
    id: 'relay-funds-low',
    title: 'The relay is running out of funds',
    section: '2',
    level: 'warning',
    escalation: 1,
    about: 'relay',
    needs: ['relay'],
    causes: ['relay-no-fees'],
    unproven: ({ relay: { payer, activity } }) =>
      !payer.known || !activity.known || activity.value.spend === undefined,
    find: ({ relay: { oracle, payer, activity } }) => {
      const perSecond = activity.known ? activity.value.spend?.perSecond : undefined;
      if (!payer.known || perSecond === undefined || perSecond === 0) return undefined;
      const seconds = Number(payer.value.balance) / perSecond;
      return seconds >= shortOfFeesSeconds
        ? undefined
        : {
            sentence: `${oracle} has ${formatFunds(payer.value.balance, payer.value)}, which lasts ${lasting(seconds)}`,
            next: [{ tv: ['oracle', 'fund'] }],
          };
    },
  }),
  rule({
    id: 'relay-unread',
    title: 'A part of the state of the relay is unknown',
    section: '2',
    level: 'warning',
    escalation: 1,
    about: 'relay',
    needs: ['relay'],
    causes: [...noNode, 'unknown-chain', 'host-away'],
    find: ({ relay: { unknown } }) => {
      // The pause has a source of its own.
      const own = unknown.filter(({ id }) => id !== 'paused');
      return own.length === 0
        ? undefined
        : {
            level: 'unknown',
            sentence: `unknown: ${own.map(({ summary }) => summary).join('; ')}`,
            next: [{ tv: ['oracle', 'status'] }],
          };
    },
  }),
  rule({
    id: 'signals-dead',
    title: "The oracle hasn't updated for minutes",
    section: '8',
    level: 'critical',
    escalation: 1,
    about: 'signals',
    needs: ['signals'],
    causes: noSignals,
    openWhile: ['pairs-unknown'],
    find: ({ signals: { signals } }, at) => {
      const wrong = signals.filter(({ health }) => health === 'dead' || health === 'never');
      return wrong.length === 0 ? undefined : withoutSignal(signals, wrong, at);
    },
  }),
  rule({
    id: 'signals-stale',
    title: 'A signal is stale',
    section: '8',
    level: 'warning',
    escalation: 1,
    about: 'signals',
    needs: ['signals'],
    causes: [...noSignals, 'signals-dead'],
    holdSeconds: 30,
    // A signal that is dead by now is not fresh again.
    openWhile: ['signals-dead', 'pairs-unknown'],
    find: ({ signals: { signals } }, at) => {
      const wrong = signals.filter(({ health }) => health === 'stale');
      return wrong.length === 0 ? undefined : withoutSignal(signals, wrong, at);
    },
  }),
  rule({
    id: 'signals-late',
    title: 'The relay has missed signals',
    section: '2',
    level: 'warning',
    escalation: 1,
    about: 'signals',
    needs: ['signals', 'relayInterval'],
    causes: [...noSignals, 'paused'],
    holdSeconds: 30,
    openWhile: ['signals-stale', 'signals-dead', 'pairs-unknown'],
    find: ({ signals: { signals }, relayInterval: interval }, { now, world }) => {
      const fresh = signals.filter(({ health }) => health === 'healthy');
      if (fresh.length === 0 || fresh.length < signals.length) return undefined;
      if (world.protocol?.known === true && stopsSignals(world.protocol.value)) return undefined;
      // Only where both clocks say so: one that is ahead makes every signal look old.
      const byChain = Math.min(...fresh.map(({ ageSeconds }) => ageSeconds ?? 0));
      const byHere = now.getTime() / 1000 - Math.max(...fresh.map(({ at }) => at));
      const age = Math.min(byChain, byHere);
      return age <= 2 * interval + sendingSeconds
        ? undefined
        : {
            sentence: `the newest signal is ${duration(age * 1000)} old; the relay sends one every ${duration(interval * 1000)}, and has missed at least two`,
            next: [{ tv: ['oracle', 'recover'] }, { tv: ['oracle', 'status'] }],
          };
    },
  }),
  rule({
    id: 'pairs-unknown',
    title: 'No pair is known',
    section: '2',
    level: 'warning',
    escalation: 1,
    about: 'signals',
    needs: ['signals'],
    find: ({ signals: { signals } }) =>
      signals.length > 0
        ? undefined
        : {
            level: 'unknown',
            sentence: 'no pair is known, neither from settings nor from events',
            next: [{ tv: ['oracle', 'status'] }, 'name the pairs under "pairs" in the configuration file'],
          },
  }),
  rule({
    id: 'old-key',
    title: 'An old oracle key is still valid',
    section: '4',
    level: 'warning',
    escalation: 1,
    about: 'oldKeys',
    needs: ['oldKeys'],
    find: ({ oldKeys: [entry] }, { now }) => {
      if (entry === undefined) return undefined;
      const isDue = dueAt(entry) <= now;
      return {
        sentence: oldKeyWords(entry, now),
        next: [
          isDue ? { tv: ['oracle', 'revoke-old'] } : { when: 'once it is due', tv: ['oracle', 'revoke-old'] },
        ],
      };
    },
  }),
];
