import { onHost } from '../errors/advice.ts';
import { detectSystemd } from '../host/detectSystemd.ts';
import { readDirectory } from '../host/readDirectory.ts';
import { readUnitFiles } from '../host/readUnitFiles.ts';
import { removeFiles } from '../host/removeFiles.ts';
import { runSystemctl } from '../host/runSystemctl.ts';
import { type UnitFile, type UnitSet, unitDirectory } from '../host/unitFile.ts';
import { writeSystemFile } from '../host/writeSystemFile.ts';
import { ChangedSince } from '../runbook/changedSince.ts';
import type { PlannedChange } from '../runbook/changes.ts';
import type { Finding } from '../runbook/check.ts';
import type { Host } from '../runbook/context.ts';
import type { Step, StepContext } from '../runbook/define.ts';
import { block, pass } from '../runbook/preflight.ts';
import { howMany } from '../text/format.ts';
import { withRollback } from './maintenance.ts';

/** A unit file to be written. */
export type UnitChange = UnitFile & {
  /** What the file held; null where there was none. */
  readonly before: string | null;
};

/** What a file held before; null for one that was not there. */
type FileBefore = { readonly path: string; readonly text: string | null };

/**
 * Whether there is a systemd in whose folder units can be written.
 * @param parameters.needs a unit that it must have, such as `timers.target`
 * @param parameters.next what to do where there is none
 */
export async function checkSystemd(
  host: Host,
  { needs, next }: { readonly needs: string; readonly next: NonNullable<Finding['next']> },
): Promise<Finding> {
  const systemd = await detectSystemd(host);
  if (!systemd.available)
    return block('no systemd on this host', { facts: { systemd: systemd.reason }, next });
  const { stdout } = await host.run(['systemctl', 'show', '--property=LoadState', needs]);
  if (!stdout.includes('LoadState=loaded')) return block(`systemd has no ${needs} on this host`, { next });
  const { writable } = await readDirectory(host, { path: unitDirectory });
  if (writable) return pass(`${systemd.reason}; ${unitDirectory} can be written`);
  return block(`${unitDirectory} cannot be written by the user of host commands`, {
    next: [{ when: 'run tv as root, or set host.prefix to sudo -n', tv: ['config', 'show'] }],
  });
}

/** Before an installation: what the files hold. Files of others, and files changed by hand, block. */
export async function checkReplaceable(host: Host, set: UnitSet): Promise<Finding<readonly UnitFile[]>> {
  const found = await readUnitFiles(host, set);
  const foreign = found.filter(({ whose }) => whose === 'foreign');
  const edited = found.filter(({ whose }) => whose === 'edited');
  const value = found.map(({ unit, path, text }) => ({ unit, path, text }));
  if (foreign.length > 0) {
    return block('units of these names are there, and tv has not made them', {
      facts: pathsOf(foreign),
      next: ['move them away, then try again'],
    });
  }
  if (edited.length > 0) {
    return block('unit files were changed by hand, and would be replaced', {
      facts: pathsOf(edited),
      next: [onHost('systemctl edit UNIT', 'put the changes into a drop-in')],
      override: 'edited-units',
      value,
    });
  }
  return pass(found.length === 0 ? 'none there yet' : `${found.length} of an earlier installation`, value);
}

/** Before a removal: the files that this command wrote. None at all, and files changed by hand, block. */
export async function checkRemovable(
  host: Host,
  set: UnitSet,
  { next }: { readonly next: NonNullable<Finding['next']> },
): Promise<Finding<readonly UnitFile[]>> {
  const own = (await readUnitFiles(host, set)).filter(({ whose }) => whose !== 'foreign');
  const edited = own.filter(({ whose }) => whose === 'edited');
  const value = own.map(({ unit, path, text }) => ({ unit, path, text }));
  if (own.length === 0) {
    return block(`there is nothing here that tv ${set.maker} install has written`, { next });
  }
  if (edited.length > 0) {
    return block('unit files were changed by hand', {
      facts: pathsOf(edited),
      override: 'edited-units',
      value,
    });
  }
  return pass(`${howMany(own.length, 'file')}, as written`, value);
}

function pathsOf(files: readonly UnitFile[]): Readonly<Record<string, string>> {
  return Object.fromEntries(files.map(({ unit, path }) => [unit, path]));
}

/** What an installation changes. @param found what `checkReplaceable` found */
export function unitChanges(files: readonly UnitFile[], found: readonly UnitFile[]): readonly UnitChange[] {
  return files.map((file) => ({
    ...file,
    before: found.find(({ path }) => path === file.path)?.text ?? null,
  }));
}

/** What the plan of an installation shows. */
export function plannedFiles(files: readonly UnitChange[]): readonly PlannedChange[] {
  return files.map(({ path, text, before }): PlannedChange => {
    if (text === before) return { kind: 'file', what: path, course: ['as it should be', 'as it should be'] };
    return {
      kind: 'file',
      what: path,
      course: before === null ? ['none', 'written'] : ['another text', 'replaced'],
    };
  });
}

/** What the plan of a removal shows. */
export function plannedDeletions(files: readonly UnitFile[]): readonly PlannedChange[] {
  return files.map(({ path }) => ({ kind: 'file', what: path, course: ['present', 'deleted'] }));
}

/** Writes unit files and has systemd read them. @param shown their paths, for the shell line */
export function writeUnitFiles(set: UnitSet, files: readonly UnitChange[], shown: string): Step {
  const changed = files.filter(({ text, before }) => text !== before);
  const assertOwn = (ctx: StepContext) =>
    assertUnitFilesOfRun(
      ctx,
      set,
      changed.map(({ path, before, text }) => ({ path, either: [before, text] })),
    );
  const undo = async (ctx: StepContext) => {
    await assertOwn(ctx);
    for (const { path, before } of changed) {
      if (before === null) await removeFiles(ctx.host(), { paths: [path] });
      else await writeSystemFile(ctx.host(), { path, text: before });
    }
    await runSystemctl(ctx.host(), ['daemon-reload']);
  };
  return {
    id: 'write',
    title:
      changed.length === 0
        ? 'unit files: as they should be'
        : `write ${howMany(changed.length, 'unit file')}`,
    command: `tee ${shown}; systemctl daemon-reload`,
    effect: 'reversible',
    undoTitle: files.every(({ before }) => before === null)
      ? 'delete the unit files'
      : 'restore the unit files',
    probe: async (ctx) => {
      const found = await readUnitFiles(ctx.host(), set);
      const all = files.every(({ path, text }) =>
        found.some((one) => one.path === path && one.text === text),
      );
      if (!all) return 'not-done';
      // They may be there and not read yet; once more does no harm.
      await runSystemctl(ctx.host(), ['daemon-reload']);
      return 'done';
    },
    run: (ctx) =>
      withRollback(
        async () => {
          await assertOwn(ctx);
          for (const { path, text } of changed) await writeSystemFile(ctx.host(), { path, text });
          await runSystemctl(ctx.host(), ['daemon-reload']);
          return { written: changed.map(({ path }) => path) };
        },
        () => undo(ctx),
      ),
    assertUndoable: assertOwn,
    undo,
    checkUndone: (ctx) =>
      checkUnitFilesAsBefore(
        ctx,
        set,
        changed.map(({ path, before }) => ({ path, text: before })),
      ),
  };
}

/**
 * Deletes unit files and has systemd forget them.
 * @param shown their paths, for the shell line
 * @param more files that systemd keeps for them
 */
export function deleteUnitFiles(
  set: UnitSet,
  files: readonly UnitFile[],
  { shown, more = [] }: { readonly shown: string; readonly more?: readonly string[] },
): Step {
  const paths = files.map(({ path }) => path);
  const assertOwn = (ctx: StepContext) =>
    assertUnitFilesOfRun(
      ctx,
      set,
      files.map(({ path, text }) => ({ path, either: [text, null] })),
    );
  const undo = async (ctx: StepContext) => {
    await assertOwn(ctx);
    for (const { path, text } of files) await writeSystemFile(ctx.host(), { path, text });
    await runSystemctl(ctx.host(), ['daemon-reload']);
  };
  return {
    id: 'delete',
    title: `delete ${howMany(files.length, 'unit file')}`,
    command: `rm ${shown}; systemctl daemon-reload`,
    effect: 'reversible',
    undoTitle: 'write the unit files again',
    // Deleting what is gone changes nothing.
    probe: async () => 'not-done',
    run: (ctx) =>
      withRollback(
        async () => {
          await assertOwn(ctx);
          await removeFiles(ctx.host(), { paths: [...paths, ...more] });
          await runSystemctl(ctx.host(), ['daemon-reload']);
          // A failed run is remembered beyond its unit; systemd knows nothing of the others any more.
          await ctx.host().run(['systemctl', 'reset-failed', ...files.map(({ unit }) => unit)]);
          return { deleted: paths };
        },
        () => undo(ctx),
      ),
    assertUndoable: assertOwn,
    undo,
    checkUndone: (ctx) => checkUnitFilesAsBefore(ctx, set, files),
  };
}

/**
 * Before unit files are written or deleted.
 * @param files of each, what it was before the run and what the run makes of it; null for no file
 * @throws ChangedSince where one is neither
 */
async function assertUnitFilesOfRun(
  ctx: StepContext,
  set: UnitSet,
  files: readonly { readonly path: string; readonly either: readonly (string | null)[] }[],
): Promise<void> {
  const found = await readUnitFiles(ctx.host(), set);
  const changed = files.filter(
    ({ path, either }) => !either.includes(found.find((one) => one.path === path)?.text ?? null),
  );
  if (changed.length === 0) return;
  throw new ChangedSince(ctx, 'Unit files are neither as before nor as this run writes them', {
    files: changed.map(({ path }) => path).join(', '),
  });
}

/** After an installation: the files hold byte for byte what the run wrote. */
export async function checkWritten(
  ctx: StepContext,
  set: UnitSet,
  files: readonly UnitFile[],
): Promise<Finding> {
  const found = await readUnitFiles(ctx.host(), set);
  const wrong = files.filter(
    ({ path, text }) => !found.some((one) => one.path === path && one.text === text),
  );
  return wrong.length === 0
    ? pass(`${howMany(files.length, 'file')}, as written`)
    : block('unit files are not what was written', {
        facts: { files: wrong.map(({ path }) => path).join(', ') },
      });
}

/** After a removal: none of the files is left. */
export async function checkDeleted(
  ctx: StepContext,
  set: UnitSet,
  files: readonly UnitFile[],
): Promise<Finding> {
  const left = (await readUnitFiles(ctx.host(), set)).filter(({ path }) =>
    files.some((file) => file.path === path),
  );
  return left.length === 0
    ? pass('gone')
    : block('unit files are still there', { facts: { files: left.map(({ path }) => path).join(', ') } });
}

/** Whether unit files hold what they held before a run. */
async function checkUnitFilesAsBefore(
  ctx: StepContext,
  set: UnitSet,
  files: readonly FileBefore[],
): Promise<Finding> {
  const found = await readUnitFiles(ctx.host(), set);
  const wrong = files.filter(
    ({ path, text }) => (found.find((one) => one.path === path)?.text ?? null) !== text,
  );
  return wrong.length === 0
    ? pass(`${howMany(files.length, 'unit file')} as before the run`)
    : block('unit files are not as before the run', {
        facts: { files: wrong.map(({ path }) => path).join(', ') },
      });
}
