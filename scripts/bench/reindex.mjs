// How fast a reindex reads, with 50 ms added to every answer of the node: the second indexer, which is served blocks
// that tv has read ahead, and the plain one in place. The same program fills the same tables in both.
// `node scripts/bench/reindex.mjs [--from 300] [--plain 200] [--bin FILE]`
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { rpc } from '../../src/sandbox/chain/rpc.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { writeFaults } from '../../src/sandbox/services/faults.ts';
import { withSandbox } from './throwAway.mjs';

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '300' },
    // Blocks for the plain indexer: at about 18 a second.
    plain: { type: 'string', default: '200' },
    bin: { type: 'string', default: fileURLToPath(new URL('../../bin/tv.js', import.meta.url)) },
  },
});
const addedMs = 50;
const expected = 50;

await withSandbox(values.bin, async ({ dir, state, env }) => {
  const paths = sandboxPaths(dir);
  const run = (...args) => {
    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      [values.bin, '-e', 'sandbox', 'reindex', ...args, '--confirm', 'sandbox'],
      { env, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`tv reindex ${args.join(' ')}: ${stderr}${stdout}`);
    const runs = join(paths.tvState, 'runs');
    const newest = readdirSync(runs)
      .filter((name) => name.endsWith('.jsonl'))
      .toSorted()
      .at(-1);
    const text = readFileSync(join(runs, newest), 'utf8');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  };
  writeFaults(paths.faults, [{ mode: 'slow', ms: addedMs }]);
  const { result } = run('--from-block', values.from).find(
    (line) => line.type === 'step.done' && line.step === 'fill',
  );
  const ahead = (result.blocks * 1000) / result.indexingMs;

  const head = Number(await rpc(`http://127.0.0.1:${state.ports.chain}`, 'eth_blockNumber'));
  const lines = run('--in-place', '--from-block', String(head - Number(values.plain)));
  const at = (type) => Date.parse(lines.find((line) => line.type === type && line.step === 'follow').at);
  const { target } = lines.find((line) => line.type === 'step.done' && line.step === 'follow').result;
  const plain =
    ((target - (head - Number(values.plain)) + 1) * 1000) / (at('step.done') - at('step.started'));
  console.log(
    `blocks a second with ${addedMs} ms added: ${ahead.toFixed(0)} read ahead, ${plain.toFixed(0)} plain, ${(ahead / plain).toFixed(0)} times  expected at least ${expected}`,
  );
});
