import { isVerified } from '../../src/database/backup/choosePrune.ts';
import { describeProof } from '../../src/database/backup/copies.ts';
import {
  type Backup,
  listBackups,
  readableAdvice,
  unreadableSince,
  unsupportedAdvice,
} from '../../src/database/backup/listBackups.ts';
import { areUnreadable, type BackupMarks } from '../../src/database/backup/marks.ts';
import { listOldDatabases } from '../../src/database/restore/listDatabases.ts';
import { exitCodes, TvError } from '../../src/errors/TvError.ts';
import { describeFormat } from '../../src/operations/backup.ts';
import { defineReport } from '../../src/runbook/define.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { ago, bytes, bytesIfKnown, count, localTime } from '../../src/text/format.ts';
import { table, wrap } from '../../src/text/layout.ts';
import { visible } from '../../src/text/outsideText.ts';
import { byHand } from './backups.byHand.ts';

/** `tv db backups`: what there is to restore from, newest first. */
export default defineReport({
  title: 'Backups',
  summary: 'List the backups, newest first',
  section: '3',
  order: 2,
  description:
    "Lists the backups in the backup folder, newest first by the time in their manifests: size, the indexer's block, when and how each was verified, and whether it is pinned; where the setting backup.copy is set, also whether it was copied off the host, and how that was proven. The backups that tv reindex makes are among them. The runbook's own .sql and .sql.gz files and .dump files (pg_dump -Fc) are found too. Broken ones are shown as such, and those that this user may not read are named: what is in them is unknown. Databases that a restore has put aside are listed below. Exit 1 where there is no backup, or the newest is broken; exit 5 where one that cannot be read may be newer.",
  byHand,
  examples: [{ what: 'Age, size and proof of each backup', line: 'tv db backups' }],
  input: {},
  collect: async (ctx) => {
    const { directory } = ctx.settings.backup;
    const [list, old] = await Promise.all([listBackups({ run: ctx.host().run, directory }), oldDatabases()]);
    const { copy } = ctx.settings.backup;
    return { ...list, old, ...(copy === undefined ? {} : { copiedBy: copy.command[0] ?? '' }) };

    /** Files can be listed while the database is away. */
    async function oldDatabases() {
      try {
        const database = ctx.database();
        return await listOldDatabases(database, { live: database.target.name });
      } catch (error) {
        if (error instanceof TvError) return null;
        throw error;
      }
    }
  },
  render: ({ directory, backups, leftovers, unusable, unreadable, unsupported, old, copiedBy }, paint) => {
    const blocks: string[] = [];
    if (unreadable.length > 0) {
      const names = unreadable.map(({ name }) => name).join(', ');
      blocks.push(
        paint.warn(wrap(`Not readable by this user, so unknown: ${names}`, paint.width, '  ')),
        paint.next([readableAdvice(directory)]),
      );
    }
    if (backups.length === 0 && unreadable.length > 0) blocks.push(`No backup in ${directory} can be read.`);
    else if (backups.length === 0)
      blocks.push(`No backups in ${directory}.`, paint.next([{ tv: ['db', 'backup'] }]));
    else {
      blocks.push(
        backups.map((backup) => describe(backup, paint, copiedBy !== undefined)).join('\n'),
        paint.dim(`${backups.length} in ${directory}`),
      );
      const unproven = backups.find((backup) => backup.problems.length === 0 && !isVerified(backup));
      const broken = backups.find(({ problems }) => problems.length > 0);
      const sound = backups.find(({ problems }) => problems.length === 0);
      const uncopied =
        copiedBy === undefined || sound === undefined || wasCopied(sound.marks) ? undefined : sound;
      const next = [
        ...(backups[0] === broken ? [{ tv: ['db', 'backup'] }] : []),
        ...(unproven === undefined ? [] : [{ tv: ['db', 'verify', unproven.name] }]),
        ...(uncopied === undefined ? [] : [{ tv: ['db', 'copy', uncopied.name] }]),
      ];
      if (next.length > 0) blocks.push(paint.next(next));
    }
    if (leftovers.length > 0) {
      blocks.push(
        wrap(
          `Unfinished, and no backups: ${leftovers.map(({ path }) => path).join(', ')}`,
          paint.width,
          '  ',
        ),
        paint.next([{ tv: ['runs', 'list'] }]),
      );
    }
    if (unusable.length > 0) {
      blocks.push(
        wrap(
          `Left out, with characters in their names that tv does not take (give them other names): ${unusable.join(', ')}`,
          paint.width,
          '  ',
        ),
      );
    }
    const [other] = unsupported;
    if (other !== undefined) {
      blocks.push(
        wrap(`Not read by tv, since of an unsupported kind: ${unsupported.join(', ')}`, paint.width, '  '),
        paint.next([unsupportedAdvice(directory, other)]),
      );
    }
    if (old === null)
      blocks.push('Databases set aside by a restore: unknown, because the database cannot be reached.');
    else if (old.length > 0) {
      const rows = old.map(({ name, bytes: size, at }) => [
        name,
        bytesIfKnown(size),
        ago(new Date(at), paint.now),
      ]);
      blocks.push(
        `${paint.bold('Put aside by a restore')}\n${table(rows)}`,
        paint.next([{ tv: ['db', 'restore', '--swap-back'] }, { tv: ['db', 'prune', '--old'] }]),
      );
    }
    return `${blocks.join('\n\n')}\n`;
  },
  exitCode: (list) => {
    const [newest] = list.backups;
    if (unreadableSince(list, newest).length > 0) return exitCodes.unverified;
    return newest === undefined || newest.problems.length > 0 ? exitCodes.failed : exitCodes.ok;
  },
});

/** A name that can be copied on a line of its own, and under it what counts about it. */
function describe(backup: Backup, paint: Paint, copies: boolean): string {
  const { name, createdAt, bytes: size, manifest, marks, problems, form } = backup;
  const created = new Date(createdAt);
  const cursor = manifest?.cursorBlock;
  const verdict = marks.verified;
  const how = verdict?.how === 'restored' ? 'restored' : 'read';
  const verified = areUnreadable(marks)
    ? paint.warn('its marks cannot be read: whether it was verified is unknown')
    : verdict === null
      ? paint.warn('never verified')
      : verdict.problems.length > 0
        ? paint.bad(`failed verification ${ago(new Date(verdict.at), paint.now)}`)
        : paint.ok(`verified ${ago(new Date(verdict.at), paint.now)} (${how})`);
  const facts = [
    `${localTime(created)}, ${ago(created, paint.now)}`,
    bytes(size),
    manifest === null ? `${form}, no manifest` : describeFormat(manifest),
    ...(cursor === null || cursor === undefined ? [] : [`block ${count(cursor)}`]),
    problems.length > 0 ? paint.bad('broken') : verified,
    ...(copies && !areUnreadable(marks) ? [describeCopy(marks.copied, paint)] : []),
    ...(marks.pinned === null ? [] : [paint.bold(`pinned: ${visible(marks.pinned.reason)}`)]),
  ].join(' · ');
  const mark =
    problems.length > 0 || (verdict?.problems.length ?? 0) > 0
      ? paint.bad('✖')
      : isVerified(backup)
        ? paint.ok('✔')
        : paint.warn('!');
  const ofCopy = copies ? (marks.copied?.problems ?? []).map((problem) => `copy: ${problem}`) : [];
  const wrong = [...problems, ...(verdict?.problems ?? []), ...ofCopy].map(visible);
  const lines = [`${mark} ${paint.bold(name)}`, `  ${wrap(facts, paint.width - 2, '  ')}`];
  if (wrong.length > 0)
    lines.push(`  ${paint.bad(wrap([...new Set(wrong)].join('; '), paint.width - 2, '  '))}`);
  return lines.join('\n');
}

/** Whether its copy was made as it should: also where only the exit code of the program says so. */
function wasCopied({ copied }: BackupMarks): boolean {
  return copied !== undefined && copied.problems.length === 0;
}

function describeCopy(copied: BackupMarks['copied'], paint: Paint): string {
  if (copied === undefined) return paint.warn('never copied');
  const when = ago(new Date(copied.checkedAt), paint.now);
  if (copied.problems.length > 0) return paint.bad(`no verified copy: failed ${when}`);
  const words = `copied ${when} (${describeProof(copied.how)})`;
  return copied.how === 'exit-code' ? paint.warn(words) : paint.ok(words);
}
