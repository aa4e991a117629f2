import type { ServiceName } from '../../config/settings.ts';
import { type Advice, onHost } from '../../errors/advice.ts';
import { withoutBeside } from '../../host/besideUnit.ts';
import { detectSystemd } from '../../host/detectSystemd.ts';
import { type HostProcess, listProcesses } from '../../host/listProcesses.ts';
import { readUnit } from '../../host/readUnit.ts';
import type { UnitState } from '../../host/readUnits.ts';
import { readUnitTraits, type UnitTraits } from '../../host/readUnitTraits.ts';
import type { Finding } from '../../runbook/check.ts';
import type { Context } from '../../runbook/context.ts';
import { block, type Preflight, pass, warn } from '../../runbook/preflight.ts';
import { ago, duration, howMany } from '../../text/format.ts';
import { outdatedOddities, triggerOddities } from '../unitOddities.ts';
import { type ServiceFacts, serviceTitles } from './service.ts';

export type Verb = 'start' | 'stop' | 'restart';

export type UnitFacts = Omit<ServiceFacts, 'relay'>;

/** The unit as it is, and whether it can be started, stopped or restarted. */
export function checkUnit(
  ctx: Context,
  preflight: Preflight,
  { service, verb }: { readonly service: ServiceName; readonly verb: Verb },
): Promise<(UnitFacts & { readonly since: string | null }) | undefined> {
  return preflight.check('service', 'host', async () => {
    const { units, programs } = ctx.settings.host;
    const unit = units[service];
    const systemd = await detectSystemd(ctx.host());
    if (!systemd.available) {
      return block(`no systemd on this host, so ${unit} cannot be controlled`, {
        facts: { systemd: systemd.reason },
        next: [{ when: 'run tv on the host of the services, or set host.prefix', tv: ['config', 'show'] }],
      });
    }
    const [state, [traits]] = await Promise.all([
      readUnit(ctx.host(), { unit }),
      readUnitTraits(ctx.host(), { units: [unit] }),
    ]);
    const stopLimitMs = traits?.stopLimitMs ?? null;
    const value = {
      ...{ service, unit, program: programs[service], stopLimitMs },
      ...{ state: state.activeState, mainPid: state.mainPid, crashes: isCrashing(state) },
      since: state.since?.toISOString() ?? null,
    };
    return { ...judgeUnit({ service, unit, verb, state, traits, now: ctx.clock.now() }), value };
  });
}

/** systemd restarts it after it has exited by itself. */
export function isCrashing({ activeState, subState }: Pick<UnitState, 'activeState' | 'subState'>): boolean {
  return activeState === 'activating' && subState.startsWith('auto-restart');
}

export interface UnitSeen {
  readonly service: ServiceName;
  readonly unit: string;
  readonly verb: Verb;
  readonly state: UnitState;
  readonly traits: UnitTraits | undefined;
  readonly now: Date;
}

export function judgeUnit(seen: UnitSeen): Finding {
  const { service, unit, verb, state, traits } = seen;
  const { loadState, activeState } = state;
  const isUp = activeState === 'active' || activeState === 'reloading';
  if (loadState === 'not-found' && !isUp) {
    return block(`${unit} is not installed on this host`, {
      next: [
        onHost('systemctl list-units --all', 'see what the unit is called'),
        { when: `set host.units.${service}`, tv: ['config', 'show'] },
      ],
    });
  }
  if (loadState !== 'loaded' && verb !== 'stop') {
    const running = isUp ? `, and still running: once stopped, it could not be started again` : '';
    return block(
      `${unit} cannot be started: ${loadState === 'masked' ? 'it is masked' : `its unit file is not usable (${loadState})`}${running}`,
      {
        next: [
          loadState === 'masked'
            ? onHost(`systemctl unmask ${unit}`)
            : onHost(`systemctl status ${unit} --no-pager`),
        ],
      },
    );
  }
  const [status, words, next = []] = present(seen);
  const notes = [
    ...(loadState === 'loaded' ? [] : [{ what: `${loadState}: it cannot be started afterwards`, next: [] }]),
    ...(traits === undefined
      ? []
      : verb === 'stop'
        ? triggerOddities(traits, ' after the stop')
        : outdatedOddities(traits)),
  ];
  const summary = [`${unit} ${words}`, ...notes.map(({ what }) => what)].join('; ');
  const advice = [...next, ...notes.flatMap((note) => note.next)];
  if (status === 'pass' && notes.length === 0) return pass(summary);
  return warn(summary, advice.length === 0 ? {} : { next: advice });
}

/** Of a unit that systemd has loaded: what its state means for what is to be done. */
function present({
  service,
  unit,
  verb,
  state,
  traits,
  now,
}: UnitSeen): readonly ['pass' | 'warn', string, (readonly Advice[])?] {
  const { activeState, subState, result, mainPid, restarts, since } = state;
  const log = onHost(`journalctl -u ${unit} -n 50 --no-pager`);
  const when = since === undefined ? '' : `, ${ago(since, now)}`;
  const lasting = since === undefined ? '' : ` for ${ago(since, now).replace(/ ago$/, '')}`;
  const limit =
    traits?.stopLimitMs === undefined
      ? 'systemd waits without a limit for it to end'
      : `systemd kills it if it has not ended after ${duration(traits.stopLimitMs)}`;
  if (isCrashing(state)) {
    const words = `crashes, and systemd starts it again each time (${howMany(restarts, 'restart')}, last result ${result})`;
    return ['warn', words, [log]];
  }
  switch (activeState) {
    case 'active':
    case 'reloading': {
      const words = `${activeState}${lasting}, process ${mainPid}`;
      if (verb === 'start') return ['warn', `${words}: runs already, nothing to start`];
      return ['pass', `${words}; ${limit}`];
    }
    case 'deactivating':
      return ['warn', `is stopping (${subState})${lasting}; ${limit}`, [log]];
    case 'activating':
      return ['warn', `is starting (${subState})${lasting}`, [log]];
    case 'failed': {
      const words = `failed (${result})${when}`;
      if (verb === 'stop') return ['warn', `${words}: does not run, nothing to stop`, [log]];
      return ['warn', `${words}: the failure is reset, and ${serviceTitles[service]} started`, [log]];
    }
    default: {
      const words = `${activeState}${when}`;
      if (verb === 'stop') return ['warn', `${words}: does not run, nothing to stop`];
      return verb === 'start' ? ['pass', words] : ['warn', `${words}; it will run afterwards`];
    }
  }
}

/** What two of them do to each other. */
const collisions: Readonly<Record<ServiceName, string>> = {
  api: 'it may hold the port',
  indexer: 'two write the same cursor, and blocks are lost',
  oracle: 'two with one key collide on nonces',
};

/** Processes of the same program that the unit does not control. */
export function checkOtherProcesses(
  ctx: Context,
  preflight: Preflight,
  known: Promise<UnitFacts | undefined>,
  { service, verb }: { readonly service: ServiceName; readonly verb: Verb },
): void {
  preflight.check('processes', 'host', async () => {
    const { units, programs } = ctx.settings.host;
    const processes = await listProcesses(ctx.host(), { program: programs[service] });
    const mainPid = (await known)?.mainPid;
    return judgeProcesses({ service, verb, unit: units[service], processes, mainPid });
  });
}

export function judgeProcesses({
  service,
  verb,
  unit,
  processes,
  mainPid,
}: {
  readonly service: ServiceName;
  readonly verb: Verb;
  readonly unit: string;
  readonly processes: readonly HostProcess[];
  /** Undefined where the unit's state is unknown. */
  readonly mainPid: number | undefined;
}): Finding {
  const others = outsideUnit({ unit, processes, mainPid });
  const what = serviceTitles[service];
  if (others.length === 0) return pass(`no process of ${what} outside ${unit}`);
  const facts = Object.fromEntries(others.map((each) => [`process ${each.pid}`, describeProcess(each)]));
  const next = endOthers(unit, others);
  const summary = `${what} runs outside ${unit}, too: ${collisions[service]}`;
  if (verb === 'stop') {
    return warn(`${what} runs outside ${unit}, too, and is not stopped there`, { facts, next });
  }
  return service === 'api' ? warn(summary, { facts, next }) : block(summary, { facts, next });
}

/**
 * Those that do not belong to the unit, and those that a unit without a main process has left. A second indexer that
 * a run of tv has started beside it is meant to run.
 */
export function outsideUnit({
  unit,
  processes,
  mainPid,
}: {
  readonly unit: string;
  readonly processes: readonly HostProcess[];
  readonly mainPid: number | undefined;
}): readonly HostProcess[] {
  return withoutBeside(processes, unit).filter(
    (process) => process.unit !== serviceUnit(unit) || mainPid === 0,
  );
}

/** How to end them: by the unit that they belong to, which would start them again, else by their ids. */
export function endOthers(unit: string, others: readonly HostProcess[]): readonly Advice[] {
  const foreign = others.flatMap((each) =>
    each.unit?.endsWith('.service') && each.unit !== serviceUnit(unit) ? [each.unit] : [],
  );
  const loose = others.filter((each) => each.unit === undefined || !foreign.includes(each.unit));
  return [
    ...[...new Set(foreign)].map((name) => onHost(`systemctl stop ${name}`)),
    ...(loose.length === 0
      ? []
      : [onHost(`kill ${loose.map(({ pid }) => pid).join(' ')}`, 'find out who started it, then end it')]),
  ];
}

/** As systemd names it: `tempovault-api.service`. */
export function serviceUnit(unit: string): string {
  return `${unit.replace(/\.service$/, '')}.service`;
}

export function describeProcess({ command, user, unit }: HostProcess): string {
  return `${command}, of ${user}, ${unit ?? 'no unit'}`;
}
