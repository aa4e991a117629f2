import { dirname } from 'node:path';
import { sameAddress } from '../../src/chain/sameAddress.ts';
import { parseKey } from '../../src/chain/signers/oracleKey.ts';
import type { Address } from '../../src/config/settings.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { readEnvFile } from '../../src/host/readEnvFile.ts';
import type { Context } from '../../src/runbook/context.ts';
import { keyName } from './readOracleKey.ts';

/** Files beside `.env`, of its kind (`.env.bak`, `.env~`, `env.old`), that hold the key of an address. */
export async function findCopies(ctx: Context, address: Address): Promise<string[]> {
  const { envFile } = ctx.settings.host;
  const { stdout } = await ctx
    .host()
    .run(['find', dirname(envFile), '-maxdepth', '1', '-type', 'f', '-size', '-256k', '-name', '*env*']);
  const files = stdout.split('\n').filter((file) => file !== '' && file !== envFile);
  const found = await Promise.all(
    files.map(async (path) => {
      try {
        const { entries } = await readEnvFile(ctx.host(), { path });
        const keys = entries.filter(({ key }) => key === keyName).map(({ value }) => value);
        for (const key of keys) ctx.secrets.keep(key);
        return keys.some((key) => sameAddress(parseKey(key)?.address ?? '', address)) ? [path] : [];
      } catch (error) {
        // Not text, or gone meanwhile.
        if (error instanceof TvError) return [];
        throw error;
      }
    }),
  );
  return found.flat().sort();
}
