import { findBackup } from '../../../src/database/backup/findBackup.ts';
import { type BackupMarks, writeMarks } from '../../../src/database/backup/marks.ts';
import { onHost, quoteForShell } from '../../../src/errors/shellLine.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import type { Context } from '../../../src/runbook/context.ts';
import type { PreflightResult, Step } from '../../../src/runbook/define.ts';
import { block, Lookout, pass } from '../../../src/runbook/lookout.ts';
import { thisOperator } from '../../../src/runbook/process.ts';

export type PinFacts = {
  readonly path: string;
  readonly name: string;
  readonly form: 'directory' | 'custom' | 'sql' | 'sql.gz';
  /** Undefined, that is null, to take the pin away. */
  readonly reason: string | null;
};

/** What pin and unpin look at: whether there is such a backup. */
export async function lookAtBackup(
  ctx: Context,
  { backup, reason }: { readonly backup: string; readonly reason: string | null },
): Promise<PreflightResult<PinFacts>> {
  const lookout = new Lookout(ctx);
  const found = lookout.look('backup', 'host', async () => {
    const { name, path, form, marks } = await find(ctx, backup);
    if (reason === null && marks.pinned === null)
      return block(`${name} is not pinned`, { next: ['tv db backups'] });
    return pass(marks.pinned === null ? name : `${name}, pinned: ${marks.pinned.reason}`, {
      name,
      path,
      form,
    });
  });
  const checks = await lookout.checks();
  const value = await found;
  return { checks, facts: value === undefined ? undefined : { ...value, reason } };
}

/** Writes the pin, or takes it away; other marks stay. */
export function setPin({ path, name, reason }: PinFacts): Step {
  const before = async (ctx: Context) => find(ctx, path);
  const write = async (ctx: Context, pinned: BackupMarks['pinned']) => {
    const backup = await before(ctx);
    const marks = { ...backup.marks, pinned };
    if (!(await writeMarks({ run: ctx.host().run, backup, marks }))) {
      throw new TvError('The marks of the backup cannot be written.', {
        facts: { backup: path },
        next: onHost(`ls -la ${quoteForShell(path)}`),
      });
    }
  };
  return {
    id: 'mark',
    title: reason === null ? `unpin ${name}` : `pin ${name}: ${reason}`,
    command:
      reason === null
        ? `tv db unpin ${quoteForShell(name)}`
        : `tv db pin ${quoteForShell(name)} --reason ${quoteForShell(reason)}`,
    effect: 'reversible',
    undoTitle: reason === null ? `undo: pin ${name} again` : `undo: unpin ${name}`,
    probe: async (ctx) => {
      const { marks } = await before(ctx);
      return (marks.pinned?.reason ?? null) === reason ? 'done' : 'not-done';
    },
    run: async (ctx) => {
      const { marks } = await before(ctx);
      ctx.note('before', marks.pinned);
      const { user, host } = thisOperator();
      const by = `${user}@${host}`;
      await write(ctx, reason === null ? null : { at: ctx.clock.now().toISOString(), by, reason });
      return { backup: name, pinned: reason };
    },
    undo: async (ctx) => write(ctx, (ctx.notes['before'] ?? null) as BackupMarks['pinned']),
    checkUndone: async (ctx) => {
      const earlier = (ctx.notes['before'] ?? null) as BackupMarks['pinned'];
      const { marks } = await before(ctx);
      const words = marks.pinned === null ? 'not pinned' : `pinned (${marks.pinned.reason})`;
      return marks.pinned?.reason === earlier?.reason
        ? pass(`${name} is ${words}, as before the run`)
        : block(`${name} is ${words}, unlike before the run`);
    },
  };
}

/** Reads the marks back. */
export async function checkPin(ctx: Context, { path, name, reason }: PinFacts) {
  const lookout = new Lookout(ctx);
  lookout.look('marks', 'host', async () => {
    const { marks } = await find(ctx, path);
    const found = marks.pinned?.reason ?? null;
    if (found !== reason) return block(`${name} is ${found === null ? 'not ' : ''}pinned`);
    return pass(reason === null ? `${name} is not pinned` : `${name} is pinned: ${reason}`);
  });
  return lookout.checks();
}

function find(ctx: Context, wanted: string) {
  return findBackup({ run: ctx.host().run, directory: ctx.settings.backup.directory, wanted });
}
