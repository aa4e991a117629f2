// Prints how long `tv db backups` takes with many backups, as a ratio to ten of them. The backups are folders with
// manifest and marks, and no database answers. `node scripts/bench/backups.mjs [--bin FILE] [--backups N]`
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { refusedEnvironment } from './refusedEnvironment.mjs';

const rounds = 7;
const few = 10;
const tables = 11;
const expected = 1.5;

const { values } = parseArgs({
  options: {
    backups: { type: 'string', default: '400' },
    bin: { type: 'string', default: fileURLToPath(new URL('../../bin/tv.js', import.meta.url)) },
  },
});
const many = Number(values.backups);
const home = mkdtempSync(join(tmpdir(), 'tv-bench-backups-'));
try {
  const scenes = [few, many].map((count) => {
    const directory = join(home, String(count));
    for (let number = 0; number < count; number++) backup(directory, number);
    const env = { ...refusedEnvironment(home), TV_HOST_PREFIX: '', TV_BACKUP_DIR: directory };
    return { count, env, times: [] };
  });
  for (let round = 0; round <= rounds; round++) {
    for (const { count, env, times } of scenes) {
      const start = performance.now();
      const { stdout } = spawnSync(process.execPath, [values.bin, 'db', 'backups', '--json'], {
        env,
        encoding: 'utf8',
        // Past the default of 1 MiB the program would be killed.
        maxBuffer: 2 ** 26,
      });
      // The first round fills the caches.
      if (round > 0) times.push(performance.now() - start);
      const listed = stdout.match(/"archive"/g)?.length ?? 0;
      if (listed !== count)
        throw new Error(`${listed} of ${count} backups are listed: ${stdout.slice(0, 2000)}`);
    }
  }
  const [short, long] = scenes.map(({ times }) => times.toSorted((a, b) => a - b)[(rounds - 1) / 2]);
  const ratio = long / short;
  console.log(
    `tv db backups  ${few} backups ${short.toFixed(0)} ms, ${many} backups ${long.toFixed(0)} ms  ${ratio.toFixed(2)}  expected at most ${expected}`,
  );
  if (ratio > expected) process.exitCode = 1;
} finally {
  rmSync(home, { recursive: true, force: true });
}

function backup(directory, number) {
  const createdAt = new Date(Date.parse('2025-01-01T02:00:00Z') + number * 3_600_000).toISOString();
  const path = join(directory, `tempovault_${createdAt.slice(0, 19).replaceAll(/[-:]/g, '')}Z`);
  mkdirSync(join(path, 'data'), { recursive: true });
  const files = Array.from({ length: tables }, (_, index) => `data/${4000 + index}.dat.gz`);
  for (const file of ['data/toc.dat', ...files]) writeFileSync(join(path, file), 'x');
  const sha256 = createHash('sha256').update('x').digest('hex');
  // In the order of the manifest's shape, over which its digest is made.
  const manifest = {
    schema: 'tv.backup/1',
    form: 'directory',
    createdAt,
    seconds: 3,
    tv: '1.0.0',
    database: { name: 'tempovault', systemIdentifier: '7000000000000000000', bytes: 1_000_000 },
    server: { version: '15.18', major: 15 },
    tool: 'pg_dump 15.18',
    cursorBlock: 1000 + number,
    rows: Object.fromEntries(files.map((_, index) => [`public.table_${index}`, 1000])),
    files: ['data/toc.dat', ...files].map((file) => ({ path: file, bytes: 1, sha256 })),
  };
  const digest = createHash('sha256').update(JSON.stringify(manifest)).digest('hex');
  writeFileSync(join(path, 'manifest.json'), JSON.stringify({ ...manifest, digest }, null, 2));
  const verified = { at: createdAt, how: 'read', problems: [] };
  writeFileSync(join(path, 'marks.json'), JSON.stringify({ verified, pinned: null }));
}
