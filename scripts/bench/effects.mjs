// How much time tv adds to the node's own for the preview of a plan with five transactions: one breaker tripped
// and reset, the protocol paused and unpaused, a token moved. Both ask the same node for the same simulation, in
// turn. `node scripts/bench/effects.mjs [--rounds 30] [--bin FILE]`
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { encodeFunctionData, parseAbi } from 'viem';
import { connectChain } from '../../src/chain/connectChain.ts';
import { previewEffects } from '../../src/chain/effects/previewEffects.ts';
import { withSandbox } from './throwAway.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    bin: { type: 'string', default: fileURLToPath(new URL('../../bin/tv.js', import.meta.url)) },
  },
});
const expectedMs = 50;
const abi = parseAbi([
  'function triggerCircuitBreaker(bytes32)',
  'function resetCircuitBreaker(bytes32)',
  'function toggleGlobalPause(bool)',
  'function transfer(address,uint256)',
]);

await withSandbox(values.bin, async ({ state }) => {
  const { ports, deployment } = state;
  const { addresses, accounts, chainId, pairs, feeToken } = deployment;
  const url = `http://127.0.0.1:${ports.rpc}`;
  const chain = connectChain({ rpcUrls: [url], id: chainId, timeoutMs: 5_000, contracts: addresses });
  const [pair] = pairs;
  const step = (role, to, functionName, ...args) => ({
    step: functionName,
    sends: {
      from: accounts[role].address,
      calls: [{ to, data: encodeFunctionData({ abi, functionName, args }) }],
    },
  });
  const planned = [
    step('riskOfficer', addresses.riskController, 'triggerCircuitBreaker', pair.id),
    step('riskOfficer', addresses.riskController, 'resetCircuitBreaker', pair.id),
    step('emergency', addresses.riskController, 'toggleGlobalPause', true),
    step('emergency', addresses.riskController, 'toggleGlobalPause', false),
    step('treasuryManager', feeToken ?? pair.tokenA, 'transfer', accounts.oracle.address, 1n),
  ];
  let asked;
  const watched = {
    ...chain,
    client: {
      request: (call) => {
        if (call.method === 'eth_simulateV1') asked = call;
        return chain.client.request(call);
      },
    },
  };
  const preview = () => previewEffects(watched, { planned, pairs: {}, now: new Date(), limitMs: 10_000 });
  const bare = async () => {
    for (const { method, params } of [{ method: 'eth_blockNumber', params: [] }, asked]) {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
      const headers = { 'content-type': 'application/json' };
      await (await fetch(url, { method: 'POST', headers, body })).json();
    }
  };
  const effects = await preview();
  if (effects.method !== 'sequence') throw new Error(`no preview: ${effects.reason}`);
  const times = { preview: [], bare: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, run] of Object.entries({ preview, bare })) {
      const start = performance.now();
      await run();
      times[name].push(performance.now() - start);
    }
  }
  const [ours, node] = [median(times.preview), median(times.bare)];
  const added = ours - node;
  console.log(
    `  preview of 5 transactions: ${ours.toFixed(1)} ms, the node alone ${node.toFixed(1)} ms: ${added.toFixed(1)} ms added, expected at most ${expectedMs}`,
  );
  if (added > expectedMs) process.exitCode = 1;
});

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
