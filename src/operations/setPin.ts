import { findBackup } from '../database/backup/findBackup.ts';
import type { BackupForm } from '../database/backup/manifest.ts';
import { areUnreadable, type BackupMarks, writeMarks } from '../database/backup/marks.ts';
import { onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import { thisOperator } from '../journal/operator.ts';
import { ChangedSince } from '../runbook/changedSince.ts';
import type { PlannedChange } from '../runbook/changes.ts';
import type { Context } from '../runbook/context.ts';
import type { PreflightResult, Step, StepContext } from '../runbook/define.ts';
import { block, Preflight, pass } from '../runbook/preflight.ts';
import { note } from '../runbook/step.ts';
import { quoteForShell } from '../text/shellLine.ts';

export type PinFacts = {
  readonly path: string;
  readonly name: string;
  readonly form: BackupForm;
  /** Undefined, that is null, to take the pin away. */
  readonly reason: string | null;
  /** The reason of the pin before; null where it was not pinned. Absent where that is unknown. */
  readonly before?: string | null;
};

/** What pin and unpin check: whether there is such a backup. */
export async function checkChosenBackup(
  ctx: Context,
  { backup, reason }: { readonly backup: string; readonly reason: string | null },
): Promise<PreflightResult<PinFacts>> {
  const preflight = new Preflight(ctx);
  const found = preflight.check('backup', 'host', async () => {
    const { name, path, form, marks } = await find(ctx, backup);
    if (reason === null && marks.pinned === null)
      return block(`${name} is not pinned`, { next: [{ tv: ['db', 'backups'] }] });
    return pass(marks.pinned === null ? name : `${name}, pinned: ${marks.pinned.reason}`, {
      name,
      path,
      form,
      ...(areUnreadable(marks) ? {} : { before: marks.pinned?.reason ?? null }),
    });
  });
  const checks = await preflight.checks();
  const value = await found;
  return { checks, facts: value === undefined ? undefined : { ...value, reason } };
}

/** The pin before is none of the plan: another may be set meanwhile. */
export function pinBasis({ path, name, form, reason }: PinFacts) {
  return { path, name, form, reason };
}

/** What the plan shows. */
export function plannedPin({ name, reason, before }: PinFacts): PlannedChange {
  const words = (pin: string | null) => (pin === null ? 'not pinned' : `pinned: ${pin}`);
  const was = before === undefined ? 'unknown, its marks cannot be read' : words(before);
  return { kind: 'file', what: `marks of ${name}`, course: [was, words(reason)] };
}

const pinBefore = note<BackupMarks['pinned']>('before');

/** Writes the pin, or takes it away; other marks stay. */
export function setPin({ path, name, reason }: PinFacts): Step {
  const before = async (ctx: Context) => find(ctx, path);
  const write = async (ctx: Context, pinned: BackupMarks['pinned']) => {
    const backup = await before(ctx);
    const marks = { ...backup.marks, pinned };
    if (!(await writeMarks({ run: ctx.host().run, backup, marks }))) {
      throw new TvError('backup.not-written', 'The marks of the backup cannot be written.', {
        facts: { backup: path },
        next: onHost(`ls -la ${quoteForShell(path)}`),
      });
    }
  };
  const assertOwn = async (ctx: StepContext) => {
    const was = pinBefore.read(ctx);
    // This run has written nothing yet.
    if (was === undefined) return;
    const now = (await before(ctx)).marks.pinned?.reason ?? null;
    if (now === (was?.reason ?? null) || now === reason) return;
    throw new ChangedSince(ctx, `the pin of ${name} is neither the one before nor that of this run`, {
      backup: path,
      before: was?.reason ?? 'not pinned',
      'this run': reason ?? 'not pinned',
      now: now ?? 'not pinned',
    });
  };
  return {
    id: 'mark',
    title: reason === null ? `unpin ${name}` : `pin ${name}: ${reason}`,
    command:
      reason === null
        ? `tv db unpin ${quoteForShell(name)}`
        : `tv db pin ${quoteForShell(name)} --reason ${quoteForShell(reason)}`,
    runs: 'tv',
    effect: 'reversible',
    undoTitle: reason === null ? `pin ${name} again` : `unpin ${name}`,
    probe: async (ctx) => {
      const { marks } = await before(ctx);
      return (marks.pinned?.reason ?? null) === reason ? 'done' : 'not-done';
    },
    run: async (ctx) => {
      // Once only: a resumed run might find what others have set.
      await pinBefore.once(ctx, async () => (await before(ctx)).marks.pinned);
      await assertOwn(ctx);
      const { user, host } = thisOperator();
      const by = `${user}@${host}`;
      await write(ctx, reason === null ? null : { at: ctx.clock.now().toISOString(), by, reason });
      return { backup: name, pinned: reason };
    },
    assertUndoable: assertOwn,
    undo: async (ctx) => {
      await assertOwn(ctx);
      const was = pinBefore.read(ctx);
      if (was !== undefined) await write(ctx, was);
    },
    checkUndone: async (ctx) => {
      const was = pinBefore.read(ctx);
      const { marks } = await before(ctx);
      const words = marks.pinned === null ? 'not pinned' : `pinned (${marks.pinned.reason})`;
      return was === undefined || marks.pinned?.reason === was?.reason
        ? pass(`${name} is ${words}, as before the run`)
        : block(`${name} is ${words}, unlike before the run`);
    },
  };
}

/** Reads the marks back. */
export async function checkPin(ctx: Context, { path, name, reason }: PinFacts) {
  const preflight = new Preflight(ctx);
  preflight.check('marks', 'host', async () => {
    const { marks } = await find(ctx, path);
    const found = marks.pinned?.reason ?? null;
    if (found !== reason) return block(`${name} is ${found === null ? 'not ' : ''}pinned`);
    return pass(reason === null ? `${name} is not pinned` : `${name} is pinned: ${reason}`);
  });
  return preflight.checks();
}

function find(ctx: Context, wanted: string) {
  return findBackup({ run: ctx.host().run, directory: ctx.settings.backup.directory, wanted });
}
