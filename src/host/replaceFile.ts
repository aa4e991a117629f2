import { createHash } from 'node:crypto';
import type { Host } from '../runbook/context.ts';
import { lastLine } from './explainFailure.ts';
import { FileError } from './readTextFile.ts';

export interface ReplaceFileParameters {
  /** An existing file. A symbolic link is followed: what it points to is replaced, the link stays. */
  readonly path: string;
  readonly text: string;
  /** The text that the file must still hold; anything else means that somebody changed it meanwhile. */
  readonly expected?: string;
}

/**
 * $1 path, $2 bytes to come on standard input, $3 SHA-256 that the old file must have, or nothing.
 * The new file is opened while it is only ours, then gets owner, mode and access list of the old
 * one, and only then its content. The byte count is compared because a connection that breaks
 * looks like the end of the input. PIPE: where tv is gone, saying so would end the shell before its EXIT.
 */
const script = `set -eu
umask 077
target=$(readlink -e -- "$1") || { echo "No such file" >&2; exit 21; }
[ -f "$target" ] || exit 22
[ -w "$target" ] || { echo "no permission to write" >&2; exit 23; }
new=
trap '[ -z "$new" ] || rm -f -- "$new"' EXIT
trap 'exit 1' HUP INT TERM PIPE
new=$(mktemp -- "$(dirname -- "$target")/.tv-XXXXXXXXXX")
exec 3>"$new"
cp --attributes-only --preserve=all -- "$target" "$new"
[ "$(stat -c '%a %u %g' -- "$target")" = "$(stat -c '%a %u %g' -- "$new")" ] ||
  { echo "owner and mode cannot be kept" >&2; exit 23; }
cat >&3
exec 3>&-
[ "$(stat -c %s -- "$new")" = "$2" ] || { echo "the new content arrived incomplete" >&2; exit 23; }
sync -- "$new"
[ -z "$3" ] || [ "$(sha256sum <"$target")" = "$3  -" ] ||
  { echo "it was changed by somebody else meanwhile" >&2; exit 23; }
mv -fT -- "$new" "$target"
new=
sync -- "$(dirname -- "$target")"`;

/**
 * Replaces a file's content at once: whoever opens it sees the old text or the new, after a power
 * cut too. Owner, group, mode and access list stay.
 * @throws FileError where it does not exist or cannot be replaced; then nothing has changed
 */
export async function replaceFile(
  host: Host,
  { path, text, expected }: ReplaceFileParameters,
): Promise<void> {
  const digest = expected === undefined ? '' : createHash('sha256').update(expected).digest('hex');
  const size = String(Buffer.byteLength(text));
  const { exitCode, stderr } = await host.run(['sh', '-c', script, 'sh', path, size, digest], {
    input: text,
  });
  if (exitCode === 0) return;
  if (exitCode === 21) throw new FileError('missing', path);
  if (exitCode === 22) throw new FileError('not-a-file', path);
  throw new FileError('not-writable', path, lastLine(stderr));
}
