import { onHost, quoteForShell } from '../../../src/errors/shellLine.ts';
import { readEnvFile } from '../../../src/host/readEnvFile.ts';
import { FileError } from '../../../src/host/readTextFile.ts';
import { assertReplaceable } from '../../../src/host/replaceFile.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { block, pass } from '../../../src/runbook/lookout.ts';

/** `.env` can be read and replaced, and sets START_BLOCK once at most. */
export async function checkEnvFile(ctx: Context, { fromBlock }: { readonly fromBlock: number }) {
  const { settings } = ctx;
  const file = settings.host.envFile;
  const { entries } = await readEnvFile(ctx.host(), { path: file });
  const lines = entries.filter(({ key }) => key === 'START_BLOCK');
  if (lines.length > 1) {
    return block('START_BLOCK is set more than once in .env', {
      facts: { file, lines: lines.map(({ line }) => line).join(', ') },
      next: ['leave one line with START_BLOCK: programs differ in which one they take'],
    });
  }
  try {
    await assertReplaceable(ctx.host(), { path: file });
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const reason = error.facts['reason'] ?? error.message;
    return block(`.env cannot be replaced: ${reason}`, { facts: { file }, next: remedies(reason, file) });
  }
  const before = lines[0]?.value ?? null;
  const after = String(Math.max(0, fromBlock - 1));
  const pollSeconds = Number(entries.find(({ key }) => key === 'POLL_INTERVAL')?.value ?? Number.NaN);
  const value = { file, before, after, pollSeconds: pollSeconds > 0 ? pollSeconds : 12 };
  return pass(`START_BLOCK ${before ?? 'is not set'}; the indexer reads from the block after it`, value);
}

function remedies(reason: string, file: string): readonly string[] {
  const path = quoteForShell(file);
  if (reason.includes('mount point')) {
    return [`umount ${path}`, 'or have the whole folder mounted in place of the file'];
  }
  if (reason.includes('chattr +i')) return [`chattr -i ${path}`];
  if (reason.includes('chattr +a')) return [`chattr -a ${path}`];
  return [
    'run tv as root, or set host.prefix to sudo -n: tv config show',
    onHost(`ls -ld ${path}; findmnt -T ${path}; lsattr -d ${path}`),
  ];
}
