import { createHash } from 'node:crypto';

/** Where an administrator's own units go (systemd.unit(5)). */
export const unitDirectory = '/etc/systemd/system';

/** Where a package's units go; the second is another name of it. */
const packagedDirectories = ['/usr/lib/systemd/system', '/lib/systemd/system'];

/**
 * Whether a unit is only offered by a package, such as tv's own for Debian: its file is there, and neither is it
 * enabled nor does it run. For tv it counts as not installed: `tv … install` writes one that has precedence.
 */
export function isOnlyOffered(unit: string, property: (name: string) => string | undefined): boolean {
  return (
    packagedDirectories.some((folder) => property('FragmentPath') === `${folder}/${unit}`) &&
    ['disabled', 'static'].includes(property('UnitFileState') ?? '') &&
    property('ActiveState') === 'inactive'
  );
}

/** The commands of tv that write unit files: `tv … install` and `tv … remove`. */
export type UnitMaker = 'db schedule' | 'monitor';

export type UnitFile = {
  readonly unit: string;
  readonly path: string;
  readonly text: string;
};

/** Units that one of these commands writes. */
export interface UnitSet {
  readonly maker: UnitMaker;
  readonly units: readonly string[];
}

/** How the tv of a unit is called, on the host itself. */
export type HostCall = {
  readonly environment: string;
  /** The words that start tv. */
  readonly program: readonly string[];
  /** Flags that every call of it gets. */
  readonly flags: readonly string[];
  /** Not secret: they are written to world-readable files. */
  readonly variables: Readonly<Record<string, string>>;
};

/** A unit file with a first line that says whose it is, and shows a change by hand. */
export function unitFile(maker: UnitMaker, unit: string, body: string): UnitFile {
  const head = `# Made by tv ${maker} install and taken away by tv ${maker} remove (${digestOf(body)})`;
  return { unit, path: `${unitDirectory}/${unit}`, text: `${head}\n${body}` };
}

/** `own`: as this command wrote it. `edited`: written by it, changed since. `foreign`: not by it. */
export function whoseUnit(maker: UnitMaker, text: string): 'own' | 'edited' | 'foreign' {
  const [, by, digest, body] = /^# Made by tv ([\w ]+) install [^\n]*\((\w+)\)\n([\s\S]*)$/.exec(text) ?? [];
  if (by !== maker || digest === undefined || body === undefined) return 'foreign';
  return digest === digestOf(body) ? 'own' : 'edited';
}

/** Lines of a `[Service]` section that set the variables. A `$` means nothing there. */
export function environmentLines(variables: HostCall['variables']): string {
  return Object.entries(variables)
    .map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}\n`)
    .join('');
}

/** One argument of `ExecStart=`, in which systemd expands `%` and `$`, and splits at blanks. */
export function unitWord(text: string): string {
  return quoted(text.replaceAll('$', '$$$$'));
}

/** As systemd.syntax(7) has it. A line break would begin another line of the unit. */
function quoted(text: string): string {
  const safe = text.replaceAll('%', '%%');
  if (/^[\w@%+=:,./$-]+$/.test(safe)) return safe;
  const escaped = safe.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `"${escaped}"`;
}

function digestOf(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 16);
}
