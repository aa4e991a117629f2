import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import { readStops, type StopAction } from '../../src/chain/stops/readStops.ts';
import type { Network } from '../../src/sandbox/chain/anvilCommand.ts';
import type { Generation } from '../../src/sandbox/chain/deployment.ts';
import { send } from '../../src/sandbox/chain/rpc.ts';
import { type Capital, openCapital } from '../support/capital.ts';
import { faultyNode } from '../support/faultyNode.ts';
import { environmentName, type ProtocolWorld, protocolWorld } from '../support/protocolWorld.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const confirm = ['--confirm', environmentName] as const;
/** The oracle of these worlds sends one signal and no more. */
const overrides = ['--override', 'stale-oracle', '--reason', 'a test'] as const;

/** By build and stop: what is stopped. Everything else continues. */
const expected: Readonly<Record<Generation, Readonly<Record<'pause' | 'breaker', readonly StopAction[]>>>> = {
  full: {
    pause: ['deploy', 'place', 'deposit', 'withdraw', 'signal'],
    breaker: ['deploy'],
  },
  compact: {
    pause: ['deploy', 'deposit', 'withdraw', 'signal'],
    breaker: ['deploy'],
  },
  // The vault alone is paused, and the strategy asks the risk controller.
  runbook: {
    pause: ['deploy', 'deposit'],
    breaker: ['deploy', 'place'],
  },
};

const combinations: readonly (readonly [Network, Generation])[] = [
  ['tempo', 'full'],
  ['tempo', 'compact'],
  ['plain', 'runbook'],
];

describe.each(combinations)('what pause and breaker stop on %s, the %s build', (network, generation) => {
  let world: ProtocolWorld;
  let capital: Capital;
  beforeAll(async () => {
    world = await protocolWorld(network, generation, 'separate');
    capital = await openCapital(world);
    await capital.fill({ deposit: 1_000n, deploy: 400n, orders: 300n });
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const turnOn = async (stop: 'pause' | 'breaker') => {
    const { chain, url } = world.protocol;
    const { address, data, holders } = await resolveIntent(
      chain,
      stop === 'pause' ? { intent: 'pauseProtocol' } : { intent: 'tripBreaker', pair: capital.pair.id },
    );
    const [from] = holders;
    if (from === undefined) throw new Error('nobody may');
    await send(url, { from, to: address, data });
  };
  const read = async (
    stop: 'pause' | 'breaker',
    isThere: boolean,
    { pair = capital.pair.id, chain = world.protocol.chain } = {},
  ) => {
    const stops = await readStops(chain, { stop, pair, isThere, limitMs: 10_000 });
    return stops.known ? stops.value : stops.reason;
  };
  const actions = ['deploy', 'place', 'deposit', 'withdraw', 'signal'] as const;
  const asExpected = (stop: 'pause' | 'breaker') =>
    actions.map((action) => ({
      action,
      effect: expected[generation][stop].includes(action) ? 'stopped' : 'not-stopped',
      reason: null,
    }));

  it.each(['pause', 'breaker'] as const)(
    '%s: tried before it is there, without sending anything',
    async (stop) => {
      await using node = await faultyNode(world.protocol.url);
      const chain = world.protocol.through(node.url);
      expect(await read(stop, false, { chain })).toEqual(asExpected(stop));
      expect(node.calls.filter(({ method }) => method.startsWith('eth_send'))).toEqual([]);
    },
  );

  it.each(['pause', 'breaker'] as const)('%s: tried once it is there', async (stop) => {
    const snapshot = await world.protocol.call('evm_snapshot');
    try {
      await turnOn(stop);
      expect(await read(stop, true)).toEqual(asExpected(stop));
    } finally {
      await world.protocol.call('evm_revert', [snapshot]);
    }
  });

  it('an order, a deposit or a withdrawal that would revert anyway → unknown, with the reason', async () => {
    const [, other] = world.protocol.deployment.pairs;
    if (other === undefined) throw new Error('no second pair');
    const stops = await read('breaker', false, { pair: other.id });
    if (typeof stops === 'string') throw new Error(stops);
    const effects = Object.fromEntries(stops.map(({ action, effect }) => [action, effect]));
    // Nothing of this token is in the vault; the breaker refuses before that matters, where it does refuse.
    expect(effects).toMatchObject({ deploy: 'stopped', withdraw: 'unknown', signal: 'not-stopped' });
    expect(effects['place']).toBe(generation === 'runbook' ? 'stopped' : 'unknown');
    const reasons = stops.flatMap(({ reason }) => (reason === null ? [] : [reason]));
    for (const reason of reasons) expect(reason).toMatch(/^it would revert anyway: .*available|holds/);
  });

  it('a node that cannot try calls in a row, or none that answers → all of it unknown, and nothing waits', async () => {
    await using node = await faultyNode(world.protocol.url, 'nosimulate');
    const ask = (url: string) =>
      readStops(world.protocol.through(url), {
        stop: 'pause',
        pair: capital.pair.id,
        isThere: false,
        limitMs: 5_000,
      });
    expect(await ask(node.url)).toEqual({
      known: false,
      reason: 'the RPC node cannot try several calls in a row (eth_simulateV1)',
    });
    expect(await ask('http://127.0.0.1:9')).toMatchObject({ known: false });
    // An emergency does not end in a bug of what is only information.
    const chain = {
      ...world.protocol.chain,
      get contracts(): never {
        throw new TypeError('a bug');
      },
    };
    const broken = { stop: 'pause', pair: capital.pair.id, isThere: false, limitMs: 5_000 } as const;
    expect(await readStops(chain, broken)).toEqual({
      known: false,
      reason: 'unexpected error in tv (a bug)',
    });
  });

  const flat = (text: string) => text.replaceAll(/\s+/g, ' ');
  const words = {
    full: {
      pause:
        'The pause stops new capital to the strategy, new orders on the DEX, deposits, withdrawals, oracle signals.',
      breaker:
        'The breaker stops new capital to the strategy, not new orders on the DEX, deposits, withdrawals, oracle signals.',
    },
    compact: {
      pause:
        'The pause stops new capital to the strategy, deposits, withdrawals, oracle signals, not new orders on the DEX.',
      breaker:
        'The breaker stops new capital to the strategy, not new orders on the DEX, deposits, withdrawals, oracle signals.',
    },
    runbook: {
      pause:
        'The pause stops new capital to the strategy, deposits, not new orders on the DEX, withdrawals, oracle signals.',
      breaker:
        'The breaker stops new capital to the strategy, new orders on the DEX, not deposits, withdrawals, oracle signals.',
    },
  }[generation];
  const resting = /[Oo]rders rest on the DEX and can still be filled: Alpha: 2 orders, 300 AlphaUSD/;

  it('shutdown says before it is agreed to what the pause stops', async () => {
    // On a machine that is too busy to answer in time it is unknown: that is another sentence.
    const plan = async () => flat((await world.tv(['emergency', 'shutdown', '--dry-run'])).stdout);
    await expect.poll(plan).toContain(`This pauses the protocol and stops 3 services. ${words.pause}`);
  });

  it('trip and status say what the breaker stops and what rests on the DEX, and what helps', async () => {
    const dry = flat((await world.tv(['breaker', 'trip', '--pair', 'Alpha', '--dry-run'])).stdout);
    expect(dry).toContain(`This opens the breaker of Alpha. ${words.breaker}`);
    expect(dry).toMatch(resting);
    expect(dry).not.toContain('halts trading');
    const done = await world.tv(['breaker', 'trip', '--pair', 'Alpha', ...confirm]);
    expect(done.exitCode, done.stderr).toBe(0);
    const report = flat(done.stderr.slice(done.stderr.indexOf('read back from the contract')));
    expect(report).toMatch(
      generation === 'runbook'
        ? /the breaker does not stop deposits, withdrawals, oracle signals, tried on Alpha/
        : /the breaker does not stop new orders on the DEX, deposits, withdrawals, oracle signals, tried on Alpha/,
    );
    expect(report).toMatch(resting);
    expect(report).toContain(`${world.typed} emergency unwind --pair Alpha`);
    const shown = flat((await world.tv(['breaker', 'status'])).stdout);
    expect(shown).toContain(`${words.breaker} Tried on Alpha.`);
    expect(shown).toMatch(resting);
    expect(shown).toContain(`${world.typed} emergency unwind --pair Alpha`);
    // The screen names three commands at most, and this world has no host either.
    const status = flat((await world.tv(['status', '--json'])).stdout);
    expect(status).toMatch(resting);
    expect(status).toContain(`${world.typed} emergency unwind --pair Alpha`);
    expect(status).toMatch(new RegExp(`"Alpha": "(just now|[^"]+ ago) by ${world.officer}, block \\d+"`));
  });

  it('trading halts only where no new order and no resting one was found', async () => {
    const reset = await world.tv(['breaker', 'reset', '--pair', 'Alpha', ...confirm, ...overrides]);
    expect(reset.exitCode, reset.stderr).toBe(0);
    expect(flat((await world.tv(['status'])).stdout)).not.toMatch(/rest on the DEX/);
    expect((await world.tv(['emergency', 'unwind', '--pair', 'Alpha', ...confirm])).exitCode).toBe(0);
    const dry = flat((await world.tv(['breaker', 'trip', '--pair', 'Alpha', '--dry-run'])).stdout);
    const halts = 'This halts trading of Alpha until the breaker is reset.';
    // The full build's book is wrong after an unwind: its withdrawals revert, breaker or not.
    const none = {
      full: /Unknown whether it stops: withdrawals \(it would revert anyway: the vault holds .* of its book\)/,
      compact:
        /not new orders on the DEX, deposits, withdrawals, oracle signals\. Nothing of it rests on the DEX\./,
      runbook: /This opens the breaker of Alpha\. This halts trading/,
    };
    expect(dry).toMatch(none[generation]);
    expect(dry.includes(halts)).toBe(generation === 'runbook');
  });
});
