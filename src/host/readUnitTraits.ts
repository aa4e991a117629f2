import { onHost } from '../errors/advice.ts';
import type { Host } from '../runbook/context.ts';
import { assertUnitName } from './readUnits.ts';
import { type ShownUnit, showUnits } from './showUnits.ts';

/** What a unit is set up to do, apart from its present state. */
export interface UnitTraits {
  /** How long systemd lets it end before it kills it, in milliseconds; undefined where it waits for ever. */
  readonly stopLimitMs: number | undefined;
  /** Its unit file is newer than what systemd has read of it. */
  readonly isOutdated: boolean;
  /** Timers, sockets and paths that may start it. */
  readonly triggers: readonly string[];
  /** Whether it starts at boot, in systemd's word: `enabled`, `disabled`, `static`, `masked`; undefined if none. See `startsAtBoot`. */
  readonly atBoot: string | undefined;
}

/** Words of `UnitFileState` by systemctl(1), "is-enabled". A unit in /run is gone after a boot. */
const atBootByWord: Readonly<Record<string, boolean>> = {
  ...{ enabled: true, alias: true, generated: true },
  ...{ disabled: false, linked: false, 'linked-runtime': false, 'enabled-runtime': false },
  ...{ masked: false, 'masked-runtime': false },
};

/**
 * Whether systemd starts a unit at boot. Undefined where its word does not say so: a `static` unit is started if another
 * one asks for it.
 */
export function startsAtBoot({ atBoot }: Pick<UnitTraits, 'atBoot'>): boolean | undefined {
  return atBoot === undefined ? undefined : atBootByWord[atBoot];
}

/**
 * Reads several units with one `systemctl show`, in the order asked for.
 * @throws UnavailableError where there is no systemd to ask
 */
export async function readUnitTraits(
  host: Host,
  { units }: { readonly units: readonly string[] },
): Promise<readonly UnitTraits[]> {
  for (const unit of units) assertUnitName(unit);
  const shown = await showUnits(host, {
    units,
    // Id is shown of every unit, so that one without the others is no empty block.
    properties: ['Id', 'TimeoutStopUSec', 'NeedDaemonReload', 'TriggeredBy', 'UnitFileState'],
    next: onHost(`systemctl status ${units.join(' ')}`),
  });
  return shown.map(unitTraits);
}

function unitTraits(shown: ShownUnit): UnitTraits {
  return {
    stopLimitMs: parseTimeSpan(shown.get('TimeoutStopUSec') ?? ''),
    isOutdated: shown.get('NeedDaemonReload') === 'yes',
    triggers: (shown.get('TriggeredBy') ?? '').split(/\s+/).filter((name) => name !== ''),
    atBoot: shown.get('UnitFileState') || undefined,
  };
}

/** systemd.time(7), "Parsing time spans", as systemctl prints them. In milliseconds. */
const unitsOfTime: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `1min 30s` → 90 000. Undefined for `infinity`, and for what is no time span. */
export function parseTimeSpan(text: string): number | undefined {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const parts = words.map((word) => {
    const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(word) ?? [];
    return Number(number || Number.NaN) * (unitsOfTime[unit] ?? Number.NaN);
  });
  const sum = parts.reduce((total, part) => total + part, 0);
  return words.length === 0 || Number.isNaN(sum) ? undefined : sum;
}
