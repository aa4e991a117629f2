import * as z from 'zod';
import { isVerified } from '../../src/database/backup/choosePrune.ts';
import { describeProof, hasVerifiedCopy } from '../../src/database/backup/copies.ts';
import type { BackupNeeds } from '../../src/database/backup/dumpScript.ts';
import { findBackup } from '../../src/database/backup/findBackup.ts';
import { type Backup, listBackups } from '../../src/database/backup/listBackups.ts';
import { areUnreadable, type BackupMarks, writeMarks } from '../../src/database/backup/marks.ts';
import { verifyBackup } from '../../src/database/backup/verifyBackup.ts';
import { isBackupsFault } from '../../src/database/restore/isBackupsFault.ts';
import { lackedBy, type MissingNeeds, missingNeeds } from '../../src/database/restore/missingNeeds.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { checkTools, type Tools } from '../../src/operations/checkTools.ts';
import { chooseBackups } from '../../src/operations/chooseBackups.ts';
import { markCopy, shownWords } from '../../src/operations/copyBackup.ts';
import { checkFetch, withFetchedCopy } from '../../src/operations/fetchCopy.ts';
import {
  besideName,
  checkMaintenance,
  type MaintenanceFacts,
  readServerOf,
  withMaintenance,
} from '../../src/operations/maintenance.ts';
import {
  checkCode,
  checkDropped,
  checkNeeds,
  dropBeside,
  probeBeside,
  readCommand,
  restoreBeside,
  restoreCommand,
} from '../../src/operations/restoreBeside.ts';
import type { PlannedChange } from '../../src/runbook/changes.ts';
import type { Finding } from '../../src/runbook/check.ts';
import { harmless } from '../../src/runbook/concurrency.ts';
import type { Context } from '../../src/runbook/context.ts';
import { defineRunbook, field, type Step, type StepContext } from '../../src/runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { step } from '../../src/runbook/step.ts';
import { bytes, howMany } from '../../src/text/format.ts';
import { visible } from '../../src/text/outsideText.ts';
import { quoteForShell } from '../../src/text/shellLine.ts';
import { byHand } from './verify.byHand.ts';

type VerifyFacts = {
  readonly backups: readonly (Pick<Backup, 'path' | 'form' | 'archive' | 'name' | 'bytes'> & {
    /** When it was verified last; null for never. Absent where that is unknown. */
    readonly verified?: string | null;
  })[];
  /** Null where nothing is restored. */
  readonly restore: MaintenanceFacts | null;
  /** What brings the copy of each back, which is then tested in place of the backup. */
  readonly fetch: readonly string[] | null;
  readonly server: { readonly major: number };
  readonly tools: Tools;
};

const input = {
  backup: field('[backup]', 'its name, the beginning of it, or a path', z.string().optional()),
  latest: field('--latest', 'the newest one', z.boolean().default(false)),
  all: field('--all', 'every one of them', z.boolean().default(false)),
  restore: field(
    '--restore',
    'restore it into a scratch database as well, and count its rows',
    z.boolean().default(false),
  ),
  copy: field(
    '--copy',
    'bring its copy back (backup.copy), and test that in its place',
    z.boolean().default(false),
  ),
};

/** For the definitions of every backup (milliseconds); a plain dump is read whole for them. */
const readLimitMs = 14_400_000;

/** Whether a backup can be relied on; runbook §3 and the security checklist ask for it. */
export default defineRunbook<typeof input, VerifyFacts>({
  title: 'Verify backups',
  summary: 'Read backups whole, or restore them on trial',
  section: '3',
  order: 3,
  risk: 'mild',
  description: `
Reads backups to their last byte: the sum and size of every file against the manifest, the structure
of the archive, the rows of every table, the database and server that it comes from, and whether this
server has the roles and extensions that it names. A dump with anything in it that pg_dump does not write
for one database (a psql command, CREATE ROLE, DO, COPY to a program) counts as damaged. Only --restore proves that it can be restored: it restores the
backup into a scratch database, counts every row there, and drops that database. The functions that the
backup defines can run meanwhile: where tv connects as a superuser they are named first. A role or an
extension that the backup needs and the server lacks, or lets only a superuser create, is refused before the
restore (--override superuser-extensions where the provider lets the role create it).
What came of it is kept beside the backup, for tv db backups and tv db prune. With --copy the copy off the
host is brought back by the program of the setting backup.copy, into the backup folder, and tested in the same ways; it
has to be the same backup. Then it is removed.`,
  byHand,
  examples: [
    { what: 'Restore the newest one on trial, and count its rows', line: 'tv db verify --latest --restore' },
    { what: 'Read all of them whole', line: 'tv db verify --all' },
  ],
  input,
  example: {
    facts: {
      backups: [
        {
          path: '/backup/tempovault_20261123-020000-7f3a',
          form: 'directory',
          archive: '/backup/tempovault_20261123-020000-7f3a/data',
          name: 'tempovault_20261123-020000-7f3a',
          bytes: 1_181_116_006,
          verified: null,
        },
      ],
      restore: null,
      fetch: null,
      server: { major: 15 },
      tools: { major: 15, version: '', cores: 4, memoryBytes: 17_179_869_184 },
    },
    input: { backup: undefined, latest: true, all: false, restore: false, copy: false },
  },
  onFailure: 'stop',
  // It touches nothing that another run has begun.
  concurrency: () => harmless,
  preflight: async (ctx, wanted) => {
    const preflight = new Preflight(ctx);
    const chosen = await chooseBackups(ctx, wanted);
    const backups = preflight.check('backups', 'host', async () => {
      const value = chosen.map(({ path, form, archive, name, bytes: size, marks }) => ({
        path,
        form,
        archive,
        name,
        bytes: size,
        ...(areUnreadable(marks) ? {} : { verified: marks.verified?.at ?? null }),
      }));
      const unusable = wanted.all ? await leftOut(ctx) : [];
      const size = bytes(value.reduce((sum, one) => sum + one.bytes, 0));
      const what = `${value.length === 1 ? value[0]?.name : `${value.length} backups`}, ${size}`;
      return unusable.length === 0 ? pass(what, value) : warn(what, { value, ...named(unusable) });
    });
    const server = preflight.check('server', 'database', async () => {
      // Also of a database that is gone: then it matters most.
      const found = await readServerOf(ctx);
      return pass(`PostgreSQL ${found.version}`, found);
    });
    const tools = preflight.check('tools', 'host', async () =>
      checkTools(ctx, await need(server, 'server'), chosen),
    );
    const maintenance = wanted.restore
      ? preflight.check('scratch', 'database', () =>
          checkMaintenance(ctx, chosen[0]?.manifest?.database.properties),
        )
      : undefined;
    if (wanted.restore) {
      preflight.check('code', 'database', (signal) => checkCode(ctx, chosen, signal), readLimitMs);
      preflight.check('needs', 'database', (signal) => checkNeeds(ctx, chosen, signal), readLimitMs);
    }
    const fetch = wanted.copy
      ? preflight.check('copy', 'host', async () => checkFetch(ctx, await need(backups, 'backups')))
      : undefined;
    const checks = await preflight.checks();
    const known = {
      backups: await backups,
      server: await server,
      tools: await tools,
      maintenance: await maintenance,
    };
    if (known.backups === undefined || known.server === undefined || known.tools === undefined) {
      return { checks, facts: undefined };
    }
    const { major } = known.server;
    return {
      checks,
      facts: {
        backups: known.backups,
        server: { major },
        tools: known.tools,
        restore: known.maintenance ?? null,
        fetch: (await fetch) ?? null,
      },
    };
  },
  basis: (facts) => ({
    backups: facts.backups.map(({ path }) => path),
    restores: facts.restore !== null,
    ...(isOfCopies(facts) ? { copies: true } : {}),
  }),
  changes: (facts) => [
    ...facts.backups.map(
      ({ name, verified }): PlannedChange => ({
        kind: 'file',
        what: `marks of ${name}`,
        course: [
          isOfCopies(facts)
            ? 'as they are'
            : verified === undefined
              ? 'unknown, they cannot be read'
              : verified === null
                ? 'never verified'
                : `verified on ${verified.slice(0, 10)}`,
          isOfCopies(facts) ? 'what this run finds of the copy' : 'what this run finds',
        ],
      }),
    ),
    ...(isOfCopies(facts)
      ? facts.backups.map(
          ({ name }): PlannedChange => ({
            kind: 'file',
            what: `copy of ${name} in the backup folder`,
            course: ['none', 'brought back', 'removed'],
          }),
        )
      : []),
    ...(facts.restore === null
      ? []
      : [
          {
            kind: 'database',
            what: facts.backups.length === 1 ? 'a scratch database' : 'a scratch database for each backup',
            course: ['none', 'restored', 'dropped'],
          } as const,
        ]),
  ],
  consequence: (facts) =>
    isOfCopies(facts)
      ? `This brings back and reads ${facts.backups.length === 1 ? 'a copy' : `${facts.backups.length} copies`}.`
      : `This reads ${howMany(facts.backups.length, 'backup')}.`,
  plan: (facts) => facts.backups.map((backup, index) => verifyOne(facts, backup, index)),
  verify: async (ctx, facts, { all }) => {
    const { backups } = facts;
    const preflight = new Preflight(ctx);
    const unusable = all ? await leftOut(ctx) : [];
    if (unusable.length > 0) {
      preflight.check('names', 'host', async () =>
        warn(`${howMany(unusable.length, 'file')} left out, for what is in the name`, named(unusable)),
      );
    }
    for (const [index, { path, name }] of backups.entries()) {
      preflight.check('backup', 'host', async () => {
        const found = await findBackup({
          run: ctx.host().run,
          directory: ctx.settings.backup.directory,
          wanted: path,
        });
        if (isOfCopies(facts)) return judgeCopyMark(found, reading(index).result(ctx)?.problems ?? []);
        const { verified } = found.marks;
        // Undefined where a killed attempt did it: then the marks hold the outcome.
        const result = reading(index).result(ctx);
        if (!isVerified(found) || (result?.problems ?? []).length > 0) {
          return block(
            `${name}: ${[...new Set([...found.problems, ...(result?.problems ?? verified?.problems ?? [])])].map(visible).join('; ') || 'what was found could not be written beside it'}`,
            {
              next: [
                { when: 'for one that can be relied on', tv: ['db', 'backup'] },
                { tv: ['db', 'backups'] },
              ],
            },
          );
        }
        const rows = Object.values(found.manifest?.rows ?? {}).reduce((sum, one) => sum + one, 0);
        const sound =
          verified?.how === 'restored'
            ? `${name}: restored into a scratch database and equal`
            : `${name}: sound to its last byte`;
        const lacked = result?.lacks == null ? undefined : lackedBy('this server', result.lacks);
        if (lacked !== undefined) return warn(`${sound}; but ${lacked.what}`, { next: lacked.next });
        return pass(
          found.manifest === null
            ? `${sound}; it has no manifest, so there are no sums to compare with`
            : `${sound}: ${howMany(found.manifest.files.length, 'file')}, ${howMany(rows, 'row')} as in the manifest`,
        );
      });
    }
    return preflight.checks();
  },
});

/** The step that reads the backup at this index of the facts. */
const reading = (index: number) => step<Awaited<ReturnType<typeof verifyAndMark>>>(`verify-${index + 1}`);

/** Absent from the facts of a run that an earlier version began. */
function isOfCopies({ fetch }: Partial<Pick<VerifyFacts, 'fetch'>>): boolean {
  return (fetch ?? null) !== null;
}

/** @param problems what this run has found, also where it could not be written beside the backup */
function judgeCopyMark({ name, marks }: Backup, problems: readonly string[]): Finding {
  const { copied } = marks;
  const all = [...new Set([...problems, ...(copied?.problems ?? [])])].map(visible);
  if (copied === undefined || all.length > 0 || !hasVerifiedCopy({ marks })) {
    const what = all.join('; ') || 'what was found could not be written beside it';
    return block(`copy of ${name}: ${what}`, {
      next: [{ when: 'to copy it again', tv: ['db', 'copy', name] }, { tv: ['db', 'backups'] }],
    });
  }
  return pass(`copy of ${name}: ${describeProof(copied.how)}, as the backup`);
}

async function leftOut(ctx: Context): Promise<readonly string[]> {
  const { directory } = ctx.settings.backup;
  return (await listBackups({ run: ctx.host().run, directory })).unusable;
}

function named(unusable: readonly string[]) {
  return {
    facts: { 'left out': unusable.join(', ') },
    next: [{ when: 'give them other names', tv: ['db', 'backups'] }],
  };
}

/** Reads one backup, restores it into a scratch database where asked for, and marks what came of it. */
function verifyOne(facts: VerifyFacts, backup: VerifyFacts['backups'][number], index: number): Step {
  const { path, form, name, bytes: size } = backup;
  const restores = facts.restore !== null;
  const jobs = facts.tools.cores;
  const sized = `${name} (${bytes(size)})`;
  const copies = isOfCopies(facts);
  const what = copies ? `bring back the copy of ${sized}, read it` : `read ${sized}`;
  const fetch = shownWords(facts.fetch ?? [], { path: '$COPY', name: quoteForShell(name) });
  // The copy lies below its own name in the folder that it was brought to.
  const inCopy = `./${name}`;
  const tested = copies
    ? { form, path: inCopy, archive: `${inCopy}${backup.archive.slice(path.length)}` }
    : backup;
  return reading(index).define({
    title: `${what} to its last byte${restores ? ', restore it into a scratch database, count, drop that' : ''}`,
    command: `${copies ? `${fetch} && cd $COPY && ` : ''}${
      restores
        ? `createdb $SCRATCH && ${restoreCommand(tested, { jobs, into: '$SCRATCH' })} && dropdb $SCRATCH`
        : readCommand({ form, archive: quoteForShell(tested.archive) })
    }`,
    // The marks keep the outcome, whether the run is resumed or not.
    effect: 'final',
    ...(restores ? { undoTitle: 'drop the scratch database' } : { afterwards: 'marks stay' }),
    probe: async (ctx) => (restores ? probeBeside(ctx, scratchName(ctx)) : 'not-done'),
    run: (ctx) => verifyAndMark(ctx, facts, path),
    ...(restores
      ? {
          undo: (ctx: StepContext) => dropBeside(ctx, scratchName(ctx)),
          checkUndone: (ctx: StepContext) => checkDropped(ctx, scratchName(ctx)),
        }
      : {}),
  });
}

async function verifyAndMark(ctx: StepContext, facts: VerifyFacts, wanted: string) {
  const { run } = ctx.host();
  const backup = await findBackup({ run, directory: ctx.settings.backup.directory, wanted });
  if (isOfCopies(facts)) {
    return withFetchedCopy(ctx, backup, async ({ copy, problems: before }) => {
      const tested = copy === undefined ? undefined : await test(ctx, facts, copy, before);
      const { how = 'read', problems = before, rows = 0, compared = false, lacks = null } = tested ?? {};
      const checkedAt = ctx.clock.now().toISOString();
      const at = backup.marks.copied?.at ?? null;
      const marked = await markCopy(ctx, wanted, { at, checkedAt, how, problems: [...problems] });
      return { backup: backup.name, how, problems, rows, compared, marked, lacks };
    });
  }
  const { how, problems, rows, compared, lacks } = await test(ctx, facts, backup, []);
  const at = ctx.clock.now().toISOString();
  const verified: BackupMarks['verified'] = { at, how, problems: [...problems] };
  const marked = await writeMarks({ run, backup, marks: { ...backup.marks, verified } });
  // Damage is a result, not a failure of the step: the other backups are still read, and `verify` reports it.
  return { backup: backup.name, how, problems, rows, compared, marked, lacks };
}

/** @param before what is wrong with it already: then it is read, and not restored */
async function test(ctx: StepContext, facts: VerifyFacts, backup: Backup, before: readonly string[]) {
  const verdict = await verifyBackup(ctx.database(), {
    run: ctx.host().run,
    backup,
    depth: 'all',
    jobs: facts.tools.cores,
    serverMajor: facts.server.major,
    signal: ctx.signal,
  });
  let how: 'read' | 'restored' = 'read';
  const problems = [...before, ...verdict.problems];
  if (facts.restore !== null && problems.length === 0) {
    how = 'restored';
    problems.push(...(await tryRestore(ctx, facts, facts.restore, { backup, rows: verdict.rows })));
  }
  const lacks = await missingHere(ctx, verdict.needs);
  const rows = Object.values(verdict.rows).reduce((sum, one) => sum + one, 0);
  return { how, problems, rows, compared: verdict.compared, lacks };
}

/** Roles and extensions that a restore would not find, or not be allowed to create; null where it could not be asked. */
async function missingHere(ctx: StepContext, needs: BackupNeeds): Promise<MissingNeeds | null> {
  try {
    return await withMaintenance(ctx, 'tv', (database) => missingNeeds(database, needs));
  } catch (error) {
    if (error instanceof TvError) return null;
    throw error;
  }
}

/**
 * @returns what was wrong with the backup; the scratch database is gone then
 * @throws TvError where a server, its disk or its rights are to blame: that says nothing about the backup
 */
async function tryRestore(
  ctx: StepContext,
  facts: VerifyFacts,
  restore: NonNullable<VerifyFacts['restore']>,
  { backup, rows }: { readonly backup: Backup; readonly rows: Readonly<Record<string, number>> },
): Promise<readonly string[]> {
  const name = scratchName(ctx);
  try {
    await restoreBeside(ctx, {
      name,
      properties: restore.properties,
      backup,
      rows: backup.manifest?.rows ?? rows,
      expectedBytes: backup.manifest?.database.bytes ?? null,
      tools: facts.tools,
    });
  } catch (error) {
    if (!ctx.signal.aborted && isBackupsFault(error)) {
      await dropBeside(ctx, name);
      const { said, problems } = error.facts;
      return [`it cannot be restored: ${problems ?? said}`];
    }
    // The first failure is the one to report. Where the server is unreachable, a resumed run drops the database.
    await dropBeside(ctx, name).catch(() => {});
    ctx.signal.throwIfAborted();
    throw error;
  }
  await dropBeside(ctx, name);
  return [];
}

function scratchName(ctx: StepContext): string {
  return besideName(ctx.database().target.name, 'verify', ctx.runId);
}
