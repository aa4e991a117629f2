import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { SandboxPaths } from '../paths.ts';
import { supervisorProgram } from './bootSupervisor.ts';

/**
 * `bin/inside COMMAND…` runs a command inside the sandbox. It refuses when the sandbox is down: its
 * process id may belong to another process by then, and the command would run on the machine itself.
 * It gets by without programs of its own, for tv calls it some dozen times a run.
 */
export function writeInside(paths: SandboxPaths, init: number, group: string, path: string): void {
  program(
    paths,
    'inside',
    `group=
while read -r line; do group=$group$line; done 2>/dev/null </proc/${init}/cgroup
case $group in
  *${basename(group)}*) ;;
  *) echo "The sandbox in ${paths.dir} is not running. Next: tv sandbox up" >&2; exit 69 ;;
esac
unset DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR
PATH=${quote(path)}
export PATH
exec nsenter -t ${init} -m -u -i -p -C -- "$@"`,
  );
  for (const name of ['systemctl', 'journalctl']) {
    program(paths, name, `exec ${quote(join(paths.bin, 'inside'))} ${name} "$@"`);
  }
}

/** The supervisor's `systemctl` and `journalctl`. */
export function writeLookAlikes(paths: SandboxPaths): void {
  for (const name of ['systemctl', 'journalctl']) {
    const words = [process.execPath, supervisorProgram(paths), paths.dir, name].map(quote).join(' ');
    program(paths, name, `exec ${words} "$@"`);
  }
}

/** Puts a small shell program into the sandbox's `bin`. */
export function program(paths: SandboxPaths, name: string, body: string): void {
  mkdirSync(paths.bin, { recursive: true });
  writeFileSync(join(paths.bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
