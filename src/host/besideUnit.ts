import { TvError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { removeFiles } from './removeFiles.ts';
import { runSystemctl } from './runSystemctl.ts';
import { writeSystemFile } from './writeSystemFile.ts';

/** Units here are gone after a reboot (systemd.unit(5)). */
const runtimeDirectory = '/run/systemd/system';

/** A second instance of a unit, for the time of a run: `tempovault-indexer-beside`. */
export function besideUnit(unit: string): string {
  return `${unit.replace(/\.service$/, '')}-beside`;
}

/** Without those that a run of tv has started beside a unit: they work on a database of their own. */
export function withoutBeside<T extends { readonly unit: string | undefined }>(
  processes: readonly T[],
  unit: string,
): readonly T[] {
  return processes.filter((process) => process.unit !== `${besideUnit(unit)}.service`);
}

/** What of a unit there can be only once, or acts on the first instance. systemd.service(5), systemd.exec(5). */
const notTwice =
  /^\s*(PIDFile|BusName|Sockets|RuntimeDirectory|ExecStop|ExecStopPost|ExecStartPost)\s*=\s*(\S.*)$/m;

/**
 * Why a unit cannot run twice from the same definition, as `ExecStop=/usr/bin/…`; undefined where it can.
 * @throws TvError where systemd does not show the unit
 */
export async function findUnitObstacle(
  host: Host,
  { unit }: { readonly unit: string },
): Promise<string | undefined> {
  const [, key, value] = notTwice.exec(await readDefinition(host, unit)) ?? [];
  return key === undefined ? undefined : `${key}=${value}`;
}

/** The unit's file and its drop-ins, in the order in which systemd reads them. */
function readDefinition(host: Host, unit: string): Promise<string> {
  return runSystemctl(host, ['cat', '--no-pager', unit]);
}

export interface BesideUnitParameters {
  readonly unit: string;
  /** Outrank all that the unit sets. May be secret. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Defines a second instance of a unit: the same program, user and limits, with other variables. These are in a file
 * that only root can read, which systemd reads before it takes on the unit's user.
 * @throws TvError, FileError where it cannot be written
 */
export async function writeBesideUnit(host: Host, { unit, variables }: BesideUnitParameters): Promise<void> {
  const paths = pathsOf(besideUnit(unit));
  const definition = await readDefinition(host, unit);
  await writeSystemFile(host, { path: paths.environment, text: environmentText(variables), mode: '600' });
  const own = `[Unit]\nDescription=Second instance of ${unit}, started by tv reindex\n[Service]\nEnvironmentFile=${paths.environment}\n`;
  await writeSystemFile(host, { path: paths.unit, text: `${definition}\n${own}` });
  await runSystemctl(host, ['daemon-reload']);
}

/** Forgets it again. It has to be stopped. */
export async function removeBesideUnit(host: Host, { unit }: { readonly unit: string }): Promise<void> {
  const beside = besideUnit(unit);
  const paths = pathsOf(beside);
  await removeFiles(host, { paths: [paths.unit, paths.environment] });
  await runSystemctl(host, ['daemon-reload']);
  // A failed run is remembered beyond its unit; systemd knows nothing of the others any more.
  await host.run(['systemctl', 'reset-failed', beside]);
}

/** The same by hand, as a line for a shell on the host: it is stopped first. */
export function removeBesideLine(unit: string): string {
  const beside = besideUnit(unit);
  const paths = pathsOf(beside);
  return `systemctl stop ${beside}; rm -f ${paths.unit} ${paths.environment} && systemctl daemon-reload`;
}

function pathsOf(beside: string) {
  return { unit: `${runtimeDirectory}/${beside}.service`, environment: `/run/${beside}.env` };
}

/** As systemd reads it: in double quotes, in which only these four are escaped (systemd.exec(5), EnvironmentFile=). */
export function environmentText(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => {
      if (/[\0\r\n]/.test(value)) {
        throw new TvError('host.malformed-command', `${name} has a line break in it.`);
      }
      return `${name}="${value.replaceAll(/["\\`$]/g, '\\$&')}"\n`;
    })
    .join('');
}
