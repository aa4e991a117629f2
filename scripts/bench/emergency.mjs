// How long it takes from the answer until the protocol is paused and the three services are stopped:
// `tv emergency shutdown` to the runbook's own lines, corrected so that they work on what is deployed
// (`cast send`, then `systemctl stop` one by one). Both through an RPC proxy whose answers take 100 ms,
// both with the same keystore, in turn. `node scripts/bench/emergency.mjs [--rounds 5] [--bin FILE]`
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { castBinary } from './castBinary.mjs';
import { run, withSandbox } from './throwAway.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    bin: { type: 'string', default: fileURLToPath(new URL('../../bin/tv.js', import.meta.url)) },
  },
});
const cast = castBinary();
const delayMs = 100;
const expected = 0.5;
const units = ['tempovault-oracle', 'tempovault-indexer', 'tempovault-api'];
/** Of tv's steps those after which everything is off. */
const lastSteps = ['oracle', 'indexer', 'api', 'paused'];

await withSandbox(values.bin, async ({ dir, env, state }) => {
  const { machine, ports, deployment } = state;
  const controller = deployment.addresses.riskController;
  const keys = [
    '--keystore',
    join(dir, 'keys', 'emergency.json'),
    '--password-file',
    join(dir, 'keys', 'password'),
  ];
  const toggle = (port, pause) => [
    ...['send', controller, 'toggleGlobalPause(bool)', String(pause), ...keys],
    ...['--rpc-url', `http://127.0.0.1:${port}`],
  ];
  const inside = (...command) => run(machine.prefix[0], [...machine.prefix.slice(1), ...command]);

  const runbook = async () => {
    const start = performance.now();
    await ended(cast, toggle(ports.rpc, true));
    for (const unit of units) {
      const [file, ...words] = [...machine.prefix, 'systemctl', 'stop', unit];
      await ended(file, words);
    }
    return performance.now() - start;
  };
  const tv = async () => {
    const words = ['-e', 'sandbox', 'emergency', 'shutdown', '--confirm', 'sandbox', '--json'];
    const child = spawn(process.execPath, [values.bin, ...words], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let start = 0;
    let end = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const event = JSON.parse(line);
      if (event.type === 'run.started') start = performance.now();
      if (event.type === 'step.done' && lastSteps.includes(event.step)) end = performance.now();
    }
    return end - start;
  };
  /** Looked at past the proxy, so that it counts for neither. */
  const assertOff = async () => {
    const { result } = await call(ports.chain, 'eth_call', [
      { to: controller, data: '0x5c975abb' },
      'latest',
    ]);
    if (BigInt(result) !== 1n) throw new Error('not paused');
    const states = inside('systemctl', 'show', '--value', '-p', 'ActiveState', ...units)
      .split(/\s+/)
      .filter(Boolean);
    if (states.some((each) => each !== 'inactive')) throw new Error(`not stopped: ${states.join(', ')}`);
  };
  const bringBack = () => {
    run(cast, toggle(ports.chain, false));
    inside('systemctl', 'start', ...units);
  };

  writeFileSync(join(dir, 'faults.json'), JSON.stringify([{ mode: 'slow', ms: delayMs }]), { mode: 0o644 });
  const times = { tv: [], runbook: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, measure] of Object.entries({ runbook, tv })) {
      times[name].push(await measure());
      await assertOff();
      bringBack();
    }
  }
  const [ours, theirs] = [median(times.tv), median(times.runbook)];
  const note = `expected at most ${expected}${ours / theirs <= expected ? '' : ', missed'}`;
  const shown = (ms) => `${(ms / 1000).toFixed(2)} s`;
  console.log(
    `shutdown, answer to all off  ${(ours / theirs).toFixed(2)}  ${shown(ours)} to ${shown(theirs)}  ${note}`,
  );
  for (const [name, list] of Object.entries(times))
    console.log(`  ${name.padEnd(8)} ${list.map(shown).join('  ')}`);
});

function ended(file, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'ignore' });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${file} ended with ${code}`))));
  });
}

async function call(port, method, params) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const headers = { 'content-type': 'application/json' };
  return (await fetch(`http://127.0.0.1:${port}`, { method: 'POST', headers, body })).json();
}

function median(list) {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
}
