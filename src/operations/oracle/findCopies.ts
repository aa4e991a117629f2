import { dirname, join } from 'node:path';
import { sameAddress } from '../../chain/sameAddress.ts';
import { listKeyFiles, readKeyFile } from '../../chain/signers/keyFile.ts';
import { parseKey } from '../../chain/signers/oracleKey.ts';
import type { Address } from '../../config/settings.ts';
import { TvError } from '../../errors/TvError.ts';
import { lastLine } from '../../host/explainFailure.ts';
import { FileError, readTextFile } from '../../host/readTextFile.ts';
import type { Finding } from '../../runbook/check.ts';
import type { Context } from '../../runbook/context.ts';
import { pass, warn } from '../../runbook/preflight.ts';

export interface Copies {
  /** Full paths of files with the key in them. */
  readonly found: string[];
  /** What could not be read, so that nothing is known of it: paths, with the reason. */
  readonly unread: string[];
}

/**
 * Where the key of an address is left: comments in `.env`, files of its kind beside it (`.env.bak`,
 * `.env~`, `env.old`), and what a rotation that was given up has put aside in tv's own folder.
 * @throws TvError where the host cannot be asked
 */
export async function findCopies(ctx: Context, address: Address): Promise<Copies> {
  const folder = dirname(ctx.settings.host.envFile);
  const { exitCode, stdout, stderr } = await ctx
    .host()
    .run(['find', folder, '-maxdepth', '1', '-type', 'f', '-size', '-256k', '-name', '*env*']);
  const files = await Promise.all(
    stdout
      .split('\n')
      .filter((file) => file !== '')
      .map(async (path): Promise<Partial<Copies>> => {
        try {
          const { text } = await readTextFile(ctx.host(), { path });
          return withoutKey(ctx, text, address) === text ? {} : { found: [path] };
        } catch (error) {
          // Gone meanwhile, or binary: a key as text is not in it.
          if (error instanceof FileError && ['missing', 'not-text'].includes(error.problem)) return {};
          if (error instanceof TvError) return { unread: [`${path} (${error.message})`] };
          throw error;
        }
      }),
  );
  return {
    found: [...files.flatMap(({ found = [] }) => found), ...putAside(ctx, address)].sort(),
    unread: [
      ...files.flatMap(({ unread = [] }) => unread),
      // What find could not list is not empty.
      ...(exitCode === 0 ? [] : [`${folder} (${lastLine(stderr) || `find ended with ${exitCode}`})`]),
    ],
  };
}

/** One line of a check: where copies are, and what is unknown. */
export function judgeCopies({ found, unread }: Copies, whatNext: string): Finding {
  const unknown = unread.length === 0 ? '' : `could not be read: ${unread.join(', ')}`;
  if (found.length > 0) {
    return warn(
      `the old key is still in ${found.join(', ')}${whatNext}${unknown === '' ? '' : `; ${unknown}`}`,
    );
  }
  if (unknown !== '') return warn(`whether a copy of the old key is left is unknown; ${unknown}`);
  return pass('no copy of the old key in or beside .env');
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
