// How many HTTP requests `tv breaker status --all` makes of an RPC node for 1 000 pairs: counted by a
// proxy in front of a sandbox's chain. `node scripts/bench/pairs.mjs [--pairs 1000] [--bin FILE]`
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parse, stringify } from 'yaml';
import { withSandbox } from './throwAway.mjs';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '1000' },
    bin: { type: 'string', default: fileURLToPath(new URL('../../bin/tv.js', import.meta.url)) },
  },
});
const expected = 4;

await withSandbox(values.bin, async ({ dir, env, state }) => {
  let requests = 0;
  const proxy = createServer(async (request, response) => {
    requests += 1;
    let body = '';
    for await (const chunk of request) body += chunk;
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`http://127.0.0.1:${state.ports.chain}`, { method: 'POST', headers, body });
    response.writeHead(answer.status, headers).end(await answer.text());
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  try {
    const config = join(dir, 'many.yaml');
    const settings = parse(readFileSync(join(dir, 'tv.yaml'), 'utf8')).environments.sandbox;
    const pairs = Object.fromEntries(
      Array.from({ length: Number(values.pairs) }, (_, index) => [
        `P${index}`,
        `0x${(index + 1).toString(16).padStart(64, '0')}`,
      ]),
    );
    const chain = { ...settings.chain, rpcUrls: [`http://127.0.0.1:${proxy.address().port}`] };
    const text = stringify({ default: 'many', environments: { many: { ...settings, pairs, chain } } });
    writeFileSync(config, text, { mode: 0o600 });

    const start = performance.now();
    const { breakers } = await tv(env, 'breaker', 'status', '--all', '--json', '--config', config);
    const seconds = (performance.now() - start) / 1000;
    const note = `expected at most ${expected}${requests <= expected ? '' : ', missed'}`;
    console.log(
      `breaker status, ${breakers.length} pairs  ${requests} HTTP requests, ${seconds.toFixed(2)} s  ${note}`,
    );
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});

async function tv(env, ...args) {
  const child = spawn(process.execPath, [values.bin, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const chunk of child.stdout) text += chunk;
  return JSON.parse(text);
}
