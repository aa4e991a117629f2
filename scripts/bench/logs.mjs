// Prints the time and the peak memory of `tv logs --group` over a million journal entries, which a program in the
// place of journalctl makes up. `node scripts/bench/logs.mjs [--bin FILE] [--entries N]`
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** In MiB. */
const mostMemory = 150;

const { values } = parseArgs({
  options: {
    entries: { type: 'string', default: '1000000' },
    bin: { type: 'string', default: fileURLToPath(new URL('../../bin/tv.js', import.meta.url)) },
  },
});
const home = mkdtempSync(join(tmpdir(), 'tv-bench-logs-'));
const programs = {
  journalctl: `exec awk -v n=${Number(values.entries)} 'BEGIN {
  start = systime() - 1800; split("api indexer oracle", unit, " ")
  for (i = 0; i < n; i++) {
    text = i % 100 == 0 ? "Error processing block " i ": 429 Too Many Requests" : sprintf("Block %d, tx 0x%064x", i, i)
    printf "{\\"__CURSOR\\":\\"s=1;i=%x\\",\\"__REALTIME_TIMESTAMP\\":\\"%d%06d\\",\\"PRIORITY\\":\\"6\\",\\"_PID\\":\\"7\\",", i, start + i / 1000, i % 1000 * 1000
    printf "\\"_SYSTEMD_UNIT\\":\\"tempovault-%s.service\\",\\"MESSAGE\\":\\"%s\\"}\\n", unit[i % 3 + 1], text
  } }'`,
  systemctl: 'echo running',
};
const peak = join(home, 'peak.cjs');
try {
  for (const [name, body] of Object.entries(programs)) {
    writeFileSync(join(home, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(home, name), 0o755);
  }
  // Not `maxRSS`: a process that was started by vfork begins with its parent's.
  const status = `require('node:fs').readFileSync('/proc/self/status', 'utf8')`;
  writeFileSync(
    peak,
    `process.on('exit', () => process.stderr.write('peak ' + /VmHWM:\\s*(\\d+) kB/.exec(${status})[1]));`,
  );
  const start = performance.now();
  const { stdout, stderr } = spawnSync(process.execPath, [values.bin, 'logs', '--group', '--json'], {
    env: { HOME: home, PATH: `${home}:/usr/bin:/bin`, NODE_OPTIONS: `--require ${peak}` },
    encoding: 'utf8',
  });
  const seconds = (performance.now() - start) / 1000;
  const { read, items } = JSON.parse(stdout);
  const mebibytes = Number(/peak (\d+)/.exec(stderr)?.[1]) / 1024;
  console.log(
    `${read} entries in ${items.length} kinds  ${seconds.toFixed(1)} s  ${mebibytes.toFixed(0)} MiB  expected at most ${mostMemory} MiB`,
  );
  if (read !== Number(values.entries) || !(mebibytes <= mostMemory)) process.exitCode = 1;
} finally {
  rmSync(home, { recursive: true, force: true });
}
