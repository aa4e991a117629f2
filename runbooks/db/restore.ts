import * as z from 'zod';
import { defineRunbook, field } from '../../src/runbook/define.ts';
import { localTime } from '../../src/text/format.ts';
import { exampleFacts } from './restore/example.ts';
import type { RestoreFacts } from './restore/facts.ts';
import { preflight } from './restore/preflight.ts';
import { startServices, stopServices } from './restore/services.ts';
import { dropLive, restoreIntoNew, swap, tryDefinitions } from './restore/steps.ts';
import { verify } from './restore/verify.ts';
import { byHand } from './restore.byHand.ts';

const input = {
  backup: field('[backup]', 'its name, the beginning of it, or a path', z.string().optional()),
  latest: field('--latest', 'the newest backup', z.boolean().default(false)),
  swapBack: field(
    '--swap-back',
    'no backup: the database that the last restore has put aside',
    z.boolean().default(false),
  ),
  inPlace: field(
    '--in-place',
    'drop the database first, for want of disk; the services are down all the while',
    z.boolean().default(false),
  ),
  endSessions: field(
    '--end-sessions',
    'end sessions of others that block the swap',
    z.boolean().default(false),
  ),
};

/** Runbook §3, without its trap: the database is dropped only after there is another one, if at all. */
export default defineRunbook<typeof input, RestoreFacts>({
  title: 'Restore the database',
  summary: 'Restore beside the live database, then swap',
  section: '3',
  order: 6,
  risk: 'severe',
  description: `
Restores a backup of any form (.sql, .sql.gz, a custom archive, a directory) into a new database
beside the live one, while the services keep running. Rows are counted there. Only then the services
stop, the two databases change names in one transaction, and the services start again: they are down
for seconds, however large the database is. The old one is kept under a dated name, until
tv db prune --old; tv db restore --swap-back brings it back.

Owner, grants, settings (such as the search path) and extensions stay as they are. A backup that is
damaged, is of another database, or comes from a newer PostgreSQL is refused before anything is
touched, and so is one that lacks tables of the live database (--override missing-tables). Making a database needs a role that may: database.adminUrl in the settings, or CREATEDB.

With --in-place, for want of disk, the database is dropped first, as the runbook does it: only with a
verified backup whose definitions this server has taken in a scratch database, and the services are
down until it is restored. A restore that fails by what the backup holds marks that backup as failed.
A restore that failed or was cut off need not be finished first: another one supersedes it once it is
verified, starts the services that it stopped, and drops what it left half restored.

Where the live database is gone it is made anew: with owner, settings and grants as they were when the
backup was made, where its manifest says so, or else as the server's defaults have it.`,
  byHand,
  input,
  example: {
    facts: exampleFacts,
    input: {
      backup: 'tempovault_20261123-020000-7f3a',
      latest: false,
      swapBack: false,
      inPlace: false,
      endSessions: false,
    },
  },
  onFailure: 'stop',
  // With another database under the live name there is nothing left of an earlier restore to finish.
  supersedes: () => ['db restore'],
  preflight,
  basis: ({ mode, backup, back, database, services, endSessions }) => ({
    mode,
    backup: backup && { path: backup.path, rows: backup.rows },
    back,
    database,
    services,
    endSessions,
  }),
  consequence: ({ mode, backup, back, database }) => {
    const { name } = database;
    const lost = database.oid === null;
    if (backup === null) {
      return lost
        ? `This gives ${back?.name} the name ${name}; there is no such database now.`
        : `This puts ${back?.name} in the place of ${name}, which is kept as ${name}_old_….`;
    }
    const from = `the backup of ${localTime(new Date(backup.createdAt))}`;
    if (lost) return `This makes ${name} anew from ${from}; there is no such database now.`;
    return mode === 'in-place'
      ? `This drops ${name}, then restores ${from}; nothing else is left of it.`
      : `This replaces ${name} by ${from}; the present one is kept as ${name}_old_….`;
  },
  plan: (facts) => {
    const { mode, backup } = facts;
    const around = [stopServices(facts), swap(facts), startServices(facts)] as const;
    if (backup === null) return around;
    const [stop, change, start] = around;
    return mode === 'in-place'
      ? [
          tryDefinitions(facts, backup),
          stop,
          dropLive(facts, backup),
          restoreIntoNew(facts, backup),
          change,
          start,
        ]
      : [restoreIntoNew(facts, backup), stop, change, start];
  },
  verify,
});
