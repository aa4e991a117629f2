import { toFunctionSelector } from 'viem';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { pauseStep } from '../../runbooks/emergency/shutdown.pause.ts';
import { exampleFacts } from '../../runbooks/emergency/shutdown.preflight.ts';
import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import { readProtocol } from '../../src/chain/readProtocol.ts';
import type { TvError } from '../../src/errors/TvError.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import type { Progress } from '../../src/runbook/events.ts';
import { devAccountIndex } from '../../src/sandbox/chain/devAccounts.ts';
import { send } from '../../src/sandbox/chain/rpc.ts';
import { type FaultyNode, faultyNode } from '../support/faultyNode.ts';
import { type ProtocolChain, protocolChain, sendContext } from '../support/protocolChain.ts';

let world: ProtocolChain;
let node: FaultyNode;
let start: number;

beforeAll(async () => {
  world = await protocolChain('plain', 'full');
  node = await faultyNode(world.url);
});
afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  node.mode = 'healthy';
  const { address, data } = await resolveIntent(world.chain, { intent: 'unpauseProtocol' });
  if (await paused()) await send(world.url, { from: emergency(), to: address, data });
  start = await world.head();
});

const emergency = () => world.deployment.accounts.emergency.address;
const paused = async () => (await readProtocol(world.chain)).paused;
const sent = () => world.countFrom(emergency(), start + 1);

/** The clock of the machine. */
const waiting: StepContext['clock'] = {
  now: () => new Date(),
  sleep: (ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      });
    }),
};

/** The step of a pause whose preflight met a rate limit, and a context with one node. */
function scene(
  onProgress: (progress: Progress, stop: AbortController) => void,
  {
    through = node,
    clock = waiting,
  }: { readonly through?: FaultyNode; readonly clock?: StepContext['clock'] } = {},
) {
  const step = pauseStep({
    ...exampleFacts.pause,
    ...{ intent: null, sender: null, trouble: 'a rate limit', unsure: true },
  });
  const stop = new AbortController();
  const noted: string[] = [];
  const chain = world.through(through.url);
  const base = sendContext(chain, {
    keys: { emergency: devAccountIndex.emergency },
    onNote: (note) => noted.push(note),
  });
  const ctx = {
    ...base,
    results: {},
    signal: stop.signal,
    clock,
    progress: (progress: Progress) => onProgress(progress, stop),
  } as unknown as StepContext;
  return { step, ctx, noted };
}

it('a rate limit that outlasts the patience of the client → signed and sent once, then seen', async () => {
  node.mode = 'rate429';
  const said: (string | undefined)[] = [];
  const { step, ctx, noted } = scene(({ note }) => {
    said.push(note);
    node.mode = 'healthy';
  });
  await step.run(ctx);
  expect(said).toEqual(['tried again: The RPC node refuses more requests for now: a rate limit.']);
  expect([await paused(), await sent(), noted]).toEqual([true, 1, ['transaction']]);
}, 30_000);

it('interrupted while it waits → nothing is signed or sent afterwards', async () => {
  node.mode = 'rate429';
  const { step, ctx, noted } = scene((_, stop) => {
    node.mode = 'healthy';
    stop.abort(new Error('SIGINT'));
  });
  await expect(step.run(ctx)).rejects.toThrow('SIGINT');
  expect([await paused(), await sent(), noted]).toEqual([false, 0, []]);
}, 30_000);

it('mined, and paused() is not answered afterwards → unknown, never "not paused"', async () => {
  await using blind = await faultyNode(world.url, 'callerr', {
    selectors: [toFunctionSelector('function paused()')],
  });
  // Each read takes as long as a lagging replica is waited for.
  let now = Date.now();
  const clock = {
    now: () => {
      now += 20_000;
      return new Date(now);
    },
    sleep: async () => {},
  };
  const { step, ctx } = scene(() => {}, { through: blind, clock });
  const ended = await Promise.resolve(step.run(ctx)).catch((error: TvError) => error.message);
  expect(ended).toMatch(/^The RPC node /);
  expect([await paused(), await sent()]).toEqual([true, 1]);
}, 30_000);
