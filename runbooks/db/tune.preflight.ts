import * as z from 'zod';
import { readServer } from '../../src/database/readServer.ts';
import { readSystemSettings, type SystemSettings } from '../../src/database/tuning/alterSystem.ts';
import { checkTuneRights } from '../../src/database/tuning/checkTuneRights.ts';
import { readFileErrors } from '../../src/database/tuning/readFileErrors.ts';
import {
  isOutranked,
  needsRestart,
  readTunables,
  type Tunable,
} from '../../src/database/tuning/readTunables.ts';
import {
  installedMemory,
  type Recommendation,
  recommendSettings,
} from '../../src/database/tuning/recommendSettings.ts';
import { bytesOf, sameSetting, sameValue } from '../../src/database/tuning/sizes.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { readApiWorkers } from '../../src/host/readApiWorkers.ts';
import { readDiskKind } from '../../src/host/readDiskKind.ts';
import { readMachine } from '../../src/host/readMachine.ts';
import { asAdmin } from '../../src/operations/maintenance.ts';
import type { Context, Database } from '../../src/runbook/context.ts';
import type { PreflightResult } from '../../src/runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { bytes } from '../../src/text/format.ts';

/** One setting as it is and as it should be. */
export type SettingState = {
  readonly name: string;
  /** As people write it: `128MB`. */
  readonly now: string;
  readonly recommended: string;
  /**
   * `waiting`: set already, and waits for a restart. `outranked`: set where ALTER SYSTEM does not reach.
   */
  readonly state: 'same' | 'differs' | 'waiting' | 'outranked';
  /** Where it is set now: `postgresql.conf:12`, `default`, `command line`. */
  readonly where: string;
  readonly restart: boolean;
};

/** What `tv db tune` shows. */
export type Tuning = {
  readonly database: string;
  readonly version: string;
  readonly machine: {
    readonly memoryBytes: number;
    /** What the kernel reports; null where `--memory` said it. */
    readonly reportedBytes: number | null;
    readonly cores: number;
    readonly disk: 'ssd' | 'hdd';
    /** How the kind of disk is known. */
    readonly diskWhy: string;
    /** The database answers on another machine than the one that was measured. */
    readonly elsewhere: string | null;
  };
  readonly settings: readonly SettingState[];
  readonly api: {
    readonly workers: number | null;
    readonly recommended: number;
    readonly from: string;
  };
};

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

export interface MachineInput {
  /** Bytes. */
  readonly memory?: number | undefined;
  readonly cores?: number | undefined;
  readonly disk?: 'ssd' | 'hdd' | undefined;
}

/** Where PostgreSQL's packages put data; looked at where the role may not see the server's own. */
const usualData = '/var/lib';

/** The machine of the database: as the flags say, else as this environment's host says. */
export async function measureMachine(
  ctx: Context,
  input: MachineInput,
  dataDirectory: string | null,
): Promise<Tuning['machine']> {
  const { memory, cores } = input;
  const known = memory !== undefined && cores !== undefined;
  const [machine, disk] = await Promise.all([
    known ? undefined : readMachine(ctx.host()),
    kindOfDisk(ctx, input, dataDirectory),
  ]);
  const reported = machine?.memoryTotalBytes ?? 0;
  const measured = !known || input.disk === undefined;
  const { host } = ctx.database().target;
  return {
    memoryBytes: memory ?? installedMemory(reported),
    reportedBytes: memory === undefined ? reported : null,
    cores: cores ?? machine?.cores ?? 1,
    ...disk,
    elsewhere: measured && !isLocal(host) && host !== machine?.hostname ? host : null,
  };
}

async function kindOfDisk(ctx: Context, { disk }: MachineInput, dataDirectory: string | null) {
  if (disk !== undefined) return { disk, diskWhy: '--disk' };
  const { device, rotational, virtual } = await readDiskKind(ctx.host(), {
    path: dataDirectory ?? usualData,
  });
  if (device === null || rotational === null) {
    return { disk: 'ssd', diskWhy: 'assumed: the kernel does not report it' } as const;
  }
  if (!rotational) return { disk: 'ssd', diskWhy: device } as const;
  return virtual
    ? ({ disk: 'ssd', diskWhy: `assumed: ${device} is virtual and does not report it` } as const)
    : ({ disk: 'hdd', diskWhy: device } as const);
}

function isLocal(host: string): boolean {
  return /^(localhost|127\.[\d.]+|::1|\/.*)$/.test(host);
}

/** What fits the machine, against what the server has; nothing is changed. */
export function compareSettings(ctx: Context, input: MachineInput): Promise<Tuning> {
  // An administrator is also shown which file a setting comes from.
  return asAdmin(ctx, (admin) => collect(ctx, admin, input));
}

async function collect(ctx: Context, admin: Database, input: MachineInput): Promise<Tuning> {
  const { host, port, name } = admin.target;
  const [server, connections] = await Promise.all([
    readServer(admin),
    readTunables(admin, { names: ['max_connections'] }),
  ]);
  const machine = await measureMachine(ctx, input, server.dataDirectory);
  const maxConnections = Number(connections[0]?.setting ?? 0);
  const recommended = recommendSettings(machine, { maxConnections });
  const names = recommended.map((each) => each.name);
  const [found, system, api] = await Promise.all([
    readTunables(admin, { names }),
    systemSettings(admin, names),
    apiWorkers(ctx),
  ]);
  return {
    database: `${name} on ${host.startsWith('/') ? host : `${host}:${port}`}`,
    version: server.version,
    machine,
    settings: recommended.flatMap((each) => {
      const tunable = found.find((one) => one.name === each.name);
      return tunable === undefined ? [] : [compare(each, tunable, system)];
    }),
    api: { ...api, recommended: machine.cores * 2 + 1 },
  };
}

/** Empty where the role may not see them. */
async function systemSettings(admin: Database, names: readonly string[]): Promise<SystemSettings> {
  const { mayReadFiles } = await checkTuneRights(admin, { names });
  return mayReadFiles ? readSystemSettings(admin, { names }) : {};
}

function compare(wanted: Recommendation, has: Tunable, system: SystemSettings): SettingState {
  const { name, value: recommended } = wanted;
  const set = system[name] ?? undefined;
  const state = sameSetting(recommended, has)
    ? 'same'
    : isOutranked(has)
      ? 'outranked'
      : has.pendingRestart && set !== undefined && sameValue(recommended, set)
        ? 'waiting'
        : 'differs';
  const where = has.file === null ? has.source : `${has.file}:${has.line}`;
  return { name, now: has.value, recommended, state, where, restart: needsRestart(has) };
}

/** The API server is beside the point where its host does not answer. */
async function apiWorkers(ctx: Context) {
  try {
    return await readApiWorkers(ctx.host(), { unit: ctx.settings.host.units.api });
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    return { workers: null, from: error.message };
  }
}

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
