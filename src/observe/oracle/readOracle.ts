import { type Diagnosis, diagnose } from '../../chain/oracle/diagnose.ts';
import { type Activity, readActivity } from '../../chain/oracle/readActivity.ts';
import { type PairSignal, type PairSignals, readPairSignals } from '../../chain/oracle/readPairSignals.ts';
import { namedPairs } from '../../chain/pairs/pair.ts';
import { readHead } from '../../chain/readHead.ts';
import type { Address } from '../../config/settings.ts';
import { type Answer, answer, known } from '../../errors/answer.ts';
import type { Relay } from '../../host/readRelay.ts';
import type { RelayError } from '../../host/readRelayError.ts';
import type { Context } from '../../runbook/context.ts';
import { readFreshness, type SignalFreshness } from './signalFreshness.ts';

/** No signal comes from this address: only the pairs of the events are wanted. */
const noSender = '0x0000000000000000000000000000000000000000';

/** The account of the key in `.env`, without the key. */
export interface OracleKey {
  readonly address: Address;
  /** `FEE_TOKEN`; null where it is not set. */
  readonly feeToken: Address | null;
}

/** A pair's last signal, and the source that names the pair. */
type SeenPair = PairSignal & { readonly from: string };

export interface OracleState {
  /** Whether the last signals could be read at all. */
  readonly signals: Answer<Pick<PairSignals, 'stalenessSeconds'>>;
  readonly pairs: readonly SeenPair[];
  /** Pairs named by settings or relay; pairs of the events where neither names any. */
  readonly expected: readonly SeenPair[];
  readonly activity: Answer<Activity>;
  readonly relayPairs: Answer<readonly unknown[]>;
  /** Undefined where the key in .env is unknown. */
  readonly diagnosis: Diagnosis | undefined;
  readonly freshness: SignalFreshness | undefined;
}

interface HostAnswers {
  readonly env: Promise<OracleKey>;
  readonly relay: Promise<Relay>;
  readonly time: Promise<Answer<Date | undefined>>;
  readonly error: Promise<Answer<RelayError | undefined>>;
}

/** Pairs of the settings, of the relay's command line and of the chain's newest events, with their signals. */
export async function readOracle(ctx: Context, host: HostAnswers): Promise<OracleState> {
  const chain = ctx.chain();
  const [env, relay, time, error] = [
    await answer(host.env),
    await answer(host.relay),
    await host.time,
    await host.error,
  ];
  const relayPairs = relay.known ? relay.value.pairs : relay;
  const named = namedPairs(ctx.settings).map((pair) => ({ pair, from: 'settings' }));
  const started =
    relay.known && relay.value.pairs.known
      ? relay.value.pairs.value.map(({ id }) => ({ pair: { id, name: null }, from: relay.value.from }))
      : [];
  const first = unique([...named, ...started]);
  const idsOf = (all: typeof first) => all.map(({ pair }) => pair);
  const signals = await answer(readPairSignals(chain, idsOf(first)));
  const newest = Math.max(0, ...(signals.known ? signals.value.signals.map(({ at }) => at) : []));
  const interval = relay.known ? relay.value.intervalSeconds : relay;
  const intervalSeconds = interval.known ? interval.value : null;
  const diagnosis = env.known
    ? await diagnose(chain, {
        oracle: env.value.address,
        feeToken: env.value.feeToken,
        hostTime: time.known ? time.value : undefined,
        intervalSeconds,
        signalAt: newest === 0 ? undefined : newest,
        lastError: error.known ? error.value : undefined,
      })
    : undefined;
  const activity =
    diagnosis?.activity ??
    (await answer(
      readHead(chain).then(({ number }) =>
        readActivity(chain, { sender: noSender, head: number, signalAt: newest }),
      ),
    ));
  const inEvents = activity.known
    ? activity.value.pairs.map((id) => ({ pair: { id, name: null }, from: 'events' }))
    : [];
  const extra = unique([...first, ...inEvents]).slice(first.length);
  const none = { signals: [], stalenessSeconds: undefined, now: 0, head: 0 };
  const more = extra.length === 0 ? known(none) : await answer(readPairSignals(chain, idsOf(extra)));
  const pairs = [
    ...(signals.known ? signals.value.signals : []),
    ...(more.known ? more.value.signals : []),
  ].map((signal) => ({
    ...signal,
    from: [...first, ...extra].find(({ pair }) => pair.id === signal.pair.id)?.from ?? '',
  }));
  const read = signals.known ? signals.value : undefined;
  return {
    signals: first.length === 0 && extra.length > 0 ? more : signals,
    pairs,
    expected: first.length > 0 ? pairs.slice(0, first.length) : pairs,
    activity,
    relayPairs,
    diagnosis,
    freshness:
      read === undefined || pairs.length === 0 || intervalSeconds === null
        ? undefined
        : readFreshness({ signals: pairs, now: read.now }, activity, intervalSeconds),
  };
}

function unique<T extends { readonly pair: { readonly id: string } }>(all: readonly T[]): readonly T[] {
  return all.filter(({ pair }, index) => all.findIndex((one) => one.pair.id === pair.id) === index);
}
