import { onHost } from '../errors/advice.ts';
import { TvError, UnavailableError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { parseSystemdTime } from './parseSystemdTime.ts';
import { parseShownUnits, type ShownUnit, showUnits } from './showUnits.ts';

/** One systemd unit, as `systemctl show` returns it. States are systemd's own words. */
export interface UnitState {
  readonly unit: string;
  /** `loaded`, `not-found`, `masked`, `bad-setting`, `error`. */
  readonly loadState: string;
  /** `active`, `inactive`, `failed`, `activating`, `deactivating`, `reloading`. */
  readonly activeState: string;
  /** `running`, `dead`, `auto-restart` … */
  readonly subState: string;
  /** How the last run ended: `success`, `exit-code`, `signal`, `timeout`, `oom-kill` … */
  readonly result: string;
  /** `0` where no process runs. */
  readonly mainPid: number;
  /** When it came into its present active state; undefined where it never changed, or that is unknown. */
  readonly since: Date | undefined;
  /** Why `since` is unknown; missing where it is known. */
  readonly sinceUnknown?: string;
  /** Automatic restarts since it was last started by hand. */
  readonly restarts: number;
  readonly memoryBytes: number | undefined;
}

const properties = [
  'Id',
  'LoadState',
  'ActiveState',
  'SubState',
  'Result',
  'MainPID',
  'NRestarts',
  'MemoryCurrent',
  'ActiveEnterTimestamp',
  'ActiveExitTimestamp',
  'InactiveEnterTimestamp',
  'InactiveExitTimestamp',
];

/**
 * Reads several units with one `systemctl show`, in the order asked for. A unit that is not
 * installed has the load state `not-found`.
 * @throws UnavailableError where there is no systemd to ask
 */
export async function readUnits(
  host: Host,
  { units }: { readonly units: readonly string[] },
): Promise<UnitState[]> {
  if (units.length === 0) return [];
  for (const unit of units) assertUnitName(unit);
  const shown = await showUnits(host, {
    units,
    properties,
    facts: { units: units.join(' ') },
    next: onHost(`systemctl status ${units.join(' ')}`),
  });
  const states = shown.map(unitState);
  // Of a unit that is not installed too, systemd returns both.
  const without = states.findIndex(({ loadState, activeState }) => loadState === '' || activeState === '');
  if (without !== -1) {
    throw new UnavailableError('host.systemd-silent', 'systemctl does not return the state of a unit.', {
      facts: { unit: units[without], reason: 'its answer has no LoadState or no ActiveState' },
      next: onHost(`systemctl status ${units.join(' ')}`),
    });
  }
  return states;
}

export function parseUnitStates(output: string): UnitState[] {
  return parseShownUnits(output).map(unitState);
}

function unitState(shown: ShownUnit): UnitState {
  const text = (name: string) => shown.get(name) ?? '';
  const activeState = text('ActiveState');
  const since = parseSystemdTime(text(entryProperty(activeState)));
  return {
    unit: text('Id'),
    loadState: text('LoadState'),
    activeState,
    subState: text('SubState'),
    result: text('Result'),
    mainPid: toCount(text('MainPID')) ?? 0,
    ...(since.known ? { since: since.value } : { since: undefined, sinceUnknown: since.reason }),
    restarts: toCount(text('NRestarts')) ?? 0,
    memoryBytes: toCount(text('MemoryCurrent')),
  };
}

/** The same choice of time stamp as `systemctl status` makes. */
function entryProperty(activeState: string): string {
  switch (activeState) {
    case 'active':
    case 'reloading':
      return 'ActiveEnterTimestamp';
    case 'activating':
      return 'InactiveExitTimestamp';
    case 'deactivating':
      return 'ActiveExitTimestamp';
    default:
      return 'InactiveEnterTimestamp';
  }
}

/** systemd says "not known" as `[not set]` or as the highest 64-bit number. */
function toCount(text: string): number | undefined {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** systemctl takes `*` and `?` in names as patterns, and a leading dash as an option. */
export function assertUnitName(unit: string): void {
  if (!/^[\w@:.][\w@:.\\-]*$/.test(unit)) {
    throw new TvError('config.invalid', `"${unit}" is not the name of a systemd unit.`, {
      next: { tv: ['config', 'show'] },
    });
  }
}
