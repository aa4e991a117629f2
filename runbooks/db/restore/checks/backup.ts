import { isVerified } from '../../../../src/database/backup/choosePrune.ts';
import type { Backup } from '../../../../src/database/backup/listBackups.ts';
import { verifyBackup } from '../../../../src/database/backup/verifyBackup.ts';
import { lackedBy, missingNeeds } from '../../../../src/database/restore/missingNeeds.ts';
import type { Context } from '../../../../src/runbook/context.ts';
import { block, need, pass, warn } from '../../../../src/runbook/preflight.ts';
import { ago, count } from '../../../../src/text/format.ts';
import { visible } from '../../../../src/text/outsideText.ts';
import { withMaintenance } from '../../shared/maintenance.ts';
import type { FoundServer } from '../../shared/readServerOf.ts';
import type { Tools } from '../../shared/tools.ts';

export interface ChosenParameters {
  readonly chosen: Backup;
  readonly inPlace: boolean;
  readonly server: Promise<FoundServer | undefined>;
  readonly tools: Promise<Tools | undefined>;
  readonly signal: AbortSignal;
}

/** Whether the backup can be relied on, and belongs here. Every byte of it is read. */
export async function readChosen(ctx: Context, parameters: ChosenParameters) {
  const { chosen, inPlace, server, tools, signal } = parameters;
  const { cores } = await need(tools, 'tools');
  const verdict = await verifyBackup(ctx.database(), {
    run: ctx.host().run,
    backup: chosen,
    depth: 'sums',
    jobs: cores,
    serverMajor: (await need(server, 'server')).major,
    signal,
  });
  const [first, ...more] = verdict.problems;
  if (first !== undefined) {
    return block(`${chosen.name}: ${first}`, {
      ...(more.length === 0 ? {} : { facts: { also: more.slice(0, 5).join('; ') } }),
      next: [{ tv: ['db', 'backups'] }],
    });
  }
  const failure = chosen.marks.verified?.problems[0];
  if (inPlace && !isVerified(chosen)) {
    return block(
      failure === undefined
        ? `${chosen.name} was never verified, and --in-place leaves nothing else`
        : `${chosen.name} failed its last verification (${visible(failure)}), and --in-place leaves nothing else`,
      { next: [{ tv: ['db', 'verify', chosen.name, '--restore'] }, { tv: ['db', 'backup'] }] },
    );
  }
  const lacked = lackedBy(
    'this server',
    await withMaintenance(ctx, 'tv', (database) => missingNeeds(database, verdict.needs)),
  );
  if (lacked !== undefined) return block(`${chosen.name}: ${lacked.what}`, { next: lacked.next });
  const { path, form, archive, createdAt, manifest } = chosen;
  const value = {
    path,
    name: chosen.name,
    form,
    archive,
    createdAt,
    cursorBlock: manifest?.cursorBlock ?? null,
    rows: verdict.rows,
    expectedBytes: manifest?.database.bytes ?? null,
  };
  const rows = Object.values(verdict.rows).reduce((sum, one) => sum + one, 0);
  const what = `${chosen.name}, ${ago(new Date(createdAt), ctx.clock.now())}, ${count(rows)} rows`;
  if (manifest === null) return warn(`${what}; sound in structure, without sums to compare with`, { value });
  const { systemIdentifier } = manifest.database;
  const own = (await need(server, 'server')).systemIdentifier;
  return systemIdentifier !== null && own !== null && systemIdentifier !== own
    ? warn(`${what}; sound to its last byte, but made on another server`, { value })
    : pass(`${what}; sound to its last byte`, value);
}
