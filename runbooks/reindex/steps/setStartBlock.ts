import { readEnvValue } from '../../../src/host/envFile.ts';
import { readEnvFile } from '../../../src/host/readEnvFile.ts';
import { removeEnvValue } from '../../../src/host/removeEnvValue.ts';
import { writeEnvValue } from '../../../src/host/writeEnvValue.ts';
import { ChangedSince } from '../../../src/runbook/changedSince.ts';
import type { Step, StepContext } from '../../../src/runbook/define.ts';
import { block, pass } from '../../../src/runbook/preflight.ts';
import { quoteForShell } from '../../../src/text/shellLine.ts';
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
    undoTitle: before === null ? `remove ${key} from .env` : `set ${key} to ${before}`,
    probe: async (ctx) => {
      const { text } = await readEnvFile(ctx.host(), { path });
      return readEnvValue(text, key) === after ? 'done' : 'not-done';
    },
    run: async (ctx) => {
      await assertOwn(ctx, facts);
      await writeEnvValue(ctx.host(), { path, key, value: after });
      return { file: path, before, after };
    },
    assertUndoable: (ctx) => assertOwn(ctx, facts),
    undo: async (ctx) => {
      await assertOwn(ctx, facts);
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

/** @throws ChangedSince where START_BLOCK is neither what it was before nor what this run sets */
async function assertOwn(
  ctx: StepContext,
  { env: { file: path, before, after } }: ReindexFacts,
): Promise<void> {
  const found = readEnvValue((await readEnvFile(ctx.host(), { path })).text, 'START_BLOCK') ?? null;
  if (found === before || found === after) return;
  throw new ChangedSince(ctx, 'START_BLOCK in .env is neither the value before nor that of this run', {
    file: path,
    before: before ?? 'not set',
    'this run': after,
    now: found ?? 'not set',
  });
}
