import { privateKeyToAccount } from 'viem/accounts';
import { showSigner } from '../../config/mapSettings.ts';
import type { Settings, SignerRole, SignerSource } from '../../config/settings.ts';
import { exitCodes, TvError } from '../../errors/TvError.ts';
import type { SecretPrompt } from '../../runbook/context.ts';
import { decryptKeystore, WrongPassword } from './decryptKeystore.ts';
import { readPassword, readSecretBytes, readSecretFile } from './readSecretFile.ts';
import type { Signer } from './signer.ts';

interface SignerContext {
  readonly settings: Settings;
  readonly secrets: SecretPrompt;
}

/** One question for a password in a run, however many steps sign. */
const opened = new WeakMap<Settings, Map<SignerRole, Promise<Signer>>>();

/**
 * Opens the key of a role, from wherever the settings say. The key and the password never leave this
 * module but inside the account that signs.
 * @throws TvError with exit code 4 where a person would have to be asked and there is none, with exit
 * code 3 where the key cannot be had
 */
export function openSigner(ctx: SignerContext, role: SignerRole): Promise<Signer> {
  const roles = opened.get(ctx.settings) ?? new Map<SignerRole, Promise<Signer>>();
  opened.set(ctx.settings, roles);
  const known = roles.get(role);
  if (known !== undefined) return known;
  const signer = open(ctx, role);
  roles.set(role, signer);
  // A slip of the finger must not be remembered.
  signer.catch(() => roles.delete(role));
  return signer;
}

/**
 * Refuses before any work where `openSigner` would have to ask and there is no terminal.
 * @throws TvError with exit code 4, or 3 where no key is configured
 */
export function assertSignerAskable({ settings, secrets }: SignerContext, role: SignerRole): void {
  const source = sourceOf(settings, role);
  const asks = source.kind === 'prompt' || (source.kind === 'keystore' && source.passwordFile === undefined);
  if (asks && !secrets.interactive) throw nobodyToAsk(role, source);
}

async function open(ctx: SignerContext, role: SignerRole): Promise<Signer> {
  const { settings, secrets } = ctx;
  assertSignerAskable(ctx, role);
  const source = sourceOf(settings, role);
  const written = await readKey(source, role, secrets);
  secrets.keep(written);
  const digits = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(written)?.[1];
  if (digits === undefined) throw notAKey(role, source);
  secrets.keep(`0x${digits}`);
  try {
    const account = privateKeyToAccount(`0x${digits}`);
    return { role, address: account.address, source: describe(source), account };
  } catch {
    // Above the curve's order, or zero; the library's own message could quote it.
    throw notAKey(role, source);
  }
}

async function readKey(source: SignerSource, role: SignerRole, secrets: SecretPrompt): Promise<string> {
  switch (source.kind) {
    case 'keystore': {
      const text = readSecretFile(source.path, 'keystore');
      const { candidates, oddities } =
        source.passwordFile === undefined
          ? { candidates: [await ask(secrets, `Password of ${source.path} (${role}):`)], oddities: [] }
          : readPassword(readSecretBytes(source.passwordFile, 'password file'));
      for (const password of candidates) secrets.keep(password);
      try {
        const key = await decryptWithAny(text, candidates);
        secrets.keep(key);
        return key;
      } catch (error) {
        if (!(error instanceof TvError)) throw error;
        const { passwordFile } = source;
        throw new TvError(error.code, error.message, {
          facts: {
            keystore: source.path,
            'password file': passwordFile,
            'odd about it': oddities.join(', ') || undefined,
            ...error.facts,
          },
          next:
            passwordFile === undefined
              ? ['type it again', { tv: ['config', 'show'] }]
              : [{ tv: ['config', 'show'] }],
          exitCode: exitCodes.blocked,
        });
      }
    }
    case 'command': {
      const answer = await secrets.output(source.words);
      if ('text' in answer) return answer.text;
      throw new TvError('signer.command-failed', `The command that prints the key for ${role} failed.`, {
        facts: { command: source.words[0], reason: answer.failure },
        next: ['run it by hand: it has to print the key and nothing else'],
        exitCode: exitCodes.blocked,
      });
    }
    case 'env': {
      const value = process.env[source.name]?.trim();
      if (value === undefined || value === '') {
        throw new TvError(
          'signer.not-configured',
          `The key for ${role} is expected in $${source.name}, which is not set.`,
          {
            next: [`export ${source.name}=…`],
            exitCode: exitCodes.blocked,
          },
        );
      }
      return value;
    }
    case 'prompt':
      return (await ask(secrets, `Private key for ${role}:`)).trim();
  }
}

/** @throws WrongPassword where none opens it */
async function decryptWithAny(text: string, [first = '', ...others]: readonly string[]) {
  try {
    return await decryptKeystore(text, first);
  } catch (error) {
    if (!(error instanceof WrongPassword) || others.length === 0) throw error;
    return decryptWithAny(text, others);
  }
}

async function ask(secrets: SecretPrompt, question: string): Promise<string> {
  const answer = await secrets.ask(question);
  if (answer === undefined) {
    throw new TvError('answer.not-confirmed', 'Not answered; nothing was changed.', {
      exitCode: exitCodes.notConfirmed,
    });
  }
  return answer;
}

function sourceOf(settings: Settings, role: SignerRole): SignerSource {
  const source = settings.signers[role];
  if (source !== undefined) return source;
  throw new TvError('signer.not-configured', `No key is configured for ${role}.`, {
    facts: { setting: `signers.${role}`, takes: 'keystore, command, env or prompt' },
    next: [{ when: 'add it to the configuration file', tv: ['config', 'show'] }],
    exitCode: exitCodes.blocked,
  });
}

function describe(source: SignerSource): string {
  return source.kind === 'prompt' ? 'typed in' : showSigner(source);
}

function nobodyToAsk(role: SignerRole, source: SignerSource): TvError {
  const what = source.kind === 'prompt' ? 'The key' : 'The password of the keystore';
  return new TvError(
    'answer.missing',
    `${what} for ${role} has to be asked for, and there is no terminal to ask at.`,
    {
      facts: { setting: `signers.${role}`, from: describe(source) },
      next: [
        source.kind === 'prompt'
          ? `give signers.${role} a keystore with passwordFile, a command or an env`
          : `add signers.${role}.passwordFile (0600) to the configuration file`,
      ],
      exitCode: exitCodes.notConfirmed,
    },
  );
}

function notAKey(role: SignerRole, source: SignerSource): TvError {
  return new TvError('signer.not-a-key', `What was given as the key for ${role} is not a private key.`, {
    facts: { from: describe(source), expected: '64 hex digits, with 0x or without' },
    exitCode: exitCodes.blocked,
  });
}
