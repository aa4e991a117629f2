// Lets three scripted operators through the same drills, and prints their scores. The perfect one does what the screens
// of tv say and knows nothing else: where it does not come out first, the advice is wrong.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mixFaults } from '../src/sandbox/drill/mix.ts';
import { callTv, type Output } from './calls.ts';
import { type OperatorName, operators } from './drills/operators.ts';

const usage = `Usage: npm run drills -- [SEED…] [--seeds N] [--operator perfect|careless|idle]
       default: the seeds 0 to 19, all three`;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean' },
    seeds: { type: 'string', default: '20' },
    operator: { type: 'string' },
  },
});
const names = (Object.keys(operators) as readonly OperatorName[]).filter(
  (name) => values.operator === undefined || name === values.operator,
);
const minutes = 10;

interface Ended {
  readonly outcome: string;
  readonly score: { readonly points: number } | null;
}

if (values.help === true) console.log(usage);
else await work();

async function work(): Promise<void> {
  const seeds =
    positionals.length > 0
      ? positionals.map(Number)
      : Array.from({ length: Number(values.seeds) }, (_, seed) => seed);
  const row = (cells: readonly unknown[]) => `| ${cells.map(String).join(' | ')} |`;
  console.log(row(['seed', 'faults', ...names, 'order']));
  console.log(row(['---', '---', ...names.map(() => '---'), '---']));
  for (const seed of seeds) {
    const ended: Ended[] = [];
    for (const name of names) ended.push(await drill(seed, name));
    const points = ended.map(({ score }) => score?.points ?? Number.NaN);
    const falls = points.every((each, at) => at === 0 || each < (points[at - 1] ?? Number.NaN));
    const right = falls && (names[0] !== 'perfect' || ended[0]?.outcome === 'solved');
    if (!right) process.exitCode = 1;
    const cells = ended.map(({ outcome }, at) => `${points[at]} ${outcome}`);
    const faults = mixFaults(seed).map(({ fault }) => fault);
    console.log(row([seed, faults.join(' + '), ...cells, right ? 'ok' : 'WRONG']));
  }
}

/** In a state directory of its own. */
async function drill(seed: number, operator: OperatorName): Promise<Ended> {
  const state = mkdtempSync(join(tmpdir(), 'tv-drills-'));
  // The sandbox's database runs as another user, who has to reach its files.
  chmodSync(state, 0o711);
  const tv = (args: readonly string[]) => run(state, args);
  try {
    const started = await tv([
      'drill',
      'start',
      '--seed',
      String(seed),
      '--minutes',
      String(minutes),
      '--json',
    ]);
    if (started.exitCode !== 0) throw new Error(started.stderr);
    const { sandbox } = JSON.parse(started.stdout) as { readonly sandbox: string };
    const paste = (line: string) => tv(['sandbox', 'shell', '--name', sandbox, '--', 'sh', '-c', line]);
    const pasted = await operators[operator]({ sandbox, tv, paste });
    const ended = await tv(['drill', 'end', '--json']);
    if (ended.exitCode !== 0) throw new Error(ended.stderr);
    const record = JSON.parse(ended.stdout) as Ended;
    if (operator === 'perfect' && record.outcome !== 'solved')
      console.error([`seed ${seed}: pasted`, ...pasted, ended.stdout].join('\n'));
    return record;
  } finally {
    await tv(['drill', 'end']);
    rmSync(state, { recursive: true, force: true });
  }
}

function run(state: string, args: readonly string[]): Promise<Output> {
  return callTv(args, { ...process.env, TV_STATE_DIR: state, NO_COLOR: '1', TV_MONITOR_LIMIT_MS: '8000' });
}
