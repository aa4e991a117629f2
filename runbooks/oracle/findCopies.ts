import { dirname, join } from 'node:path';
import { sameAddress } from '../../src/chain/sameAddress.ts';
import { listKeyFiles, readKeyFile } from '../../src/chain/signers/keyFile.ts';
import { parseKey } from '../../src/chain/signers/oracleKey.ts';
import type { Address } from '../../src/config/settings.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { readTextFile } from '../../src/host/readTextFile.ts';
import type { Context } from '../../src/runbook/context.ts';

/**
 * Where the key of an address is left: comments in `.env`, files of its kind beside it (`.env.bak`,
 * `.env~`, `env.old`), and what a rotation that was given up has put aside in tv's own folder.
 * @returns full paths
 */
export async function findCopies(ctx: Context, address: Address): Promise<string[]> {
  const folder = dirname(ctx.settings.host.envFile);
  const { stdout } = await ctx
    .host()
    .run(['find', folder, '-maxdepth', '1', '-type', 'f', '-size', '-256k', '-name', '*env*']);
  const found = await Promise.all(
    stdout
      .split('\n')
      .filter((file) => file !== '')
      .map(async (path) => {
        try {
          const { text } = await readTextFile(ctx.host(), { path });
          return withoutKey(ctx, text, address) === text ? [] : [path];
        } catch (error) {
          // Not text, or gone meanwhile.
          if (error instanceof TvError) return [];
          throw error;
        }
      }),
  );
  return [...found.flat(), ...putAside(ctx, address)].sort();
}

/** The text without the lines that hold the key of an address. */
export function withoutKey({ secrets }: Pick<Context, 'secrets'>, text: string, address: Address): string {
  const holds = (line: string) =>
    (line.match(/\b(?:0x)?[0-9a-fA-F]{64}\b/g) ?? []).some((word) => {
      if (!sameAddress(parseKey(word)?.address ?? '', address)) return false;
      secrets.keep(word);
      return true;
    });
  return text
    .split(/(?<=\n)/)
    .filter((line) => !holds(line))
    .join('');
}

/** Key files of tv on this machine. */
export function putAside({ settings }: Pick<Context, 'settings'>, address: Address): readonly string[] {
  return listKeyFiles(join(settings.stateDirectory, 'oracle')).filter((file) =>
    sameAddress(parseKey(readKeyFile(file) ?? '')?.address ?? '', address),
  );
}
