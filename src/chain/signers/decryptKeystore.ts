import { pbkdf2, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { decrypt, type Keystore } from 'ox/Keystore';
import * as z from 'zod';
import { onThisMachine } from '../../errors/advice.ts';
import { TvError } from '../../errors/TvError.ts';

/** Some tools write `0x` before hex digits; ox wants none. */
const hex = z
  .string()
  .regex(/^(0x)?([0-9a-fA-F]{2})*$/)
  .transform((text) => text.replace(/^0x/, ''));
/** In bytes. */
const dklen = z.int().min(32).max(64);

const common = {
  cipher: z.literal('aes-128-ctr'),
  ciphertext: hex,
  cipherparams: z.object({ iv: hex.refine((digits) => digits.length === 32) }),
  mac: hex,
};
const byScrypt = z.object({
  ...common,
  kdf: z.literal('scrypt'),
  kdfparams: z.object({
    n: z
      .int()
      .min(2)
      .max(2 ** 24),
    r: z.int().min(1).max(64),
    p: z.int().min(1).max(64),
    dklen,
    salt: hex,
  }),
});
const byPbkdf2 = z.object({
  ...common,
  kdf: z.literal('pbkdf2'),
  kdfparams: z.object({
    c: z.int().min(1).max(10_000_000),
    prf: z.literal('hmac-sha256'),
    dklen,
    salt: hex,
  }),
});
const keystore = z.object({
  version: z.literal(3),
  id: z.string().default(''),
  crypto: z.discriminatedUnion('kdf', [byScrypt, byPbkdf2]),
});

/** Of scrypt, in bytes. geth's standard (n = 262144, r = 8) takes 256 MiB. */
const mostMemory = 512 * 2 ** 20;
/** n · r · p of scrypt: eight times what geth's standard takes, some ten seconds. */
const mostWork = 2 ** 24;

/** The password is wrong; the file is well-formed. */
export class WrongPassword extends TvError {
  override readonly name = 'WrongPassword';
}

/**
 * Opens a Web3 Secret Storage v3 file (scrypt or pbkdf2 with aes-128-ctr), as `cast wallet` and geth
 * write them.
 * @returns the private key: `0x` and 64 hex digits
 * @throws WrongPassword
 * @throws TvError if the file is not a keystore
 */
export async function decryptKeystore(text: string, password: string): Promise<`0x${string}`> {
  const parsed = keystore.safeParse(lowerCase(parse(text)));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new TvError('signer.keystore-unusable', 'The key file is not a keystore of version 3.', {
      facts: {
        field: issue?.path.join('.') || 'the whole file',
        expected: 'as `cast wallet import` writes it',
      },
    });
  }
  const derived = await derive(password, parsed.data.crypto);
  const key = open(parsed.data, `0x${derived.toString('hex')}`);
  if (key.length !== '0x'.length + 64) {
    throw new TvError('signer.keystore-unusable', 'The keystore does not hold a private key of 32 bytes.');
  }
  return key;
}

/** Of a well-formed keystore only the MAC can be wrong. */
function open(file: Keystore, derived: `0x${string}`): `0x${string}` {
  try {
    return decrypt(file, derived);
  } catch {
    throw new WrongPassword('signer.wrong-password', 'The password does not open the keystore.');
  }
}

/** geth and others wrote `Crypto` before 2016. None of them wrote both. */
function lowerCase(file: unknown): unknown {
  if (typeof file !== 'object' || file === null || !('Crypto' in file) || 'crypto' in file) return file;
  const { Crypto: crypto, ...rest } = file;
  return { ...rest, crypto };
}

/**
 * By Node: ox derives with fixed scrypt parameters (`scryptAsync` ignores r and p), or on the main thread for
 * seconds, and without a limit on memory.
 */
async function derive(password: string, { kdfparams }: z.output<typeof keystore>['crypto']): Promise<Buffer> {
  const salt = Buffer.from(kdfparams.salt, 'hex');
  if ('c' in kdfparams) return promisify(pbkdf2)(password, salt, kdfparams.c, kdfparams.dklen, 'sha256');
  const { n: N, r, p, dklen } = kdfparams;
  // Node's own limit of 32 MiB is below what geth's standard parameters (n = 262144, r = 8) take.
  // RFC 7914, section 2. OpenSSL enforces it; files of some old Python tools exceed it.
  if (N >= 2 ** (16 * r)) {
    throw new TvError(
      'signer.keystore-unusable',
      'The keystore was made with scrypt parameters that RFC 7914 does not allow.',
      {
        facts: { n: N, r, p, allowed: `n below ${2 ** (16 * r)} for r = ${r}` },
        next: [onThisMachine('cast wallet import', 'create it again')],
      },
    );
  }
  const needed = 128 * N * r;
  if (needed > mostMemory || N * r * p > mostWork) {
    throw new TvError('signer.keystore-unusable', 'The keystore needs more memory or time than tv allows.', {
      facts: {
        n: N,
        r,
        p,
        memory: `${Math.ceil(needed / 2 ** 20)} MiB`,
        allowed: `${mostMemory / 2 ** 20} MiB`,
      },
      next: [onThisMachine('cast wallet import', 'create it again with the usual parameters')],
    });
  }
  const maxmem = 128 * N * r + 128 * r * p + 2 ** 20;
  return new Promise((resolve, reject) => {
    scrypt(password, salt, dklen, { N, r, p, maxmem }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
