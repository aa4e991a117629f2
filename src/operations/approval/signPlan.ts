import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { exitCodes, TvError } from '../../errors/TvError.ts';
import { agentKeys, signWithSsh } from '../../host/sshKeygen.ts';
import { type PlanFile, signatureFileOf } from '../../journal/planFile.ts';
import { replaceFile } from '../../output/durableFile.ts';
import { namespace, parseSignature } from './sshSignature.ts';

/** In the order in which ssh(1) tries them. */
const usualKeys = ['id_rsa', 'id_ecdsa', 'id_ecdsa_sk', 'id_ed25519', 'id_ed25519_sk'];

/**
 * The key to sign with: the one that is named, or else the only one in `~/.ssh`.
 * @throws TvError where there is none, or several
 */
export async function signingKey(named: string | undefined): Promise<string> {
  if (named !== undefined) {
    if (existsSync(named)) return named;
    throw noKey('The key to sign with does not exist.', named);
  }
  const found = usualKeys.map((name) => join(homedir(), '.ssh', name)).filter((file) => existsSync(file));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const held = (await agentKeys()).filter((line) => line !== '').length;
  throw noKey(
    found.length === 0 ? 'No key to sign with is named.' : 'Several keys could sign.',
    found.length === 0 ? `none in ~/.ssh, ${held} in the agent` : found.join(', '),
  );
}

function noKey(message: string, found: string): TvError {
  return new TvError('approval.no-key', message, {
    exitCode: exitCodes.blocked,
    facts: { found },
    next: [
      {
        again: ['--key', '~/.ssh/id_ed25519'],
        when: 'the path of a key; of one in an agent, its public key',
      },
      'set approvals.key, or TV_SIGNING_KEY, to sign with the same key each time',
    ],
  });
}

/** A signature is no secret, and made for others. */
const readableByOthers = 0o644;

/**
 * Signs the bytes of a plan file, and keeps the signature beside it.
 * @throws TvError where ssh-keygen does not sign, or the signature cannot be written
 */
export async function signPlan(
  { file, bytes }: PlanFile,
  parameters: { readonly key: string; readonly interactive: boolean; readonly signal: AbortSignal },
): Promise<{ readonly file: string; readonly fingerprint: string }> {
  const text = await signWithSsh({ ...parameters, bytes, namespace });
  const signature = parseSignature(text);
  if (signature?.namespace !== namespace) {
    throw new TvError('approval.not-signed', 'What ssh-keygen returned is no signature of a plan.', {
      facts: { key: parameters.key },
      next: { shell: 'ssh -V', on: 'here', when: 'OpenSSH 8.9 or newer is needed' },
    });
  }
  const { fingerprint } = signature;
  const target = signatureFileOf(file, fingerprint);
  // The same key has signed before: this plan, or another one of that name.
  replaceFile(target, text, readableByOthers);
  return { file: target, fingerprint };
}
