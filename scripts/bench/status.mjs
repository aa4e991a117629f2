// How long `tv status` takes with 50 ms added to each answer of RPC node and API, and how that compares with the six
// lines of the runbook's quick reference, which ask less: the facts of both are counted. In turn, on one sandbox.
// `node scripts/bench/status.mjs [--rounds 9] [--bin FILE]`
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { withSandbox } from './throwAway.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    bin: { type: 'string', default: fileURLToPath(new URL('../../bin/tv.js', import.meta.url)) },
  },
});
const delayMs = 50;
const mostMs = 500;
const mostRatio = 2;
const leastFacts = 10;

await withSandbox(values.bin, async ({ dir, env, tv, state }) => {
  const servers = [];
  const late = async (port) => {
    const server = createServer((request, response) => void pass(request, response, port));
    servers.push(server);
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${server.address().port}`;
  };
  try {
    const [rpc, api] = [await late(state.ports.rpc), await late(state.ports.api)];
    // What the tools of the sandbox need.
    const shell = Object.fromEntries(
      tv('sandbox', 'shell', 'env')
        .split('\n')
        .filter((line) => /^\w+=/.test(line))
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    const lines = [
      ...['api', 'indexer', 'oracle'].map((unit) => `systemctl status tempovault-${unit}`),
      `curl -sf ${api}/health`,
      `curl -sf ${api}/ready`,
      `psql -tA -c 'SELECT COUNT(*) FROM deposits'`,
    ];
    const places = ['--set', `chain.rpcUrls=${rpc}`, '--set', `api.url=${api}`];
    const status = () =>
      timed(process.execPath, [values.bin, '-e', 'sandbox', 'status', '--json', ...places], env);
    const byHand = () => timed('bash', ['-ec', lines.join('\n')], shell);

    const seen = JSON.parse((await status()).stdout);
    const unread = seen.sources.filter(({ known }) => !known);
    if (unread.length > 0)
      throw new Error(`not read: ${unread.map(({ id, text }) => `${id}: ${text}`).join('; ')}`);
    const file = join(dir, 'bench.prom');
    await timed(
      process.execPath,
      [values.bin, '-e', 'sandbox', 'monitor', '--textfile', file, ...places],
      env,
    );
    // Each figure that one check has measured; not what tv says about its sources and findings.
    const facts = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => /^tempovault_/.test(line) && !/^tempovault_(source_up|finding|look)/.test(line));
    await byHand();

    const times = { tv: [], byHand: [] };
    for (let round = 0; round < Number(values.rounds); round++) {
      times.tv.push((await status()).ms);
      times.byHand.push((await byHand()).ms);
    }
    const [own, six] = [median(times.tv), median(times.byHand)];
    const more = facts.length / lines.length;
    console.log(`tv status  ${own.toFixed(0)} ms  expected at most ${mostMs}`);
    console.log(
      `six lines  ${six.toFixed(0)} ms  tv to them ${(own / six).toFixed(2)}  expected at most ${mostRatio}`,
    );
    console.log(
      `facts      ${facts.length} to ${lines.length}, ${more.toFixed(1)} times  expected at least ${leastFacts}`,
    );
    if (own > mostMs || own / six > mostRatio || more < leastFacts) process.exitCode = 1;
  } finally {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  }
});

/** Answers as the server behind it does, later. */
async function pass(request, response, port) {
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    await sleep(delayMs);
    const answer = await fetch(`http://127.0.0.1:${port}${request.url}`, {
      method: request.method,
      headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  } catch {
    response.destroy();
  }
}

/** Not spawnSync: the answers come from this process. */
async function timed(file, args, env) {
  const start = performance.now();
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      output[name] += text;
    });
  }
  const code = await new Promise((done, failed) => child.once('error', failed).once('close', done));
  const ms = performance.now() - start;
  // Of tv 0 to 3 are the levels of monitoring plugins.
  if (code > 3 || (file === 'bash' && code !== 0))
    throw new Error(`${file} ${args.join(' ')}: ${code}\n${output.stderr}`);
  return { ms, stdout: output.stdout };
}

function median(list) {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
}
