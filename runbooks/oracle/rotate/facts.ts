import { join } from 'node:path';
import type { Funding } from '../../../src/chain/oracle/fundAccount.ts';
import type { OracleForm } from '../../../src/chain/oracle/readAuthority.ts';
import type { Sender } from '../../../src/chain/preflight/checkSending.ts';
import { sameAddress } from '../../../src/chain/sameAddress.ts';
import { readKeyFile } from '../../../src/chain/signers/keyFile.ts';
import { parseKey } from '../../../src/chain/signers/oracleKey.ts';
import type { Address } from '../../../src/config/settings.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import { ChangedSince } from '../../../src/runbook/changedSince.ts';
import type { StepContext } from '../../../src/runbook/define.ts';
import { readOracleKey } from '../readOracleKey.ts';

/** What the preflight has found and the plan is made from. No key in it. */
export type RotateFacts = {
  readonly form: OracleForm;
  readonly chainId: number;
  readonly oldAddress: Address;
  /** Null where tv makes the key. */
  readonly newAddress: Address | null;
  readonly compromised: boolean;
  /** Null where the account made elsewhere has enough. */
  readonly funding: Funding | null;
  readonly sender: Sender;
  readonly unit: string;
  readonly wasActive: boolean;
  /** Whether a signal of the old key came lately: only then can it be expected to work again. */
  readonly worked: boolean;
  readonly envFile: string;
  readonly limitMs: number;
  readonly keystoreOut: string | null;
  readonly keystorePasswordFile: string | null;
  /** A key that an earlier rotation funded and could not use; null where there is none. */
  readonly reuse: string | null;
};

/** From when the old key stops working until the new one is proven. */
export const withoutKey = { subject: 'oracle', state: 'WITHOUT a working key', until: 'accept' } as const;

/** Keys under way lie here and nowhere else: 0600, on this machine, from before the first change to the end. */
export function keyPlaces(ctx: Pick<StepContext, 'settings' | 'runId'>) {
  const directory = join(ctx.settings.stateDirectory, 'oracle');
  return { new: join(directory, `new-${ctx.runId}.key`), old: join(directory, `old-${ctx.runId}.key`) };
}

export interface KeyUnderWay {
  readonly address: Address;
  readonly key: `0x${string}`;
  /** As it is written in `.env`. Secret. */
  readonly text: string;
}

/** Undefined where it is not there (yet, or any more). */
export function readKeyUnderWay(ctx: StepContext, which: 'new' | 'old'): KeyUnderWay | undefined {
  const text = readKeyFile(keyPlaces(ctx)[which]);
  if (text === undefined) return undefined;
  ctx.secrets.keep(text);
  const parsed = parseKey(text);
  if (parsed === undefined) return undefined;
  ctx.secrets.keep(parsed.key);
  return { ...parsed, text };
}

/** @throws TvError where it is gone */
export function needKey(ctx: StepContext, which: 'new' | 'old'): KeyUnderWay {
  const key = readKeyUnderWay(ctx, which);
  if (key !== undefined) return key;
  throw new TvError(`The ${which} oracle key is not where this run has put it.`, {
    facts: { file: keyPlaces(ctx)[which] },
    next: [{ tv: ['oracle', 'status'] }],
  });
}

/**
 * A third key in `.env` is the only copy of it that tv knows of.
 * @throws ChangedSince where `.env` holds neither the old nor the new key
 */
export async function assertKeyOfRun(ctx: StepContext, { oldAddress, envFile }: RotateFacts): Promise<void> {
  const { address } = await readOracleKey(ctx);
  const fresh = readKeyUnderWay(ctx, 'new')?.address;
  if (sameAddress(address, oldAddress) || (fresh !== undefined && sameAddress(address, fresh))) return;
  throw new ChangedSince(ctx, '.env holds neither the old nor the new oracle key', {
    file: envFile,
    'old key': oldAddress,
    'new key': fresh,
    'in .env now': address,
  });
}

export const exampleFacts: RotateFacts = {
  form: 'role',
  chainId: 4217,
  oldAddress: '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc',
  newAddress: null,
  compromised: false,
  funding: {
    token: '0x20C0000000000000000000000000000000000001',
    amount: '10000000',
    words: '10 AlphaUSD',
  },
  sender: {
    role: 'admin',
    from: '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
    network: 'tempo',
    feeToken: '0x20c0000000000000000000000000000000000000',
  },
  unit: 'tempovault-oracle',
  wasActive: true,
  worked: true,
  envFile: '/home/tempovault/tempovault/.env',
  limitMs: 210_000,
  keystoreOut: null,
  keystorePasswordFile: null,
  reuse: null,
};
