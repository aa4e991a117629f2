import { randomBytes, scrypt } from 'node:crypto';
import { encrypt } from 'ox/Keystore';

/** A quarter of geth's standard cost, which a small host may not have in memory: 64 MiB a guess. */
const costs = { n: 65_536, r: 8, p: 1, dklen: 32 };

/** A Web3 Secret Storage v3 file with scrypt, as `cast wallet` takes it. */
export async function encryptKeystore(key: `0x${string}`, password: string): Promise<string> {
  const salt = randomBytes(32);
  const { n: N, r, p, dklen } = costs;
  const derived = await new Promise<Buffer>((resolve, reject) => {
    const options = { N, r, p, maxmem: 128 * N * r + 2 ** 20 };
    scrypt(password, salt, dklen, options, (error, bytes) =>
      error === null ? resolve(bytes) : reject(error),
    );
  });
  const kdfparams = { ...costs, salt: salt.toString('hex') };
  const file = encrypt(key, `0x${derived.toString('hex')}`, {
    kdf: 'scrypt',
    kdfparams,
    iv: new Uint8Array(randomBytes(16)),
  });
  return `${JSON.stringify(file)}\n`;
}
