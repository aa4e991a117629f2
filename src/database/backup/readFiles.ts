import type { Database, Host } from '../../runbook/context.ts';
import { runHostScript } from '../hostScript.ts';
import type { BackupFile, BackupForm } from './manifest.ts';

export interface ReadFilesParameters {
  readonly run: Host['run'];
  readonly backup: { readonly path: string; readonly form: BackupForm };
  /** Files read at once. */
  readonly jobs: number;
  /** Set: sums and sizes only; nothing is uncompressed. */
  readonly sumsOnly?: boolean;
  readonly signal?: AbortSignal;
}

/** Each file's sum and size; of compressed ones and of a folder's also the number of lines. */
const filesScript = `
cd -- "$1"
jobs=$2
export lines_too=$4
look() {
  sum=$(sha256sum < "$1") size=$(stat -c %s -- "$1") lines=-
  [ "$lines_too" = no ] || case $1 in
    *.gz) lines=$(gzip -dc -- "$1" 2>/dev/null | wc -l) || lines=damaged ;;
    *.zst) lines=$(zstd -dc -- "$1" 2>/dev/null | wc -l) || lines=damaged ;;
    *.dat) lines=$(wc -l < "$1") ;;
  esac
  printf '%s\\t%s\\t%s\\t%s\\n' "\${sum%% *}" "$size" "$lines" "$1"
}
export -f look
list() {
  if [ "$3" = . ]; then find . -type f ! -path ./manifest.json ! -path './marks.json*' -printf '%P\\0'
  else printf '%s\\0' "$3"; fi
}
list "$@" | xargs -0 -r -P "$jobs" -I{} bash -c 'set -uo pipefail; look "$1"' tv {} | sort -t "$(printf '\\t')" -k 4`;

/**
 * Reads every byte of a backup's files, several files at once.
 * @returns also the number of lines by the name of the file without its compression's ending
 */
export async function readFiles(database: Database, parameters: ReadFilesParameters) {
  const { run, backup, jobs, sumsOnly, signal } = parameters;
  const { path, form } = backup;
  const slash = path.lastIndexOf('/');
  const linesToo = sumsOnly ? 'no' : 'yes';
  const output = await runHostScript(database, {
    run,
    script: filesScript,
    args:
      form === 'directory'
        ? [path, String(jobs), '.', linesToo]
        : [path.slice(0, slash) || '/', String(jobs), path.slice(slash + 1), linesToo],
    code: 'backup.unreadable',
    failure: 'The backup cannot be read.',
    facts: { backup: path },
    ...(signal === undefined ? {} : { signal }),
  });
  const files: BackupFile[] = [];
  const lines = new Map<string, number>();
  const problems: string[] = [];
  for (const line of output.split('\n').filter((text) => text !== '')) {
    const [sha256 = '', bytes, count = '', ...rest] = line.split('\t');
    const name = rest.join('\t');
    files.push({ path: name, bytes: Number(bytes), sha256 });
    if (count === 'damaged') problems.push(`${name} is damaged: it cannot be uncompressed to its end`);
    else if (count !== '-')
      lines.set(name.slice(name.lastIndexOf('/') + 1).replace(/\.(gz|zst)$/, ''), Number(count));
  }
  return { files, lines, problems };
}
