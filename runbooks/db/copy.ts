import * as z from 'zod';
import { hasVerifiedCopy } from '../../src/database/backup/copies.ts';
import type { Backup } from '../../src/database/backup/listBackups.ts';
import { exitCodes, TvError } from '../../src/errors/TvError.ts';
import { chooseBackups } from '../../src/operations/chooseBackups.ts';
import {
  type CopyFacts,
  type CopyOutcome,
  checkCopied,
  checkCopyPrograms,
  copyFacts,
  copyStep,
  plannedCopy,
} from '../../src/operations/copyBackup.ts';
import { harmless } from '../../src/runbook/concurrency.ts';
import { defineRunbook, field } from '../../src/runbook/define.ts';
import { block, Preflight, pass } from '../../src/runbook/preflight.ts';
import { step } from '../../src/runbook/step.ts';
import { bytes, howMany } from '../../src/text/format.ts';
import { visible } from '../../src/text/outsideText.ts';
import { quoteForShell } from '../../src/text/shellLine.ts';
import { byHand } from './copy.byHand.ts';

type Facts = {
  readonly backups: readonly Pick<Backup, 'path' | 'name' | 'bytes'>[];
  readonly copy: CopyFacts;
};

const input = {
  backup: field('[backup]', 'its name, the beginning of it, or a path', z.string().optional()),
  latest: field('--latest', 'the newest one', z.boolean().default(false)),
  all: field('--all', 'every sound one without a verified copy', z.boolean().default(false)),
};

/** A backup that is only on the machine that it is to protect is none when that machine is gone. */
export default defineRunbook<typeof input, Facts>({
  title: 'Copy backups off the host',
  summary: 'Copy backups off the host and check the copies',
  section: '3',
  order: 8,
  risk: 'mild',
  description: `
Copies backups with the program of the setting backup.copy, as tv db backup does with each that it makes, and
checks what arrived: the sum or the size of every file, as the check of that setting lists them. Without a check
only the exit code says that it was copied, and the copy does not count for tv db prune. A copy may be made again:
what came of the last attempt is kept beside the backup, for tv db backups and tv db prune.`,
  byHand,
  examples: [
    { what: 'The newest one, after its copy has failed', line: 'tv db copy --latest' },
    { what: 'All that have no verified copy yet', line: 'tv db copy --all' },
  ],
  input,
  example: {
    facts: {
      backups: [
        {
          path: '/backup/tempovault_20261123-020000-7f3a',
          name: 'tempovault_20261123-020000-7f3a',
          bytes: 1_181_116_006,
        },
      ],
      copy: {
        command: ['rclone', 'copyto', '{path}', 'offsite:backups/{name}'],
        check: ['rclone', 'hashsum', 'sha256', 'offsite:backups/{name}'],
      },
    },
    input: { backup: undefined, latest: true, all: false },
  },
  onFailure: 'stop',
  // It touches nothing that another run has begun.
  concurrency: () => harmless,
  preflight: async (ctx, wanted) => {
    const { copy } = ctx.settings.backup;
    if (copy === undefined) {
      throw new TvError('config.setting-missing', 'No program is set that copies backups off the host.', {
        exitCode: exitCodes.blocked,
        facts: { setting: 'backup.copy' },
        next: 'set backup.copy: {command: [rclone, copyto, "{path}", "offsite:backups/{name}"]} in the configuration file',
      });
    }
    const preflight = new Preflight(ctx);
    const chosen = await chooseBackups(ctx, wanted);
    const backups = preflight.check('backups', 'host', async () => {
      const sound = chosen.filter(({ problems }) => problems.length === 0);
      const [broken] = chosen;
      if (!wanted.all && sound.length === 0 && broken !== undefined) {
        return block<Facts['backups']>(
          `${broken.name} is broken: ${broken.problems.map(visible).join('; ')}`,
          {
            next: [{ tv: ['db', 'backups'] }],
          },
        );
      }
      const due = wanted.all ? sound.filter((backup) => !hasVerifiedCopy(backup)) : sound;
      const value = due.map(({ path, name, bytes: size }) => ({ path, name, bytes: size }));
      if (value.length === 0) return pass('every sound one has a verified copy', value);
      const size = bytes(value.reduce((sum, one) => sum + one.bytes, 0));
      return pass(`${value.length === 1 ? value[0]?.name : howMany(value.length, 'backup')}, ${size}`, value);
    });
    preflight.check('copy', 'host', () => checkCopyPrograms(ctx, copy, 'blocks'));
    return preflight.result({ backups }, (known) => ({
      backups: known.backups,
      copy: copyFacts(ctx.settings) ?? { command: copy.command, check: null },
    }));
  },
  basis: ({ backups, copy }) => ({ backups: backups.map(({ path }) => path), copy }),
  changes: ({ backups, copy }) =>
    backups.map(({ name }) => plannedCopy(`copy of ${name} off the host`, 'as it is', copy)),
  consequence: ({ backups }) => `This copies ${howMany(backups.length, 'backup')} off the host.`,
  plan: ({ backups, copy }) =>
    backups.map(({ path, name, bytes: size }, index) =>
      copyStep({
        ...{ key: copyOf(index), facts: copy, path: () => path },
        shown: { path: quoteForShell(path), name: quoteForShell(name) },
        title: `copy ${name} (${bytes(size)}) off the host`,
      }),
    ),
  verify: async (ctx, { backups }) => {
    const preflight = new Preflight(ctx);
    for (const [index, { path }] of backups.entries()) {
      preflight.check('copy', 'host', () => checkCopied(ctx, { key: copyOf(index), wanted: path }));
    }
    return preflight.checks();
  },
});

/** The step that copies the backup at this index of the facts. */
const copyOf = (index: number) => step<CopyOutcome>(`copy-${index + 1}`);
