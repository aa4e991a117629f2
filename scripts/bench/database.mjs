// Compares tv's backup and restore with the runbook's on a sandbox filled with event rows: wall time,
// size and downtime, as ratios. Both take turns, on the same database, with the same services running.
// Takes some minutes; wants about five times the rows' size on disk.
// `node scripts/bench/database.mjs [--gib 2] [--rounds 1] [--bin FILE] [--release 17] [--without-zstd]`
// --release 17: PostgreSQL 17 of Debian 13, as the tests download it, in the place of this machine's own.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    gib: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '1' },
    release: { type: 'string' },
    'without-zstd': { type: 'boolean', default: false },
    bin: { type: 'string', default: fileURLToPath(new URL('../../bin/tv.js', import.meta.url)) },
  },
});
/** Restores take turns with the runbook's on this share of its time, at most, by the server's release. */
const restoreShare = (release) => (release >= 17 ? 0.6 : 0.7);

if ((values.release !== undefined || values['without-zstd']) && process.env['TV_BENCH_APART'] === undefined) {
  process.exit(await runApart());
}

/** Rows a batch of the filling; between two batches their size is looked at. */
const batch = 400_000;

const home = mkdtempSync(join(tmpdir(), 'tv-bench-database-'));
// The database runs as a user of its own, and has to pass through here.
chmodSync(home, 0o711);
const env = { ...process.env, TV_STATE_DIR: home, NO_COLOR: '1' };
const dir = join(home, 'sandbox', 'sandbox');
const files = join(home, 'runbook');
const units = 'tempovault-api tempovault-indexer tempovault-oracle';

/** `[ours, the runbook's]` of each round. */
const measured = { backup: [], size: [], restore: [], downtime: [] };
const screens = {};
try {
  mkdirSync(files);
  tv('sandbox', 'up');
  // A sandbox does without: here both have to bring everything to the disk, as in production.
  for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit']) {
    shell(`psql -q -d postgres -c 'ALTER SYSTEM SET ${setting} = on'`);
  }
  const [, version] = shell(
    `psql -At -d postgres -c 'SELECT pg_reload_conf()' -c 'SHOW server_version'`,
  ).stdout.split('\n');
  const release = Number.parseInt(version, 10);
  fill(Number(values.gib) * 1024 ** 3);
  console.log(
    `PostgreSQL ${version}, ${values.gib} GiB of rows, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}; tv to the runbook:\n`,
  );
  for (let round = 0; round < Number(values.rounds); round++) measure();
  line(
    'backup, time',
    measured.backup,
    's',
    values['without-zstd'] ? 0.7 : 0.4,
    'tv counts every row on top, and reads the result back',
  );
  line('backup, size', measured.size, 'MiB', values['without-zstd'] ? 1 : 0.9);
  line(
    'restore, time',
    measured.restore,
    's',
    restoreShare(release),
    'psql has its indexes built in parallel too; tv reads the backup first, counts every row on top, and gathers statistics',
  );
  line('restore, downtime', measured.downtime, 's', 0.05);
  console.log('\nOf tv: backup\n%s\nrestore\n%s', steps(screens.backup), steps(screens.restore));
} finally {
  spawnSync(process.execPath, [values.bin, 'sandbox', 'down'], { env, stdio: 'ignore' });
  rmSync(home, { recursive: true, force: true });
}

/**
 * Runs this program again in a mount namespace of its own, in which the other release is this machine's only
 * one, or zstd is no program. @returns its exit code
 */
async function runApart() {
  const mounts = [];
  if (values.release === '17') {
    const { debianPrograms } = await import('../../test/support/debianPrograms.ts');
    const found = await debianPrograms();
    if (typeof found === 'string') throw new Error(`PostgreSQL 17: ${found}`);
    const folder = '/usr/lib/postgresql';
    mounts.push(`mount -t tmpfs tmpfs ${folder}`, `mkdir ${folder}/17`);
    mounts.push(`ln -s '${found.bin17}' ${folder}/17/bin`);
  } else if (values.release !== undefined) throw new Error(`--release ${values.release}: only 17 can be had`);
  if (values['without-zstd']) mounts.push('mount --bind /dev/null "$(command -v zstd)"');
  const { status } = spawnSync(
    'unshare',
    [
      '-m',
      'bash',
      '-c',
      `set -e\n${mounts.join('\n')}\nexec "$@"`,
      'bash',
      process.execPath,
      ...process.argv.slice(1),
    ],
    { stdio: 'inherit', env: { ...process.env, TV_BENCH_APART: '1' } },
  );
  return status ?? 1;
}

/** One round; what it has left is removed, so that the next one finds the same. */
function measure() {
  const runbookBackup = shell(`pg_dump tempovault | gzip > ${files}/backup.sql.gz`);
  const tvBackup = tv('-e', 'sandbox', 'db', 'backup');
  const [backup] = JSON.parse(tv('-e', 'sandbox', 'db', 'backups', '--json').stdout).backups;
  measured.backup.push([tvBackup.seconds, runbookBackup.seconds]);
  measured.size.push([backup.bytes / 1024 ** 2, statSync(join(files, 'backup.sql.gz')).size / 1024 ** 2]);

  shell(`pg_dump tempovault > ${files}/backup.sql`);
  const runbookRestore = shell(`
    systemctl stop ${units}
    dropdb --force tempovault
    createdb -O tempovault tempovault
    psql -q -o /dev/null -d tempovault < ${files}/backup.sql
    systemctl start ${units}`);
  const tvRestore = tv('-e', 'sandbox', 'db', 'restore', '--latest', '--confirm', 'sandbox');
  const downtime = Number(/the services were down for ([\d.]+) s/.exec(tvRestore.stderr)?.[1]);
  measured.restore.push([tvRestore.seconds, runbookRestore.seconds]);
  measured.downtime.push([downtime, runbookRestore.seconds]);
  tv('-e', 'sandbox', 'db', 'prune', '--old', '--yes');
  Object.assign(screens, { backup: tvBackup.stderr, restore: tvRestore.stderr });
}

/** Event rows as the chain gives them: hashes that do not compress, names and addresses that do. */
function fill(bytes) {
  const size = `SELECT pg_table_size('events') + pg_table_size('oracle_updates')`;
  for (let have = 0; have < bytes; have = Number(shell(`psql -At -d tempovault -c "${size}"`).stdout)) {
    shell(`psql -q -d tempovault <<'SQL'
      SET synchronous_commit = off;
      WITH made AS (
        INSERT INTO events (block_number, block_timestamp, transaction_hash, log_index, event_type, contract_address, event_data)
        SELECT 10000000 + n / 3, now() - n * interval '1 second',
          '0x' || md5(random()::text) || md5(random()::text), n % 3, 'OracleSignalUpdated',
          '0x' || repeat('a1b2', 10),
          jsonb_build_object('pairId', '0x' || md5((n % 7)::text) || md5((n % 7)::text), 'nonce', n,
            'referenceTick', (random() * 2000)::int - 1000, 'pegDeviation', (random() * 1e16)::bigint,
            'orderbookDepthBid', (random() * 1e18)::bigint, 'orderbookDepthAsk', (random() * 1e18)::bigint,
            'signer', '0x' || md5(random()::text) || substr(md5(random()::text), 1, 8))
        FROM generate_series(1, ${batch}) n RETURNING id, block_timestamp)
      INSERT INTO oracle_updates (event_id, pair_id, reference_tick, peg_deviation, orderbook_depth_bid,
        orderbook_depth_ask, signal_timestamp, nonce, block_timestamp)
      SELECT id, '0x' || repeat('c3d4', 16), id % 2000, (random() * 1e16)::bigint, (random() * 1e18)::bigint,
        (random() * 1e18)::bigint, extract(epoch FROM block_timestamp)::bigint, id, block_timestamp
      FROM made;
SQL`);
  }
}

function tv(...args) {
  return timed(process.execPath, [values.bin, ...args], env);
}

function shell(script) {
  const passwords = join(dir, 'pgpass');
  const [, port] = readFileSync(passwords, 'utf8').split(':');
  const environment = {
    ...process.env,
    // The sandbox's systemctl.
    PATH: `${join(dir, 'bin')}:${process.env.PATH}`,
    ...{ PGPASSFILE: passwords, PGHOST: '127.0.0.1', PGPORT: port, PGUSER: 'postgres' },
  };
  return timed('bash', ['-c', `set -e -o pipefail\n${script}`], environment);
}

function timed(file, args, environment) {
  const start = performance.now();
  const done = spawnSync(file, args, {
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (done.status !== 0) throw new Error(`${args.join(' ')}\n${done.stderr}`);
  return { seconds: (performance.now() - start) / 1000, stdout: done.stdout, stderr: done.stderr };
}

/** The median round, with several all ratios beside it, and for a figure that is missed why. */
function line(what, rounds, unit, expected, limit) {
  const sorted = rounds.toSorted((a, b) => a[0] / a[1] - b[0] / b[1]);
  const [ours, runbook] = sorted[Math.floor((sorted.length - 1) / 2)];
  const ratio = ours / runbook;
  const missed = ratio > expected;
  const note = `expected at most ${expected}${missed ? ', missed' : ''}`;
  const all = sorted.length === 1 ? '' : ` (${rounds.map(([a, b]) => (a / b).toFixed(3)).join(', ')})`;
  console.log(
    `${what.padEnd(18)} ${ratio.toFixed(3).padStart(7)}  ${ours.toFixed(1).padStart(8)} ${unit} to ${runbook.toFixed(1)} ${unit}  ${note}${all}`,
  );
  if (missed && limit !== undefined) console.log(`${' '.repeat(20)}what limits it: ${limit}`);
}

function steps(screen) {
  return screen
    .split('\n')
    .filter((text) => /^ {2}✔ \d|^ {7}[\d.]+ (s|min)/.test(text))
    .join('\n');
}
