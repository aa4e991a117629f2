import type { CopySettings } from '../config/settings.ts';
import {
  type CopyMark,
  describeProof,
  expandWords,
  hasVerifiedCopy,
  judgeCopy,
  type Placeholders,
  readListing,
} from '../database/backup/copies.ts';
import { findBackup } from '../database/backup/findBackup.ts';
import type { Backup } from '../database/backup/listBackups.ts';
import { type BackupFile, isFolder } from '../database/backup/manifest.ts';
import { writeMarks } from '../database/backup/marks.ts';
import { readFiles } from '../database/backup/readFiles.ts';
import type { Advice } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { PlannedChange } from '../runbook/changes.ts';
import type { Finding } from '../runbook/check.ts';
import type { CommandOutput, Context } from '../runbook/context.ts';
import type { Step, StepContext } from '../runbook/define.ts';
import { messageNote } from '../runbook/events.ts';
import { block, pass, warn } from '../runbook/preflight.ts';
import type { StepKey } from '../runbook/step.ts';
import { duration } from '../text/format.ts';
import { maskUrlsIn } from '../text/maskUrl.ts';
import { outsideText } from '../text/outsideText.ts';
import { withoutKeys } from '../text/pastedKeys.ts';
import { quoteForShell } from '../text/shellLine.ts';

/** What the plan shows of `backup.copy`; the step itself takes the settings of the tv that runs it. */
export type CopyFacts = {
  readonly command: readonly string[];
  readonly check: readonly string[] | null;
};

type Verdict = { readonly how: CopyMark['how']; readonly problems: readonly string[] };

/** What became of one copy. */
export type CopyOutcome = Verdict & {
  readonly backup: string;
  /** When it ended. */
  readonly at: string;
  /** Whether that could be written beside the backup. */
  readonly marked: boolean;
};

/** In the folder of the backups. A copy that outlived a killed tv still holds it. */
const lockFile = '.copy.lock';
/** Exit code of flock where the lock is held: EX_TEMPFAIL of sysexits.h. */
const lockHeld = 75;
/** In characters: what a screen shows of a program's last line. */
const longestWords = 200;
const setCheck: Advice = { when: 'to prove copies, set backup.copy.check', tv: ['config', 'show'] };

export function copyFacts({ backup: { copy } }: Context['settings']): CopyFacts | null {
  return copy === undefined ? null : { command: copy.command, check: copy.check ?? null };
}

/**
 * Whether the host has the programs of `backup.copy`.
 * @param lacking what a missing one means: a backup is made all the same
 */
export async function checkCopyPrograms(
  ctx: Context,
  { command, check }: Pick<CopySettings, 'command' | 'check'>,
  lacking: 'warns' | 'blocks',
): Promise<Finding> {
  const programs = [...new Set([command, check].flatMap((words) => words?.slice(0, 1) ?? []))];
  const script = 'for program in flock "$@"; do command -v -- "$program" >/dev/null || echo "$program"; done';
  const { stdout } = await ctx.host().run(['sh', '-c', script, 'tv', ...programs]);
  const missing = stdout.split('\n').filter((line) => line !== '');
  if (missing.length > 0) {
    const names = missing.map((name) => outsideText(name)).join(', ');
    return (lacking === 'blocks' ? block : warn)(`no copy: the host has no ${names}`, {
      next: [{ when: 'install it, or change backup.copy', tv: ['config', 'show'] }],
    });
  }
  return check === undefined
    ? warn(`by ${command[0]}; without a check only its exit code says that it was copied`, {
        next: [setCheck],
      })
    : pass(`by ${command[0]}, checked by ${check[0]}`);
}

/**
 * Copies a backup off the host, checks what arrived, and keeps the outcome beside the backup. A copy that fails is
 * an outcome and no error: the backup is as good as before.
 */
export async function copyBackup(ctx: StepContext, wanted: string): Promise<CopyOutcome> {
  const { copy, directory } = ctx.settings.backup;
  const backup = await findBackup({ run: ctx.host().run, directory, wanted });
  const verdict: Verdict =
    copy === undefined
      ? { how: 'exit-code', problems: ['backup.copy is no longer set'] }
      : await copyAndCheck(ctx, copy, backup);
  const at = ctx.clock.now().toISOString();
  const marked = await markCopy(ctx, wanted, {
    ...{ at, checkedAt: at, how: verdict.how, problems: [...verdict.problems] },
  });
  return { backup: backup.name, at, marked, ...verdict };
}

/** Replaces the mark of a backup's copy. Others may have changed the other marks in the hours before. */
export async function markCopy(ctx: StepContext, wanted: string, copied: CopyMark): Promise<boolean> {
  const { run } = ctx.host();
  try {
    const backup = await findBackup({ run, directory: ctx.settings.backup.directory, wanted });
    return await writeMarks({ run, backup, marks: { ...backup.marks, copied } });
  } catch (error) {
    if (error instanceof TvError && !ctx.signal.aborted) return false;
    throw error;
  }
}

async function copyAndCheck(
  ctx: StepContext,
  { command, check, timeoutMs }: CopySettings,
  backup: Backup,
): Promise<Verdict> {
  const values = { path: backup.path, name: backup.name };
  const unproven = (problem: string): Verdict => ({ how: 'exit-code', problems: [problem] });
  const copied = await runCopyProgram(ctx, { words: command, values, timeoutMs });
  if ('problem' in copied) return unproven(copied.problem);
  if (check === undefined) return { how: 'exit-code', problems: [] };
  const checked = await runCopyProgram(ctx, { words: check, values, timeoutMs });
  if ('problem' in checked) return unproven(`the check failed: ${checked.problem}`);
  try {
    const files = await filesOf(ctx, backup);
    const folder = isFolder(backup.form);
    const listing = readListing(checked.stdout);
    return judgeCopy({ name: backup.name, files, isFolder: folder, listing });
  } catch (error) {
    return unproven(reasonOf(ctx, error));
  }
}

/** All that a copy has to hold: what the manifest lists, and the manifest. */
async function filesOf(ctx: StepContext, backup: Backup): Promise<readonly BackupFile[]> {
  const { run } = ctx.host();
  const { path, form, manifest } = backup;
  if (manifest === null) {
    const { files } = await readFiles(ctx.database(), {
      ...{ run, backup, jobs: 1, sumsOnly: true, signal: ctx.signal },
    });
    return files;
  }
  if (!isFolder(form)) return manifest.files;
  const script = 'sha256sum < "$1" && wc -c < "$1"';
  const { exitCode, stdout } = await run(['sh', '-c', script, 'tv', `${path}/manifest.json`]);
  const [, sha256 = '', bytes = ''] = /^([0-9a-f]{64}) .*\n\s*(\d+)\s*$/.exec(stdout) ?? [];
  if (exitCode !== 0 || sha256 === '') {
    throw new TvError('backup.unreadable', 'The manifest of the backup cannot be read.', {
      facts: { backup: path },
    });
  }
  return [...manifest.files, { path: 'manifest.json', bytes: Number(bytes), sha256 }];
}

/**
 * Runs one of the programs of `backup.copy` on the host, one at a time.
 * @returns its output, or in words why it failed
 * @throws the reason of the signal
 */
export async function runCopyProgram(
  ctx: StepContext,
  parameters: {
    readonly words: readonly string[];
    readonly values: Placeholders;
    readonly timeoutMs: number;
  },
): Promise<{ readonly stdout: string } | { readonly problem: string }> {
  const { words, values, timeoutMs } = parameters;
  const [program = ''] = words;
  try {
    const lock = `${ctx.settings.backup.directory}/${lockFile}`;
    const command = ['flock', '-n', '-E', String(lockHeld), lock, ...expandWords(words, values)];
    const output = await ctx.host().run(command, { timeoutMs, signal: ctx.signal });
    if (output.exitCode === 0) return { stdout: output.stdout };
    if (output.exitCode === lockHeld && output.stdout === '' && output.stderr === '') {
      return { problem: `another copy is still running: it holds ${lock}` };
    }
    return {
      problem: [`${program} ended with ${exitWords(output)}`, lastWords(output)].filter(Boolean).join(': '),
    };
  } catch (error) {
    if (error instanceof TvError && error.code === 'host.timeout' && !ctx.signal.aborted) {
      return { problem: `${program} did not finish within ${duration(timeoutMs)}` };
    }
    return { problem: reasonOf(ctx, error) };
  }
}

/** @throws what is no failure of a program or of the host */
function reasonOf(ctx: StepContext, error: unknown): string {
  if (ctx.signal.aborted) throw ctx.signal.reason;
  if (error instanceof TvError) return outsideText(error.message, longestWords);
  throw error;
}

/** As a shell says it: 128 and the number of the signal. */
function exitWords({ exitCode }: Pick<CommandOutput, 'exitCode'>): string {
  return exitCode > 128 && exitCode < 160 ? `signal ${exitCode - 128}` : `exit code ${exitCode}`;
}

/** What a program says last is the likeliest reason. It may hold anything. */
function lastWords({ stderr, stdout }: CommandOutput): string {
  const last = (text: string) =>
    text
      .slice(-8_192)
      .split('\n')
      .findLast((line) => line.trim() !== '')
      ?.trim() ?? '';
  return outsideText(withoutKeys(maskUrlsIn(last(stderr) || last(stdout))), longestWords);
}

/**
 * A command of the settings as a shell line.
 * @param values what the placeholders stand for, as shell words
 */
export function shownWords(words: readonly string[], values: Placeholders): string {
  const shown = words.map((word) =>
    word
      .split(/(\{path\}|\{name\})/)
      .filter((part) => part !== '')
      .map((part) =>
        part === '{path}' ? values.path : part === '{name}' ? values.name : quoteForShell(part),
      )
      .join(''),
  );
  return withoutKeys(maskUrlsIn(shown.join(' ')));
}

/** The copy of a backup as a change that a plan shows. @param before what is there now, in a word or two */
export function plannedCopy(what: string, before: string, { check }: CopyFacts): PlannedChange {
  return { kind: 'file', what, course: [before, check === null ? 'made, not checked' : 'made and checked'] };
}

/** The step that copies a backup off the host. Its failure undoes nothing: `checkCopied` reports it. */
export function copyStep(parameters: {
  readonly key: StepKey<CopyOutcome>;
  readonly facts: CopyFacts;
  readonly title: string;
  /** Its path and its name, as shell words. */
  readonly shown: Placeholders;
  path(ctx: StepContext): string;
}): Step {
  const { key, facts, title, shown, path } = parameters;
  return key.define({
    title,
    command: [facts.command, ...(facts.check === null ? [] : [facts.check])]
      .map((words) => shownWords(words, shown))
      .join(' && '),
    effect: 'reversible',
    afterwards: 'the copy stays',
    // Copying again brings the same; a signal need not wait for hours of it.
    idempotent: true,
    interruptible: true,
    run: async (ctx) => {
      const outcome = await copyBackup(ctx, path(ctx));
      const [problem] = outcome.problems;
      if (problem !== undefined) ctx.note(messageNote, `not copied: ${problem}`);
      return outcome;
    },
  });
}

/** Whether a backup has the copy that this run has made, or one that was made since. */
export async function checkCopied(
  ctx: StepContext,
  { key, wanted }: { readonly key: StepKey<CopyOutcome>; readonly wanted: string },
): Promise<Finding> {
  const { directory } = ctx.settings.backup;
  const { name, marks } = await findBackup({ run: ctx.host().run, directory, wanted });
  const outcome = key.result(ctx);
  const { copied } = marks;
  const latest =
    copied !== undefined && (outcome === undefined || copied.checkedAt >= outcome.at) ? copied : undefined;
  const { how, problems } = latest ?? outcome ?? { how: 'exit-code' as const, problems: [] };
  const again = [{ when: 'once that is mended', tv: ['db', 'copy', name] }];
  if (latest === undefined && outcome === undefined) return block(`${name} was not copied`, { next: again });
  if (problems.length > 0) {
    return block(`${name} has no verified copy: ${problems.map((each) => outsideText(each)).join('; ')}`, {
      next: again,
    });
  }
  if (latest === undefined) {
    return block(`${name} was copied, but that could not be written beside it`, {
      next: [{ when: 'once there is room', tv: ['db', 'copy', name] }],
    });
  }
  return hasVerifiedCopy({ marks })
    ? pass(`${name} was copied off the host, proven ${describeProof(how)}`)
    : warn(`${name} was copied, but ${describeProof(how)}: it does not count for tv db prune`, {
        next: [setCheck],
      });
}
