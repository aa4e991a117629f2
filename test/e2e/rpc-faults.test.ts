import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toFunctionSelector } from 'viem';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readBreakers } from '../../src/chain/breakers/readBreakers.ts';
import { connectChain } from '../../src/chain/connectChain.ts';
import { devAccountIndex, devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { type FaultMode, type FaultOptions, faultyNode } from '../support/faultyNode.ts';
import { type ProtocolWorld, protocolWorld } from '../support/protocolWorld.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 });

/**
 * What a command does behind a node with a fault: `works` as behind a healthy one, works in part and
 * names what is missing (`names`), or `refuses` with the node's failure as the reason.
 */
type Class = 'works' | 'names' | 'refuses';
type Row = readonly [name: string, mode: FaultMode, options: FaultOptions, expected: readonly Class[]];

const selector = (signature: string) => toFunctionSelector(`function ${signature}`);
const failing = (...signatures: readonly string[]): FaultOptions => ({ selectors: signatures.map(selector) });

const looking = [
  ['breaker', 'status'],
  ['oracle', 'status'],
  ['status'],
  ['breaker', 'trip', '--pair', 'Alpha', '--dry-run'],
  ['emergency', 'shutdown', '--dry-run'],
] as const;
const [w, n, r] = ['works', 'names', 'refuses'] as const;

/** In the order of `looking`. */
const rows: readonly Row[] = [
  ['hasRole fails', 'callerr', failing('hasRole(bytes32,address)'), [w, w, w, w, w]],
  ['a role member fails', 'callerr', failing('getRoleMember(bytes32,uint256)'), [w, n, w, w, w]],
  ['role constants fail', 'callerr', failing('ORACLE_ROLE()', 'EMERGENCY_ROLE()'), [w, n, w, r, n]],
  ['breakers are null', 'callnull', failing('pairCircuitBroken(bytes32)'), [r, w, n, r, w]],
  ['paused() fails', 'callerr', failing('paused()'), [w, n, n, w, n]],
  ['every call fails', 'callerr', { code: -32000, message: 'header timeout' }, [r, n, n, r, n]],
  ['no batches', 'nobatch', {}, [w, w, w, w, w]],
  ['rate limit', 'rateinfura1', {}, [w, w, w, w, w]],
  ['one 502', 'once502', {}, [w, w, w, w, w]],
  ['no logs', 'nologs', {}, [n, n, w, w, w]],
  ['logs of ten blocks', 'alchemy10', {}, [w, w, w, w, w]],
  ['no fees', 'nullfees', {}, [w, w, w, w, w]],
  ['the error is a string', 'errorstring', {}, [r, n, n, r, n]],
  ['no backend', 'nobackend', {}, [r, n, n, r, n]],
];

/** Modes that concern sending; each is sent through once, tripping and resetting in turn. */
const sending: readonly (readonly [FaultMode, FaultOptions])[] = [
  ['sync404', {}],
  ['mempool', {}],
  ['sendinternal', {}],
  ['sync4', {}],
  ['lagreceipt', { lagMs: 1_500 }],
  ['nobatch', {}],
  ['nullfees', {}],
  ['nologs', {}],
];

let world: ProtocolWorld;
const table: string[][] = [];

beforeAll(async () => {
  world = await protocolWorld('tempo', 'compact', 'separate');
  const envFile = join(world.home.directory, 'oracle.env');
  writeFileSync(envFile, `ORACLE_PRIVATE_KEY=${devPrivateKey(devAccountIndex.oracle)}\n`);
  chmodSync(envFile, 0o600);
  world.environment('faulty', {
    chain: { id: world.protocol.deployment.chainId, timeoutMs: 10_000 },
    host: { envFile },
  });
});
afterAll(async () => {
  // biome-ignore lint/suspicious/noConsole: the table is part of the test's output
  console.log(table.map((line) => line.map((cell) => cell.padEnd(22)).join('')).join('\n'));
  await world?.[Symbol.asyncDispose]();
});

interface Done {
  readonly exitCode: number;
  readonly ms: number;
  readonly stdout: string;
  readonly text: string;
}

/** Behind a node of its own: two commands behind one would share its rate limit, and its one 502. */
async function tv(mode: FaultMode, options: FaultOptions, args: readonly string[]): Promise<Done> {
  await using node = await faultyNode(world.protocol.url, mode, options);
  const start = performance.now();
  const set = ['-e', 'faulty', '--set', `chain.rpcUrls=${node.url}`];
  const { exitCode, stdout, stderr } = await world.tv([...args, ...set]);
  return {
    exitCode,
    ms: performance.now() - start,
    stdout,
    text: `${stdout}\n${stderr}`.replace(/\s+/g, ' '),
  };
}

/** A sentence about the node, or that something is unknown because of it. */
const named = /The RPC (node|URL)|could not (read|count)/g;

function classify({ exitCode, stdout, text }: Done, healthy: Done, isReport: boolean): string {
  if (exitCode === 70) return 'BUG';
  const says = (text.match(named)?.length ?? 0) > (healthy.text.match(named)?.length ?? 0);
  if (!says) return exitCode === healthy.exitCode ? 'works' : `exit ${exitCode}`;
  if (isReport) return stdout.trim() === '' ? 'refuses' : 'names';
  return exitCode === healthy.exitCode ? 'names' : 'refuses';
}

/** Sentences that a failing read must never lead to. */
const falseWords = [
  /no other account may sign/,
  /nobody else may sign/,
  /does not hold/,
  /NOT authorised/,
  /lacks [A-Z_]+/,
  /check the address|whether the address/,
  /no signals seen/,
  /never tripped/,
  /bug in tv|TypeError|is not a function/,
];

/** A screen takes about a second behind a healthy node on a free machine. */
const busyMs = 3_000;

/** At most so many of them at once. */
async function inTurns<T>(tasks: readonly (() => Promise<T>)[], atOnce: number): Promise<readonly T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < tasks.length; index = next++) {
      const task = tasks[index];
      if (task !== undefined) results[index] = await task();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

it('looking: every command behind every fault works, names what is missing, or refuses', async () => {
  const healthy = await Promise.all(looking.map((args) => tv('healthy', {}, args)));
  const cells = rows.flatMap(([, mode, options]) => looking.map((args) => () => tv(mode, options, args)));
  const done = await inTurns(cells, 4);
  table.push(['', ...looking.map((args) => args.slice(0, 2).join(' '))]);
  const wrong: string[] = [];
  for (const [row, [name, , , expected]] of rows.entries()) {
    const line = looking.map((args, column) => {
      const each = done[row * looking.length + column] as Done;
      const base = healthy[column] as Done;
      const found = classify(each, base, !args.includes('--dry-run' as never));
      // A machine that is too busy for a healthy screen makes a source late; that is named, and no false word.
      const late = each.text.includes('no answer within') && base.ms > busyMs;
      if (found !== expected[column] && !late)
        wrong.push(`${name}, ${args.join(' ')}: ${found}: ${each.text.slice(0, 1_500)}`);
      for (const words of falseWords) {
        if (words.test(each.text) && !words.test(base.text))
          wrong.push(`${name}, ${args.join(' ')}: ${words} in ${each.text}`);
      }
      return found;
    });
    table.push([name, ...line]);
  }
  expect(wrong).toEqual([]);
});

it('sending: each fault ends in a verified transaction that was sent once', async () => {
  const chain = connectChain({
    rpcUrls: [world.protocol.url],
    id: world.protocol.deployment.chainId,
    timeoutMs: 10_000,
    contracts: world.protocol.deployment.addresses,
  });
  const [pair] = world.protocol.deployment.pairs;
  if (pair === undefined) throw new Error('no pair');
  const isOpen = async () => {
    const { breakers } = await readBreakers(chain, { pairs: [{ id: pair.id, name: null }], discover: false });
    return breakers[0]?.open;
  };
  table.push([''], ['', 'breaker trip/reset']);
  for (const [index, [mode, options]] of sending.entries()) {
    const trip = index % 2 === 0;
    const action = trip ? ['trip'] : ['reset', '--override', 'stale-oracle', '--reason', 'test'];
    const words = ['breaker', ...action, '--pair', 'Alpha', '--confirm', 'faulty'];
    const done = await tv(mode, options, words);
    expect(await isOpen(), `${mode}: ${done.text}`).toBe(trip);
    expect(done.exitCode, `${mode}: ${done.text}`).toBe(0);
    table.push([mode, 'works']);
  }
});
