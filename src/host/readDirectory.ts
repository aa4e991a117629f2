import type { Host } from '../runbook/context.ts';

export interface DirectoryState {
  readonly exists: boolean;
  readonly isDirectory: boolean;
  /** Files can be made in it by the user that host commands run as. */
  readonly writable: boolean;
}

/** `test -w` asks the kernel, so it also says no on a file system that is mounted read-only. */
const script = `for question in e d w x; do [ "-$question" "$1" ] && printf '%s' "$question"; done; true`;

/** Says whether a folder is there and can be written to, without touching it. */
export async function readDirectory(
  host: Host,
  { path }: { readonly path: string },
): Promise<DirectoryState> {
  const { stdout } = await host.run(['sh', '-c', script, 'sh', path]);
  const isDirectory = stdout.includes('d');
  return {
    exists: stdout.includes('e'),
    isDirectory,
    writable: isDirectory && stdout.includes('w') && stdout.includes('x'),
  };
}
