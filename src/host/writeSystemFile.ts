import type { Host } from '../runbook/context.ts';
import { lastLine } from './explainFailure.ts';
import { FileError } from './readTextFile.ts';

export interface WriteSystemFileParameters {
  readonly path: string;
  readonly text: string;
}

/** $1 path, $2 bytes to come on standard input: a connection that breaks is read as the end of the input. */
const script = `set -eu
new=
trap '[ -z "$new" ] || rm -f -- "$new"' EXIT
trap 'exit 1' HUP INT TERM PIPE
[ ! -d "$1" ] || { echo "it is a directory" >&2; exit 1; }
new=$(mktemp -- "$(dirname -- "$1")/.tv-XXXXXXXXXX")
cat >"$new"
[ "$(stat -c %s -- "$new")" = "$2" ] || { echo "the new content arrived incomplete" >&2; exit 1; }
chmod 644 -- "$new"
sync -- "$new"
mv -fT -- "$new" "$1"
new=
sync -- "$(dirname -- "$1")"`;

/**
 * Makes or replaces a file that everybody may read (0644, owned by who runs host commands), at once:
 * whoever opens it sees what was there before, or all of the new text.
 * @throws FileError where it cannot be written; then nothing has changed
 */
export async function writeSystemFile(host: Host, { path, text }: WriteSystemFileParameters): Promise<void> {
  const command = ['sh', '-c', script, 'sh', path, String(Buffer.byteLength(text))];
  const { exitCode, stderr } = await host.run(command, { input: text });
  if (exitCode !== 0) throw new FileError('not-writable', path, lastLine(stderr));
}
