import { sameAddress } from '../../../src/chain/sameAddress.ts';
import { parseKey } from '../../../src/chain/signers/oracleKey.ts';
import { readSecretFile } from '../../../src/chain/signers/readSecretFile.ts';
import type { Address, Settings } from '../../../src/config/settings.ts';
import { exitCodes, TvError } from '../../../src/errors/TvError.ts';
import type { Context } from '../../../src/runbook/context.ts';

/** Where a key made elsewhere is handed over, besides the hidden prompt. */
const keyVariable = 'TV_NEW_ORACLE_KEY';

const given = new WeakMap<Settings, string>();

/**
 * The key of `--new-address`: from the environment, else typed in. Asked for once in a process.
 * @throws TvError with exit code 4 where there is nobody to ask, 3 where it is another address's
 */
export async function askNewKey(ctx: Context, address: Address): Promise<`0x${string}`> {
  const question = `Private key of ${address}:`;
  const text = given.get(ctx.settings) ?? takeVariable() ?? (await askFor(ctx, question, keyVariable));
  ctx.secrets.keep(text.trim());
  const parsed = parseKey(text);
  if (parsed === undefined || !sameAddress(parsed.address, address)) {
    throw new TvError('That is not the private key of the new address.', {
      facts: { 'new address': address, given: parsed === undefined ? 'no private key' : parsed.address },
      next: [
        `set ${keyVariable} to the key of that address, or type it`,
        '--new-address of the key that is meant',
      ],
      exitCode: exitCodes.blocked,
    });
  }
  ctx.secrets.keep(parsed.key);
  given.set(ctx.settings, text);
  return parsed.key;
}

/** Out of the environment at once: the programs that tv starts inherit it. */
function takeVariable(): string | undefined {
  const text = process.env[keyVariable];
  delete process.env[keyVariable];
  return text;
}

const passwords = new WeakMap<Settings, string>();

/** For `--keystore-out`. @throws TvError with exit code 4 where there is nobody to ask */
export async function askKeystorePassword(ctx: Context, file: string | null): Promise<string> {
  const known = passwords.get(ctx.settings);
  if (known !== undefined) return known;
  const password =
    file === null
      ? await askFor(ctx, 'Password for the new keystore:', '--keystore-password-file')
      : readSecretFile(file, 'password file').replace(/\r?\n$/, '');
  ctx.secrets.keep(password);
  if (password === '') throw new TvError('A keystore needs a password.', { exitCode: exitCodes.blocked });
  passwords.set(ctx.settings, password);
  return password;
}

async function askFor(ctx: Context, question: string, instead: string): Promise<string> {
  const answer = ctx.secrets.interactive ? await ctx.secrets.ask(question) : undefined;
  if (answer !== undefined) return answer;
  throw new TvError(`${question.replace(':', '')} has to be given, and was not.`, {
    next: [`at a terminal, or with ${instead}`],
    exitCode: exitCodes.notConfirmed,
  });
}
