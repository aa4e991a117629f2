// Breaks a sandbox in every way that `tv sandbox break` knows, and prints whether the screens name the cause and
// what they advise mends it; then two faults at once. `--healthy` only watches one in which nothing is broken.
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { callTv, type Output } from './calls.ts';
import { faultCases, pairCases, traps } from './faults/cases.ts';
import { type Bench, tryFault, tryPair, watchHealthy } from './faults/look.ts';
import { printTable } from './faults/table.ts';

const usage = `Usage: npm run faults -- [FAULT…] [--singles | --pairs]
       npm run healthy -- [--minutes N] [--network tempo|plain] [--contracts full|compact|runbook]
                          [--schema deployed|runbook] [--indexer complete|lossy]`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean' },
    singles: { type: 'boolean' },
    pairs: { type: 'boolean' },
    healthy: { type: 'boolean' },
    minutes: { type: 'string', default: '60' },
    network: { type: 'string', default: 'tempo' },
    contracts: { type: 'string', default: 'full' },
    schema: { type: 'string', default: 'deployed' },
    indexer: { type: 'string', default: 'complete' },
  },
});
const name = 'faults';
const state = mkdtempSync(join(tmpdir(), 'tv-faults-'));
// The sandbox's database runs as another user, who has to reach its files.
chmodSync(state, 0o711);
const env = {
  ...process.env,
  TV_STATE_DIR: state,
  TV_ENVIRONMENT: name,
  NO_COLOR: '1',
  TV_MONITOR_LIMIT_MS: '8000',
};
const directory = join(state, 'sandbox', name);

if (values.help === true) {
  console.log(usage);
} else {
  try {
    await work();
  } catch (error) {
    process.exitCode = 1;
    console.error(`✖ ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await tv(['sandbox', 'down', '--name', name]);
    rmSync(state, { recursive: true, force: true });
  }
}

async function work(): Promise<void> {
  const { network, contracts, schema, indexer } = values;
  const up = await tv([
    ...['sandbox', 'up', '--name', name, '--network', network, '--contracts', contracts],
    ...['--schema', schema, '--indexer', indexer],
  ]);
  if (up.exitCode !== 0) throw new Error(up.stderr);
  const bench = benchOf();
  if (values.healthy === true) {
    const wrong = await watchHealthy(bench, Number(values.minutes) * 60_000);
    console.log(wrong.length === 0 ? `✔ nothing was found in ${values.minutes} min` : wrong.join('\n'));
    process.exitCode = wrong.length === 0 ? 0 : 1;
    return;
  }
  const wanted = ({ fault }: { readonly fault: string }) =>
    positionals.length === 0 || positionals.includes(fault);
  if (values.pairs !== true) {
    const rows = [];
    for (const one of faultCases.filter(wanted)) {
      const row = await tryFault(bench, one);
      rows.push(row);
      console.log(`${one.fault}: ${row.status}, ${row.monitor}, ${row.doctor}, ${row.mended}`);
    }
    console.log(`\n${printTable(rows)}`);
    for (const [trap, where] of Object.entries(traps)) console.log(`${trap}: ${where}`);
    if (rows.some(({ status, monitor, doctor }) => [status, monitor, doctor].some((cell) => cell !== 'ok')))
      process.exitCode = 1;
  }
  if (values.singles === true || positionals.length > 0) return;
  for (const one of pairCases) {
    const { faults, found } = await tryPair(bench, one);
    console.log(`${faults.join(' + ')}: ${found}`);
    if (found !== 'ok') process.exitCode = 1;
  }
}

function benchOf(): Bench {
  const { ports } = JSON.parse(readFileSync(join(directory, 'sandbox.json'), 'utf8')) as {
    readonly ports: { readonly chain: number };
  };
  return {
    name,
    otherNode: `http://127.0.0.1:${ports.chain}`,
    tv: (args) => tv(['-e', name, '--config', join(directory, 'tv.yaml'), ...args]),
    paste: (line) => tv(['sandbox', 'shell', '--name', name, '--', 'sh', '-c', line]),
    break: (...words) => tv(['sandbox', 'break', ...words, '--name', name]),
    forget: async () => {
      for (const end of ['', '-wal', '-shm'])
        rmSync(join(directory, 'state', `monitor.sqlite${end}`), { force: true });
    },
  };
}

function tv(args: readonly string[]): Promise<Output> {
  return callTv(args, env);
}
