import { createCipheriv, randomBytes, randomUUID, scrypt } from 'node:crypto';
import { keccak256 } from 'viem';

/** geth's standard costs memory that a small host may not have; a quarter of it is still 64 MiB a guess. */
const kdfparams = { n: 65_536, r: 8, p: 1, dklen: 32 };

/** A Web3 Secret Storage v3 file with scrypt, as `cast wallet` takes it. */
export async function encryptKeystore(key: `0x${string}`, password: string): Promise<string> {
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const { n: N, r, p, dklen } = kdfparams;
  const derived = await new Promise<Buffer>((resolve, reject) => {
    const options = { N, r, p, maxmem: 128 * N * r + 2 ** 20 };
    scrypt(password, salt, dklen, options, (error, bytes) =>
      error === null ? resolve(bytes) : reject(error),
    );
  });
  const cipher = createCipheriv('aes-128-ctr', derived.subarray(0, 16), iv);
  const ciphertext = Buffer.concat([cipher.update(Buffer.from(key.slice(2), 'hex')), cipher.final()]);
  const crypto = {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: iv.toString('hex') },
    ciphertext: ciphertext.toString('hex'),
    kdf: 'scrypt',
    kdfparams: { ...kdfparams, salt: salt.toString('hex') },
    mac: keccak256(Buffer.concat([derived.subarray(16, 32), ciphertext])).slice(2),
  };
  return `${JSON.stringify({ crypto, id: randomUUID(), version: 3 })}\n`;
}
