import { readServer } from '../../../src/database/readServer.ts';
import { readSystemSettings, type SystemSettings } from '../../../src/database/tuning/alterSystem.ts';
import { checkTuneRights } from '../../../src/database/tuning/checkTuneRights.ts';
import {
  isOutranked,
  needsRestart,
  readTunables,
  type Tunable,
} from '../../../src/database/tuning/readTunables.ts';
import { type Recommendation, recommendSettings } from '../../../src/database/tuning/recommendSettings.ts';
import { sameSetting, sameValue } from '../../../src/database/tuning/sizes.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import { readApiWorkers } from '../../../src/host/readApiWorkers.ts';
import type { Context, Database } from '../../../src/runbook/context.ts';
import { asAdmin } from '../shared/asAdmin.ts';
import type { SettingState, Tuning } from './facts.ts';
import { type MachineInput, measureMachine } from './measureMachine.ts';

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
