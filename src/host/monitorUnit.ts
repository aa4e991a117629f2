import { onHost } from '../errors/advice.ts';
import { UnavailableError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { parseSystemdTime } from './parseSystemdTime.ts';
import { showUnits } from './showUnits.ts';
import {
  environmentLines,
  type HostCall,
  isOnlyOffered,
  type UnitFile,
  type UnitSet,
  unitDirectory,
  unitFile,
  unitWord,
} from './unitFile.ts';

/** The unit of `tv monitor install`. */
export const monitorUnit = 'tempovault-monitor.service';
export const monitorPath = `${unitDirectory}/${monitorUnit}`;
export const monitorSet: UnitSet = { maker: 'monitor', units: [monitorUnit] };

/**
 * The file of the unit, whose service runs as root, as the schedule does: it reads journals and `.env`.
 * @param words of `tv monitor`: its flags, none of them secret
 */
export function monitorUnitFile(
  { environment, program, flags, variables }: HostCall,
  words: readonly string[],
): UnitFile {
  return unitFile(
    'monitor',
    monitorUnit,
    `[Unit]
Description=TempoVault: monitor (${environment})
After=network-online.target postgresql.service
# It is there to report failures: systemd never gives it up.
StartLimitIntervalSec=0

[Service]
Type=exec
SyslogIdentifier=tempovault-monitor
${environmentLines(variables)}ExecStart=${[...program, ...flags, 'monitor', ...words].map(unitWord).join(' ')}
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
`,
  );
}

const monitorTitle = /^TempoVault: monitor \((.*)\)$/;

/** The environment that such a file monitors; undefined where it does not say. */
export function monitoredBy(text: string): string | undefined {
  const description = /^Description=(.*)$/m.exec(text)?.[1] ?? '';
  return monitorTitle.exec(description)?.[1];
}

/** The service as systemd has it. */
export interface MonitorService {
  /** `loaded`, `not-found`, `masked` …; `not-found` also for one that a package only offers. */
  readonly loadState: string;
  /** Where its file is; empty where there is none. */
  readonly path: string;
  readonly activeState: string;
  readonly subState: string;
  readonly result: string;
  readonly enabled: boolean;
  /** Of this start, in its environment as `INVOCATION_ID` (systemd.exec(5)); empty where it does not run. */
  readonly invocation: string;
  /** Automatic restarts since it was last started by hand. */
  readonly restarts: number;
  /** When it became active; undefined where it is not, or that is unknown. */
  readonly since: Date | undefined;
  /** What it monitors; undefined where the unit does not say. */
  readonly environment: string | undefined;
  /** The address after `--serve`, drop-ins considered; undefined where it has none. */
  readonly serves: string | undefined;
}

const properties = [
  ...['LoadState', 'FragmentPath', 'ActiveState', 'SubState', 'Result', 'UnitFileState'],
  ...['ActiveEnterTimestamp', 'Description', 'ExecStart', 'InvocationID', 'NRestarts'],
];

/** Reads the service. @throws UnavailableError where there is no systemd to ask */
export async function readMonitorService(host: Host): Promise<MonitorService> {
  const shown = await showUnits(host, {
    units: [monitorUnit],
    properties,
    next: onHost(`systemctl status ${monitorUnit}`),
  });
  const text = (name: string) => shown[0]?.get(name) ?? '';
  if (text('LoadState') === '' || text('ActiveState') === '') {
    throw new UnavailableError('host.systemd-silent', 'systemctl does not return the state of a unit.', {
      facts: { unit: monitorUnit, reason: 'its answer has no LoadState or no ActiveState' },
      next: onHost(`systemctl status ${monitorUnit}`),
    });
  }
  const offered = isOnlyOffered(monitorUnit, text);
  const since = parseSystemdTime(text('ActiveEnterTimestamp'));
  return {
    loadState: offered ? 'not-found' : text('LoadState'),
    path: offered ? '' : text('FragmentPath'),
    activeState: text('ActiveState'),
    subState: text('SubState'),
    result: text('Result'),
    enabled: text('UnitFileState') === 'enabled',
    invocation: text('InvocationID'),
    restarts: Number(text('NRestarts') || 0),
    since: text('ActiveState') === 'active' && since.known ? since.value : undefined,
    environment: monitorTitle.exec(text('Description'))?.[1],
    serves: /\bargv\[\]=.* --serve (\S+)/.exec(text('ExecStart'))?.[1],
  };
}
