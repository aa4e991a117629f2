import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandOutput } from '../../src/runbook/context.ts';
import type { RunEvent } from '../../src/runbook/events.ts';
import { anvilBinary } from '../../src/sandbox/chain/anvilCommand.ts';
import { type Capital, openCapital, stranger, usd } from '../support/capital.ts';
import { faultyNode } from '../support/faultyNode.ts';
import { outcomeOfPreview, outcomeOfReceipt, type SimulatedEffects } from '../support/previews.ts';
import { environmentName, type ProtocolWorld, protocolWorld } from '../support/protocolWorld.ts';
import { type HttpServer, httpServer, type RpcCall } from '../support/rpcServer.ts';

const confirmed = ['--confirm', environmentName] as const;
const eventsOf = ({ stdout }: CommandOutput) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RunEvent);

function effectsOf(output: CommandOutput): SimulatedEffects {
  const ready = eventsOf(output).find((event) => event.type === 'plan.ready');
  const effects = ready?.type === 'plan.ready' ? ready.plan.effects : undefined;
  if (effects?.method !== 'sequence') throw new Error(`no effects: ${JSON.stringify(effects)}`);
  return effects;
}

function previewCheck(output: CommandOutput) {
  const checked = eventsOf(output).findLast((event) => event.type === 'run.checked');
  return checked?.type === 'run.checked' ? checked.checks.find(({ id }) => id === 'preview') : undefined;
}

/** By step, in the order of the journal: the hashes of what was signed. */
function sentBy(output: CommandOutput): readonly { readonly step: string; readonly hash: string }[] {
  return eventsOf(output).flatMap((event) =>
    event.type === 'step.noted' && event.note === 'transaction'
      ? [{ step: event.step, hash: (event.value as { hash: string }).hash }]
      : [],
  );
}

/** The preview of every transaction of a run equals its receipt. @returns how many there were */
async function assertAsPreviewed(world: ProtocolWorld, output: CommandOutput): Promise<number> {
  const effects = effectsOf(output);
  const sent = sentBy(output);
  for (const { step, hash } of sent) {
    expect(outcomeOfPreview(effects, step), step).toEqual(await outcomeOfReceipt(world.protocol.url, hash));
  }
  expect(previewCheck(output)?.status).toBe('pass');
  expect(sent).toHaveLength(effects.steps.length);
  return sent.length;
}

describe.each([
  ['tempo', 'full'],
  ['tempo', 'compact'],
  ['plain', 'full'],
  ['plain', 'runbook'],
] as const)('effects: %s, %s', (network, generation) => {
  let world: ProtocolWorld;
  let capital: Capital;
  const nodes: HttpServer[] = [];
  beforeAll(async () => {
    world = await protocolWorld(network, generation, 'separate');
    capital = await openCapital(world);
    await capital.fill({ deposit: 1_000n, deploy: 400n, orders: 300n });
  }, 120_000);
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    await world[Symbol.asyncDispose]();
  });
  const pair = () => world.pairs[0] ?? '';
  const json = (...args: readonly string[]) => world.tv([...args, '--json']);
  const withdraw = (amount: string) =>
    ['emergency', 'withdraw', '--token', capital.pair.tokenA, '--amount', amount].concat([
      '--to',
      stranger,
      '--to-again',
      stranger,
    ]);

  it('trip and reset of every breaker: the receipts show what was previewed', async () => {
    const tripped = await json('breaker', 'trip', '--all', ...confirmed);
    expect(tripped.exitCode, tripped.stdout).toBe(0);
    expect(await assertAsPreviewed(world, tripped)).toBeGreaterThan(0);
    expect(effectsOf(tripped).states).toContainEqual(
      expect.objectContaining({ kind: 'breaker', subject: pair(), before: 'closed', after: 'open' }),
    );
    const causes = ['stale-oracle', 'deviation', 'thin-book'].flatMap((cause) => ['--override', cause]);
    const reset = await json('breaker', 'reset', '--all', ...causes, '--reason', 'test', ...confirmed);
    expect(reset.exitCode, reset.stdout).toBe(0);
    await assertAsPreviewed(world, reset);
  }, 60_000);

  it('a withdrawal while paused: the pause around it is simulated, the capital adds up', async () => {
    await capital.setPaused(true);
    const dry = await json(...withdraw('5'), '--dry-run');
    const again = await json(...withdraw('5'), '--dry-run');
    const id = ({ stdout }: CommandOutput) => /"digest":"([0-9a-f]{64})"/.exec(stdout)?.[1];
    expect(id(dry)).toBe(id(again));
    const before = await capital.places(stranger);
    const paid = await json(...withdraw('5'), '--plan', id(dry) ?? '', ...confirmed);
    expect(paid.exitCode, paid.stdout).toBe(0);
    const effects = effectsOf(paid);
    await assertAsPreviewed(world, paid);
    const of = (account: string) =>
      effects.balances.find(
        (one) => one.account === account.toLowerCase() && one.token === capital.pair.tokenA.toLowerCase(),
      );
    expect(of(stranger)).toMatchObject({
      before: before.recipient,
      after: (BigInt(before.recipient) + 5n * usd).toString(),
    });
    expect(of(stranger)?.after).toBe((await capital.places(stranger)).recipient);
    expect(effects.capital).toEqual([
      expect.objectContaining({ paidOut: (5n * usd).toString(), unaccounted: '0' }),
    ]);
    await capital.setPaused(false);
  }, 60_000);

  it('a node without the method, and anvil is installed → the same from a local fork', async () => {
    const node = await faultyNode(world.protocol.url, 'nosimulate');
    nodes.push(node);
    world.environment('old-node', { chain: { id: 4217, rpcUrls: [node.url], timeoutMs: 5_000 } });
    const given = { env: { PATH: `${dirname(anvilBinary())}:/usr/bin:/bin` } };
    const args = [...withdraw('5'), '--dry-run', '--json'];
    const own = await world.tv(args, given);
    // An emergency waits two seconds for a fork, and a busy machine may need more.
    let forked = await world.tv(['-e', 'old-node', ...args], given);
    for (let again = 0; again < 5 && forked.stdout.includes('a local fork takes longer'); again++)
      forked = await world.tv(['-e', 'old-node', ...args], given);
    const { fork, ...effects } = effectsOf(forked);
    expect(fork).toBe('the RPC node has no eth_simulateV1');
    const { steps, tokens, parties } = effectsOf(own);
    expect(effects).toMatchObject({ steps, tokens, parties });
    expect(effects.capital).toHaveLength(1);
  }, 60_000);

  it('an unwind: orders, what comes back, and where all of the capital is', async () => {
    const unwound = await json('emergency', 'unwind', '--pair', pair(), ...confirmed);
    const effects = effectsOf(unwound);
    await assertAsPreviewed(world, unwound);
    const change = effects.capital.find(({ token }) => token === capital.pair.tokenA.toLowerCase());
    const now = await capital.places();
    expect(change).toMatchObject({
      before: { orders: (300n * usd).toString() },
      after: { vault: now.vault, strategy: now.strategy, dex: now.dex, orders: '0' },
      paidOut: '0',
      unaccounted: '0',
    });
  }, 60_000);

  it('a node without the method: unknown, with the reason; nothing is said to be unchanged', async () => {
    const node = await faultyNode(world.protocol.url, 'nosimulate');
    nodes.push(node);
    world.environment('old-node', { chain: { id: 4217, rpcUrls: [node.url], timeoutMs: 5_000 } });
    const { stdout, stderr, exitCode } = await world.tv(
      ['-e', 'old-node', 'breaker', 'trip', '--pair', pair(), '--dry-run'],
      { env: { COLUMNS: '60', PATH: '/usr/bin:/bin' } },
    );
    expect(exitCode, stderr).toBe(0);
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'unknown: the RPC node has no eth_simulateV1; anvil is not installed here for a local fork. Each transaction was tried by itself (eth_call)',
    );
    expect(stdout).not.toContain('no transfer, role, state or event');
    expect(stderr).toContain('not simulated as a whole');
  }, 30_000);

  it.each([
    [
      'a node that lies in the simulation',
      (call: RpcCall, answer: Answer) => (call.method === 'eth_simulateV1' ? withoutLogs(answer) : answer),
    ],
    [
      'a node that adds an event to the receipt',
      (call: RpcCall, answer: Answer) =>
        call.method === 'eth_getTransactionReceipt' || call.method === 'eth_sendRawTransactionSync'
          ? withLog(answer, capital.pair.tokenA)
          : answer,
    ],
  ])(
    '%s → exit 5, with both sides',
    async (_, change) => {
      const node = await changing(world.protocol.url, change);
      nodes.push(node);
      world.environment('liar', { chain: { id: 4217, rpcUrls: [node.url], timeoutMs: 5_000 } });
      const args = ['-e', 'liar', 'breaker', 'trip', '--pair', pair(), '--json', '--confirm', 'liar'];
      const output = await world.tv(args);
      expect(output.exitCode, output.stdout).toBe(5);
      expect(previewCheck(output)).toMatchObject({
        status: 'block',
        facts: { 'trip previewed': expect.anything(), 'trip receipt': expect.anything() },
      });
      const run = eventsOf(output).find((event) => event.type === 'run.started');
      // A resume reads the same receipt, and compares it with the preview of the journal.
      const resumed = await world.tv([
        '-e',
        'liar',
        'resume',
        run?.type === 'run.started' ? run.run : '',
        '--json',
        '--confirm',
        'liar',
      ]);
      expect(resumed.exitCode, resumed.stdout).toBe(5);
      expect(previewCheck(resumed)?.status).toBe('block');
      const causes = ['stale-oracle', 'deviation', 'thin-book', 'unfinished-run'];
      await json(
        ...['breaker', 'reset', '--pair', pair(), ...confirmed, '--reason', 'test'],
        ...causes.flatMap((cause) => ['--override', cause]),
      );
    },
    60_000,
  );

  it('code that is exchanged between the question and the block → exit 5', async () => {
    const { riskController } = world.protocol.deployment.addresses;
    const code = await world.protocol.call<string>('eth_getCode', [riskController, 'latest']);
    const exchange = (to: string) => world.protocol.call('anvil_setCode', [riskController, to]);
    const node = await changing(
      world.protocol.url,
      (_, answer) => answer,
      async ({ method }) => {
        // STOP: takes every call, and does nothing.
        if (method.startsWith('eth_sendRaw')) await exchange('0x00');
      },
    );
    nodes.push(node);
    world.environment('moved', { chain: { id: 4217, rpcUrls: [node.url], timeoutMs: 5_000 } });
    try {
      const args = ['-e', 'moved', 'breaker', 'trip', '--pair', pair(), '--json', '--confirm', 'moved'];
      const output = await world.tv(args);
      expect(output.exitCode, output.stdout).toBe(5);
      expect(previewCheck(output)?.facts?.['trip receipt']).toBe('nothing');
    } finally {
      await exchange(code);
    }
  }, 60_000);
});

type Answer = { readonly result?: unknown };

/** A node whose answers are changed on their way; `first` sees every call before it is passed on. */
function changing(
  upstream: string,
  change: (call: RpcCall, answer: Answer) => Answer,
  first: (call: RpcCall) => Promise<void> = async () => {},
): Promise<HttpServer> {
  const pass = async (call: RpcCall) => {
    await first(call);
    const answer = await fetch(upstream, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', ...call }),
    });
    return change(call, (await answer.json()) as Answer);
  };
  return httpServer(async (response, body) => {
    const query = JSON.parse(body) as RpcCall | RpcCall[];
    const answers = Array.isArray(query) ? await Promise.all(query.map(pass)) : await pass(query);
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answers));
  });
}

function withoutLogs(answer: Answer): Answer {
  const blocks = answer.result as { calls: object[] }[] | undefined;
  return {
    ...answer,
    result: blocks?.map((block) => ({ ...block, calls: block.calls.map((call) => ({ ...call, logs: [] })) })),
  };
}

function withLog(answer: Answer, token: string): Answer {
  const receipt = answer.result;
  if (typeof receipt !== 'object' || receipt === null) return answer;
  const logs = Reflect.get(receipt, 'logs') as object[];
  const topic = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
  const account = `0x${'0'.repeat(24)}${stranger.slice(2)}`;
  const added = {
    address: token,
    topics: [topic, account, account],
    data: `0x${'0'.repeat(63)}1`,
  };
  return { ...answer, result: { ...receipt, logs: [...logs, added] } };
}
