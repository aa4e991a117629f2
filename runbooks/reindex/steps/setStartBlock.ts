import { quoteForShell } from '../../../src/errors/shellLine.ts';
import { readEnvValue } from '../../../src/host/envFile.ts';
import { readEnvFile } from '../../../src/host/readEnvFile.ts';
import { removeEnvValue } from '../../../src/host/removeEnvValue.ts';
import { writeEnvValue } from '../../../src/host/writeEnvValue.ts';
import type { Step } from '../../../src/runbook/define.ts';
import { block, pass } from '../../../src/runbook/lookout.ts';
import type { ReindexFacts } from '../facts.ts';

/** The indexer reads from the block after START_BLOCK, so the block before the first one is written. */
export function setStartBlock(facts: ReindexFacts): Step {
  const { file: path, before, after } = facts.env;
  const key = 'START_BLOCK';
  return {
    id: 'env',
    title: `set START_BLOCK in .env: ${before ?? '(not set)'} → ${after}`,
    command: `sed -i 's/^START_BLOCK=.*/START_BLOCK=${after}/' ${quoteForShell(path)}`,
    effect: 'reversible',
    undoTitle: before === null ? `undo: remove ${key} from .env` : `undo: set ${key} to ${before}`,
    probe: async (ctx) => {
      const { text } = await readEnvFile(ctx.host(), { path });
      return readEnvValue(text, key) === after ? 'done' : 'not-done';
    },
    run: async (ctx) => {
      await writeEnvValue(ctx.host(), { path, key, value: after });
      return { file: path, before, after };
    },
    undo: async (ctx) => {
      if (before === null) await removeEnvValue(ctx.host(), { path, key });
      else await writeEnvValue(ctx.host(), { path, key, value: before });
    },
    checkUndone: async (ctx) => {
      const { text } = await readEnvFile(ctx.host(), { path });
      const found = readEnvValue(text, key) ?? null;
      const words = `${key} ${found === null ? 'is not set' : `is ${found}`}`;
      return found === before
        ? pass(`${words}, as before the run`)
        : block(`${words}, and ${before === null ? 'was not set' : `was ${before}`} before the run`, {
            facts: { file: path },
          });
    },
  };
}
