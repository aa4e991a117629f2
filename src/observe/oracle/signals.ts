import type { PairSignal } from '../../chain/oracle/readPairSignals.ts';
import { count, duration, howMany } from '../../text/format.ts';
import type { SampleValue } from '../sample.ts';
import type { OracleState } from './readOracle.ts';

export function judgeSignals(
  world: Pick<OracleState, 'signals' | 'expected' | 'activity' | 'relayPairs' | 'diagnosis'>,
): SampleValue {
  const { expected: signals, activity, relayPairs, diagnosis } = world;
  if (!world.signals.known) {
    return { level: 'unknown', summary: `the last signals are unknown: ${world.signals.reason}` };
  }
  const threshold = world.signals.value.stalenessSeconds;
  if (signals.length === 0) {
    const sources = [
      'the settings name none',
      relayPairs.known ? "the relay's command line names none" : `relay: ${relayPairs.reason}`,
      activity.known
        ? `no signal since block ${count(activity.value.fromBlock)}`
        : `events: ${activity.reason}`,
    ];
    return {
      level: 'unknown',
      summary: `no pair is known: ${sources.join('; ')}`,
      next: [
        { tv: ['config', 'init'] },
        { when: 'name them under "pairs" in the configuration file', tv: ['config', 'show'] },
      ],
    };
  }
  const of = (...health: readonly PairSignal['health'][]) =>
    signals.filter((signal) => health.includes(signal.health)).length;
  const limits = `${threshold === undefined ? 'no threshold in the contract' : `stale after ${duration(threshold * 1000)}`}`;
  const wrong = of('dead', 'never') + of('stale');
  if (wrong === 0) {
    const summary = `${howMany(signals.length, 'pair')}, all healthy; ${limits}`;
    // Healthy says that signals come, not who sends them.
    if (diagnosis === undefined || (activity.known && activity.value.newest !== undefined)) {
      return { level: 'ok', summary };
    }
    return activity.known
      ? {
          level: 'warning',
          summary: `${summary}; but none since block ${count(activity.value.fromBlock)} was sent by the key in .env`,
          next: [{ when: 'see which addresses are authorised', tv: ['oracle', 'status', '--full'] }],
        }
      : { level: 'unknown', summary: `${summary}; who sends them is unknown (${activity.reason})` };
  }
  const parts = [
    ...(of('dead') > 0 ? [`${count(of('dead'))} dead`] : []),
    ...(of('stale') > 0 ? [`${count(of('stale'))} stale`] : []),
    ...(of('never') > 0 ? [`${count(of('never'))} without any signal`] : []),
  ];
  const summary = `of ${howMany(signals.length, 'pair')} ${parts.join(', ')}; ${limits}`;
  return {
    level: of('dead', 'stale') > 0 ? 'critical' : 'warning',
    summary,
    next: [{ tv: ['oracle', 'recover'] }],
  };
}
