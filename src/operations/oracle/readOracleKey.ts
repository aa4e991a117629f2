import { sameAddress } from '../../chain/sameAddress.ts';
import { parseKey } from '../../chain/signers/oracleKey.ts';
import type { Address } from '../../config/settings.ts';
import { known } from '../../errors/answer.ts';
import { TvError } from '../../errors/TvError.ts';
import { readEnvFile } from '../../host/readEnvFile.ts';
import { type Relay, readRelay } from '../../host/readRelay.ts';
import type { Context } from '../../runbook/context.ts';

export const keyName = 'ORACLE_PRIVATE_KEY';

export interface EnvKey {
  readonly address: Address;
  /** As written in the file. Secret. */
  readonly text: string;
  /** `ORACLE_UPDATE_INTERVAL` in seconds, null where it is not set. The relay's command line outranks it. */
  readonly intervalSeconds: number | null;
  /** `FEE_TOKEN`: what the relay pays fees in on Tempo; null where it is not set. */
  readonly feeToken: Address | null;
}

/** The key in `.env`, by its address. @throws TvError where there is none, or several, or it is no key */
export async function readOracleKey(ctx: Pick<Context, 'host' | 'settings' | 'secrets'>): Promise<EnvKey> {
  const { envFile: file } = ctx.settings.host;
  const { entries } = await readEnvFile(ctx.host(), { path: file });
  const [entry, ...more] = entries.filter(({ key }) => key === keyName);
  if (entry === undefined || more.length > 0) {
    throw new TvError(
      'oracle.key-unusable',
      `${keyName} is ${entry === undefined ? 'not set' : 'set more than once'} in .env.`,
      {
        facts: { file },
        next: [`grep -c ${keyName} ${file}`],
      },
    );
  }
  ctx.secrets.keep(entry.value);
  const parsed = parseKey(entry.value);
  if (parsed === undefined) {
    throw new TvError('oracle.key-unusable', `${keyName} in .env is not a private key.`, {
      facts: { file, line: entry.line, expected: '64 hex digits, with 0x or without' },
      next: ['put the key of an authorised address into .env'],
    });
  }
  ctx.secrets.keep(parsed.key);
  const token = entries.find((each) => each.key === 'FEE_TOKEN')?.value ?? '';
  const interval = Number(entries.find(({ key }) => key === 'ORACLE_UPDATE_INTERVAL')?.value ?? Number.NaN);
  return {
    address: parsed.address,
    text: entry.value,
    feeToken: /^0x[0-9a-fA-F]{40}$/.test(token) ? (token as Address) : null,
    intervalSeconds: interval > 0 ? interval : null,
  };
}

/** Pairs and interval of the relay whose key this is. */
export function readRelayOf(ctx: Pick<Context, 'host' | 'settings'>, key: EnvKey): Promise<Relay> {
  return readRelay(ctx, {
    envIntervalSeconds: known(key.intervalSeconds),
    isKey: (word) => sameAddress(parseKey(word)?.address ?? '', key.address),
  });
}
