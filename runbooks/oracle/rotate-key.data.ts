import { join } from 'node:path';
import type { FoundSignal } from '../../src/chain/oracle/awaitSignal.ts';
import type { Funding } from '../../src/chain/oracle/fundAccount.ts';
import type { OracleForm } from '../../src/chain/oracle/readAuthority.ts';
import type { Sender } from '../../src/chain/preflight/checkSending.ts';
import { sameAddress } from '../../src/chain/sameAddress.ts';
import { readKeyFile } from '../../src/chain/signers/keyFile.ts';
import { parseKey } from '../../src/chain/signers/oracleKey.ts';
import { readSecretFile } from '../../src/chain/signers/readSecretFile.ts';
import type { SentTransaction } from '../../src/chain/transactions/transaction.ts';
import type { Address, Settings } from '../../src/config/settings.ts';
import { exitCodes, TvError } from '../../src/errors/TvError.ts';
import { readOracleKey } from '../../src/operations/oracle/readOracleKey.ts';
import { ChangedSince } from '../../src/runbook/changedSince.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import { note, step } from '../../src/runbook/step.ts';

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
export const withoutKey = { subject: 'oracle', state: 'WITHOUT a working key' } as const;

type Sent = SentTransaction & {
  /** When the old key stopped working by it, ISO 8601; absent where it did not. */
  readonly since?: string;
};

export const generated = step<{ readonly address: Address }>('generate');
export const funded = step<SentTransaction>('fund');
export const cutOff = step<Sent>('cut');
export const authorised = step<Sent>('authorise');
export const relayStopped = step<{ readonly unit: string; readonly since: string }>('stop');
export const envWritten = step<{ readonly file: string; readonly address: Address }>('env');
export const relayStarted = step<{ readonly unit: string; readonly fromBlock: number }>('start');
export const accepted = step<FoundSignal & { readonly address: Address; readonly seenAt: string }>('accept');
export const forgotten = step<{ readonly old: Address }>('forget');

/** The note of the transaction that undoes `authorise`. */
export const undoAuthorise = 'undo-authorise';

/** When the old key stopped working by this step, also where it is resumed. ISO 8601. */
export const since = note<string>('since');
/** The first block in which a signal of the new key counts. */
export const firstBlock = note<number>('fromBlock');

/** When the old key stopped working; undefined where it never did. */
export function windowStart(results: StepContext['results']): Date | undefined {
  const times = [cutOff, authorised, relayStopped].flatMap((each) => {
    const began = each.result({ results })?.since;
    return began === undefined ? [] : [Date.parse(began)];
  });
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

/** During a run both keys are here and nowhere else: 0600, on this machine, from before the first change to the end. */
export function keyPlaces(ctx: Pick<StepContext, 'settings' | 'runId'>) {
  const directory = join(ctx.settings.stateDirectory, 'oracle');
  return { new: join(directory, `new-${ctx.runId}.key`), old: join(directory, `old-${ctx.runId}.key`) };
}

export interface KeyOfRun {
  readonly address: Address;
  readonly key: `0x${string}`;
  /** As it is written in `.env`. Secret. */
  readonly text: string;
}

/** Undefined before the key is written and after it is removed. */
export function readKeyOfRun(ctx: StepContext, which: 'new' | 'old'): KeyOfRun | undefined {
  const text = readKeyFile(keyPlaces(ctx)[which]);
  if (text === undefined) return undefined;
  ctx.secrets.keep(text);
  const parsed = parseKey(text);
  if (parsed === undefined) return undefined;
  ctx.secrets.keep(parsed.key);
  return { ...parsed, text };
}

/** @throws TvError where the file is missing */
export function needKey(ctx: StepContext, which: 'new' | 'old'): KeyOfRun {
  const key = readKeyOfRun(ctx, which);
  if (key !== undefined) return key;
  throw new TvError('oracle.key-unusable', `The ${which} oracle key is not where this run has put it.`, {
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
  const fresh = readKeyOfRun(ctx, 'new')?.address;
  if (sameAddress(address, oldAddress) || (fresh !== undefined && sameAddress(address, fresh))) return;
  throw new ChangedSince(ctx, '.env holds neither the old nor the new oracle key', {
    file: envFile,
    'old key': oldAddress,
    'new key': fresh,
    'in .env now': address,
  });
}

/** @throws TvError where the journal does not hold the result of a completed step */
export function needResult<R>(result: R | undefined): R {
  if (result === undefined)
    throw new TvError('journal.damaged', 'The journal does not hold the result of a completed step.');
  return result;
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

/** Environment variable for a key made elsewhere, instead of the hidden prompt. */
const keyVariable = 'TV_NEW_ORACLE_KEY';

const givenKeys = new WeakMap<Settings, string>();

/**
 * The key of `--new-address`: from the environment, else typed in. Asked for once in a process.
 * @throws TvError with exit code 4 without a terminal, 3 where the key belongs to another address
 */
export async function askNewKey(ctx: Context, address: Address): Promise<`0x${string}`> {
  const question = `Private key of ${address}:`;
  const text = givenKeys.get(ctx.settings) ?? takeVariable() ?? (await askFor(ctx, question, keyVariable));
  ctx.secrets.keep(text.trim());
  const parsed = parseKey(text);
  if (parsed === undefined || !sameAddress(parsed.address, address)) {
    throw new TvError('signer.other-key', 'That is not the private key of the new address.', {
      facts: { 'new address': address, given: parsed === undefined ? 'no private key' : parsed.address },
      next: [
        `set ${keyVariable} to the key of that address, or type it`,
        '--new-address of the key that is meant',
      ],
      exitCode: exitCodes.blocked,
    });
  }
  ctx.secrets.keep(parsed.key);
  givenKeys.set(ctx.settings, text);
  return parsed.key;
}

/** Removed from the environment at once: the programs that tv starts would inherit it. */
function takeVariable(): string | undefined {
  const text = process.env[keyVariable];
  delete process.env[keyVariable];
  return text;
}

const passwords = new WeakMap<Settings, string>();

/** For `--keystore-out`. @throws TvError with exit code 4 without a terminal */
export async function askKeystorePassword(ctx: Context, file: string | null): Promise<string> {
  const known = passwords.get(ctx.settings);
  if (known !== undefined) return known;
  const password =
    file === null
      ? await askFor(ctx, 'Password for the new keystore:', '--keystore-password-file')
      : readSecretFile(file, 'password file').replace(/\r?\n$/, '');
  ctx.secrets.keep(password);
  if (password === '')
    throw new TvError('answer.missing', 'A keystore needs a password.', { exitCode: exitCodes.blocked });
  passwords.set(ctx.settings, password);
  return password;
}

async function askFor(ctx: Context, question: string, instead: string): Promise<string> {
  const answer = ctx.secrets.interactive ? await ctx.secrets.ask(question) : undefined;
  if (answer !== undefined) return answer;
  throw new TvError('answer.missing', `${question.replace(':', '')} has to be given, and was not.`, {
    next: [`at a terminal, or with ${instead}`],
    exitCode: exitCodes.notConfirmed,
  });
}
