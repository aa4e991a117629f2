import { spawnSync } from 'node:child_process';

/**
 * The words that bash makes of each call of tv, without where its output goes.
 * @param variables what the lines may name
 */
export function wordsInBash(
  lines: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): readonly (readonly string[])[] {
  const calls = lines.map((line) => line.replace(/ > \S+$/, ''));
  const script = `tv() { printf '%s\\0' "$@"; printf '\\1'; }\n${calls.join('\n')}`;
  const { status, stdout, stderr } = spawnSync('bash', ['-euc', script], {
    encoding: 'utf8',
    env: { HOME: '/root', ...variables },
  });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .split('\x01')
    .slice(0, -1)
    .map((call) => call.split('\0').slice(0, -1));
}
