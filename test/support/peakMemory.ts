import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `NODE_OPTIONS` with which a Node process writes `peak N` to its standard error when it exits: the most memory that it
 * had at a time, in KiB. Not `resourceUsage().maxRSS`: a process that was started by vfork begins with its parent's.
 * @param folder for the file that measures
 */
export function measurePeak(folder: string): string {
  const file = join(folder, 'peak.cjs');
  const status = `require('node:fs').readFileSync('/proc/self/status', 'utf8')`;
  writeFileSync(
    file,
    `process.on('exit', () => process.stderr.write('peak ' + /VmHWM:\\s*(\\d+) kB/.exec(${status})[1]));`,
  );
  return `--require ${file}`;
}
