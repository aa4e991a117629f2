import type { DumpedSnapshot } from '../../../src/database/backup/dumpTo.ts';
import type { BackupManifest } from '../../../src/database/backup/manifest.ts';
import { describeBackup } from '../../../src/database/backup/publishBackup.ts';
import { readBack } from '../../../src/database/backup/readBack.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import type { Step } from '../../../src/runbook/define.ts';
import { quoteForShell } from '../../../src/text/shellLine.ts';
import { readCommand } from '../shared/restoreBeside.ts';
import { type BackupFacts, backupPath, partialPath } from './facts.ts';

/** Reads the dump to its last byte, compares its rows with those counted, and writes the manifest. */
export function readItBack(facts: BackupFacts): Step {
  return {
    id: 'read',
    title: 'read it back to its last byte, compare rows, write the manifest',
    command: readCommand({ form: facts.form, archive: shownArchive(facts) }),
    effect: 'reversible',
    probe: async () => 'not-done',
    run: async (ctx) => {
      const snapshot = ctx.results['dump'] as DumpedSnapshot;
      const partial = partialPath(facts, ctx.runId);
      const path = backupPath(facts, ctx.runId);
      const { run } = ctx.host();
      const archive = facts.form === 'directory' ? `${partial}/data` : partial;
      const contents = await readBack(ctx.database(), {
        run,
        backup: { path: partial, form: facts.form, archive },
        jobs: facts.tools.cores,
        signal: ctx.signal,
      });
      const differing = Object.entries(snapshot.rows).filter(
        ([table, rows]) => contents.rows[table] !== rows,
      );
      const problems = [
        ...contents.problems,
        ...differing.map(
          ([table, rows]) => `${table} has ${contents.rows[table] ?? 'no'} rows in it, expected ${rows}`,
        ),
      ];
      if (problems.length > 0) {
        throw new TvError('The backup was written but does not hold what the database holds.', {
          facts: { problems: problems.join('; ') },
        });
      }
      const manifest: BackupManifest = {
        schema: 'tv.backup/1',
        form: facts.form,
        createdAt: snapshot.createdAt,
        seconds: snapshot.seconds,
        tv: ctx.version,
        database: {
          name: facts.database.name,
          systemIdentifier: facts.database.systemIdentifier,
          bytes: snapshot.databaseBytes,
          properties: snapshot.properties,
        },
        server: facts.server,
        tool: facts.tools.version,
        cursorBlock: snapshot.cursorBlock,
        rows: snapshot.rows,
        files: contents.files.map((file) =>
          facts.form === 'directory' ? file : { ...file, path: path.slice(path.lastIndexOf('/') + 1) },
        ),
      };
      const marks = {
        verified: { at: ctx.clock.now().toISOString(), how: 'read' as const, problems: [] },
        pinned: null,
      };
      await describeBackup({ run, partial, path }, { manifest, marks });
      return {
        files: manifest.files.length,
        bytes: manifest.files.reduce((sum, file) => sum + file.bytes, 0),
      };
    },
  };
}

/** As `dump` shows it. */
function shownArchive({ form, directory, database }: BackupFacts): string {
  const path = `${quoteForShell(`${directory}/${database.name}_`)}$RUN`;
  return form === 'directory' ? `${path}.partial/data` : `${path}.sql.gz.partial`;
}
