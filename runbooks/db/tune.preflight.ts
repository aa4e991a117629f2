import * as z from 'zod';
import { readServer } from '../../src/database/readServer.ts';
import { readSystemSettings } from '../../src/database/tuning/alterSystem.ts';
import { checkTuneRights } from '../../src/database/tuning/checkTuneRights.ts';
import { readFileErrors } from '../../src/database/tuning/readFileErrors.ts';
import { bytesOf } from '../../src/database/tuning/sizes.ts';
import { asAdmin } from '../../src/operations/maintenance.ts';
import { compareSettings, type MachineInput } from '../../src/operations/tuning.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { PreflightResult } from '../../src/runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { bytes } from '../../src/text/format.ts';

/** What `--apply` rests on. */
export type TuneFacts = {
  readonly database: string;
  readonly changes: readonly {
    readonly name: string;
    /** In effect now. */
    readonly from: string;
    readonly to: string;
    /** What ALTER SYSTEM had set; null where it had not. */
    readonly before: string | null;
    readonly restart: boolean;
  }[];
};

/** The imagined case that the exported document shows. */
export const exampleFacts: TuneFacts = {
  database: 'tempovault@localhost:5432',
  changes: [
    { name: 'shared_buffers', from: '128MB', to: '4GB', before: null, restart: true },
    { name: 'work_mem', from: '4MB', to: '10485kB', before: null, restart: false },
  ],
};

/** `16GB`, `16 gb`, `512MB`; in bytes. */
export const memorySize = z.string().transform((text, issue) => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([mgt])i?b?$/i.exec(text.trim()) ?? [];
  const bytes = amount === undefined ? undefined : bytesOf(`${amount}${unit?.toUpperCase()}B`);
  if (bytes !== undefined && bytes >= smallest) return Math.floor(bytes);
  issue.addIssue({ code: 'custom', message: 'expected a size of 256MB or more, such as 16GB' });
  return z.NEVER;
});

/** pgtune says of itself that it makes no sense below this, in bytes. */
const smallest = 256 * 1024 ** 2;

/** What has to be so before anything is set. */
export async function preflight(ctx: Context, input: MachineInput): Promise<PreflightResult<TuneFacts>> {
  const preflight = new Preflight(ctx);

  const tuning = preflight.check('settings', 'database', async () => {
    const found = await compareSettings(ctx, input);
    const differ = found.settings.filter(({ state }) => state === 'differs').length;
    const outranked = found.settings.filter(({ state }) => state === 'outranked');
    if (outranked.length === 0) return pass(`${differ} of ${found.settings.length} differ`, found);
    return warn(`${differ} differ; ${outranked.length} are set where ALTER SYSTEM does not reach and stay`, {
      facts: Object.fromEntries(outranked.map(({ name, now, where }) => [name, `${now}, by ${where}`])),
      value: found,
    });
  });

  preflight.check('machine', 'host', async () => {
    const { machine } = await need(tuning, 'settings');
    const { elsewhere, memoryBytes, cores, disk, diskWhy } = machine;
    if (elsewhere !== null) {
      return block(`the database is on ${elsewhere}, and it is another host that was measured`, {
        next: [
          {
            when: 'with the figures of that server',
            tv: ['db', 'tune', '--memory', '16GB', '--cores', '4', '--disk', 'ssd', '--apply'],
          },
        ],
      });
    }
    return pass(`${bytes(memoryBytes)}, ${cores} cores, ${disk.toUpperCase()} (${diskWhy})`);
  });

  const rights = preflight.check('rights', 'database', async () => {
    const names = (await need(tuning, 'settings')).settings.map(({ name }) => name);
    const found = await asAdmin(ctx, (admin) => checkTuneRights(admin, { names }));
    const next = [
      'set database.adminUrl, or TV_DATABASE_ADMIN_URL, to a superuser of this server',
      'or have an administrator run what tv db tune shows',
    ];
    if (found.switchedOff) {
      return block('ALTER SYSTEM is switched off on this server (allow_alter_system)', {
        next: ['set what tv db tune shows in postgresql.conf'],
      });
    }
    if (found.forbidden.length > 0) {
      return block(`${found.user} may not change the server's settings (ALTER SYSTEM)`, { next });
    }
    if (!found.mayReload)
      return block(`${found.user} may not have the server read them (pg_reload_conf)`, { next });
    if (!found.mayReadFiles) {
      return block(`${found.user} may not see what ALTER SYSTEM has set before (pg_file_settings)`, { next });
    }
    return pass(`${found.user} may change the server's settings`, found);
  });

  preflight.check('files', 'database', async () => {
    await need(rights, 'rights');
    const errors = await asAdmin(ctx, readFileErrors);
    if (errors.length === 0) return pass("the server's configuration files have no errors");
    return block('the configuration files of the server have errors; a reload would change nothing', {
      facts: Object.fromEntries(
        errors.slice(0, 5).map(({ file, line, error }) => [`${file}:${line}`, error]),
      ),
      next: ['correct them, then try again'],
    });
  });

  preflight.check('server', 'database', async () => {
    const { inRecovery, version } = await asAdmin(ctx, readServer);
    const what = `PostgreSQL ${version}`;
    return inRecovery ? warn(`${what}, a standby: its primary is tuned apart from it`) : pass(what);
  });

  const system = rights.then(async (known) => {
    const found = await tuning;
    if (known === undefined || found === undefined) return undefined;
    return asAdmin(ctx, (admin) =>
      readSystemSettings(admin, { names: found.settings.map(({ name }) => name) }),
    );
  });

  const [checks, found, before] = await Promise.all([preflight.checks(), tuning, system]);
  if (found === undefined || before === undefined) return { checks, facts: undefined };
  const changes = found.settings
    .filter(({ state }) => state === 'differs')
    .map(({ name, now, recommended, restart }) => ({
      name,
      from: now,
      to: recommended,
      before: before[name] ?? null,
      restart,
    }));
  return { checks, facts: { database: found.database, changes } };
}
