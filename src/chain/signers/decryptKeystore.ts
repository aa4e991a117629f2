import { createDecipheriv, pbkdf2, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { keccak256 } from 'viem';
import * as z from 'zod';
import { onThisMachine } from '../../errors/advice.ts';
import { TvError } from '../../errors/TvError.ts';

const hex = z.string().regex(/^(0x)?([0-9a-fA-F]{2})*$/);
const bytesOf = (text: string) => Buffer.from(text.replace(/^0x/, ''), 'hex');

const keystore = z.object({
  version: z.literal(3),
  crypto: z.object({
    cipher: z.literal('aes-128-ctr'),
    ciphertext: hex,
    cipherparams: z.object({ iv: hex }),
    mac: hex,
    kdf: z.enum(['scrypt', 'pbkdf2']),
    kdfparams: z.union([
      z.object({
        n: z
          .int()
          .min(2)
          .max(2 ** 24),
        r: z.int().min(1).max(64),
        p: z.int().min(1).max(64),
        dklen: z.int().min(32).max(64),
        salt: hex,
      }),
      z.object({
        c: z.int().min(1).max(10_000_000),
        prf: z.literal('hmac-sha256'),
        dklen: z.int().min(32).max(64),
        salt: hex,
      }),
    ]),
  }),
});

/** Of scrypt, in bytes. geth's standard (n = 262144, r = 8) takes 256 MiB. */
const mostMemory = 512 * 2 ** 20;
/** n · r · p of scrypt: eight times what geth's standard takes, some ten seconds. */
const mostWork = 2 ** 24;

/** Refused with this password; the file as such is sound. */
export class WrongPassword extends TvError {
  override readonly name = 'WrongPassword';
}

/**
 * Opens a Web3 Secret Storage v3 file (scrypt or pbkdf2 with aes-128-ctr), as `cast wallet` and geth
 * write them.
 * @returns the private key: `0x` and 64 hex digits
 * @throws WrongPassword
 * @throws TvError where the file is none
 */
export async function decryptKeystore(text: string, password: string): Promise<`0x${string}`> {
  const parsed = keystore.safeParse(lowerCase(parse(text)));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new TvError('The key file is no keystore of version 3.', {
      facts: { field: issue?.path.join('.') || 'the whole', expected: 'as `cast wallet import` writes it' },
    });
  }
  const { ciphertext, cipherparams, mac, kdfparams } = parsed.data.crypto;
  const derived = await derive(password, kdfparams);
  const expected = Buffer.from(
    keccak256(Buffer.concat([derived.subarray(16, 32), bytesOf(ciphertext)])).slice(2),
    'hex',
  );
  const told = bytesOf(mac);
  if (told.length !== expected.length || !timingSafeEqual(told, expected)) {
    throw new WrongPassword('The password does not open the keystore.');
  }
  const decipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), bytesOf(cipherparams.iv));
  const key = Buffer.concat([decipher.update(bytesOf(ciphertext)), decipher.final()]);
  if (key.length !== 32) throw new TvError('The keystore does not hold a private key of 32 bytes.');
  return `0x${key.toString('hex')}`;
}

/** `Crypto`, as geth and others wrote it before 2016; a file with both is none of theirs. */
function lowerCase(file: unknown): unknown {
  if (typeof file !== 'object' || file === null || !('Crypto' in file) || 'crypto' in file) return file;
  const { Crypto: crypto, ...rest } = file;
  return { ...rest, crypto };
}

type KdfParameters = z.output<typeof keystore>['crypto']['kdfparams'];

async function derive(password: string, kdf: KdfParameters): Promise<Buffer> {
  const salt = bytesOf(kdf.salt);
  if ('c' in kdf) return promisify(pbkdf2)(password, salt, kdf.c, kdf.dklen, 'sha256');
  const { n: N, r, p, dklen } = kdf;
  // Node's own limit of 32 MiB is below what geth's standard parameters (n = 262144, r = 8) take.
  // RFC 7914, section 2: OpenSSL keeps to it, while some files of old Python tools do not.
  if (N >= 2 ** (16 * r)) {
    throw new TvError('The keystore was made with scrypt parameters that are not allowed any more.', {
      facts: { n: N, r, p, allowed: `n below ${2 ** (16 * r)} for r = ${r}` },
      next: [onThisMachine('cast wallet import', 'make it anew')],
    });
  }
  const needed = 128 * N * r;
  if (needed > mostMemory || N * r * p > mostWork) {
    throw new TvError('The keystore asks for more memory or time than tv gives to one.', {
      facts: {
        n: N,
        r,
        p,
        memory: `${Math.ceil(needed / 2 ** 20)} MiB`,
        allowed: `${mostMemory / 2 ** 20} MiB`,
      },
      next: [onThisMachine('cast wallet import', 'make it again with the usual parameters')],
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
