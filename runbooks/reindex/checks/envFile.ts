import { findEnvFileObstacle } from '../../../src/host/envFileObstacle.ts';
import { readEnvFile } from '../../../src/host/readEnvFile.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { block, pass } from '../../../src/runbook/preflight.ts';

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
  const obstacle = await findEnvFileObstacle(ctx.host(), { path: file });
  if (obstacle !== undefined) return obstacle;
  const before = lines[0]?.value ?? null;
  const after = String(Math.max(0, fromBlock - 1));
  const pollSeconds = Number(entries.find(({ key }) => key === 'POLL_INTERVAL')?.value ?? Number.NaN);
  const value = { file, before, after, pollSeconds: pollSeconds > 0 ? pollSeconds : 12 };
  return pass(`START_BLOCK ${before ?? 'is not set'}; the indexer reads from the block after it`, value);
}
