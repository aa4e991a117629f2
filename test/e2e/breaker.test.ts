import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { resolveIntents } from '../../src/chain/intents/resolveIntent.ts';
import { devAccountIndex, devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { send } from '../../src/sandbox/chain/rpc.ts';
import { encodeOracleUpdate, signOracleUpdate } from '../../src/sandbox/chain/signals.ts';
import { type FaultMode, faultyNode } from '../support/faultyNode.ts';
import { expectAsPreviewed } from '../support/previews.ts';
import { environmentName, keyPassword, type ProtocolWorld, protocolWorld } from '../support/protocolWorld.ts';
import { countingNode } from '../support/rpcServer.ts';
import type { TvOptions } from '../support/sandbox.ts';
import { findSecrets } from '../support/secretSearch.ts';
import { setPaused } from '../support/setPaused.ts';
import { throughKills } from '../support/throughKills.ts';

const confirm = ['--confirm', environmentName];
const printed: { place: string; text: string }[] = [];
let worlds: readonly ProtocolWorld[] = [];
const starts = new Map<ProtocolWorld, number>();

beforeAll(async () => {
  worlds = await Promise.all([
    protocolWorld('tempo', 'full'),
    protocolWorld('tempo', 'runbook'),
    protocolWorld('plain', 'compact'),
    protocolWorld('plain', 'runbook'),
  ]);
}, 60_000);
afterAll(async () => {
  await Promise.all(worlds.map((world) => world[Symbol.asyncDispose]()));
});
/** All breakers closed, every pair with a fresh signal, and the count of transactions from here on. */
beforeEach(() =>
  inEach(async (world) => {
    await change(world, 'resetBreaker');
    await signal(world);
    starts.set(world, (await world.protocol.head()) + 1);
  }),
);

const inEach = async (act: (world: ProtocolWorld) => Promise<void>) => {
  await Promise.all(
    worlds.map((world) =>
      act(world).catch((error: unknown) => {
        throw new Error(`on ${world.name}`, { cause: error });
      }),
    ),
  );
};

async function tv(world: ProtocolWorld, args: readonly string[], env: TvOptions['env'] = {}) {
  const done = await world.tv(args, { env });
  printed.push({ place: `output of tv ${args.join(' ')}`, text: done.stdout + done.stderr });
  return done;
}

async function change(world: ProtocolWorld, intent: 'tripBreaker' | 'resetBreaker'): Promise<void> {
  const { protocol, officer } = world;
  const requests = protocol.deployment.pairs.map(({ id }) => ({ intent, pair: id }));
  for (const { address, data } of await resolveIntents(protocol.chain, requests)) {
    await send(protocol.url, { from: officer, to: address, data });
  }
}

let nonce = 0n;
/** Time of the last signal in each world, in seconds: the contract takes only later ones. */
const signalled = new Map<ProtocolWorld, bigint>();

async function signal(world: ProtocolWorld): Promise<void> {
  const { protocol } = world;
  const { deployment, url } = protocol;
  nonce += 1n;
  const timestamp = await laterTime(world);
  signalled.set(world, timestamp);
  for (const { id } of deployment.pairs) {
    const update = {
      pairId: id,
      referenceTick: 1,
      pegDeviation: 2n,
      orderbookDepthBid: 3n,
      orderbookDepthAsk: 4n,
      timestamp,
      nonce,
    };
    const signature = await signOracleUpdate({
      privateKey: devPrivateKey(devAccountIndex.oracle),
      chainId: deployment.chainId,
      riskController: deployment.addresses.riskController,
      update,
    });
    const data = encodeOracleUpdate(update, signature);
    await protocol.call('evm_mine');
    await send(url, {
      from: deployment.accounts.oracle.address,
      to: deployment.addresses.riskController,
      data,
    });
  }
}

/** The newest block's time, once it is later than that of the last signal: two blocks may share a second. */
async function laterTime(world: ProtocolWorld): Promise<bigint> {
  for (;;) {
    const block = await world.protocol.call<{ timestamp: string }>('eth_getBlockByNumber', ['latest', false]);
    const timestamp = BigInt(block.timestamp);
    if (timestamp > (signalled.get(world) ?? 0n)) return timestamp;
    await world.protocol.call('evm_mine');
  }
}

async function status(world: ProtocolWorld, ...words: readonly string[]) {
  const { exitCode, stdout } = await tv(world, ['breaker', 'status', '--json', ...words]);
  expect(exitCode).toBe(0);
  const { breakers } = JSON.parse(stdout) as {
    breakers: { pair: { name: string | null }; open: boolean; last: { kind: string; by: string } | null }[];
  };
  return breakers;
}

const openPairs = async (world: ProtocolWorld) =>
  (await status(world)).filter(({ open }) => open).map(({ pair }) => pair.name);

const sent = (world: ProtocolWorld) => world.protocol.countFrom(world.officer, starts.get(world) ?? 0);

describe('tv breaker, on both networks and both generations', { timeout: 120_000 }, () => {
  it('trips one pair once, says who did it, and does nothing the second time', () =>
    inEach(async (world) => {
      const tripped = await tv(world, ['breaker', 'trip', '--pair', 'Beta', ...confirm]);
      expect(tripped.exitCode, tripped.stderr).toBe(0);
      expect(tripped.stderr).toContain(
        world.generation !== 'runbook' ? 'triggerCircuitBreaker(bytes32)' : 'setCircuitBreaker(bytes32,bool)',
      );
      expect(tripped.stderr).toContain('Beta: open, read back from the contract');
      expect(tripped.stderr.replaceAll(/:\n +tv /g, ': tv ')).toContain(
        `Next: once the cause is gone: ${world.typed} breaker reset --pair Beta\n`,
      );
      expect(await status(world)).toMatchObject([
        { pair: { name: 'Alpha' }, open: false },
        { pair: { name: 'Beta' }, open: true, last: { kind: 'tripped', by: world.officer } },
        { pair: { name: 'Theta' }, open: false },
      ]);
      const { tokenA, tokenB } = world.protocol.deployment.pairs[1] ?? { tokenA: '', tokenB: '' };
      const again = await tv(world, ['circuit-breaker', 'trip', '--pair', `${tokenB}/${tokenA}`, ...confirm]);
      expect(again.exitCode).toBe(0);
      expect(again.stderr).toContain('Beta: open already, nothing to do');
      expect(await sent(world)).toBe(1);
    }));

  it('trips and resets all pairs: in one transaction on Tempo, one by one elsewhere', () =>
    inEach(async (world) => {
      expect((await tv(world, ['breaker', 'trip', '--all', ...confirm])).exitCode).toBe(0);
      expect(await openPairs(world)).toEqual(world.pairs);
      const each = world.network === 'tempo' ? 1 : 3;
      expect(await sent(world)).toBe(each);
      expect((await tv(world, ['breaker', 'reset', '--all', ...confirm])).exitCode).toBe(0);
      expect(await openPairs(world)).toEqual([]);
      expect(await sent(world)).toBe(2 * each);
    }));

  it('are a line of tv status where one is open, and so is a pause', () =>
    inEach(async (world) => {
      const look = async () => {
        const { stdout } = await tv(world, ['status', '--json']);
        const { sources, findings } = JSON.parse(stdout) as {
          sources: readonly { id: string; level: string; text: string }[];
          findings: readonly { id: string; sentence: string; next: readonly string[] }[];
        };
        return {
          source: sources.find(({ id }) => id === 'breakers'),
          finding: (wanted: string) => findings.find(({ id }) => id === wanted),
        };
      };
      expect((await look()).source).toMatchObject({ level: 'ok', text: 'none of 3 open' });
      await change(world, 'tripBreaker');
      await setPaused(world.protocol, true);
      try {
        const { finding } = await look();
        expect(finding('breaker-open')).toMatchObject({
          level: 'critical',
          sentence: '3 of 3 breakers OPEN: Alpha, Beta, Theta',
          next: [`${world.typed} breaker status`],
        });
        expect(finding('paused')?.next).toEqual([`once the cause is gone: ${world.typed} emergency resume`]);
      } finally {
        await setPaused(world.protocol, false);
      }
    }));

  // A resume that finds a noted transaction sends its bytes again, past the place `sent`; so that has a run of its own.
  it.each([
    ['each boundary in turn', ['started', 'acted', 'done'].map((at) => `trip:${at}`)],
    ['its transaction', ['unsigned', 'signed', 'noted'].map((at) => `transaction:${at}`)],
    ['the sending', ['transaction:sent']],
  ])('killed at %s and resumed each time → one transaction', (_where, points) =>
    inEach(async (world) => {
      const run = (args: readonly string[], { env }: TvOptions = {}) => tv(world, args, { ...env });
      const trip = ['breaker', 'trip', '--pair', 'Alpha', ...confirm];
      const resumed = await throughKills(run, trip, { points, resume: ['resume', ...confirm] });
      expect(resumed.exitCode, resumed.stderr).toBe(0);
      expect(await openPairs(world)).toEqual(['Alpha']);
      expect(await sent(world)).toBe(1);
    }),
  );

  it.each<readonly [FaultMode, number]>([
    ['statusnone', 5],
    ['lagreceipt', 0],
    ['mempool', 0],
    ['sendinternal', 0],
    ['sync4', 0],
    ['sync404', 0],
  ])('trips once through a node with %s, and the screen agrees with the chain', async (mode, exit) => {
    const world = worlds.find(({ network }) => network === (mode === 'sync4' ? 'tempo' : 'plain'));
    if (world === undefined) throw new Error('no world');
    await using node = await faultyNode(world.protocol.url, mode, { lagMs: 2_500 });
    world.environment('faulty', {
      chain: { id: world.protocol.deployment.chainId, rpcUrls: [node.url], timeoutMs: 5_000 },
      stateDirectory: join(world.home.directory, 'state', `faulty-${mode}`),
    });
    const trip = ['-e', 'faulty', 'breaker', 'trip', '--pair', 'Alpha', '--confirm', 'faulty'];
    const done = await tv(world, trip);
    expect(done.exitCode, done.stderr).toBe(exit);
    const screen = done.stderr.replaceAll(/\s+/g, ' ');
    expect(screen).toMatch(/Alpha: open, read back from the contract/);
    expect(screen).not.toMatch(/reverted|as before|refuse/);
    if (exit === 5) {
      expect(screen).toMatch(/whether it succeeded is unknown/);
      node.mode = 'healthy';
      const resumed = await tv(world, ['-e', 'faulty', 'resume', '--confirm', 'faulty']);
      expect(resumed.exitCode, resumed.stderr).toBe(0);
    }
    expect(await openPairs(world)).toEqual(['Alpha']);
    expect(await sent(world)).toBe(1);
  });

  it('killed in the second of three, has sent three one by one', async () => {
    const plain = worlds.filter(({ network }) => network === 'plain');
    for (const world of plain) {
      const trip = ['breaker', 'trip', '--all', ...confirm];
      expect((await tv(world, trip, { TV_FAILPOINT: 'trip-2:acted' })).exitCode).toBe(-1);
      expect(await openPairs(world)).toEqual(['Alpha', 'Beta']);
      expect((await tv(world, ['resume', ...confirm])).exitCode).toBe(0);
      expect(await openPairs(world)).toEqual(world.pairs);
      expect(await sent(world)).toBe(3);
    }
  });

  it('does not reset while the oracle is stale, unless overruled with a reason', () =>
    inEach(async (world) => {
      await change(world, 'tripBreaker');
      const { protocol } = world;
      await protocol.call('evm_increaseTime', [400]);
      await protocol.call('evm_mine');
      const before = await sent(world);
      const reset = ['breaker', 'reset', '--pair', 'Alpha', ...confirm];
      const blocked = await tv(world, reset);
      expect(blocked.exitCode).toBe(3);
      expect(blocked.stderr).toMatch(/Alpha: the last signal is 4\d\d s old, 300 s are allowed/);
      const bare = await tv(world, [...reset, '--override', 'stale-oracle']);
      expect(bare.exitCode).toBe(2);
      expect(await sent(world)).toBe(before);
      const overruled = await tv(world, [
        ...reset,
        '--override',
        'stale-oracle',
        '--reason',
        'drill at night',
      ]);
      expect(overruled.exitCode, overruled.stderr).toBe(0);
      expect(await openPairs(world)).toEqual(['Beta', 'Theta']);
      expect(await sent(world)).toBe(before + 1);
      const audit = await tv(world, ['audit', 'list', '--json']);
      expect(audit.stdout).toContain('drill at night');
    }));

  it('key without the role, or a password prompt without a terminal → refused', () =>
    inEach(async (world) => {
      const { accounts } = world.protocol.deployment;
      const key = (role: string) => join(world.home.directory, 'keys', `${role}.json`);
      const passwordFile = join(world.home.directory, 'keys', 'password');
      const stranger = { keystore: key('treasuryManager'), passwordFile };
      world.environment('stranger', { signers: { riskOfficer: stranger, admin: stranger } });
      const lacks = await tv(world, [
        '-e',
        'stranger',
        'breaker',
        'trip',
        '--pair',
        'Alpha',
        '--confirm',
        'stranger',
      ]);
      expect(lacks.exitCode).toBe(3);
      const short = (text: string) => `${text.slice(0, 6)}…${text.slice(-4)}`;
      const role = world.generation !== 'runbook' ? 'RISK_OFFICER' : 'ADMIN';
      expect(lacks.stderr.replaceAll(/\s+/g, ' ')).toContain(
        `${short(accounts.treasuryManager.address)} lacks ${role} on GovernanceRoles`,
      );
      expect(lacks.stderr.replaceAll(/\s+/g, ' ')).toContain(`held by ${short(world.officer)}`);

      const asking = { keystore: key(world.generation !== 'runbook' ? 'riskOfficer' : 'admin') };
      world.environment('asking', { signers: { riskOfficer: asking, admin: asking } });
      const asked = await tv(world, [
        '-e',
        'asking',
        'breaker',
        'trip',
        '--pair',
        'Alpha',
        '--confirm',
        'asking',
      ]);
      expect(asked.exitCode).toBe(4);
      expect(asked.stderr.replaceAll(/\s+/g, ' ')).toContain('there is no terminal to ask at');
      expect(await sent(world)).toBe(0);
    }));

  it('hands calldata and a Safe batch out without a key, and sends nothing', () =>
    inEach(async (world) => {
      world.environment('keyless', { signers: {} });
      const file = join(world.home.directory, 'batch.json');
      const words = ['-e', 'keyless', 'breaker', 'trip', '--pair', 'Theta', '--calldata', '--safe', file];
      const { exitCode, stdout } = await tv(world, [...words, '--json']);
      expect(exitCode).toBe(0);
      const [only] = (JSON.parse(stdout) as { transactions: { to: `0x${string}`; data: `0x${string}` }[] })
        .transactions;
      if (only === undefined) throw new Error('no transaction');
      const batch = JSON.parse(readFileSync(file, 'utf8'));
      expect(batch.transactions).toMatchObject([{ to: only.to, value: '0', data: only.data }]);
      const again = await tv(world, words);
      expect(again.exitCode).toBe(2);
      expect(again.stderr).toMatch(/there already, and is not\s+overwritten/);
      const shown = await tv(world, words.slice(0, -2));
      for (const word of [only.to, only.data, 'held by']) expect(shown.stdout).toContain(word);
      expect(await openPairs(world)).toEqual([]);
      expect(await sent(world)).toBe(0);
      await send(world.protocol.url, { from: world.officer, to: only.to, data: only.data });
      expect(await openPairs(world)).toEqual(['Theta']);
    }));

  it('refuses to read, or to hand out, where the node is on another chain', () =>
    inEach(async (world) => {
      const { chainId } = world.protocol.deployment;
      const envFile = join(world.home.directory, 'wrong.env');
      writeFileSync(envFile, `ORACLE_PRIVATE_KEY=${devPrivateKey(devAccountIndex.oracle)}\n`);
      world.environment('wrong', {
        host: { envFile },
        chain: { id: chainId + 1, rpcUrls: [world.protocol.url] },
      });
      const words = `The RPC node is on chain ${chainId}, not ${chainId + 1}.`;
      const file = join(world.home.directory, 'wrong.json');
      for (const args of [
        ['breaker', 'status'],
        ['breaker', 'trip', '--pair', 'Theta', '--calldata'],
        ['breaker', 'trip', '--pair', 'Theta', '--safe', file],
      ]) {
        const { exitCode, stdout, stderr } = await tv(world, ['-e', 'wrong', ...args]);
        expect([exitCode, stdout]).toEqual([3, '']);
        expect(stderr.replaceAll(/\s+/g, ' ')).toContain(words);
      }
      expect(existsSync(file)).toBe(false);
      const oracle = await tv(world, ['-e', 'wrong', 'oracle', 'status', '--json']);
      const { pairs, samples } = JSON.parse(oracle.stdout) as {
        pairs: readonly { readonly pair: { readonly name?: string } }[];
        samples: readonly { readonly id: string; readonly level: string; readonly summary: string }[];
      };
      expect([oracle.exitCode, pairs]).toEqual([2, []]);
      expect(samples.find(({ id }) => id === 'chain')?.summary).toContain(words);
      const others = samples.filter(({ id }) => ['signals', 'key', 'fees', 'nonce', 'others'].includes(id));
      expect(others.map(({ level }) => level)).toEqual(Array(5).fill('unknown'));
    }));

  it('unknown pair → blocked, unless overruled', () =>
    inEach(async (world) => {
      const pair = `0x${'ab'.repeat(32)}`;
      const trip = ['breaker', 'trip', '--pair', pair, ...confirm];
      const refused = await tv(world, trip);
      expect(refused.exitCode).toBe(3);
      expect(refused.stderr.replaceAll(/\s+/g, ' ')).toMatch(
        /unknown pair \(64 hex digits, not shown\): no name.*--override unknown-pair/,
      );
      // It may be a private key.
      expect(refused.stderr).not.toContain('abab');
      const handed = await tv(world, ['breaker', 'trip', '--pair', pair, '--calldata']);
      expect(handed.stdout.replaceAll(/\s+/g, ' ')).toMatch(
        /calldata 0x\w+ .*! Unknown pair \(64 hex digits, not shown\).*The contract takes any id\./,
      );
      expect(await sent(world)).toBe(0);
      // Of a known one the id alone will do.
      const known = world.protocol.deployment.pairs[0]?.id ?? '';
      world.environment('unnamed', { pairs: {} });
      const dry = await tv(world, ['-e', 'unnamed', 'breaker', 'trip', '--pair', known, '--dry-run']);
      expect(dry.exitCode, dry.stderr).toBe(0);
      const words = ['-e', 'unnamed', 'breaker', 'trip', '--pair', known, '--calldata', '--json'];
      expect(JSON.parse((await tv(world, words)).stdout)).toMatchObject({ warnings: [] });
      const overruled = ['--override', 'unknown-pair', '--reason', 'new'];
      expect((await tv(world, [...trip, ...overruled])).exitCode).toBe(0);
      // Now its event is known.
      expect((await tv(world, ['breaker', 'reset', '--pair', pair, '--dry-run'])).stderr).not.toMatch(
        /unknown pair/,
      );
    }));

  it('shows 1 000 pairs with few HTTP requests', () =>
    inEach(async (world) => {
      await using counting = await countingNode(world.protocol.url);
      const many = Array.from({ length: 1_000 }, (_, index) => [
        `P${index}`,
        `0x${(index + 1).toString(16).padStart(64, '0')}`,
      ]);
      const { chainId } = world.protocol.deployment;
      const envFile = join(world.home.directory, 'oracle.env');
      writeFileSync(envFile, `ORACLE_PRIVATE_KEY=${devPrivateKey(devAccountIndex.oracle)}\n`);
      world.environment('many', {
        host: { envFile },
        pairs: Object.fromEntries(many),
        chain: { id: chainId, rpcUrls: [counting.url], timeoutMs: 20_000 },
      });
      const breakers = await status(world, '-e', 'many', '--all');
      // Those of the chain's own three pairs, and of the unknown one, are found by their events.
      expect(breakers).toHaveLength(1_004);
      // One of them for the events alone: logs share no request with the state of breakers. Without
      // Multicall3 two reads a pair go out in batches of a hundred.
      const batches = world.network === 'tempo' ? 0 : 20;
      // One breaker is open: what that stops and leaves on the DEX is read, too.
      const effect = 6;
      // Whether the log index is complete, and zeros are an answer: whatever the number of pairs.
      const tests = 7;
      expect(counting.requests).toBeLessThanOrEqual(6 + batches + effect + tests);

      const before = counting.requests;
      const oracle = await tv(world, ['oracle', 'status', '-e', 'many', '--json']);
      const { pairs, samples } = JSON.parse(oracle.stdout) as {
        pairs: readonly { readonly pair: { readonly name?: string } }[];
        samples: readonly { readonly id: string; readonly summary: string }[];
      };
      // Besides those that the chain's own events name.
      expect(pairs.filter(({ pair }) => /^P\d+$/.test(pair.name ?? ''))).toHaveLength(1_000);
      expect(samples.find(({ id }) => id === 'key')?.summary).toContain('which is authorised');
      expect(samples.find(({ id }) => id === 'fees')?.summary).toMatch(
        /its last \d+ signals|no signals seen/,
      );
      // The reads of its parts go out apart, so that one that fails leaves the others; none is made per pair.
      // How many of them share a request depends on how busy the machine is.
      const reads = 22;
      expect(counting.requests - before).toBeLessThanOrEqual(reads + batches + tests);
    }));

  it('every transaction did what its plan had previewed, by its receipt', () =>
    inEach(async (world) => {
      await expectAsPreviewed(join(world.home.directory, 'state'), world.protocol.url, {
        'breaker trip': 3,
        'breaker reset': 1,
      });
    }));

  it('has left no key and no password anywhere but in the keystores', () => {
    const secrets = Object.values(devAccountIndex).map((index) => ({
      name: `key ${index}`,
      value: devPrivateKey(index) as string,
    }));
    const files = worlds.flatMap(({ home }) =>
      readdirSync(join(home.directory, 'state'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name)),
    );
    expect(files.length).toBeGreaterThan(40);
    const evidence = [...printed, ...files.map((place) => ({ place, text: readFileSync(place, 'utf8') }))];
    expect(findSecrets(evidence, [...secrets, { name: 'password', value: keyPassword }])).toEqual([]);
  });
});
