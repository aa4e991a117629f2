import { readServer } from '../database/readServer.ts';
import { readSystemSettings, type SystemSettings } from '../database/tuning/alterSystem.ts';
import { checkTuneRights } from '../database/tuning/checkTuneRights.ts';
import { isOutranked, needsRestart, readTunables, type Tunable } from '../database/tuning/readTunables.ts';
import {
  installedMemory,
  type Recommendation,
  recommendSettings,
} from '../database/tuning/recommendSettings.ts';
import { sameSetting, sameValue } from '../database/tuning/sizes.ts';
import { TvError } from '../errors/TvError.ts';
import { readApiWorkers } from '../host/readApiWorkers.ts';
import { readDiskKind } from '../host/readDiskKind.ts';
import { readMachine } from '../host/readMachine.ts';
import type { Context, Database } from '../runbook/context.ts';
import { asAdmin } from './maintenance.ts';

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

export interface MachineInput {
  /** Bytes. */
  readonly memory?: number | undefined;
  readonly cores?: number | undefined;
  readonly disk?: 'ssd' | 'hdd' | undefined;
}

/** Where PostgreSQL's packages put data; looked at where the role may not see the server's own. */
const usualData = '/var/lib';

/** The machine of the database: as the flags say, else as this environment's host says. */
async function measureMachine(
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
