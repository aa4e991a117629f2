import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeAbiParameters, encodeFunctionData, parseAbi, toFunctionSelector } from 'viem';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { devAccountIndex, devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { countSent } from '../support/countSent.ts';
import { type FaultMode, type FaultOptions, faultyNode } from '../support/faultyNode.ts';
import { type ProtocolWorld, protocolWorld } from '../support/protocolWorld.ts';
import { callRpc } from '../support/rpcServer.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 180_000 });

/**
 * What a command does behind a node with a fault: `works` as behind a healthy one, works in part and
 * names what is missing (`names`), or `refuses` with the node's failure as the reason.
 */
type Class = 'works' | 'names' | 'refuses';
/** What a screen may claim; each kind rests on answers of the node. */
type Kind = 'pause' | 'oracle role' | 'breakers' | 'signals' | 'history' | 'funds' | 'chain';

interface Row {
  readonly name: string;
  readonly mode: FaultMode;
  readonly options?: FaultOptions;
  /** What no command can know behind this node: not even a true word of it may be said. */
  readonly hidden: readonly Kind[];
  /** In the order of `looking`. */
  readonly looking: readonly Class[];
  /** In the order of `hosted`; left out where the fault is one of another row's kind. */
  readonly hosted?: readonly Class[];
}

const selector = (signature: string) => toFunctionSelector(`function ${signature}`);
const failing = (...signatures: readonly string[]): FaultOptions => ({ selectors: signatures.map(selector) });

/** On a chain alone. */
const looking = [
  ['breaker', 'status'],
  ['oracle', 'status'],
  ['status'],
  ['breaker', 'trip', '--pair', 'Alpha', '--dry-run'],
  ['emergency', 'shutdown', '--dry-run'],
] as const;
/** In a sandbox, with host and database. Never an oracle, so that its role is gone already. */
const never = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
const recipient = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
const hosted = [
  ['emergency', 'withdraw', '--token', 'AlphaUSD', '--amount', 'max', '--to', recipient, '--dry-run'],
  ['oracle', 'recover', '--dry-run'],
  ['oracle', 'rotate-key', '--dry-run'],
  ['oracle', 'revoke-old', '--address', never, '--now', '--dry-run'],
  ['reindex', '--in-place', '--from-block', '800', '--dry-run'],
  ['reindex', 'check'],
] as const;
const [w, n, r] = ['works', 'names', 'refuses'] as const;
const ofCalls: readonly Kind[] = ['pause', 'oracle role', 'breakers', 'signals'];
const everything: readonly Kind[] = [...ofCalls, 'history', 'funds', 'chain'];

const rows: readonly Row[] = [
  {
    name: 'hasRole fails',
    mode: 'callerr',
    options: failing('hasRole(bytes32,address)'),
    hidden: [],
    looking: [w, w, w, w, w],
    hosted: [w, w, w, r, w, w],
  },
  {
    name: 'a role member fails',
    mode: 'callerr',
    options: failing('getRoleMember(bytes32,uint256)'),
    hidden: [],
    looking: [w, n, w, n, n],
  },
  {
    name: 'role constants fail',
    mode: 'callerr',
    options: failing('ORACLE_ROLE()', 'EMERGENCY_ROLE()'),
    hidden: ['oracle role'],
    looking: [w, n, n, r, n],
    hosted: [r, n, r, r, w, w],
  },
  {
    name: 'breakers are null',
    mode: 'callnull',
    options: failing('pairCircuitBroken(bytes32)'),
    hidden: ['breakers'],
    looking: [r, w, n, r, w],
  },
  {
    name: 'paused() fails',
    mode: 'callerr',
    options: failing('paused()'),
    hidden: ['pause'],
    looking: [w, n, n, w, n],
    hosted: [r, n, r, w, w, w],
  },
  {
    name: 'every call fails',
    mode: 'callerr',
    options: { code: -32000, message: 'header timeout' },
    hidden: ofCalls,
    looking: [r, n, n, r, n],
  },
  { name: 'no batches', mode: 'nobatch', hidden: [], looking: [w, w, w, w, w] },
  {
    name: 'rate limit',
    mode: 'rateinfura1',
    hidden: [],
    looking: [w, w, w, w, w],
    hosted: [w, w, w, w, w, w],
  },
  { name: 'one 502', mode: 'once502', hidden: [], looking: [w, w, w, w, w] },
  {
    name: 'no logs',
    mode: 'nologs',
    hidden: ['history'],
    looking: [n, n, n, w, w],
    hosted: [w, w, w, w, r, r],
  },
  { name: 'an empty log index', mode: 'logsEmpty', hidden: ['history'], looking: [n, n, n, w, w] },
  {
    name: 'logs of ten blocks',
    mode: 'alchemy10',
    hidden: [],
    looking: [w, w, w, w, w],
  },
  { name: 'no fees', mode: 'nullfees', hidden: [], looking: [w, w, w, w, w] },
  {
    name: 'the error is a string',
    mode: 'errorstring',
    hidden: everything,
    looking: [r, n, n, r, n],
    hosted: [r, r, r, r, r, r],
  },
  { name: 'no backend', mode: 'nobackend', hidden: everything, looking: [r, n, n, r, n] },
];

/** Modes that concern sending, and the exit code; each is sent through once, tripping and resetting in turn. */
const sending: readonly (readonly [FaultMode, FaultOptions, exitCode: number])[] = [
  ['sync404', {}, 0],
  ['mempool', {}, 0],
  ['sendinternal', {}, 0],
  ['sync4', {}, 0],
  ['lagreceipt', { lagMs: 1_500 }, 0],
  ['nobatch', {}, 0],
  ['nullfees', {}, 0],
  ['nologs', {}, 0],
  ['statusnone', {}, 5],
  ['statusabsent', {}, 5],
];

let world: ProtocolWorld;
let sandbox: TestSandbox;
let worldTruth: Truth;
let sandboxTruth: Truth;
const table: string[][] = [];

beforeAll(async () => {
  [world, sandbox] = await Promise.all([
    protocolWorld('tempo', 'compact', 'separate'),
    startSandbox({ contracts: 'compact' }),
  ]);
  const envFile = join(world.home.directory, 'oracle.env');
  writeFileSync(envFile, `ORACLE_PRIVATE_KEY=${devPrivateKey(devAccountIndex.oracle)}\n`);
  chmodSync(envFile, 0o600);
  world.environment('faulty', {
    chain: { id: world.protocol.deployment.chainId, timeoutMs: 10_000 },
    // Sees no process but its own, whatever else runs on this machine.
    host: { envFile, prefix: ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] },
  });
  [worldTruth, sandboxTruth] = await Promise.all([
    readTruth(world.protocol.url, world.protocol.deployment),
    readTruth(chainOf(sandbox), sandbox.info.deployment),
  ]);
});
afterAll(async () => {
  // biome-ignore lint/suspicious/noConsole: the table is part of the test's output
  console.log(table.map((line) => line.map((cell) => cell.padEnd(22)).join('')).join('\n'));
  await sandbox?.stop();
  await world?.[Symbol.asyncDispose]();
});

/** The chain itself, not the proxy that TempoVault uses. */
function chainOf({ info }: TestSandbox): string {
  return `http://127.0.0.1:${info.ports.chain}`;
}

interface Truth {
  readonly paused: boolean;
  readonly anyOpen: boolean;
  readonly oracleHolds: boolean;
  readonly neverHolds: boolean;
  /** How many accounts hold ORACLE. */
  readonly holders: number;
  readonly signals: number;
}

const abi = parseAbi([
  'function paused() view returns (bool)',
  'function pairCircuitBroken(bytes32) view returns (bool)',
  'function ORACLE_ROLE() view returns (bytes32)',
  'function hasRole(bytes32,address) view returns (bool)',
  'function getRoleMemberCount(bytes32) view returns (uint256)',
  'function oracleNonces(bytes32) view returns (uint256)',
]);

/** What is so, asked of the healthy node past tv. */
async function readTruth(url: string, deployment: TestSandbox['info']['deployment']): Promise<Truth> {
  const { riskController, governanceRoles } = deployment.addresses;
  const call = async (to: string, functionName: string, ...args: readonly unknown[]): Promise<bigint> => {
    const data = encodeFunctionData({ abi, functionName, args } as never);
    const answer = await callRpc(url, 'eth_call', [{ to, data }, 'latest']);
    return decodeAbiParameters([{ type: 'uint256' }], answer as `0x${string}`)[0];
  };
  const pairs = deployment.pairs.map(({ id }) => id);
  const role = `0x${(await call(governanceRoles, 'ORACLE_ROLE')).toString(16).padStart(64, '0')}`;
  const open = await Promise.all(pairs.map((id) => call(riskController, 'pairCircuitBroken', id)));
  const nonces = await Promise.all(pairs.map((id) => call(riskController, 'oracleNonces', id)));
  return {
    paused: (await call(riskController, 'paused')) === 1n,
    anyOpen: open.some((one) => one === 1n),
    oracleHolds: (await call(governanceRoles, 'hasRole', role, deployment.accounts.oracle.address)) === 1n,
    neverHolds: (await call(governanceRoles, 'hasRole', role, never)) === 1n,
    holders: Number(await call(governanceRoles, 'getRoleMemberCount', role)),
    signals: Number(nonces.reduce((sum, one) => sum + one, 0n)),
  };
}

/**
 * What a screen may say, and whether it is so. The words are searched in the whole screen; whether they
 * are true, and whether the node can have reported them, is known from elsewhere.
 */
const claims: readonly (readonly [Kind, RegExp, isTrue: (truth: Truth) => boolean])[] = [
  ['pause', /\b(paused already|is paused\b(?! \())|✔ protocol +paused/, ({ paused }) => paused],
  ['pause', /\bnot paused\b|\bno pause stops\b|\bunpaused\b/, ({ paused }) => !paused],
  ['oracle role', /which is authorised|0x\w+…\w+ works\b/, ({ oracleHolds }) => oracleHolds],
  ['oracle role', /NOT authorised|not an authorised oracle/, ({ oracleHolds }) => !oracleHolds],
  ['oracle role', /does not hold ORACLE/, ({ neverHolds }) => !neverHolds],
  [
    'oracle role',
    /no other account may sign|nobody else may sign|other accounts holding ORACLE: none/,
    ({ holders }) => holders === 1,
  ],
  ['breakers', /\bopen already\b|\bOPEN\b/, ({ anyOpen }) => anyOpen],
  ['breakers', /\b(all|breakers?) (are )?closed\b|: closed\b/, ({ anyOpen }) => !anyOpen],
  ['signals', /no signal ever/, ({ signals }) => signals === 0],
  ['history', /no signals? (seen|since)/, ({ signals }) => signals === 0],
  ['history', /never tripped|the same on the chain|all served/, () => true],
  // Every account of these worlds has what it needs, and every key its role.
  ['funds', /cannot pay|too little for one signal|has less than|no account is available/, () => false],
  ['oracle role', /\blacks [A-Z_]+/, () => false],
  ['chain', /on chain \d+, not|check the address|whether the address|\bis no contract/, () => false],
  ['chain', /bug in tv|TypeError|is not a function/, () => false],
];

/** @returns what is said and is not so, or cannot be known behind this node */
function falseWords(text: string, truth: Truth, hidden: readonly Kind[]): readonly string[] {
  return claims.flatMap(([kind, words, isTrue]) => {
    const said = words.exec(text)?.[0];
    if (said === undefined || (isTrue(truth) && !hidden.includes(kind))) return [];
    return [`${isTrue(truth) ? 'unproven' : 'false'} "${said}" (${kind}) in ${text.slice(0, 2_500)}`];
  });
}

interface Done {
  readonly exitCode: number;
  readonly ms: number;
  readonly stdout: string;
  readonly text: string;
}

/** Behind a node of its own: two commands behind one would share its rate limit, and its one 502. */
async function tv(where: 'chain' | 'sandbox', row: Pick<Row, 'mode' | 'options'>, args: readonly string[]) {
  const upstream = where === 'chain' ? world.protocol.url : chainOf(sandbox);
  await using node = await faultyNode(upstream, row.mode, row.options ?? {});
  const start = performance.now();
  const set = ['--set', `chain.rpcUrls=${node.url}`];
  const { exitCode, stdout, stderr } =
    where === 'chain'
      ? await world.tv([...args, '-e', 'faulty', ...set])
      : await sandbox.tv([...args, ...set]);
  const text = `${stdout}\n${stderr}`.replace(/\s+/g, ' ');
  return { exitCode, ms: performance.now() - start, stdout, text };
}

/** A sentence about the node, but for one that it is slow, as on a busy machine; or that something is unknown because of it. */
const named = /The RPC (node(?! takes)|URL)|could not (read|count)|log index is incomplete/g;

function classify({ exitCode, stdout, text }: Done, healthy: Done, isReport: boolean): string {
  if (exitCode === 70) return 'BUG';
  const says = (text.match(named)?.length ?? 0) > (healthy.text.match(named)?.length ?? 0);
  if (!says) return exitCode === healthy.exitCode ? 'works' : `exit ${exitCode}`;
  if (isReport) return stdout.trim() === '' ? 'refuses' : 'names';
  return exitCode === healthy.exitCode ? 'names' : 'refuses';
}

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

/** Runs every command behind every node, and compares with the table and with what is so. */
async function compare(
  where: 'chain' | 'sandbox',
  commands: readonly (readonly string[])[],
  expected: readonly (readonly [Row, readonly Class[]])[],
  truth: Truth,
): Promise<readonly string[]> {
  const healthy = await Promise.all(commands.map((args) => tv(where, { mode: 'healthy' }, args)));
  const cells = expected.flatMap(([row]) => commands.map((args) => () => tv(where, row, args)));
  const done = await inTurns(cells, 4);
  table.push([''], ['', ...commands.map((args) => args.slice(0, 2).join(' '))]);
  const wrong: string[] = [];
  for (const [index, args] of commands.entries()) {
    const base = healthy[index] as Done;
    const name = `healthy, ${args.join(' ')}`;
    // Without a good run to compare with, every fault would count as no fault.
    if (args.includes('--dry-run') && base.exitCode !== 0) wrong.push(`${name}: ${base.text}`);
    wrong.push(...falseWords(base.text, truth, []).map((words) => `${name}: ${words}`));
  }
  for (const [number, [row, classes]] of expected.entries()) {
    const line = commands.map((args, column) => {
      const each = done[number * commands.length + column] as Done;
      const base = healthy[column] as Done;
      const found = classify(each, base, !args.includes('--dry-run'));
      const name = `${row.name}, ${args.join(' ')}`;
      // A machine that is too busy for a healthy screen makes a source late; that is named, and no false word.
      const late = each.text.includes('no answer within') && base.ms > busyMs;
      if (found !== classes[column] && !late) wrong.push(`${name}: ${found}: ${each.text.slice(0, 1_500)}`);
      wrong.push(...falseWords(each.text, truth, row.hidden).map((words) => `${name}: ${words}`));
      return found;
    });
    table.push([row.name, ...line]);
  }
  return wrong;
}

it('looking: every command behind every fault works, names what is missing, or refuses', async () => {
  expect(worldTruth).toMatchObject({ paused: false, anyOpen: false, oracleHolds: true });
  const all = rows.map((row) => [row, row.looking] as const);
  expect(await compare('chain', looking, all, worldTruth)).toEqual([]);
});

it('looking, with host and database: the same', async () => {
  expect(sandboxTruth).toMatchObject({ paused: false, anyOpen: false, oracleHolds: true, neverHolds: false });
  const some = rows.flatMap((row) => (row.hosted === undefined ? [] : [[row, row.hosted] as const]));
  expect(await compare('sandbox', hosted, some, sandboxTruth)).toEqual([]);
  // It asks no node at all.
  const settings = await tv('sandbox', { mode: 'errorstring' }, ['config', 'check']);
  expect(settings.exitCode, settings.text).toBe(0);
  table.push(['config check', 'works']);
});

it.each([['oracle', 'status'], ['status']])(
  'two nodes: tv %s %s names the one that lags',
  async (...args) => {
    await using stale = await faultyNode(world.protocol.url, 'staleHead', { behind: 5 });
    await using fresh = await faultyNode(world.protocol.url);
    const behind = async (...urls: readonly string[]) => {
      const { stdout } = await world.tv([
        ...args,
        '-e',
        'faulty',
        '--set',
        `chain.rpcUrls=${urls.join(',')}`,
      ]);
      return stdout
        .replace(/\s+/g, ' ')
        .match(/http:\S+ is [\d ]+ blocks behind/g)
        ?.map((one) => one.split(' ')[0]);
    };
    expect(await behind(stale.url, fresh.url)).toEqual([stale.url]);
    expect(await behind(fresh.url)).toBeUndefined();
  },
);

it('two nodes: the one that does not answer is named', async () => {
  await using fresh = await faultyNode(world.protocol.url);
  const urls = `${fresh.url},http://127.0.0.1:9`;
  for (const args of [['oracle', 'status'], ['status']]) {
    const { stdout } = await world.tv([...args, '-e', 'faulty', '--set', `chain.rpcUrls=${urls}`]);
    expect(stdout.replace(/\s+/g, ' ')).toContain('http://127.0.0.1:9 does not answer');
  }
});

it('sending: each fault ends in a verified transaction that was sent once', async () => {
  const { url, deployment } = world.protocol;
  const officer = deployment.accounts.riskOfficer.address;
  table.push([''], ['', 'breaker trip/reset']);
  for (const [index, [mode, options, exitCode]] of sending.entries()) {
    const trip = index % 2 === 0;
    const before = (await world.protocol.head()) + 1;
    const action = trip ? ['trip'] : ['reset', '--override', 'stale-oracle', '--reason', 'test'];
    const words = ['breaker', ...action, '--pair', 'Alpha', '--confirm', 'faulty'];
    const done = await tv('chain', { mode, options }, words);
    expect(done.exitCode, `${mode}: ${done.text}`).toBe(exitCode);
    const { anyOpen } = await readTruth(url, deployment);
    expect(anyOpen, `${mode}: ${done.text}`).toBe(trip);
    if (exitCode !== 0) {
      expect(done.text).toMatch(/whether it succeeded is unknown/);
      expect(done.text).not.toMatch(/reverted|as before|refused/);
      // A node with whole receipts ends the doubt, without another transaction.
      const resumed = await tv('chain', { mode: 'healthy' }, ['resume', '--confirm', 'faulty']);
      expect(resumed.exitCode, `${mode}: ${resumed.text}`).toBe(0);
    }
    expect(await countSent(url, officer, before), mode).toBe(1);
    table.push([mode, exitCode === 0 ? 'works' : 'unknown, then works']);
  }
});
