import { type Diagnosis, diagnoseMeanwhile, paysBy } from '../../chain/oracle/diagnose.ts';
import { mostReceipts } from '../../chain/oracle/readActivity.ts';
import { formatFunds } from '../../chain/transactions/readFunds.ts';
import type { Address } from '../../config/settings.ts';
import { answer, known } from '../../errors/answer.ts';
import { TvError } from '../../errors/TvError.ts';
import { readEnvValue } from '../../host/envFile.ts';
import { readClock } from '../../host/readClock.ts';
import { readEnvFile } from '../../host/readEnvFile.ts';
import { readRelay } from '../../host/readRelay.ts';
import { readRelayError } from '../../host/readRelayError.ts';
import { readOracleKey, readRelayOf } from '../../operations/oracle/readOracleKey.ts';
import { duration, lasting } from '../../text/format.ts';
import type { Source } from '../sourceReader.ts';
import { chain, ofTheChain } from './chain.ts';
import { signals } from './signals.ts';

export interface RelayAccount extends Diagnosis {
  readonly oracle: Address;
}

/** What keeps the relay's signals away and no restart mends: its account, its key, its funds, its nonces, its clock. */
export const relay: Source<RelayAccount> = {
  title: 'relay',
  read: async (reader) => {
    const { ctx } = reader;
    const reading = readOracleKey(ctx);
    const evidence = (async () => {
      const [relay, hostTime, lastError, known] = await Promise.all([
        reading.then((key) => readRelayOf(ctx, key)),
        answer((async () => readClock(ctx.host()))()),
        readRelayError(ctx),
        reader.answer(signals),
      ]);
      const newest = known.known ? Math.max(0, ...known.value.signals.map(({ at }) => at)) : 0;
      return {
        hostTime: hostTime.known ? hostTime.value : undefined,
        intervalSeconds: relay.intervalSeconds.known ? relay.intervalSeconds.value : null,
        signalAt: newest === 0 ? undefined : newest,
        lastError: lastError.known ? lastError.value : undefined,
      };
    })();
    evidence.catch(() => {});
    const key = await reading;
    const head = await reader.read(chain);
    const about = { oracle: key.address, feeToken: key.feeToken, head, enoughTransactions: mostReceipts };
    const found = await ofTheChain(reader, () => diagnoseMeanwhile(ctx.chain(), about, evidence));
    return { ...found, oracle: key.address };
  },
  describe: ({ oracle, payer, activity }) => {
    if (!payer.known) return `${oracle}; what it pays with is unknown`;
    const funds = payer.value;
    const perSecond = activity.known ? activity.value.spend?.perSecond : undefined;
    const lasts =
      perSecond === undefined || perSecond === 0
        ? ''
        : `, lasts ${lasting(Number(funds.balance) / perSecond)}`;
    return `${oracle} has ${formatFunds(funds.balance, funds)}${paysBy(funds)}${lasts}`;
  },
};

/** Seconds between two signals, as the relay was started or `.env` has it. */
export const relayInterval: Source<number> = {
  title: 'relay interval',
  read: async ({ ctx }) => {
    const { envFile: path } = ctx.settings.host;
    const file = await answer((async () => readEnvFile(ctx.host(), { path }))());
    const written = file.known ? Number(readEnvValue(file.value.text, 'ORACLE_UPDATE_INTERVAL')) : 0;
    const envIntervalSeconds = file.known ? known(written > 0 ? written : null) : file;
    // Of the command line only the interval is wanted: nothing in it is a pair here.
    const { intervalSeconds } = await readRelay(ctx, { envIntervalSeconds, isKey: () => true });
    if (intervalSeconds.known) return intervalSeconds.value;
    throw new TvError(
      'host.unreadable-answer',
      `The interval of the relay is unknown: ${intervalSeconds.reason}.`,
    );
  },
  describe: (seconds) => `a signal every ${duration(seconds * 1000)}`,
};
