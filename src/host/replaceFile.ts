import { createHash } from 'node:crypto';
import type { Host } from '../runbook/context.ts';
import { lastLine } from './explainFailure.ts';
import { FileError } from './readTextFile.ts';

export interface ReplaceFileParameters {
  /** An existing file. A symbolic link is followed: what it points to is replaced, the link stays. */
  readonly path: string;
  readonly text: string;
  /** The text that the file must still hold; anything else means that it was changed meanwhile. */
  readonly expected?: string;
}

/**
 * Sets `target`, or ends with 21 (missing), 22 (not a regular file), or 23 and the reason on stderr.
 * rename(2) refuses to replace a mount point (EBUSY) and an immutable or append-only file (EPERM).
 * access(2) denies writing to an immutable one; append-only takes lsattr(1), where there is one.
 * mountinfo writes blanks and backslashes of a path as octal escapes (proc(5)).
 */
const findTarget = `target=$(readlink -e -- "$1") || { echo "No such file" >&2; exit 21; }
[ -f "$target" ] || exit 22
refuse() { new=; echo "$1" >&2; exit 23; }
make() { new=$(mktemp -- "$folder/$1" 2>&1) || refuse "its folder is not writable: \${new##*: }"; }
written=$(printf '%s' "$target" | sed -e 's/\\\\/\\\\134/g' -e 's/ /\\\\040/g')
if cut -d ' ' -f 5 /proc/self/mountinfo 2>/dev/null | grep -Fqx -e "$written"; then
  refuse "it is a mount point (bind mount): Device or resource busy"
fi
case $(lsattr -d -- "$target" 2>/dev/null | cut -d ' ' -f 1) in
  *i*) refuse "it is immutable (chattr +i)" ;;
  *a*) refuse "it is append-only (chattr +a)" ;;
esac
folder=$(dirname -- "$target")
if [ ! -w "$target" ]; then
  [ "$(id -u)" != 0 ] || [ -w "$folder" ] || refuse "its folder is not writable: read-only or immutable"
  refuse "no permission to write"
fi
`;

/**
 * $1 path, $2 bytes to come on standard input, $3 SHA-256 that the old file must have, or nothing.
 * The new file is opened while it is only ours, then gets owner, mode and access list of the old
 * one, and only then its content. The byte count is compared because a connection that breaks
 * is read as the end of the input. PIPE: where tv is gone, saying so would end the shell before its EXIT.
 */
const script = `set -eu
umask 077
${findTarget}new=
trap '[ -z "$new" ] || rm -f -- "$new"' EXIT
trap 'exit 1' HUP INT TERM PIPE
make .tv-XXXXXXXXXX
exec 3>"$new"
cp --attributes-only --preserve=all -- "$target" "$new"
[ "$(stat -c '%a %u %g' -- "$target")" = "$(stat -c '%a %u %g' -- "$new")" ] ||
  { echo "owner and mode cannot be kept" >&2; exit 23; }
cat >&3
exec 3>&-
[ "$(stat -c %s -- "$new")" = "$2" ] || { echo "the new content arrived incomplete" >&2; exit 23; }
sync -- "$new"
[ -z "$3" ] || [ "$(sha256sum <"$target")" = "$3  -" ] ||
  { echo "it has been changed meanwhile" >&2; exit 23; }
mv -fT -- "$new" "$target"
new=
sync -- "$folder"`;

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
  if (exitCode !== 0) throw failure(path, exitCode, stderr);
}

/**
 * Whether `replaceFile` would be able to replace a file, without touching it: a temporary file is made
 * beside it and removed.
 * @throws FileError as `replaceFile`, with the reason
 */
export async function assertReplaceable(host: Host, { path }: { readonly path: string }): Promise<void> {
  const probe = `set -eu
${findTarget}make .tv-probe-XXXXXX
rm -f -- "$new"`;
  const { exitCode, stderr } = await host.run(['sh', '-c', probe, 'sh', path]);
  if (exitCode !== 0) throw failure(path, exitCode, stderr);
}

function failure(path: string, exitCode: number, stderr: string): FileError {
  if (exitCode === 21) return new FileError('missing', path);
  if (exitCode === 22) return new FileError('not-a-file', path);
  return new FileError('not-writable', path, lastLine(stderr));
}
