import { join } from 'node:path';
import { sameAddress } from '../../chain/sameAddress.ts';
import { readKeyFile } from '../../chain/signers/keyFile.ts';
import { parseKey } from '../../chain/signers/oracleKey.ts';
import { readSecretFile } from '../../chain/signers/readSecretFile.ts';
import type { Address, Settings } from '../../config/settings.ts';
import { exitCodes, TvError } from '../../errors/TvError.ts';
import { ChangedSince } from '../../runbook/changedSince.ts';
import type { Context } from '../../runbook/context.ts';
import type { StepContext } from '../../runbook/define.ts';
import { readOracleKey } from './readOracleKey.ts';

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
export async function assertKeyOfRun(
  ctx: StepContext,
  { oldAddress, envFile }: { readonly oldAddress: Address; readonly envFile: string },
): Promise<void> {
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
