import { randomBytes, scrypt } from 'node:crypto';
import { encrypt } from 'ox/Keystore';

/** A quarter of geth's standard cost, which a small host may not have in memory: 64 MiB a guess. */
const standardCost = 65_536;

/**
 * A Web3 Secret Storage v3 file with scrypt, as `cast wallet` takes it.
 * @param cost scrypt's n: a guess at the password takes this many KiB of memory
 */
export async function encryptKeystore(
  key: `0x${string}`,
  password: string,
  cost = standardCost,
): Promise<string> {
  const salt = randomBytes(32);
  const costs = { n: cost, r: 8, p: 1, dklen: 32 };
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
